"""Judging under a sign-in: what waits in the browser is booked under the account that made it, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer

from analysis.runs.workspace import Workspace
from dashboard.server.opened import key_of
from tests.browser.conftest import SETTLED, Server
from tests.browser.deck import Deck, wait_for_events

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]

ROUTE = "**/decisions/*"
ADA, BOB = "ada@example.org", "bob@example.org"
KEY = "a secret that nobody but the server has"


@pytest.fixture
def signed(serve: Serve, tmp_path: Path) -> Server:
    """A server with a sign-in."""
    keep_secret(tmp_path, KEY)
    return serve(environment={"HOME": str(tmp_path)})


def keep_secret(home: Path, secret: str) -> None:
    place = home / ".streamlit" / "secrets.toml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(f'[auth]\ncookie_secret = "{secret}"\nclient_id = "x"\n')


def sign_in(page: Any, server: Server, who: str, *, key: str = KEY) -> None:
    """What the browser keeps once the sign-in service has said who somebody is."""
    account = json.dumps({"email": who, "origin": server.url, "is_logged_in": True})
    value = URLSafeTimedSerializer(key, salt="_streamlit_user").dumps(account)
    page.context.add_cookies([{"name": "_streamlit_user", "value": str(value), "url": server.url}])


def test_what_waits_under_one_account_is_never_booked_under_another_and_follows_its_own(
    signed: Server, browse: Browse, tmp_path: Path
) -> None:
    page = browse(signed.url)
    sign_in(page, signed, ADA)
    deck = Deck(page).open()
    signed.kill()
    shown = deck.image_id
    deck.press("k")
    keep_secret(tmp_path, "changed")  # nothing that was signed before is believed any more
    signed.start()
    page.get_by_text("Enter your name in the sidebar first, or sign in").wait_for()
    sign_in(page, signed, BOB, key="changed")
    deck.open()
    waits = deck.node.locator(".trouble", has_text=f"1 decision waits in this browser: booked under {ADA}")
    waits.wait_for()
    deck.press("a")
    assert list(wait_for_events(signed.workspace, 1)["reviewer"]) == [BOB]
    waits.wait_for()
    other = page.context.new_page()
    sign_in(page, signed, ADA, key="changed")
    other.goto("/review")  # and the first tab sends it
    log = wait_for_events(signed.workspace, 2)
    assert list(zip(log["reviewer"], log["verdict"], strict=True)) == [(BOB, "relabel"), (ADA, "keep")]
    assert log["image_id"].iat[1] == shown
    waits.wait_for(state="hidden")
    deck.saved(2)


def test_a_sign_in_that_ran_out_is_confirmed_by_a_new_page_and_the_decision_is_booked_once(
    signed: Server, browse: Browse
) -> None:
    page = browse(signed.url)
    sign_in(page, signed, ADA)
    deck = Deck(page).open()

    def too_late(route: Any) -> None:
        ops = route.request.post_data_json["ops"]
        told = [{"session": op["session"], "seq": op["seq"], "message": "Confirmed too long ago"} for op in ops]
        route.fulfill(json={"acked": [], "problems": [], "unproven": told})

    page.route(ROUTE, too_late, times=1)
    with page.expect_event("load"):
        deck.press("k")
    deck.ready()
    assert list(wait_for_events(signed.workspace, 1)["reviewer"]) == [ADA]
    deck.press("n")
    deck.saved(2)
    assert list(wait_for_events(signed.workspace, 2)["verdict"]) == ["keep", "none_fits"]
    page.wait_for_function(SETTLED)


def test_a_decision_that_a_closed_tab_left_is_sent_under_its_account_though_another_one_is_signed_in(
    signed: Server, browse: Browse
) -> None:
    page = browse(signed.url)
    sign_in(page, signed, ADA)
    deck = Deck(page).open()
    page.route(ROUTE, lambda route: route.abort())
    deck.press("k")
    deck.node.locator(".trouble", has_text="cannot be reached").wait_for()
    other = page.context.new_page()
    page.close()
    sign_in(other, signed, BOB)
    Deck(other).open().saved(1)
    assert list(wait_for_events(signed.workspace, 1)["reviewer"]) == [ADA]


def test_a_page_from_before_the_sign_in_was_set_up_asks_once_for_what_others_left(serve: Serve, browse: Browse) -> None:
    server = serve()
    page = browse(server.url)
    left = {"image_id": "train/00001", "verdict": "keep", "reviewer": "Bob", "session": "closedtab", "seq": 1}
    name = f"lookalike.journal.{key_of(Workspace.open(server.workspace))}.closedtab"
    page.add_init_script(f"localStorage[{json.dumps(name)}] = {json.dumps(json.dumps([{**left, 'decided_at': 1e9}]))}")
    asked: list[Any] = []

    def refuse(route: Any) -> None:
        asked.append(route)
        told = {"session": "closedtab", "seq": 1, "message": "Nothing proves that Bob made this"}
        route.fulfill(json={"acked": [], "problems": [], "unproven": [told]})

    page.route(ROUTE, refuse)
    deck = Deck(page).open()
    deck.node.locator(".trouble", has_text="1 decision waits in this browser: booked under Bob").wait_for()
    assert len(asked) == 1
