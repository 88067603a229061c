"""A team in two browsers: what one says of a pair of classes the other reads, and disagreements lead to their queue."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from analysis.base.types import Decision
from analysis.review.opening import open_store
from analysis.runs.workspace import Workspace
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events

pytestmark = pytest.mark.browser


def at(page: Any, where: str) -> Any:
    page.goto(where)
    page.wait_for_function(SETTLED)
    return page


def disagree(server: Server, n: int) -> None:
    """Ada keeps the labels of n images, Bob says that none fits."""
    workspace = Workspace.open(server.workspace)
    dataset = workspace.dataset()
    words: list[tuple[str, Any]] = [("Ada", "keep"), ("Bob", "none_fits")]
    with open_store(workspace) as store:
        for name, verdict in words:
            for row in range(n):
                image, given = str(dataset.table["image_id"].iloc[row]), dataset.classes[int(dataset.given[row])]
                said = Decision(image, verdict, given, "", None, name, "r", f"session-{name}", row + 1, 1.7e9 + row)
                store.book([said])


def test_a_team_of_two(serve: Callable[..., Server], browse: Callable[..., Any]) -> None:
    server = serve(n=200)
    one = at(browse(server.url), "/communities?given=1&predicted=2&both=1")
    one.get_by_text("Say what these two classes are to each other").click()
    one.get_by_text("They overlap: both labels can be right").click()
    one.get_by_label("Guideline for those who judge such images").fill("Look at the ears.")
    one.get_by_role("button", name="Save").click()
    one.get_by_text("Guideline: Look at the ears.").wait_for()
    other = at(browse(server.url), "/confusion?given=2&predicted=1")
    other.get_by_text(re.compile("they overlap: both labels can be right")).wait_for()
    at(other, "/team")
    other.get_by_text("Nobody has judged anything here yet.").wait_for()
    disagree(server, 7)
    at(other, "/team")
    other.get_by_text("7 images", exact=True).wait_for()
    assert other.locator(".la-card").count() == 7
    loaded = other.locator(".la-card img").first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert loaded > 0
    other.get_by_role("button", name="Settle the 7 disagreements").click()
    other.get_by_role("heading", name="Review").wait_for()
    other.get_by_role("radio", name="Disagreements", checked=True).wait_for()


def test_after_a_name_is_entered_the_keys_judge(serve: Callable[..., Server], browse: Callable[..., Any]) -> None:
    server = serve(n=200)
    page = browse(server.url)
    deck = Deck(page).open()
    page.get_by_role("textbox", name="Reviewer").fill("Ada  Lovelace")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.tagName !== 'INPUT'")
    deck.ready().judge("k")
    assert wait_for_events(server.workspace, 1)["reviewer"].tolist() == ["Ada Lovelace"]
