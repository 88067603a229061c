"""The judging loop in Chromium: nothing lost, nothing twice, whatever happens to the tab or the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.base.types import Decision
from analysis.review.decisions import DecisionStore
from analysis.runs.workspace import Workspace
from tests.browser.conftest import Server
from tests.browser.deck import Deck, log, wait_for_events

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]


def test_each_key_books_its_verdict_on_the_image_that_was_shown(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = []
    for key in ("a", "k", "n", "s", "b", "Space"):
        shown.append(deck.image_id)
        deck.press(key)
    deck.saved(6)
    assert deck.node.locator(".place").inner_text().endswith("judged, 1 skipped")
    assert deck.node.locator(".place").inner_text().startswith("5 of ")
    events = wait_for_events(server.workspace, 6)
    assert list(events["image_id"]) == shown
    assert list(events["verdict"]) == ["relabel", "keep", "none_fits", "skip", "several", "relabel"]
    assert events["new_label"][0] == events["suggested"][0] != events["given"][0]
    assert events["new_label"][4].split("\v") == [events["given"][4], events["suggested"][4]]
    assert events["session"].nunique() == 1 and events["seq"].is_monotonic_increasing and events["seq"].is_unique


def test_a_queue_that_was_judged_before_says_so(serve: Serve, browse: Browse) -> None:
    server = serve(n=60)
    book_all(server.workspace)
    page = browse(server.url)
    page.goto("/review")
    page.locator(".deck[data-state=done]").wait_for()
    page.get_by_text("Every image of this queue is judged.").first.wait_for()


def book_all(workspace: Path) -> None:
    """Judge every listed image as somebody did yesterday."""
    opened = Workspace.open(workspace)
    names = opened.dataset().classes
    table = opened.runs()[0].table("suspects")
    store = DecisionStore(workspace / "review.sqlite")
    store.book(
        Decision(row.image_id, "keep", names[row.given], names[row.suggested], None, "Ada", "r", "yesterday", seq, 1e9)
        for seq, row in enumerate(table.itertuples(), start=1)
    )
    store.close()


def test_a_number_takes_that_choice_and_the_given_label_by_number_keeps_it(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    names = deck.node.locator(".choices .name").all_inner_texts()
    given = deck.node.locator(".given dd").inner_text()
    other = next(i for i, name in enumerate(names) if name != given)
    deck.press(str(other + 1))
    at_given = deck.node.locator(".choices .name").all_inner_texts()
    now_given = deck.node.locator(".given dd").inner_text()
    deck.press(str(at_given.index(now_given) + 1))
    events = wait_for_events(server.workspace, 2)
    assert list(events["verdict"]) == ["relabel", "keep"]
    assert events["new_label"][0] == names[other]


def test_the_search_takes_any_class_and_typing_there_decides_nothing(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    before = deck.image_id
    deck.press("/")
    deck.page.keyboard.type("aksnu 5")
    assert deck.image_id == before
    deck.node.get_by_text("No class has this in its name.").wait_for()
    deck.page.keyboard.press("Escape")
    given = deck.node.locator(".given dd").inner_text()
    wanted = "class 5" if given != "class 5" else "class 4"
    deck.press("/")
    deck.page.keyboard.type(wanted[-1])
    deck.node.locator(".found [role=option]", has_text=wanted).wait_for()
    deck.press("Enter")
    assert wait_for_events(server.workspace, 1)["new_label"][0] == wanted


def test_the_mouse_does_what_the_keys_do(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    first = deck.image_id
    deck.node.locator(".primary [data-do=suggestion]").click()
    deck.node.locator(".small [data-do=skip]").click()
    deck.node.locator(".small [data-do=undo]").click()
    deck.node.locator(".small [data-do=undo]").click()
    assert deck.image_id == first
    deck.press("k")  # the keys work on after a click
    assert list(wait_for_events(server.workspace, 5)["verdict"]) == ["relabel", "skip", "undo", "undo", "keep"]


def test_undo_goes_back_step_by_step_and_erases_nothing(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = []
    for _ in range(10):
        shown.append(deck.image_id)
        deck.press("a")
    back = []
    for _ in range(10):
        deck.press("u")
        back.append(deck.image_id)
    assert back == shown[::-1]
    events = wait_for_events(server.workspace, 20)
    assert list(events["undoes"][10:]) == list(events["seq"][:10])[::-1]
    deck.press("u", "k")
    events = wait_for_events(server.workspace, 21)
    assert (events["image_id"][20], events["verdict"][20]) == (shown[0], "keep")


def test_undo_still_works_after_a_reload(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = []
    for _ in range(3):
        shown.append(deck.image_id)
        deck.press("a")
    deck.saved(3)
    deck.page.reload()
    deck.ready()
    assert deck.image_id not in shown
    deck.press("u")
    assert deck.image_id == shown[2]
    events = wait_for_events(server.workspace, 4)
    assert events["session"].nunique() == 1 and events["undoes"][3] == events["seq"][2]


def test_thirty_quick_presses_judge_thirty_different_images_in_order(serve: Serve, browse: Browse) -> None:
    server = serve(n=1500)
    deck = Deck(browse(server.url)).open()
    deck.page.evaluate(
        """() => { window.shown = []; for (const host of document.querySelectorAll('*')) {
             const deck = host.shadowRoot?.querySelector('.deck'); if (!deck) continue;
             new MutationObserver(() => deck.dataset.id && window.shown.at(-1) !== deck.dataset.id
               && window.shown.push(deck.dataset.id)).observe(deck, {attributes: true, attributeFilter: ['data-id']});
             window.shown.push(deck.dataset.id); } }"""
    )
    for n in range(100):
        key = "a" if n % 3 else "k"
        if n < 30:
            deck.press(key)  # as fast as they go
        else:
            deck.judge(key)  # over two windows
    deck.saved(100)
    events = wait_for_events(server.workspace, 100)
    assert events["image_id"].nunique() == 100
    assert list(events["image_id"]) == deck.page.evaluate("window.shown")[:100]


def test_a_held_key_decides_once_and_streamlits_own_keys_are_silent(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    for key in ("a", "Space", "1"):
        for _ in range(6):
            deck.page.keyboard.down(key)  # what a held key sends: all but the first are marked as repeated
        deck.page.keyboard.up(key)
    before = deck.image_id
    deck.press("r", "c", "Escape")
    deck.page.wait_for_timeout(500)
    assert deck.image_id == before
    assert deck.page.locator("[role=dialog]:visible").count() == 0
    wait_for_events(server.workspace, 3)


def test_decisions_made_while_the_server_is_away_are_booked_once_after_a_reload(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.press("a", "a")
    deck.saved(2)
    server.kill()
    shown = []
    for _ in range(5):
        shown.append(deck.image_id)
        deck.press("k")
    deck.node.locator(".trouble", has_text="5 unsaved decisions are kept in this browser").wait_for()
    server.start()
    deck.open()
    deck.saved(7)
    assert deck.image_id not in shown
    events = wait_for_events(server.workspace, 7)
    assert list(events["image_id"][2:]) == shown


def test_decisions_are_booked_without_a_reload_when_the_server_comes_back(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    server.kill()
    deck.press("a", "k", "a")
    server.start()
    deck.saved(3)
    assert log(server.workspace)["image_id"].nunique() == 3


def test_what_a_closed_tab_could_not_send_is_sent_by_the_next_one(serve: Serve, browse: Browse) -> None:
    server = serve()
    page = browse(server.url)
    deck = Deck(page).open()
    server.kill()
    shown = [deck.image_id]
    deck.press("a")
    page.close()
    server.start()
    other = Deck(page.context.new_page()).open()
    other.saved(1)
    assert other.image_id not in shown
    assert list(wait_for_events(server.workspace, 1)["image_id"]) == shown


def two_tabs(server: Server, browse: Browse) -> tuple[Deck, Deck]:
    """The same page twice in one browser."""
    one = Deck(browse(server.url)).open()
    with one.page.context.expect_page() as opened:
        one.page.evaluate("window.open(location.href)")  # carries the session storage along, as duplicating does
    return one, Deck(opened.value).ready()


def test_a_duplicated_tab_has_a_session_of_its_own(serve: Serve, browse: Browse) -> None:
    server = serve()
    one, other = two_tabs(server, browse)
    for _ in range(6):
        one.press("a")
        other.press("k")
    one.saved(6)
    other.saved(6)
    events = wait_for_events(server.workspace, 12)
    assert events["session"].nunique() == 2
    assert list(events.groupby("session")["seq"].nunique()) == [6, 6]
    assert list(events.groupby("session")["image_id"].nunique()) == [6, 6]


def test_two_tabs_of_one_browser_never_show_the_same_image(serve: Serve, browse: Browse) -> None:
    server = serve(n=1500)
    one, other = two_tabs(server, browse)
    shown: list[str | None] = []
    for _ in range(8):
        shown += [one.image_id, other.image_id]
        one.press("a")
        other.press("k")
    assert len(set(shown)) == 16
    wait_for_events(server.workspace, 16)


def test_a_browser_that_forgot_how_far_it_counted_gives_no_number_twice(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.press("a", "a")
    deck.saved(2)
    deck.page.evaluate(
        """() => { const key = Object.keys(sessionStorage).find((name) => name.startsWith('lookalike.tab.'));
             addEventListener('pagehide', () => sessionStorage.setItem(key,
               JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), seq: 0, saved: 0, history: [] }))); }"""
    )
    deck.page.reload()
    deck.ready()
    shown = []
    for key in ("k", "n"):
        shown.append(deck.image_id)
        deck.press(key)
    deck.press("u")
    deck.saved(3)
    events = wait_for_events(server.workspace, 5)
    assert list(events["image_id"][2:]) == [*shown, shown[1]]
    assert list(events["verdict"]) == ["relabel", "relabel", "keep", "none_fits", "undo"]
    assert events["session"].nunique() == 1 and events["seq"].is_monotonic_increasing and events["seq"].is_unique
    assert events["undoes"][4] == events["seq"][3]
    assert deck.image_id == shown[1]


def test_a_store_that_refuses_is_said_and_nothing_is_lost(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.press("a")
    deck.saved(1)
    answer = {"status": 507, "json": {"error": "The decisions could not be written: the disk is full"}}
    deck.page.route("**/decisions/*", lambda route: route.fulfill(**answer))
    deck.press("k", "k")
    deck.node.locator(".trouble", has_text="the disk is full").wait_for()
    deck.page.unroute("**/decisions/*")
    deck.saved(3)
    wait_for_events(server.workspace, 3)


def test_the_help_sheet_and_the_strip_of_last_decisions(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.press("?")
    deck.node.locator("dialog[open]").wait_for()
    deck.press("a", "Escape")
    first = deck.image_id
    deck.press("a", "k")
    strip = deck.node.locator(".strip button")
    assert strip.count() == 2
    strip.last.click()
    assert deck.image_id == first
    deck.press("n")
    events = wait_for_events(server.workspace, 3)
    assert list(events["image_id"]).count(first) == 2
