"""Leases: nobody judges what somebody else has on the screen, unless the queue asks for several opinions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from analysis.base.errors import Refused, StoreFailure
from analysis.review import decisions
from analysis.review.decisions import DecisionStore
from analysis.review.leases import LEASE_SECONDS, MAX_IDS, MAX_SECONDS, Answer, Leases
from analysis.review.tables import leases as table
from tests.review.helpers import decision, undo

A, B, C = "a.png", "b.png", "c.png"


class Clock:
    """The server's clock, moved by hand."""

    def __init__(self) -> None:
        self.time = 1_760_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(store: DecisionStore, clock: Clock) -> Iterator[Leases]:
    return Leases(store, now=clock)


def ada(leases: Leases, *ids: str, **how: Any) -> Answer:
    return leases.ask(ids, **{"session": "ada-tab", "reviewer": "ada", "queue": "suspects", **how})


def bob(leases: Leases, *ids: str, **how: Any) -> Answer:
    return leases.ask(ids, **{"session": "bob-tab", "reviewer": "bob", "queue": "suspects", **how})


def cyd(leases: Leases, *ids: str, **how: Any) -> Answer:
    return leases.ask(ids, **{"session": "cyd-tab", "reviewer": "cyd", "queue": "suspects", **how})


def say(leases: Leases, *ids: str, who: str = "ada", start: int = 1, verdict: str = "keep", **facts: Any) -> None:
    """Book a verdict of somebody's own tab on each image."""
    usual = {"reviewer": who, "session": f"{who}-tab", **facts}
    leases.store.book([decision(start + i, image, verdict, **usual) for i, image in enumerate(ids)])


def held(leases: Leases) -> set[tuple[str, str]]:
    """(session, image) of every row there is, expired or not."""
    with leases.store.reading() as conn:
        return {(row.session, row.image_id) for row in conn.execute(select(table))}


# -- one opinion ------------------------------------------------------------------------------------------------------
def test_what_one_tab_has_no_other_gets(leases: Leases) -> None:
    assert ada(leases, B, A, B) == Answer([B, A], [], [])
    assert bob(leases, A, C, B) == Answer([C], [A, B], [])


def test_a_lease_is_kept_by_asking_again_and_ends_by_itself(leases: Leases, clock: Clock) -> None:
    ada(leases, A, B)
    clock.time += LEASE_SECONDS - 1
    assert ada(leases, A).granted == [A]
    clock.time += 1
    assert bob(leases, A, B) == Answer([B], [A], [])
    assert ada(leases, A, B) == Answer([A], [B], []), "the one she let go is another's now"
    clock.time += LEASE_SECONDS
    assert bob(leases, A) == Answer([A], [], [])
    assert held(leases) == {("bob-tab", A)}, "what had ended is cleared away"


def test_a_judged_image_is_done_for_everybody_and_free_at_once(leases: Leases) -> None:
    ada(leases, A, B)
    say(leases, A)
    assert held(leases) == {("ada-tab", B)}
    assert bob(leases, A, B) == Answer([], [B], [A])
    assert ada(leases, A, B) == Answer([B], [], [A])


@pytest.mark.parametrize(
    ("verdict", "done"), [("relabel", True), ("none_fits", True), ("unsure", True), ("skip", False)]
)
def test_unsure_is_a_judgement_and_a_skip_leaves_the_image_to_all(leases: Leases, verdict: str, done: bool) -> None:
    ada(leases, A)
    say(leases, A, verdict=verdict)
    assert held(leases) == set()
    assert bob(leases, A) == (Answer([], [], [A]) if done else Answer([A], [], []))
    leases.release("bob-tab")
    assert ada(leases, A).done == ([A] if done else []), "she may come back to what she skipped"


def test_an_undone_judgement_counts_no_more_and_an_undo_keeps_the_lease(leases: Leases) -> None:
    say(leases, A)
    assert ada(leases, A).done == [A]
    leases.store.book([undo(2, 1, A, reviewer="ada", session="ada-tab")])
    assert ada(leases, A).granted == [A]
    leases.store.book([undo(3, 1, A, reviewer="ada", session="ada-tab")])
    assert held(leases) == {("ada-tab", A)}


@pytest.mark.parametrize("mark", ["exclude", "include"])
def test_a_mark_is_no_judgement_and_keeps_the_lease(leases: Leases, mark: str) -> None:
    ada(leases, A)
    say(leases, A, verdict=mark)
    assert held(leases) == {("ada-tab", A)}
    assert bob(leases, A).taken == [A]
    leases.release("ada-tab")
    assert bob(leases, A).granted == [A]


@pytest.mark.parametrize("purpose", ["known", "repeat"])
def test_what_only_measures_the_reviewer_is_no_judgement_of_the_image(leases: Leases, purpose: str) -> None:
    say(leases, A, purpose=purpose)
    assert ada(leases, A).granted == [A]


def test_a_replay_gives_nothing_back(leases: Leases) -> None:
    ada(leases, A)
    say(leases, A, verdict="skip")
    assert ada(leases, A).granted == [A]
    say(leases, A, verdict="skip")  # the acknowledgement was lost
    assert held(leases) == {("ada-tab", A)}


def test_a_decision_from_another_tab_leaves_this_one_its_lease(leases: Leases) -> None:
    ada(leases, A)
    say(leases, A, who="bob")
    assert held(leases) == {("ada-tab", A)}
    assert ada(leases, A) == Answer([], [], [A])
    assert held(leases) == set(), "done is not held"


def test_a_lease_goes_only_with_the_decision_that_ends_it(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    ada(leases, A)
    real = decisions.hand_back

    def fail(*arguments: Any) -> None:
        real(*arguments)
        raise StoreFailure("the disk is full")

    monkeypatch.setattr(decisions, "hand_back", fail)
    with pytest.raises(StoreFailure):
        say(leases, A)
    assert (leases.store.count(), held(leases)) == (0, {("ada-tab", A)})


def test_a_long_booking_gives_back_all_it_decided(leases: Leases) -> None:
    ids = [f"{n}.png" for n in range(1100)]
    for start in range(0, 1100, MAX_IDS):
        ada(leases, *ids[start : start + MAX_IDS])
    say(leases, *ids[:-1])
    assert held(leases) == {("ada-tab", ids[-1])}


# -- several opinions -------------------------------------------------------------------------------------------------
def test_two_opinions_are_those_of_two_people(leases: Leases) -> None:
    assert ada(leases, A, opinions=2).granted == [A]
    assert bob(leases, A, opinions=2).granted == [A]
    assert cyd(leases, A, opinions=2).taken == [A]
    say(leases, A)
    assert ada(leases, A, opinions=2).done == [A], "her own opinion is given"
    assert cyd(leases, A, opinions=2).taken == [A], "one judged, one holds"
    leases.release("bob-tab")
    assert cyd(leases, A, opinions=2).granted == [A]
    say(leases, A, who="cyd")
    assert bob(leases, A, opinions=2).done == [A]


def test_one_person_in_two_tabs_is_one_person(leases: Leases) -> None:
    assert ada(leases, A, opinions=3).granted == [A]
    assert ada(leases, A, B, opinions=3, session="second").taken == [A]
    assert bob(leases, A, opinions=2).granted == [A]


def test_one_who_judged_and_still_holds_it_elsewhere_counts_once(leases: Leases) -> None:
    ada(leases, A, opinions=2, session="left open")
    say(leases, A)
    assert bob(leases, A, opinions=2).granted == [A]


def test_whoever_has_an_image_keeps_it_when_the_queue_asks_for_fewer_opinions(leases: Leases) -> None:
    ada(leases, A, opinions=2), bob(leases, A, opinions=2)
    assert ada(leases, A, opinions=1).granted == bob(leases, A, opinions=1).granted == [A]


def test_another_name_in_the_same_tab_is_another_person(leases: Leases) -> None:
    ada(leases, A, opinions=2), bob(leases, A, opinions=2)
    assert bob(leases, A, opinions=2, reviewer="ada").taken == [A], "ada has it in her own tab"
    assert held(leases) == {("ada-tab", A)}, "and the one who left this tab holds nothing"
    assert ada(leases, A, reviewer="dan", opinions=1).granted == [A]


def test_a_lease_of_one_queue_is_none_for_another(leases: Leases) -> None:
    for ask in (ada, bob):
        assert ask(leases, A, opinions=2).granted == [A]
    assert ada(leases, A, queue="disagreements", adjudicate=True).taken == [A]
    assert bob(leases, A, queue="disagreements", adjudicate=True).granted == [A]
    assert held(leases) == {("bob-tab", A)}


# -- settling ---------------------------------------------------------------------------------------------------------
def test_one_at_a_time_settles_and_may_have_judged_before(leases: Leases) -> None:
    say(leases, A)
    say(leases, A, who="bob", verdict="none_fits")
    assert ada(leases, A, adjudicate=True).granted == [A]
    assert cyd(leases, A, adjudicate=True, opinions=5).taken == [A]
    say(leases, A, start=5, verdict="relabel", purpose="adjudicate")
    assert held(leases) == set()
    for ask in (ada, cyd):
        assert ask(leases, A, adjudicate=True) == ask(leases, A, opinions=9) == Answer([], [], [A])


@pytest.mark.parametrize(("verdict", "same_person"), [("unsure", "done"), ("skip", "granted")])
def test_whoever_cannot_settle_it_leaves_it_to_the_next(leases: Leases, verdict: str, same_person: str) -> None:
    say(leases, A, verdict=verdict, purpose="adjudicate")
    assert cyd(leases, A, adjudicate=True).granted == [A]
    leases.release("cyd-tab")
    assert getattr(ada(leases, A, adjudicate=True), same_person) == [A]
    assert ada(leases, A, opinions=1).granted == [A], "as a reviewer she has not said anything yet"


# -- around it --------------------------------------------------------------------------------------------------------
def test_giving_back_frees_only_what_is_ones_own(leases: Leases) -> None:
    ada(leases, A, B), bob(leases, C)
    leases.release("ada-tab", [A, C, "unknown.png"])
    leases.release("ada-tab", [])
    assert held(leases) == {("ada-tab", B), ("bob-tab", C)}
    leases.release("bob-tab")
    assert held(leases) == {("ada-tab", B)}


def test_who_is_at_work_is_listed_and_who_has_left_is_not(leases: Leases, clock: Clock) -> None:
    assert leases.holders() == []
    ada(leases, A, B)
    clock.time += 1
    ada(leases, C, session="second"), bob(leases, "d.png", queue="")
    clock.time += 1
    ada(leases, "e.png", queue="audit:1")
    said = [(holder.reviewer, holder.queue, holder.images) for holder in leases.holders()]
    assert said == [("ada", "audit:1", 1), ("ada", "suspects", 3), ("bob", "", 1)]
    assert leases.holders()[0].until == clock.time + LEASE_SECONDS
    clock.time += LEASE_SECONDS - 2
    assert [(holder.reviewer, holder.images) for holder in leases.holders()] == [("ada", 1), ("ada", 1), ("bob", 1)]
    clock.time += 2
    assert leases.holders() == []


def test_a_clock_that_was_set_back_locks_nobody_out(leases: Leases, clock: Clock) -> None:
    ada(leases, A)
    clock.time -= 2 * MAX_SECONDS
    assert leases.holders() == []
    assert bob(leases, A).granted == [A]


def test_workspaces_on_one_server_do_not_meet(url: str, clock: Clock) -> None:
    with DecisionStore(url, scope="one") as first, DecisionStore(url, scope="two") as second:
        one, two = Leases(first, clock), Leases(second, clock)
        assert ada(one, A, B).granted == [A, B] and ada(two, A).granted == [A]
        assert [[holder.images for holder in each.holders()] for each in (one, two)] == [[2], [1]]
        say(one, A)
        assert [[holder.images for holder in each.holders()] for each in (one, two)] == [[1], [1]]
        two.release("ada-tab")
        assert [[holder.images for holder in each.holders()] for each in (one, two)] == [[1], []]
        ada(one, B)
        clock.time += LEASE_SECONDS
        assert ada(two, A).granted == [A] and ada(one, A).done == [A]


@pytest.mark.parametrize(
    ("ids", "changes", "says"),
    [
        ([f"{n}.png" for n in range(MAX_IDS + 1)], {}, "101 images were asked for at once – wanted: at most 100"),
        ([""], {}, "The image_id of a lease is empty"),
        ([3], {}, "The image_id of a lease is int"),
        (["x" * 4097], {}, "4097 characters"),
        (["nul\x00"], {}, "control character"),
        (["half \ud800"], {}, "control character"),
        ([A], {"session": ""}, "The session of a lease is empty"),
        ([A], {"session": "x" * 129}, "129 characters"),
        ([A], {"reviewer": ""}, "The reviewer of a lease is empty"),
        ([A], {"reviewer": "two\nlines"}, "control character"),
        ([A], {"queue": "x" * 201}, "201 characters"),
        ([A], {"queue": None}, "NoneType"),
        ([A], {"opinions": 0}, "0 opinions were asked for"),
        ([A], {"opinions": True}, "True opinions"),
        ([A], {"opinions": 21}, "21 opinions"),
        ([A], {"opinions": 1.5}, "1.5 opinions"),
        ([A], {"seconds": 0}, "A lease of 0 seconds"),
        ([A], {"seconds": float("nan")}, "A lease of nan seconds"),
        ([A], {"seconds": MAX_SECONDS + 1}, "A lease of 601.0 seconds"),
        ([A], {"seconds": "long"}, "A lease of long seconds"),
    ],
)
def test_hostile_input_is_refused(leases: Leases, ids: list[Any], changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as caught:
        ada(leases, *ids, **changes)
    assert says in str(caught.value)
    assert held(leases) == set()


def test_giving_back_is_checked_too(leases: Leases) -> None:
    for session, ids in (("", None), ("bell\x07", None), ("ada-tab", ["nul\x00"]), ("ada-tab", [A] * 101)):
        with pytest.raises(Refused):
            leases.release(session, ids)


def test_asking_for_nothing_gives_nothing(leases: Leases) -> None:
    assert ada(leases) == Answer([], [], [])


def test_names_are_only_text(leases: Leases) -> None:
    nasty = "a'); DROP TABLE lookalike_leases; --\n%s :x ?.png"
    assert ada(leases, nasty, queue="%' OR 1=1 --").granted == [nasty]
    assert bob(leases, nasty).taken == [nasty]
