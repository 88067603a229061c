"""Threads that book at the same time share a transaction, and notice nothing of it but the speed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from analysis.base.errors import StoreFailure
from analysis.base.types import Decision
from analysis.review.appending import Booked
from analysis.review.decisions import DecisionStore
from tests.review.helpers import decision

Outcome = Booked | BaseException


class Room:
    """Holds the write lock until `count` calls wait for it, so that they meet for certain; counts the transactions."""

    def __init__(self, store: DecisionStore) -> None:
        self.store = store
        self.commits = 0
        event.listen(store.engine, "commit", self._committed)

    def _committed(self, _conn: Connection) -> None:
        self.commits += 1

    def book(self, *batches: list[Decision]) -> list[Outcome]:
        """What each thread gets that books one of the batches; the first thread to come leads."""
        outcomes: list[Outcome] = [AssertionError("no answer")] * len(batches)

        def work(place: int) -> None:
            try:
                outcomes[place] = self.store.book(batches[place])
            except BaseException as error:  # noqa: BLE001  # to be looked at by the test
                outcomes[place] = error

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
        with self.store._turn:  # whoever leads stands here
            for n, thread in enumerate(threads, start=1):
                thread.start()
                while len(self.store._together._waiting) < n:
                    thread.join(0.001)
        for thread in threads:
            thread.join(60)
        return outcomes


@pytest.fixture
def room(store: DecisionStore) -> Room:
    return Room(store)


def of(name: str, *seqs: int, **changes: Any) -> list[Decision]:
    return [decision(seq, f"{name}-{seq}.png", session=name, **changes) for seq in seqs]


@contextmanager
def broken(store: DecisionStore, when: Callable[[list[Decision]], bool], error: BaseException) -> Iterator[None]:
    """Storing raises after it has stored, where `when` says so of what is stored."""
    whole = store._together._add

    def add(conn: Connection, batch: list[Decision]) -> Booked:
        booked = whole(conn, batch)
        if when(batch):
            raise error
        return booked

    store._together._add = add
    yield
    store._together._add = whole


def test_calls_that_meet_share_one_transaction_and_each_gets_its_own_answer(room: Room, store: DecisionStore) -> None:
    store.book(of("b", 1))
    room.commits = 0
    outcomes = room.book(of("a", 1, 2), of("b", 1, 2), of("b", 1, note="other"), of("c", 7))
    assert outcomes == [{"a": [1, 2]}, {"b": [1, 2]}, {}, {"c": [7]}]
    assert [outcome.conflicts for outcome in outcomes] == [[], [], [("b", 1)], []]
    assert [outcome.new for outcome in outcomes] == [{("a", 1), ("a", 2)}, {("b", 2)}, set(), {("c", 7)}]
    assert room.commits == 2, "all together but the one that sends another content under a number already on its way"
    assert store.count() == 5


def test_the_same_batch_twice_at_once_is_booked_once_and_acknowledged_twice(room: Room, store: DecisionStore) -> None:
    assert room.book(of("a", 1, 2), of("a", 1, 2)) == [{"a": [1, 2]}, {"a": [1, 2]}]
    assert store.count() == 2


def test_of_two_contents_under_one_number_the_first_stands(room: Room, store: DecisionStore) -> None:
    first, second = room.book(of("a", 1), of("a", 1, note="other"))
    assert (first, second) == ({"a": [1]}, {}) and second.conflicts == [("a", 1)]
    assert store.log()["note"].tolist() == [""]


def test_a_batch_that_cannot_be_stored_fails_no_other_and_leaves_nothing(room: Room, store: DecisionStore) -> None:
    with broken(store, lambda batch: any(d.session == "b" for d in batch), ValueError("b")):
        outcomes = room.book(of("a", 1), of("b", 1, 2), of("c", 1))
    assert [outcomes[0], outcomes[2]] == [{"a": [1]}, {"c": [1]}]
    assert isinstance(outcomes[1], ValueError)
    assert sorted(store.log()["session"]) == ["a", "c"]


def test_a_disk_that_has_no_room_for_all_takes_those_it_has_room_for(room: Room, store: DecisionStore) -> None:
    full = StoreFailure("the disk is full")
    with broken(store, lambda batch: len(batch) > 2, full):
        outcomes = room.book(of("a", 1, 2), of("b", 1, 2, 3), of("c", 1))
    assert outcomes == [{"a": [1, 2]}, full, {"c": [1]}]
    assert store.count() == 3


def test_a_thread_that_is_stopped_while_it_books_for_others_leaves_them_to_the_next(
    room: Room, store: DecisionStore
) -> None:
    stop = KeyboardInterrupt()
    leaders: list[threading.Thread] = []

    def first(_: object) -> bool:
        leaders.append(threading.current_thread())
        return leaders[0] is threading.current_thread()

    with broken(store, first, stop):
        outcomes = room.book(of("a", 1), of("b", 1), of("c", 1))
    assert outcomes == [stop, {"b": [1]}, {"c": [1]}]
    assert sorted(store.log()["session"]) == ["b", "c"]
    assert store.book(of("a", 1)) == {"a": [1]}


def test_without_a_database_all_who_wait_are_told_at_once(
    room: Room, store: DecisionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, asked = StoreFailure("the server has gone"), []

    @contextmanager
    def nothing() -> Iterator[Connection]:
        with store._turn:
            asked.append(1)
            raise gone
        yield

    monkeypatch.setattr(store._together, "_writing", nothing)
    assert room.book(of("a", 1), of("b", 1), of("c", 1)) == [gone] * 3
    assert len(asked) == 1, "nobody waits for a database that has just failed another"
    monkeypatch.undo()
    assert store.book(of("a", 1)) == {"a": [1]}
