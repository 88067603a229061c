"""What the review loop promises, measured from outside: every press on its own image, nothing lost, nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.runs.workspace import Workspace
from dashboard.queues import Choice, queue_of
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events
from tests.browser.test_look import columns_of
from tests.factory import make_workspace

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]


def in_order(workspace: Path) -> list[str]:
    """The images of the queue of everything suspicious, in its order."""
    opened = Workspace.open(workspace)
    listed = opened.runs()[0].table("suspects")["row"].to_numpy()
    rows = queue_of(Choice(), columns_of(workspace), listed)
    return opened.dataset().table["image_id"].iloc[rows].tolist()


def press_evenly(deck: Deck, keys: list[str], *, pace: float = 0.15) -> list[str | None]:
    """Press a key every `pace` seconds, whatever else takes time; what stood there at each press."""
    shown = []
    due = time.monotonic()
    for key in keys:
        shown.append(deck.image_id)
        deck.press(key)
        due += pace
        deck.page.wait_for_timeout(max(0, 1000 * (due - time.monotonic())))
    return shown


def test_100_presses_beside_50_000_points_judge_100_images_in_the_order_of_the_queue(
    serve: Serve, browse: Browse, tmp_path: Path
) -> None:
    make_workspace(tmp_path / "large", n=50_000, classes=8)
    server = serve(tmp_path / "large")
    deck = Deck(browse(server.url)).open()
    deck.page.get_by_text("Show the map beside").click()
    deck.page.locator(".point-map[data-state=ready][data-drawn='50000']").wait_for()
    deck.page.wait_for_function(SETTLED)
    deck.node.focus()
    keys = [("a", "k", "n", "d")[i % 4] for i in range(100)]
    shown = press_evenly(deck, keys)
    events = wait_for_events(server.workspace, 100)
    assert list(events["image_id"]) == shown == in_order(server.workspace)[:100]
    assert events["image_id"].nunique() == 100
    verdicts = {"a": "relabel", "k": "keep", "n": "none_fits", "d": "unsure"}
    assert list(events["verdict"]) == [verdicts[key] for key in keys]


def test_a_tab_that_is_closed_at_once_and_opened_again_has_booked_everything(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = []
    for key in ("a", "k", "a", "k", "a"):
        shown.append(deck.image_id)
        deck.press(key)
    deck.page.close()
    again = Deck(deck.page.context.new_page()).open()
    assert again.image_id not in shown
    again.node.locator(".place", has_text="5 of").wait_for()
    assert list(wait_for_events(server.workspace, 5)["image_id"]) == shown


def opened_by(browse: Browse, server: Server, name: str) -> Deck:
    """A browser of its own in which somebody of this name judges."""
    page = browse(server.url)
    page.context.add_cookies([{"name": "lookalike_reviewer", "value": name, "url": server.url}])
    return Deck(page).open()


def judge_to_the_end(decks: list[Deck]) -> None:
    """Everybody presses in turn until nobody has an image left."""
    keys = ["k", "a", "n"]
    for turn in range(400):
        states = [deck.node.get_attribute("data-state") for deck in decks]
        if set(states) == {"done"}:
            return
        for deck, state in zip(decks, states, strict=True):
            if state == "image":
                deck.press(keys[turn % 3])
        if "image" not in states:
            decks[0].page.wait_for_timeout(100)
    raise AssertionError([deck.node.inner_text() for deck in decks])


def test_two_browsers_share_one_queue_and_no_image_is_judged_twice(serve: Serve, browse: Browse) -> None:
    server = serve(n=300)
    decks = [opened_by(browse, server, "Ada"), opened_by(browse, server, "Grace")]
    assert decks[0].image_id != decks[1].image_id
    judge_to_the_end(decks)
    queue = in_order(server.workspace)
    events = wait_for_events(server.workspace, len(queue))
    assert sorted(events["image_id"]) == sorted(queue)
    assert set(events["reviewer"]) == {"Ada", "Grace"}


def test_with_two_opinions_both_judge_every_image_once(serve: Serve, browse: Browse) -> None:
    server = serve(n=120)
    decks = [opened_by(browse, server, "Ada"), opened_by(browse, server, "Grace")]
    for deck in decks:
        deck.page.get_by_role("button", name="Options").click()
        deck.page.get_by_role("spinbutton", name="Opinions per image").fill("2")
        deck.page.keyboard.press("Enter")
        deck.page.wait_for_function(SETTLED)
        deck.page.keyboard.press("Escape")
        deck.page.wait_for_function(SETTLED)
        deck.node.focus()
    judge_to_the_end(decks)
    queue = in_order(server.workspace)
    events = wait_for_events(server.workspace, 2 * len(queue))
    for name in ("Ada", "Grace"):
        assert sorted(events.loc[events["reviewer"] == name, "image_id"]) == sorted(queue)


def test_keys_typed_into_a_field_of_the_page_book_nothing(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.page.get_by_label("Reviewer").first.click()
    deck.page.keyboard.type("aknbs 1")
    deck.open().press("k")
    assert list(wait_for_events(server.workspace, 1)["verdict"]) == ["keep"]
