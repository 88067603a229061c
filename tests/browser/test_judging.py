"""What can be said of an image besides take and keep, and the keys that say it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.base.types import Decision
from analysis.review.decisions import DecisionStore
from analysis.runs.workspace import Workspace
from tests.browser.conftest import Server
from tests.browser.deck import Deck, wait_for_events

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]


def test_every_decision_says_when_the_image_came_up_and_in_which_mode_and_queue(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    deck.page.wait_for_timeout(300)
    deck.press("k", "d")
    events = wait_for_events(server.workspace, 2)
    assert list(events["verdict"]) == ["keep", "unsure"]
    assert list(events["mode"]) == ["single"] * 2 and list(events["queue"]) == ["suspects"] * 2
    assert events["decided_at"][0] - events["shown_at"][0] >= 0.3
    assert events["shown_at"][1] >= events["decided_at"][0]


def test_several_labels_are_chosen_by_number_key_and_search_and_booked_by_enter(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = deck.image_id
    names = deck.node.locator(".choices .name").all_inner_texts()
    deck.press("m", "1", "3", "2", "3", "Enter")
    events = wait_for_events(server.workspace, 1)
    assert deck.image_id != shown and list(events["image_id"]) == [shown]
    assert (events["verdict"][0], events["new_label"][0].split("\v")) == ("several", [names[0], names[1]])
    given = deck.node.locator(".given dd").inner_text()
    deck.press("m", "k", "/")
    other = "class 6" if given != "class 6" else "class 5"
    deck.page.keyboard.type(other)
    deck.node.locator(".found [role=option]", has_text=other).wait_for()
    deck.press("Enter")  # takes the class, does not book
    assert deck.node.locator(".chip span:first-child").all_inner_texts() == [given, other]
    deck.press("Enter")
    assert wait_for_events(server.workspace, 2)["new_label"][1].split("\v") == [given, other]


def test_choosing_several_labels_books_nothing_before_two_are_chosen_or_after_leaving(
    serve: Serve, browse: Browse
) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = deck.image_id
    deck.press("m", "Enter", "1", "Enter", "n", "s", "2", "Escape")
    assert deck.image_id == shown
    deck.press("k")
    assert list(wait_for_events(server.workspace, 1)["verdict"]) == ["keep"]


def test_a_note_goes_with_the_next_decision_on_its_image_and_with_no_other(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown = deck.image_id
    deck.press("e")
    deck.page.keyboard.type("a mask, k?")
    deck.press("Enter")
    assert deck.image_id == shown
    deck.press("e")
    deck.page.keyboard.type(" never mind")
    deck.press("Escape", "k", "a")
    events = wait_for_events(server.workspace, 2)
    assert events["image_id"][0] == shown and list(events["note"]) == ["a mask, k?", ""]


def test_excluding_leaves_the_image_there_marks_it_and_undo_takes_the_mark_back(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    shown, badge = deck.image_id, deck.node.locator(".badge")
    deck.press("x")
    badge.wait_for(state="visible")
    assert deck.image_id == shown
    deck.press("k", "u")
    assert deck.image_id == shown and badge.is_visible()
    deck.press("u")
    badge.wait_for(state="hidden")
    assert deck.image_id == shown
    deck.press("x", "x", "x")
    events = wait_for_events(server.workspace, 7)
    assert list(events["verdict"]) == ["exclude", "keep", "undo", "undo", "exclude", "include", "exclude"]
    assert list(events["undoes"][2:4]) == [events["seq"][1], events["seq"][0]]
    assert set(events["image_id"]) == {shown}
    deck.page.reload()
    deck.ready()
    assert deck.image_id == shown and badge.is_visible()  # a mark judges nothing


def test_skipped_images_come_again_at_the_end_and_on_the_next_visit(serve: Serve, browse: Browse) -> None:
    server = serve(n=60)
    deck = Deck(browse(server.url)).open()
    skipped = []
    for key in ("s", "k", "s"):
        if key == "s":
            skipped.append(deck.image_id)
        deck.press(key)
    booked = 3
    while deck.came() == "image":
        assert deck.image_id not in skipped
        deck.press("k")
        booked += 1
    deck.node.get_by_text("2 images were skipped").first.wait_for()
    deck.press("Enter")
    deck.ready()
    assert deck.image_id == skipped[0]
    deck.press("k")
    assert deck.image_id == skipped[1]
    deck.press("s")
    wait_for_events(server.workspace, booked + 2)
    deck.page.reload()
    deck.ready()
    assert deck.image_id == skipped[1]
    deck.press("a")
    deck.page.locator(".deck[data-state=done]").wait_for()


def test_a_decision_is_changed_from_the_strip_also_after_a_reload(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    first = deck.image_id
    deck.press("a", "k")
    second = deck.image_id
    deck.saved(2)
    deck.page.wait_for_timeout(600)  # the way back is written when there is time
    deck.page.reload()
    deck.ready()
    assert deck.image_id == second
    deck.node.locator(".strip button").last.click()
    assert deck.image_id == first
    assert "changed to" in deck.node.locator(".caption").inner_text()
    deck.press("n")
    assert deck.image_id == second
    assert deck.node.locator(".strip button").count() == 2  # the new decision stands in the place of the old one
    deck.press("u")
    assert deck.image_id == first and "changed to" in deck.node.locator(".caption").inner_text()
    events = wait_for_events(server.workspace, 4)
    assert list(events["verdict"]) == ["relabel", "keep", "none_fits", "undo"] and events["image_id"][2] == first


def test_a_key_is_changed_in_the_sheet_printed_and_kept_after_a_reload(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    told = deck.node.locator(".help .told")
    deck.press("?")
    deck.node.locator("[data-change=keep]").click()
    deck.press("n")
    told.get_by_text("N is in use: No label fits").wait_for()
    deck.press("Tab")  # leaves the question
    deck.node.locator("[data-change=keep]").click()
    deck.press("j", "Escape")
    deck.node.locator("dialog.help").wait_for(state="hidden")
    assert deck.node.locator(".keep kbd").inner_text() == "J"
    deck.press("k", "j")
    wait_for_events(server.workspace, 1)
    deck.page.reload()
    deck.ready()
    deck.press("k", "j")
    assert list(wait_for_events(server.workspace, 2)["verdict"]) == ["keep", "keep"]
    deck.press("?")
    deck.node.locator("[data-reset]").click()
    deck.press("Escape", "k")
    wait_for_events(server.workspace, 3)


def test_keys_pressed_while_the_page_is_loaded_again_after_a_restart_judge_nothing(
    serve: Serve, browse: Browse
) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    server.kill()
    shown = deck.image_id
    deck.press("k")
    server.start()
    deck.node.locator(".trouble", has_text="The program was restarted").wait_for()
    deck.press("k", "k")
    deck.page.locator(".deck .trouble").wait_for(state="hidden")
    deck.ready()
    deck.saved(1)
    assert list(wait_for_events(server.workspace, 1)["image_id"]) == [shown]


def test_whoever_settles_a_disagreement_sees_what_the_others_said(serve: Serve, browse: Browse) -> None:
    server = serve()
    shown = disagree(server.workspace)
    deck = Deck(browse(server.url)).open()
    deck.page.get_by_text("Disagreements").click()
    deck.node.locator(".said li").first.wait_for()
    assert deck.ready().image_id == shown
    assert deck.node.locator(".said li").all_inner_texts() == ["Ada: keep the given label", "Bob: no label fits"]
    deck.press("k")
    event = wait_for_events(server.workspace, 3).iloc[2]
    assert (event["image_id"], event["verdict"], event["purpose"]) == (shown, "keep", "adjudicate")
    deck.page.locator(".deck[data-state=done]").wait_for()


def test_images_that_come_again_to_measure_the_reviewer_are_judged_again(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    for _ in range(40):
        deck.judge("k")
    earlier = set(wait_for_events(server.workspace, 40)["image_id"])
    deck.page.get_by_role("button", name="Options").click()
    deck.page.get_by_role("slider", name="Repeated items").press("End")
    deck.page.keyboard.press("Escape")
    deck.node.locator(".place", has_text=re.compile("of 1[5-9][0-9] judged")).wait_for()  # 148 and some again
    deck.ready().node.focus()
    for _ in range(50):
        deck.judge("k")
    events = wait_for_events(server.workspace, 90)[40:]
    repeated = events[events["purpose"] == "repeat"]
    assert len(repeated) >= 3 and set(repeated["image_id"]) <= earlier
    assert not set(events.loc[events["purpose"] == "", "image_id"]) & earlier


def test_no_answer_stands_out_in_a_random_audit(serve: Serve, browse: Browse) -> None:
    server = serve()
    deck = Deck(browse(server.url)).open()
    colour = "button => getComputedStyle(button).backgroundColor"
    assert deck.node.get_attribute("data-lean") == "suggested"
    take, keep = deck.node.locator(".primary .take"), deck.node.locator(".primary .keep")
    assert take.evaluate(colour) != keep.evaluate(colour)
    deck.page.get_by_text("Random audit").click()
    deck.page.get_by_role("button", name="Draw the sample").click()
    deck.page.locator(".deck[data-lean=none]").wait_for()
    assert take.evaluate(colour) == keep.evaluate(colour)


def disagree(workspace: Path) -> str:
    """Ada and Bob say different things about one image; its id."""
    opened = Workspace.open(workspace)
    names = opened.dataset().classes
    row = next(opened.runs()[0].table("suspects").itertuples())
    given, suggested = names[row.given], names[row.suggested]
    store = DecisionStore(workspace / "review.sqlite")
    for who, verdict in (("Ada", "keep"), ("Bob", "none_fits")):
        store.book([Decision(row.image_id, verdict, given, suggested, None, who, "r", f"of-{who}-yesterday", 1, 1e9)])
    store.close()
    return str(row.image_id)


DAMAGED = ["{", '{"keep": ["n"]}', '{"keep": "k"}', '{"keep": ["Enter"]}', "[1]", '{"a": ["b"]}']


def test_damaged_keys_in_the_browser_are_passed_over(serve: Serve, browse: Browse) -> None:
    server = serve()
    for n, kept in enumerate(DAMAGED, start=1):
        page = browse(server.url)
        page.context.add_init_script(f"localStorage.setItem('lookalike.keys', {kept!r})")
        Deck(page).open().press("k")
        assert list(wait_for_events(server.workspace, n)["verdict"]) == ["keep"] * n
        page.close()
