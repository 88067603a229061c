"""The route of the leases: which images a tab may show, and who may ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from analysis.base.errors import StoreFailure
from analysis.review.leases import LEASE_SECONDS, MAX_IDS
from dashboard.server.opened import Opened
from dashboard.server.urls import lease_url

ADA, BOB = "0123456789abcdef", "fedcba9876543210"
IDS = [f"train/{n:05d}" for n in range(4)]


@pytest.fixture
def ask(post: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for leases as the deck does; Ada's tab unless told otherwise."""

    def send(ids: Any = IDS, *, how: dict[str, Any] | None = None, **changes: Any) -> Any:
        usual = {"session": ADA, "reviewer": "Ada", "queue": "suspects", "opinions": 1, "adjudicate": False, "ids": ids}
        return post("lease", {**usual, **changes}, **(how or {}))

    return send


def lists(answer: Any) -> tuple[list[str], list[str], list[str]]:
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert set(said) == {"granted", "taken", "done", "seconds"} and said["seconds"] == LEASE_SECONDS
    return said["granted"], said["taken"], said["done"]


def test_two_tabs_get_different_images_and_a_decision_is_done(ask: Any, send: Any) -> None:
    bob = {"session": BOB, "reviewer": "Bob"}
    assert lists(ask(IDS[:2])) == (IDS[:2], [], [])
    assert lists(ask(IDS[1:], **bob)) == (IDS[2:], [IDS[1]], [])
    op = {"session": ADA, "seq": 1, "image_id": IDS[1], "verdict": "keep", "reviewer": "Ada", "decided_at": 1e9}
    assert send([op]).json()["problems"] == []
    assert lists(ask(IDS[:2], **bob)) == ([], [IDS[0]], [IDS[1]])
    assert lists(ask(IDS[:2], opinions=2, **bob)) == (IDS[:2], [], [])


def test_a_tab_gives_back_some_images_or_all(ask: Any, found: Opened) -> None:
    ask()
    assert lists(ask([], release=IDS[:1])) == ([], [], [])
    assert [holder.images for holder in found.leases.holders()] == [3]
    assert lists(ask(IDS[3:], release="all"))[0] == IDS[3:], "giving back comes first"
    assert [(holder.reviewer, holder.queue, holder.images) for holder in found.leases.holders()] == [
        ("Ada", "suspects", 1)
    ]


def test_a_name_is_the_same_however_it_is_spaced(ask: Any) -> None:
    ask(reviewer=" Ada  L ")
    assert lists(ask(session=BOB, reviewer="Ada L", opinions=2))[1] == IDS, "her own other tab"


def test_the_address_comes_from_one_place(client: TestClient, found: Opened) -> None:
    assert client.get(lease_url(found)).status_code == 405


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ids": ["../../etc/passwd"]}, "There is no image"),
        ({"ids": [f"train/{n:05d}" for n in range(MAX_IDS + 1)]}, "ids"),
        ({"ids": [3]}, "ids"),
        ({"ids": "all"}, "ids"),
        ({"session": "short"}, "session"),
        ({"reviewer": ""}, "reviewer"),
        ({"reviewer": " \u0000 "}, "The reviewer has no name"),
        ({"queue": "x" * 201}, "queue"),
        ({"queue": "bell \u0007"}, "control character"),
        ({"opinions": 0}, "opinions"),
        ({"opinions": 21}, "opinions"),
        ({"opinions": "1; DROP TABLE"}, "opinions"),
        ({"adjudicate": "yes"}, "adjudicate"),
        ({"release": "everything"}, "release"),
        ({"release": ["bell \u0000"]}, "control character"),
        ({"seconds": 1e9}, "seconds"),
    ],
)
def test_a_bad_request_leases_nothing(ask: Any, found: Opened, changes: dict[str, Any], says: str) -> None:
    answer = ask(**changes)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert found.leases.holders() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"ids": []}', b'{"session": "\\ud800aaaaaaaa"}'])
def test_a_body_that_asks_for_nothing_is_a_bad_request(post: Any, body: bytes) -> None:
    answer = post("lease", None, body=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("This asks for no lease")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": None}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"x_lookalike_token": "wrong"}, 401),
        ({"x_lookalike_token": None}, 401),
        ({"host": "rebind.evil", "origin": "http://rebind.evil"}, 403),
        ({"key": "0" * 20}, 404),
        ({"body": b"x" * (300 << 10)}, 413),
    ],
)
def test_only_our_own_page_may_ask(ask: Any, found: Opened, how: dict[str, Any], status: int) -> None:
    assert ask(how=how).status_code == status
    assert found.leases.holders() == []


def test_a_store_that_cannot_write_is_said(ask: Any, found: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFailure("The decisions could not be written: the disk is full", hint="free space")

    monkeypatch.setattr(found.leases, "ask", full)
    answer = ask()
    assert answer.status_code == 507
    assert "the disk is full" in answer.json()["error"]
