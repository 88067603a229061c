"""Decisions on their way out of the browser: when requests fail, cross each other, or come from two tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.deck import Deck, hold, wait_for_events

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]

ROUTE = "**/decisions/*"
REFUSED = {"status": 507, "json": {"error": "The decisions could not be written: the disk is full"}}


def test_judging_on_while_the_store_refuses_does_not_put_off_the_next_try(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.page.route(ROUTE, lambda route: route.fulfill(**REFUSED))
    deck.press("k")
    deck.node.locator(".trouble", has_text="the disk is full").wait_for()
    deck.page.unroute(ROUTE)
    deck.press("k")  # before the next try
    deck.saved(2)
    wait_for_events(server.workspace, 2)


def test_leaving_during_a_request_sends_once_more_and_everything_goes_on(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    held = hold(deck.page, ROUTE)
    with deck.page.expect_request(ROUTE):
        deck.press("k")
    with deck.page.expect_request(ROUTE):
        deck.page.evaluate(
            """() => { Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});
                 document.dispatchEvent(new Event('visibilitychange')); delete document.visibilityState; }"""
        )
    for route in held:
        with deck.page.expect_event("requestfinished"):
            route.continue_()
    deck.page.unroute(ROUTE)
    deck.saved(1)
    deck.press("a")
    deck.saved(2)
    assert deck.node.locator(".trouble").is_hidden()
    assert list(wait_for_events(server.workspace, 2)["verdict"]) == ["keep", "relabel"]


def test_without_locks_a_second_tab_never_drops_what_the_first_one_keeps(serve: Serve, browse: Browse) -> None:
    server = serve()
    page = browse(server.url)
    page.context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")  # as without HTTPS
    one = Deck(page).open()
    page.route(ROUTE, lambda route: route.abort())
    one.press("k")
    other = page.context.new_page()
    held = hold(other, ROUTE)
    with other.expect_request(ROUTE):
        other.goto("/review")  # sends what it finds there
    one.press("n")
    with other.expect_response(ROUTE):
        held[0].continue_()
    Deck(other).saved(1)
    assert len(kept(other)) == 1
    page.close()  # it cannot send
    other.unroute(ROUTE)
    other.reload()
    assert list(wait_for_events(server.workspace, 2)["verdict"]) == ["keep", "none_fits"]


def kept(page: Any) -> list[str]:
    """The journals in the browser that hold something."""
    names = "Object.keys(localStorage).filter((name) => name.startsWith('lookalike.journal.'))"
    found: list[str] = page.evaluate(names)
    return found
