"""Bookings of many threads in one transaction: whoever has the turn books for all who wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic

from sqlalchemy import Connection

from analysis.review.appending import Booked, E


class _Call(Generic[E]):
    """One thread's batch and what became of it; `woken` when that is known, or when it is this thread's turn."""

    def __init__(self, batch: list[E]) -> None:
        self.batch = batch
        self.keys = {(entry.session, entry.seq) for entry in batch}
        self.answer: Booked | Exception | None = None
        self.woken = threading.Event()
        self.has_turn = False
        self.alone = False  # it was part of a group that failed

    def tell(self, answer: Booked | Exception) -> None:
        """Answer, from whatever thread."""
        self.answer = answer
        self.woken.set()


class Together(Generic[E]):
    """`book` as each thread would do it for itself: all or nothing a call, answered when it is durable.

    A commit costs as much for one decision as for a hundred, so while one thread commits the others queue up, and the
    first of them books for all. When that fails each batch is tried again by itself: a batch that cannot be booked
    never fails another. `writing` opens a transaction that holds the write lock; `add` stores a batch in it.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[Connection]],
        add: Callable[[Connection, list[E]], Booked],
    ) -> None:
        self._writing = writing
        self._add = add
        self._guard = threading.Lock()  # for what follows; never held while the database works
        self._waiting: deque[_Call[E]] = deque()
        self._busy = False  # a thread has the turn

    def book(self, batch: list[E]) -> Booked:
        """Store a checked batch. Raises what `writing` and `add` raise; then nothing of this call is acknowledged."""
        call = _Call(batch)
        try:
            self._enter(call)
            call.woken.wait()
            while call.answer is None:
                self._book_some()
        finally:
            self._leave(call)
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer

    def _enter(self, call: _Call[E]) -> None:
        with self._guard:
            self._waiting.append(call)
            if not self._busy:
                self._give_turn(call)

    def _leave(self, call: _Call[E]) -> None:
        """Pass the turn on. A thread that was stopped while it waited takes its batch with it."""
        with self._guard:
            if call in self._waiting:
                self._waiting.remove(call)
            if call.has_turn:
                self._busy = False
                if self._waiting:
                    self._give_turn(self._waiting[0])

    def _give_turn(self, call: _Call[E]) -> None:
        self._busy = call.has_turn = True
        call.woken.set()

    def _book_some(self) -> None:
        """One transaction for those who wait by the time the write lock is had, and their answers."""
        group: list[_Call[E]] = []
        try:
            with self._writing() as conn:
                group = self._take()
                booked = self._add(conn, [entry for call in group for entry in call.batch])
        except Exception as error:  # noqa: BLE001  # every caller raises its own
            if len(group) > 1:
                self._part(group)
            else:  # without a group there was no lock, no server: nobody who waits gets one now
                for call in group or self._take_all():
                    call.tell(error)
        except BaseException:  # this thread is being stopped: the others book without it
            self._part(group)
            raise
        else:
            for call in group:
                call.tell(booked.of(call.keys))

    def _take(self) -> list[_Call[E]]:
        """Who is booked together: all up to one that must go alone, or that sends again what an earlier one sent."""
        with self._guard:
            group = [self._waiting.popleft()]
            keys = set(group[0].keys)
            while self._waiting and not group[0].alone and not self._waiting[0].alone:
                if keys & self._waiting[0].keys:
                    break
                group.append(self._waiting.popleft())
                keys |= group[-1].keys
            return group

    def _take_all(self) -> list[_Call[E]]:
        with self._guard:
            group = list(self._waiting)
            self._waiting.clear()
            return group

    def _part(self, group: list[_Call[E]]) -> None:
        with self._guard:
            for call in reversed(group):
                call.alone = True
                self._waiting.appendleft(call)
