"""Copies are found, looked at, thinned and taken back on the page of data problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analysis.review.decisions import DecisionStore
from analysis.runs.workspace import Workspace
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import wait_for_events
from tests.factory_problems import COPIES

pytestmark = pytest.mark.browser


def test_copies_are_excluded_and_taken_back_by_hand(serve: Callable[..., Server], browse: Callable[..., Any]) -> None:
    server = serve(n=80)
    workspace = Workspace.open(server.workspace)
    ids = workspace.dataset().table["image_id"]
    page = browse(server.url)
    page.goto("/")
    page.get_by_role("link", name="Data problems").click()
    page.get_by_role("heading", name="Which images are a problem in themselves?").wait_for()
    page.wait_for_function(SETTLED)
    assert page.locator(".la-card").count() == len({*COPIES, *COPIES.values()})
    page.locator(f".la-card[data-image='{COPIES[3]}']").click()
    page.get_by_text("Copies of this image").wait_for()
    page.keyboard.press("Escape")
    page.locator("[role=dialog]").wait_for(state="detached")
    page.get_by_role("button", name="Keep the first, exclude the other 2").click()
    page.get_by_text("2 images excluded from training").wait_for()
    events = wait_for_events(server.workspace, 2)
    assert set(events["image_id"]) == set(ids.iloc[[3, 4]]) and set(events["verdict"]) == {"exclude"}
    marked = page.locator(".la-card", has_text="excluded")
    marked.nth(1).wait_for()
    assert marked.count() == 2
    page.get_by_role("button", name="Undo").click()
    wait_for_events(server.workspace, 4)
    with DecisionStore(server.workspace / "review.sqlite") as store:
        assert len(store.excluded()) == 0
