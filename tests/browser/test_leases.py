"""Several people, one queue: nobody judges an image that somebody else has or had, and nobody waits for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.deck import Deck, hold, wait_for_events

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]


def of(name: str, server: Server, browse: Browse) -> Deck:
    """The deck of a reviewer of this name, in a browser of their own."""
    page = browse(server.url)
    page.context.add_cookies([{"name": "lookalike_reviewer", "value": name, "url": server.url}])
    return Deck(page).open()


def shorten(deck: Deck, seconds: float) -> None:
    """Let this browser believe that leases are that short."""

    def answer(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "seconds": seconds})

    deck.page.route("**/lease/*", answer)


def test_two_browsers_on_one_queue_never_judge_the_same_image(serve: Serve, browse: Browse) -> None:
    server = serve(n=1500)
    ada, bob = of("Ada", server, browse), of("Bob", server, browse)
    for n in range(40):
        ada.judge("a" if n % 2 else "k")
        bob.judge("k" if n % 3 else "n")
    events = wait_for_events(server.workspace, 80)
    assert events["image_id"].is_unique
    assert events["reviewer"].value_counts().to_dict() == {"Ada": 40, "Bob": 40}


def test_the_last_images_are_said_to_be_with_others_and_come_when_they_leave(serve: Serve, browse: Browse) -> None:
    server = serve(n=30)  # so few suspects that one person holds them all
    ada = of("Ada", server, browse)
    first = ada.image_id
    page = browse(server.url)
    page.context.add_cookies([{"name": "lookalike_reviewer", "value": "Bob", "url": server.url}])
    page.goto("/review")
    page.get_by_text("Others are judging the last").first.wait_for()
    ada.press("k")
    wait_for_events(server.workspace, 1)
    ada.page.close()  # gives the rest back
    bob = Deck(page).ready()
    assert bob.image_id != first
    bob.press("k")
    events = wait_for_events(server.workspace, 2)
    assert list(events["reviewer"]) == ["Ada", "Bob"] and events["image_id"].is_unique


def test_images_that_are_granted_after_the_page_was_left_are_given_back(serve: Serve, browse: Browse) -> None:
    page = browse(serve(n=60).url)
    held = hold(page, "**/lease/*", times=1)
    with page.expect_request("**/lease/*"):
        page.goto("/review")
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_text("The next best thing to do").wait_for()
    page.wait_for_timeout(1500)
    with page.expect_request(lambda request: (request.post_data_json or {}).get("release", [])) as freed:
        held[0].continue_()
    assert freed.value.post_data_json["release"] == held[0].request.response().json()["granted"]


def test_what_somebody_skipped_is_open_to_others(serve: Serve, browse: Browse) -> None:
    server = serve(n=60)
    ada = of("Ada", server, browse)
    first = ada.image_id
    ada.press("s")
    wait_for_events(server.workspace, 1)
    assert of("Bob", server, browse).image_id == first


def test_an_image_that_was_taken_back_stays_with_who_took_it_back(serve: Serve, browse: Browse) -> None:
    server = serve(n=60)
    ada = of("Ada", server, browse)
    first = ada.image_id
    ada.press("k")
    ada.saved(1)
    with ada.page.expect_response("**/lease/*") as asked:
        ada.press("u")
    assert first in asked.value.json()["granted"] and ada.image_id == first
    ada.press("a")
    assert list(wait_for_events(server.workspace, 3)["image_id"]) == [first] * 3


def test_an_answer_of_before_an_image_was_taken_back_takes_it_from_nobody(serve: Serve, browse: Browse) -> None:
    server = serve(n=60)
    deck = Deck(browse(server.url))
    shorten(deck, 6)
    deck.open()
    first = deck.image_id
    deck.page.unroute("**/lease/*")
    held = hold(deck.page, "**/lease/*", times=1)
    with deck.page.expect_request("**/lease/*"):  # the leases are renewed
        pass
    deck.press("k")
    deck.saved(1)
    answer = held[0].fetch()
    assert first in answer.json()["done"]
    deck.press("u")
    deck.saved(2)
    with deck.page.expect_response(lambda response: first in response.json().get("granted", [])):
        held[0].fulfill(response=answer)
    assert deck.ready().image_id == first


def test_leases_are_renewed_while_the_page_is_in_sight(serve: Serve, browse: Browse) -> None:
    server = serve()
    page = browse(server.url)
    deck = Deck(page)
    shorten(deck, 4)
    deck.open()
    first = deck.image_id
    deck.node.evaluate(
        """deck => { window.states = []; new MutationObserver(() => window.states.push(deck.dataset.state))
             .observe(deck, {attributes: true, attributeFilter: ['data-state']}); }"""
    )
    page.wait_for_timeout(6000)
    assert deck.image_id == first and page.evaluate("window.states") == []  # it was there all the time
    deck.press("k")
    assert list(wait_for_events(server.workspace, 1)["image_id"]) == [first]


def test_a_lease_that_ran_out_takes_its_image_from_the_screen_until_the_server_gives_it_again(
    serve: Serve, browse: Browse
) -> None:
    server = serve()
    page = browse(server.url)
    deck = Deck(page)
    shorten(deck, 3)
    deck.open()
    page.unroute("**/lease/*")
    page.route("**/lease/*", lambda route: route.abort())
    deck.press("k")
    deck.node.locator(".trouble", has_text="No image can be had now").wait_for()
    deck.press("k", "a", "n")  # nothing is shown, so nothing is judged
    page.unroute("**/lease/*")
    deck.ready()
    deck.press("a")
    assert list(wait_for_events(server.workspace, 2)["verdict"]) == ["keep", "relabel"]


def test_a_key_pressed_just_as_an_image_goes_to_somebody_else_judges_nothing_unseen(
    serve: Serve, browse: Browse
) -> None:
    server = serve(n=60)
    deck = Deck(browse(server.url))
    shorten(deck, 4)
    deck.open()
    first = deck.image_id

    def take_away(route: Any) -> None:
        answer = route.fetch().json()
        granted = [one for one in answer["granted"] if one != first]
        route.fulfill(json={**answer, "granted": granted, "taken": [*answer["taken"], first], "seconds": 60})

    deck.page.unroute("**/lease/*")
    deck.page.route("**/lease/*", take_away)
    deck.node.evaluate(
        """deck => new MutationObserver((_, once) => {
             once.disconnect(); document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'k'}));
           }).observe(deck, {attributes: true, attributeFilter: ['data-id']})"""
    )
    deck.node.locator(".trouble", has_text="Another image came just as the key was pressed").wait_for()
    deck.page.unroute("**/lease/*")
    second = deck.image_id
    assert second != first
    deck.page.wait_for_timeout(400)
    deck.press("n")
    events = wait_for_events(server.workspace, 1)
    assert (events["image_id"].tolist(), events["verdict"].tolist()) == ([second], ["none_fits"])
    deck.node.locator(".trouble").wait_for(state="hidden")


def test_images_that_were_leased_go_on_while_no_further_ones_can_be_had(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.page.route("**/lease/*", lambda route: route.fulfill(status=507, json={"error": "The disk is full."}))
    for _ in range(40):
        deck.press("k")
    deck.node.locator(".trouble", has_text="The disk is full.").wait_for()
    deck.saved(10)
    deck.page.unroute("**/lease/*")
    deck.ready()
