"""The kinds of queues of the Review page, and what it says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from analysis.base.types import Decision
from analysis.review.audit import AuditRule
from analysis.review.edges import EdgeDecision, Edges
from analysis.review.tables import queues
from analysis.runs.workspace import Workspace
from dashboard.selection import Filter
from dashboard.server import opened
from tests.dashboard.conftest import Opens
from tests.dashboard.test_review_page import deck_data, page
from tests.factory import HOSTILE, make_workspace


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=400, classes=6, names=[HOSTILE, *"abcde"])
    opens(made.path)
    return made


def choose(app: AppTest, kind: str) -> AppTest:
    app.get("button_group")[0].set_value(kind).run()
    assert not app.exception, app.exception
    return app


def book(made: Workspace, rows: list[int], verdict: Any, *, who: str = "Bob", **facts: Any) -> None:
    found = opened.open_workspace(made.path)
    table, classes = found.dataset.table, found.dataset.classes
    start = found.decisions.last_seq()
    found.decisions.book(
        Decision(
            image_id=str(table["image_id"].iat[row]),
            verdict=verdict,
            given=classes[int(table["given"].iat[row])],
            suggested="",
            new_label=facts.get("new_label"),
            reviewer=who,
            run_id="r",
            session=f"session-of-{who}",
            seq=start + i + 1,
            decided_at=1e9 + i,
            **{name: value for name, value in facts.items() if name != "new_label"},
        )
        for i, row in enumerate(rows)
    )


def suspects(made: Workspace) -> list[int]:
    run = made.latest()
    assert run is not None
    rows: list[int] = run.table("suspects")["row"].tolist()
    return rows


def texts(app: AppTest) -> str:
    return " ".join(one.value for one in [*app.markdown, *app.caption, *app.info])


def test_a_disagreement_is_settled_in_a_queue_of_its_own(workspace: Workspace) -> None:
    app = choose(page(), "disagreements")
    assert "Nobody disagrees" in texts(app)
    row = suspects(workspace)[0]
    book(workspace, [row], "keep", who="Bob", note="clearly")
    book(workspace, [row], "none_fits", who=HOSTILE)
    app = choose(page(), "disagreements")
    data = deck_data(app)
    assert data["adjudicate"] is True and data["tag"] == "disagreements" and data["total"] == 1
    (item,) = data["items"]
    assert item["purpose"] == "adjudicate"
    assert item["others"] == [["Bob", "keep the given label (“clearly”)"], [HOSTILE, "no label fits"]]
    book(workspace, [row], "keep", who="Ada", purpose="adjudicate")
    assert "Nobody disagrees" in texts(choose(page(), "disagreements"))


def test_another_page_can_ask_for_a_kind_of_queue(workspace: Workspace) -> None:
    app = page(**{"review.kind": "disagreements"})
    assert "Nobody disagrees" in texts(app)


def test_a_random_audit_is_drawn_judged_and_says_what_remains(workspace: Workspace) -> None:
    app = choose(page(), "audit")
    app.number_input(key="review.audit.m").set_value(50)
    next(button for button in app.button if button.label == "Draw the sample").click().run()
    assert not app.exception, app.exception
    data = deck_data(app)
    assert data["tag"].startswith("audit:") and data["total"] == 50
    ids = [item["id"] for item in data["items"]]
    row_of = opened.open_workspace(workspace.path).row_of
    book(workspace, [int(row_of[image]) for image in ids[:30]], "keep", queue=data["tag"])
    book(workspace, [int(row_of[image]) for image in ids[30:40]], "none_fits", queue=data["tag"])
    app = choose(page(), "audit")
    assert deck_data(app)["total"] == 10, "the same sample again"
    assert "Of 40 images drawn at random from 400, 10 have a wrong label" in texts(app)
    app = page()
    assert "Random audit." in texts(app), "other queues are measured against it"
    assert "Nothing is judged yet" in texts(app), "and its verdicts are no part of their precision"


@pytest.mark.parametrize(
    ("kind", "rule"), [("audit", AuditRule(m=7).as_rule()), ("rule", {"filter": {"only": "suspects"}})]
)
def test_a_queue_whose_rule_was_damaged_stands_for_no_images(
    workspace: Workspace, kind: Literal["audit", "rule"], rule: dict[str, Any]
) -> None:
    found = opened.open_workspace(workspace.path)
    found.queues.add(kind, "Mine", rule, "Ada")
    with found.decisions.writing() as conn:
        conn.execute(update(queues).values(rule="{"))
    app = choose(page(), "audit" if kind == "audit" else "saved")
    assert not any('"decisions"' in part.proto.json for part in app.get("bidi_component")), "nothing is there to judge"
    assert "Random audit." not in texts(page())


def test_two_samples_drawn_are_two_audits(workspace: Workspace) -> None:
    for n in (20, 30):
        app = choose(page(**{"review.audit": "new"}), "audit")
        app.number_input(key="review.audit.m").set_value(n)
        next(button for button in app.button if button.label == "Draw the sample").click().run()
        assert deck_data(app)["total"] == n
    assert len(opened.open_workspace(workspace.path).queues.all()) == 2


def test_a_filter_is_saved_as_a_rule_and_chosen_again(workspace: Workspace) -> None:
    app = page(filter=Filter(given=2))
    app.text_input(key="review.save.name.0").set_value(f"My {HOSTILE}").run()
    app.button(key="review.save").click().run()
    assert not app.exception, app.exception
    total = deck_data(app)["total"]
    app = choose(page(), "saved")
    data = deck_data(app)
    assert data["tag"].startswith("saved:") and data["total"] == total
    assert {item["given"] for item in data["items"]} == {"b"}
    app.button(key="review.saved.remove").click().run()
    assert "No queue is saved yet" in texts(app)


def test_with_two_opinions_an_image_stays_until_two_people_judged_it(workspace: Workspace) -> None:
    rows = suspects(workspace)
    book(workspace, rows[:10], "keep", who="Bob")
    book(workspace, rows[:4], "keep", who="Eve")
    assert deck_data(page())["already"] == 10
    app = page()
    app.number_input(key="review.opinions").set_value(2).run()
    data = deck_data(app)
    assert (data["already"], data["opinions"]) == (4, 2)


def test_items_with_a_known_answer_are_woven_in_and_carry_their_purpose(workspace: Workspace) -> None:
    app = page()
    plain = [item["id"] for item in deck_data(app)["items"]]
    app.select_slider(key="review.known").set_value(0.1).run()
    items = deck_data(app)["items"]
    known = [item["id"] for item in items if item["purpose"] == "known"]
    real = [item["id"] for item in items if not item["purpose"]]
    assert 2 <= len(known) <= 6 and real == plain[: len(real)] and not set(known) & set(real)


def test_repeats_are_images_that_the_same_person_judged_a_while_ago(workspace: Workspace) -> None:
    everything = np.setdiff1d(np.arange(400), suspects(workspace)).tolist()
    book(workspace, everything[:60], "keep", who="Ada")
    app = page()
    app.select_slider(key="review.repeat").set_value(0.1).run()
    repeats = [item for item in deck_data(app)["items"] if item["purpose"] == "repeat"]
    row_of = opened.open_workspace(workspace.path).row_of
    assert repeats and {int(row_of[item["id"]]) for item in repeats} <= set(everything[:40])


def test_what_the_team_said_of_a_pair_stands_with_the_item(workspace: Workspace) -> None:
    item = deck_data(page())["items"][0]
    said = EdgeDecision(item["given"], item["suggested"], "overlap", "Long sleeves: coat.", "Bob", "s-1", 1, 1e9)
    Edges(opened.open_workspace(workspace.path).decisions).book([said])
    first = deck_data(page())["items"][0]
    assert first["guideline"] == "These two classes overlap: both labels can be right – Long sleeves: coat."


def test_the_page_says_whether_to_go_on(workspace: Workspace) -> None:
    assert "**Begin.**" in texts(page())
    book(workspace, suspects(workspace)[:60], "none_fits")
    assert "**Go on.**" in texts(page()) or "**Audit a random sample.**" in texts(page())


def test_who_else_is_judging_is_said(workspace: Workspace) -> None:
    leases = opened.open_workspace(workspace.path).leases
    for who in ("Bob", "Eve"):
        ids = [f"train/{i:05d}" for i in (range(3) if who == "Bob" else range(3, 5))]
        leases.ask(ids, session=f"session-{who}", reviewer=who, queue="suspects")
    assert "Judging right now: Eve (2 images), Bob (3 images)" in texts(page()).replace("\\", "")
