"""The large view of an image, opened from the cards of a page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analysis.runs.workspace import Workspace
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import log

pytestmark = pytest.mark.browser
VIEW = "[role=dialog] .la-view"
FOUND = "id => new URLSearchParams(location.search).get('image') === id"


def test_an_image_opens_goes_through_its_list_and_closes_with_back(
    serve: Callable[..., Server], browse: Callable[..., Any]
) -> None:
    server = serve(n=120)
    workspace = Workspace.open(server.workspace)
    run = workspace.latest()
    assert run is not None
    ids = workspace.dataset().table["image_id"]
    listed = ids.iloc[run.table("scores")["suspicion"].sort_values(ascending=False, kind="stable").index].tolist()
    page = browse(server.url)
    page.goto("/map")
    page.locator(".la-card").nth(2).click()
    page.wait_for_function(FOUND, arg=listed[2])
    page.get_by_text("3 of 120", exact=True).wait_for()
    large = page.locator("[role=dialog] .la-large")
    assert large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 24
    page.keyboard.press("ArrowRight")
    page.wait_for_function(FOUND, arg=listed[3])
    page.get_by_text("4 of 120", exact=True).wait_for()
    near = ids.iloc[run.array("neighbour_index")[ids.tolist().index(listed[3]), 0]]
    page.wait_for_function(SETTLED)  # the neighbours come after the image
    page.locator("[role=dialog] .la-card").first.click()
    page.wait_for_function(FOUND, arg=near)
    other = browse(server.url)
    other.goto(page.url)
    other.locator(VIEW).wait_for(state="attached")
    assert str(near) in other.locator("[role=dialog] .la-large").get_attribute("alt")
    for image in (listed[3], listed[2]):
        page.go_back()
        page.wait_for_function(FOUND, arg=image)
    page.go_back()
    page.locator(VIEW).wait_for(state="detached")
    assert "image=" not in page.url
    page.locator(".la-card").first.click()
    page.locator(VIEW).wait_for(state="attached")
    page.keyboard.press("Escape")
    page.locator(VIEW).wait_for(state="detached")
    page.wait_for_function("() => !location.search.includes('image=')")


def test_no_key_judges_what_the_large_view_covers(serve: Callable[..., Server], browse: Callable[..., Any]) -> None:
    server = serve(n=60)
    page = browse(server.url)
    page.goto("/review?image=train/00003")
    page.locator(VIEW).wait_for(state="attached")
    page.wait_for_function(SETTLED)
    page.locator("[data-do=keep]").first.wait_for(state="attached")
    page.evaluate("() => document.activeElement?.blur()")
    page.keyboard.press("k")
    page.keyboard.press("a")
    page.wait_for_timeout(1500)
    assert len(log(server.workspace)) == 0
    page.keyboard.press("Escape")
    page.locator(VIEW).wait_for(state="detached")
    page.keyboard.press("k")
    page.get_by_text("saved 1 · pending 0").wait_for()
    assert len(log(server.workspace)) == 1
