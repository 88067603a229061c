"""The decision store: an append-only log of what people said, booked once each, and a view of what is in force."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from analysis.base.types import Decision
from analysis.review.appending import Booked, add, checked
from analysis.review.current import Current
from analysis.review.engine import WRITES, failures, open_engine, parse
from analysis.review.leases import hand_back
from analysis.review.limits import check_decision
from analysis.review.reading import all_columns, read_events
from analysis.review.standing import in_force, last_mark
from analysis.review.tables import events
from analysis.review.together import Together


class DecisionStore:
    """Decisions in a SQLite file (a path, or sqlite:///FILE) or in PostgreSQL (postgresql://…).

    One object may be shared by all threads, and any number of processes may open the same database. `scope` keeps
    the decisions of several workspaces apart where they share a server.
    """

    def __init__(self, url: str | Path, *, scope: str = "") -> None:
        self.scope = scope
        self.engine = open_engine(parse(url))
        self._writer = self.engine.execution_options(**WRITES)
        self._said = Current(self, in_force, marks=False)
        self._marks = Current(self, last_mark, marks=True)
        self._together = Together(self.writing, self._add)
        self._turn = threading.Lock()  # threads queue up fairly here instead of polling for SQLite's lock

    def close(self) -> None:
        """Close all connections; the store can be used again and reconnects."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing -----------------------------------------------------------------------------------------------
    def book(self, decisions: Iterable[Decision]) -> Booked:
        """Store decisions in one short transaction, all or none, and say which are there; idempotent.

        Returns session -> acknowledged seqs: on disk, for good. Booking again what was booked changes nothing.
        Raises Refused (naming session and seq; nothing is stored) and StoreFailure (nothing of this call is stored,
        or its server went away in the middle of the commit: send it again). Threads that book at the same time share
        a transaction; that changes nothing of the above.
        """
        batch = checked(list(decisions), check_decision)
        if not batch:
            return Booked({}, [])
        return self._together.book(batch)

    def _add(self, conn: Connection, batch: list[Decision]) -> Booked:
        booked = add(conn, events, batch, scope=self.scope)
        # in the same transaction: the lease goes when, and only when, the decision is there (not with a replay)
        hand_back(conn, self.scope, [d for d in batch if (d.session, d.seq) in booked.new])
        return booked

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One short transaction that holds the only write lock: all of it or nothing. Raises StoreFailure."""
        with self._turn, failures(self.engine, "written"), self._writer.begin() as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees one state of the database. Raises StoreFailure."""
        with failures(self.engine, "read"), self.engine.begin() as conn:
            yield conn

    # -- reading -----------------------------------------------------------------------------------------------
    def current(self, *, until: int | None = None) -> pd.DataFrame:
        """What people say of labels: the last verdict that was not undone, per image and reviewer, oldest first.

        The columns of `log()` without `undoes`, and `in_force` (bool): exactly one row per image, see
        `standing.in_force`. Whoever settled a disagreement may have two rows: the own verdict, and the settling one
        (purpose adjudicate). Decisions that only measure the reviewer are left out. `until`: as it stood after that
        event. The frame is shared: never change it in place.
        """
        return (self._said.now() if until is None else self._said.at(until)).copy(deep=False)

    def excluded(self) -> pd.DataFrame:
        """The images that are marked as not to be trained on: the last mark per image that was not undone."""
        marks = self._marks.now()
        standing = marks[marks["in_force"] & (marks["verdict"] == "exclude")]
        return standing.drop(columns="in_force").reset_index(drop=True)

    def in_force(self) -> pd.DataFrame:
        """One row per decided image: the decision that counts (`current()` where `in_force`)."""
        current = self.current()
        return current[current["in_force"]].drop(columns="in_force").reset_index(drop=True)

    def log(self, *, since: int = 0) -> pd.DataFrame:
        """Every event after number `since`, undos included, in the order of booking.

        Columns: event_id, those of `Decision`, booked_at (the server's clock). `new_label` is "" and `undoes` is -1
        where there is none; `shown_at` is NaN.
        """
        with self.reading() as conn:
            return read_events(conn, all_columns().where(self._mine(), events.c.event_id > since))

    def booked_seqs(self, session: str) -> list[int]:
        """All acknowledged numbers of a session, sorted: what a client that comes back need not send again."""
        query = select(events.c.seq).where(self._mine(), events.c.session == session).order_by(events.c.seq)
        return [int(row.seq) for row in self._rows(query)]

    def reviewer_of(self, session: str, seq: int) -> str | None:
        """Who made the decision of that session and number; None where there is none."""
        query = select(events.c.reviewer).where(self._mine(), events.c.session == session, events.c.seq == seq)
        return next((str(row.reviewer) for row in self._rows(query)), None)

    def last_seq(self) -> int:
        """The number of the last event, 0 when there is none; grows with every booking."""
        newest = select(events.c.event_id).where(self._mine()).order_by(events.c.event_id.desc()).limit(1)
        return next((int(row.event_id) for row in self._rows(newest)), 0)

    def has_changed_since(self, seq: int) -> bool:
        """Was anything booked after the event `seq` (as `last_seq` gave it)?"""
        return self.last_seq() > seq

    def count(self) -> int:
        """How many events the log holds, undos included."""
        return int(self._rows(select(func.count()).select_from(events).where(self._mine()))[0][0])

    # -- inside ------------------------------------------------------------------------------------------------
    def _mine(self) -> ColumnElement[bool]:
        return events.c.scope == self.scope

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with self.reading() as conn:
            return list(conn.execute(query).all())
