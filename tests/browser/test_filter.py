"""Filter, history and links in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analysis.base.conditions import Compare
from dashboard.selection import Filter
from tests.browser.conftest import Server
from tests.browser.test_look import filter_in, matches, settle, wait_for_filter

pytestmark = pytest.mark.browser

LINK = "decision=open&suspicion=0.1~0.9&where=image_id*0&lasso=-99~-99_99~-99_99~99_-99~99&show=share of given&both=1"
CHOSEN = Filter(
    both=True,
    decision="open",
    suspicion=(0.1, 0.9),
    where=(Compare("image_id", "contains", "0"),),
    lasso=((-99, -99), (99, -99), (99, 99), (-99, 99)),
)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=300)


def chips(page: Any, n: int) -> set[str]:
    """What the chips say once there are `n`: hidden twins stand in for them at first."""
    found = page.locator(".st-key-chips [class*='st-key-chip-'] button").filter(visible=True)
    found.nth(n - 1).wait_for()
    texts = found.all_inner_texts()
    return {"".join(text.split()) for text in texts if text.strip()}


def test_a_copied_link_shows_the_same_in_a_second_browser(server: Server, browse: Callable[..., Any]) -> None:
    one, two = browse(server.url), browse(server.url)
    one.goto(f"/confusion?{LINK}")
    wait_for_filter(one, lambda found: found == CHOSEN)
    two.goto(one.url)
    wait_for_filter(two, lambda found: found == CHOSEN)
    assert two.url == one.url and "show=share+of+given" in two.url
    settle(one)
    settle(two)
    assert matches(two) == matches(one) > 0
    assert chips(two, 4) == chips(one, 4) and len(chips(one, 4)) == 4


def test_steps_go_back_and_forth_by_our_buttons_and_by_those_of_the_browser(
    server: Server, browse: Callable[..., Any]
) -> None:
    page = browse(server.url)
    page.goto("/confusion?given=1&only=errors")
    wait_for_filter(page, lambda found: found == Filter(given=1, only="errors"))
    page.get_by_role("button", name="predicted is not given").click()
    wait_for_filter(page, lambda found: found == Filter(given=1))
    page.get_by_role("link", name="Communities").click()
    page.wait_for_url("**/communities**")
    settle(page)
    page.get_by_role("button", name="Back", exact=True).click()
    page.wait_for_url("**/confusion**")
    assert wait_for_filter(page, lambda found: not found.is_empty) == Filter(given=1)
    page.get_by_role("button", name="Back", exact=True).click()
    wait_for_filter(page, lambda found: found == Filter(given=1, only="errors"))
    page.get_by_role("button", name="Forward", exact=True).click()
    wait_for_filter(page, lambda found: found == Filter(given=1))
    page.go_back()
    wait_for_filter(page, lambda found: found == Filter(given=1, only="errors"))
    assert filter_in(page).only == "errors" and matches(page) > 0
