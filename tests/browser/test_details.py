"""From the review deck to all that is known of an image and back, and what of the deck a small window shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events
from tests.factory import make_workspace

pytestmark = pytest.mark.browser
VIEW = "[role=dialog] .la-view"


@pytest.fixture
def deck(serve: Callable[..., Server], browse: Callable[..., Any], tmp_path: Path) -> tuple[Deck, Path]:
    """The deck over 12 classes at the first image, in a window of 1280 x 900."""
    make_workspace(tmp_path / "twelve", n=240, classes=12)
    server = serve(tmp_path / "twelve")
    return Deck(browse(server.url)).open(), server.workspace


@pytest.mark.parametrize("way", ["key", "link"])
def test_details_open_over_the_deck_and_lead_back_to_the_same_place(deck: tuple[Deck, Path], way: str) -> None:
    on, workspace = deck
    on.judge("k")
    on.saved(1)
    here = on.image_id
    if way == "key":
        on.press("i")
    else:
        on.page.get_by_role("link", name="Details").click()
    on.page.locator(VIEW).wait_for(state="attached")
    on.page.wait_for_function("id => new URLSearchParams(location.search).get('image') === id", arg=here)
    view = on.page.locator("[role=dialog]")
    for tab in ("Similar images", "Suspicion", "History", "Data"):
        view.get_by_role("tab", name=tab).wait_for()
    assert view.get_by_text("True label").count() == 0, "nobody judges with the answer in view"
    assert view.get_by_role("button", name="Judge this image").count() == 0
    if way == "key":
        on.page.keyboard.press("Escape")
    else:
        view.get_by_role("button", name="Back to judging").click()
    on.page.locator(VIEW).wait_for(state="detached")
    on.page.wait_for_function(SETTLED)
    on.page.wait_for_function("() => !location.search.includes('image=')")
    assert on.image_id == here
    on.judge("k")
    on.saved(2)
    assert wait_for_events(workspace, 2)["image_id"].tolist()[-1] == here


def test_details_of_the_image_under_the_cursor_open_from_the_grid(deck: tuple[Deck, Path]) -> None:
    on, _ = deck
    on.press("g")
    on.page.locator(".deck[data-mode=grid]").wait_for()
    first = on.image_id
    on.press("i")
    on.page.locator(VIEW).wait_for(state="attached")
    on.page.wait_for_function("id => new URLSearchParams(location.search).get('image') === id", arg=first)
    on.page.keyboard.press("Escape")
    on.page.locator(VIEW).wait_for(state="detached")
    on.page.locator(".deck[data-mode=grid]").wait_for()


def test_all_nine_choices_stand_in_a_window_of_1280_by_900(deck: tuple[Deck, Path]) -> None:
    choices = deck[0].page.locator(".deck .choices button")
    assert choices.count() == 9
    last = choices.last.bounding_box()
    assert last["y"] + last["height"] <= 900
