"""Working the review deck from outside, as a person does, and looking into the database behind it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.review.decisions import DecisionStore
from tests.browser.conftest import SETTLED


class Deck:
    """The deck on a page."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.node = page.locator(".deck")

    def open(self) -> Deck:
        """Go to the Review page and wait for the first image."""
        from playwright.sync_api import Error

        try:
            self.page.goto("/review")
        except Error as error:  # after a restart the page reloads itself; where that comes first, it aborts this
            if "ERR_ABORTED" not in error.message and "interrupted by another navigation" not in error.message:
                raise
        return self.ready()

    def ready(self) -> Deck:
        """Wait until the page is at rest and an image is shown."""
        self.page.wait_for_function(SETTLED)
        self.page.locator(".deck[data-state=image] .picture img").wait_for()
        return self

    @property
    def image_id(self) -> str | None:
        """What is shown."""
        return self.node.get_attribute("data-id")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def judge(self, key: str) -> None:
        """Press a key as soon as there is an image: a press while the next ones are fetched means nothing."""
        self.page.locator(".deck[data-state=image]").wait_for()
        self.page.keyboard.press(key)

    def came(self) -> str | None:
        """What there is once the next images were fetched: an image, or what is said at the end of a queue."""
        self.page.locator(".deck:not([data-state=waiting])").wait_for()
        return self.node.get_attribute("data-state")

    def saved(self, at_least: int = 0) -> None:
        """Wait until nothing is pending and enough is saved."""
        self.page.wait_for_function(
            """least => { for (const host of document.querySelectorAll('*')) {
                 const saved = host.shadowRoot?.querySelector('.deck .saved');
                 if (saved) return +saved.dataset.pending === 0 && +saved.dataset.saved >= least; } return false; }""",
            arg=at_least,
        )


def hold(page: Any, address: str, *, times: int | None = None) -> list[Any]:
    """The requests to this address from now on (`times`: so many of them): under way until a test lets them go."""
    held: list[Any] = []

    def take(route: Any) -> None:
        held.append(route)

    page.route(address, take, times=times)
    return held


def log(workspace: Path) -> pd.DataFrame:
    """Every event in the workspace's database."""
    store = DecisionStore(workspace / "review.sqlite")
    try:
        return store.log()
    finally:
        store.close()


def wait_for_events(workspace: Path, n: int) -> pd.DataFrame:
    """The log once it holds n events."""
    until = time.monotonic() + 15
    while len(found := log(workspace)) < n and time.monotonic() < until:
        time.sleep(0.1)
    assert len(found) == n, found[["session", "seq", "image_id", "verdict"]]
    return found
