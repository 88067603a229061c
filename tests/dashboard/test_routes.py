"""The routes: who gets an image, who may book a decision, and what happens to everything else."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from starlette.testclient import TestClient

from analysis.base.errors import StoreFailure
from analysis.base.types import Dataset, Pixels
from analysis.runs.workspace import Workspace
from dashboard.server import booking, opened
from dashboard.server.opened import Opened
from dashboard.server.security import host_allowed
from tests.factory import make_workspace

SESSION = "0123456789abcdef"


def op(seq: int = 1, **changes: Any) -> dict[str, Any]:
    usual = {"session": SESSION, "seq": seq, "image_id": "train/00000", "verdict": "keep", "suggested": "class 1"}
    return {**usual, "new_labels": [], "reviewer": "Ada", "run_id": "r", "decided_at": 1e9, **changes}


def test_images_are_encoded_anew_private_and_revalidated(client: TestClient, found: Opened) -> None:
    for kind in ("thumb", "image"):
        answer = client.get(f"/{kind}/{found.key}/0")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"].startswith("private")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert Image.open(BytesIO(answer.content)).format == "WEBP"
        again = client.get(f"/{kind}/{found.key}/0", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/thumb/{key}/99999", "/thumb/0000/0", "/thumb/{key}/-1", "/thumb/{key}/x", "/image//0"]
)
def test_what_is_not_there_is_not_found(client: TestClient, found: Opened, path: str) -> None:
    assert client.get(path.format(key=found.key)).status_code == 404


def test_a_workspace_that_nobody_opened_here_is_not_served(client: TestClient, tmp_path: Path) -> None:
    closed = make_workspace(tmp_path / "closed")
    assert client.get(f"/thumb/{opened.key_of(closed)}/0").status_code == 404
    assert client.get(f"/classes/{opened.key_of(closed)}").status_code == 404


def test_the_key_of_a_workspace_is_the_same_after_a_restart(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    assert opened.key_of(made) == opened.key_of(Workspace.open(made.path))
    assert opened.key_of(make_workspace(tmp_path / "other")) != opened.key_of(made)


def on_disk(folder: Path, files: dict[str, bytes]) -> Opened:
    """A workspace of files as they are named, whatever they hold."""
    root = folder / "images"
    root.mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    table = pd.DataFrame({"image_id": list(files), "path": list(files), "source_row": range(len(files)), "given": 0})
    dataset = Dataset(table=table, classes=("a", "b"), fingerprint="disk", pixels=Pixels("files", root=root))
    return opened.open_workspace(Workspace.create(folder / "ws", dataset, source="x", reader="x").path)


def png() -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_path_that_leads_out_of_the_folder_is_refused(client: TestClient, tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(png())
    found = on_disk(tmp_path / "data", {"fine.png": png()})
    (tmp_path / "data" / "images" / "link.png").symlink_to(outside)
    table = found.dataset.table
    for path in ("../../secret.png", str(outside), "link.png"):
        table.loc[0, "path"] = path
        vars(found).pop("images", None)
        answer = client.get(f"/image/{found.key}/0")
        assert answer.status_code == 403, path
        assert "leads out of the data set's folder" in answer.json()["error"]


def test_a_damaged_image_says_so_with_a_status_of_its_own(client: TestClient, tmp_path: Path) -> None:
    found = on_disk(
        tmp_path / "data", {"broken.png": png()[: len(png()) // 2], "text.svg": b"<svg onload='alert(1)'/>"}
    )
    for row in (0, 1):
        answer = client.get(f"/image/{found.key}/{row}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
    assert "broken.png cannot be decoded" in client.get(f"/image/{found.key}/0").json()["error"]


def test_a_file_that_has_gone_is_not_found(client: TestClient, tmp_path: Path) -> None:
    found = on_disk(tmp_path / "data", {"a.png": png()})
    (tmp_path / "data" / "images" / "a.png").unlink()
    assert client.get(f"/image/{found.key}/0").status_code == 404


def test_another_sites_page_cannot_embed_images(client: TestClient, found: Opened) -> None:
    url = f"/thumb/{found.key}/0"
    assert client.get(url, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(url, headers={"sec-fetch-site": "same-site"}).status_code == 403
    assert client.get(url, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_class_names_come_as_a_list(client: TestClient, found: Opened) -> None:
    assert client.get(f"/classes/{found.key}").json() == list(found.dataset.classes)


def test_scripts_are_served_by_name_only_and_kept_by_version(client: TestClient) -> None:
    from dashboard.server.urls import script_url

    answer = client.get(script_url("review_deck", "deck.js"))
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/scripts/old/review_deck/deck.js").headers["cache-control"] == "no-store"
    for name in ("review_deck/review_deck.py", "..%2freview_deck.py", "review_deck/nothing.js", "%2e%2e/pages/map.py"):
        assert client.get(f"/scripts/1/{name}").status_code == 404


def test_every_answer_carries_the_security_headers(client: TestClient, found: Opened) -> None:
    for answer in (client.get(f"/classes/{found.key}"), client.get("/nothing")):
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
        assert "script-src 'self' blob:" in policy and "'unsafe-inline'" not in policy.split("style-src")[0]


@pytest.mark.parametrize(
    ("host", "extra", "allowed"),
    [
        ("127.0.0.1:8501", (), True),
        ("localhost", (), True),
        ("LOCALHOST:1", (), True),
        ("[::1]:8501", (), True),
        ("192.168.1.7:8501", (), True),
        ("rebind.evil:8501", (), False),
        ("localhost.evil", (), False),
        ("team.example", ("team.example",), True),
        ("", (), False),
        ("[broken", (), False),
    ],
)
def test_only_known_host_names_are_answered(host: str, extra: tuple[str, ...], allowed: bool) -> None:
    assert host_allowed(host, extra) is allowed


def test_a_rebound_name_gets_nothing(client: TestClient, found: Opened) -> None:
    assert client.get(f"/thumb/{found.key}/0", headers={"host": "rebind.evil"}).status_code == 403


# -- decisions --------------------------------------------------------------------------------------------------------
def test_decisions_are_booked_and_acknowledged_and_again_changes_nothing(send: Any, found: Opened) -> None:
    table = found.dataset.table.set_index("image_id")
    given = found.dataset.classes[table["given"]["train/00001"]]
    other = "class 3" if given != "class 3" else "class 2"
    ops = [op(1), op(2, image_id="train/00001", verdict="relabel", new_labels=[other])]
    for _ in range(2):
        answer = send(ops)
        assert answer.status_code == 200
        assert answer.json() == {
            "acked": [{"session": SESSION, "seq": 1}, {"session": SESSION, "seq": 2}],
            "problems": [],
            "unproven": [],
        }
    log = found.decisions.log()
    assert len(log) == 2
    assert (log["given"][1], log["new_label"][1]) == (given, other)
    assert list(log["reviewer"]) == ["Ada", "Ada"]


def test_where_and_why_a_decision_was_made_is_stored_with_it(send: Any, found: Opened) -> None:
    made = {"shown_at": 999_999_998.5, "mode": "grid", "queue": "pair:1:2", "purpose": "repeat"}
    assert send([op(1, **made), op(2)]).json()["problems"] == []
    log = found.decisions.log()
    assert log.loc[0, list(made)].to_dict() == made
    assert np.isnan(log["shown_at"][1]) and list(log.loc[1, ["mode", "queue", "purpose"]]) == ["", "", ""]


def test_a_mark_counts_whatever_the_verdict_beside_it_is_for(send: Any, found: Opened) -> None:
    send([op(1, verdict="exclude", purpose="known"), op(2, purpose="known")])
    assert found.decisions.excluded()["image_id"].tolist() == ["train/00000"]
    assert len(found.decisions.current()) == 0
    send([op(3, verdict="include")])
    assert len(found.decisions.excluded()) == 0


def test_another_decision_under_the_same_name_is_refused(send: Any) -> None:
    send([op(1)])
    answer = send([op(1, verdict="none_fits"), op(2)]).json()
    assert [(p["seq"], p["message"].split(":")[0]) for p in answer["problems"]] == [
        (1, "Another decision was booked under its number")
    ]
    assert answer["acked"] == [{"session": SESSION, "seq": 2}]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_id": "../../etc/passwd"}, "There is no image"),
        ({"verdict": "relabel", "new_labels": ["no such class"]}, "There is no class"),
        ({"verdict": "relabel", "new_labels": []}, "A new label is one class other than the given one"),
        ({"verdict": "relabel", "new_labels": ["class 1", "class 2"]}, "A new label is one class"),
        ({"verdict": "several", "new_labels": ["class 1", "class 1"]}, "at least two different classes"),
        ({"verdict": "keep", "new_labels": ["class 1"]}, "carries no new label"),
        ({"verdict": "destroy"}, "verdict"),
        ({"verdict": "undo"}, "names what it undoes"),
        ({"undoes": 3}, "names what it undoes"),
        ({"seq": 0}, "seq"),
        ({"seq": "1; DROP TABLE"}, "seq"),
        ({"session": "short"}, "session"),
        ({"session": "x" * 65}, "session"),
        ({"reviewer": ""}, "reviewer"),
        ({"reviewer": " \u0000 "}, "The reviewer has no name"),
        ({"reviewer": "x" * 81}, "reviewer"),
        ({"decided_at": -1}, "decided_at"),
        ({"decided_at": "now"}, "decided_at"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "bell \u0007"}, "control character"),
        ({"given": "class 0"}, "given"),
        ({"shown_at": "then"}, "shown_at"),
        ({"shown_at": -1}, "shown_at"),
        ({"mode": "import"}, "mode"),
        ({"queue": "x" * 201}, "queue"),
        ({"queue": "bell \u0007"}, "control character"),
        ({"purpose": "because"}, "purpose"),
        ({"verdict": "exclude", "new_labels": ["class 1"]}, "The mark exclude carries no new label"),
    ],
)
def test_a_bad_decision_is_answered_with_its_problem_and_stops_no_other(
    send: Any, found: Opened, changes: dict[str, Any], says: str
) -> None:
    answer = send([{**op(1), **changes}, op(7)])
    assert answer.status_code == 200
    assert answer.json()["acked"] == [{"session": SESSION, "seq": 7}]
    assert says in answer.json()["problems"][0]["message"]
    assert len(found.decisions.log()) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": None}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": None}, 415),
        ({"x_lookalike_token": "wrong"}, 401),
        ({"x_lookalike_token": "wröng".encode()}, 401),
        ({"x_lookalike_token": None}, 401),
        ({"host": "rebind.evil", "origin": "http://rebind.evil"}, 403),
    ],
)
def test_only_our_own_page_may_book(
    send: Any, found: Opened, headers: dict[str, str | bytes | None], status: int
) -> None:
    assert send([op()], **headers).status_code == status
    assert len(found.decisions.log()) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ops": 3}', b'{"ops": [3]}', b'{"ops": [], "more": 1}', b"\xff"])
def test_a_body_that_is_no_batch_is_a_bad_request(send: Any, body: bytes) -> None:
    answer = send(None, body=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("These are no decisions")


def test_an_oversized_body_is_cut_off(send: Any, client: TestClient, found: Opened) -> None:
    assert send([op(note="x" * booking.MAX_BODY)]).status_code == 413
    assert send([op(n) for n in range(1, booking.MAX_OPS + 2)]).status_code in (400, 413)
    assert len(found.decisions.log()) == 0


def test_an_unknown_workspace_books_nothing(send: Any) -> None:
    assert send([op()], key="0" * 20).status_code == 404


def test_a_store_that_cannot_write_is_said_and_acknowledges_nothing(
    send: Any, found: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise StoreFailure("The decisions could not be written: the disk is full", hint="free space")

    monkeypatch.setattr(found.decisions, "book", full)
    answer = send([op()])
    assert answer.status_code == 507
    assert "the disk is full" in answer.json()["error"]


def test_get_on_the_decisions_is_refused(client: TestClient, found: Opened) -> None:
    assert client.get(f"/decisions/{found.key}").status_code == 405
