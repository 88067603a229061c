"""The decision store: an append-only log of what people said, booked once each, and a view of what is in force."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from analysis.base.types import Decision
from analysis.review.appending import Booked, add, checked
from analysis.review.engine import WRITES, failures, open_engine, parse
from analysis.review.leases import hand_back
from analysis.review.limits import check_decision
from analysis.review.standing import in_force
from analysis.review.tables import aspect, events, live
from analysis.review.together import Together

FIELDS = [field.name for field in fields(Decision)]
COLUMNS = ["event_id", *FIELDS, "booked_at"]
_TYPES = {"event_id": "int64", "seq": "int64", "undoes": "int64", "decided_at": "float64", "booked_at": "float64"}
_TYPES["shown_at"] = "float64"
_FEW = 500  # events: so many are added to what is known, for more it is read anew


class DecisionStore:
    """Decisions in a SQLite file (a path, or sqlite:///FILE) or in PostgreSQL (postgresql://…).

    One object may be shared by all threads, and any number of processes may open the same database. `scope` keeps
    the decisions of several workspaces apart where they share a server.
    """

    def __init__(self, url: str | Path, *, scope: str = "") -> None:
        self.scope = scope
        self.engine = open_engine(parse(url))
        self._writer = self.engine.execution_options(**WRITES)
        self._known_current: tuple[int, pd.DataFrame] | None = None  # as it stood after that event
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
        last = self.last_seq() if until is None else until
        known = self._known_current
        if known is None or known[0] != last:
            said = self._renewed(*known, last=last) if known is not None and known[0] < last else None
            if said is None:
                said = _with_force(self._standing(until=last, marks=False))
            known = (last, said)
            if until is None:
                self._known_current = known
        return known[1].copy(deep=False)

    def excluded(self) -> pd.DataFrame:
        """The images that are marked as not to be trained on: the last mark per image that was not undone."""
        marks = self._standing(until=None, marks=True).drop_duplicates("image_id", keep="last")
        return marks[marks["verdict"] == "exclude"].reset_index(drop=True)

    def _renewed(self, since: int, said: pd.DataFrame, *, last: int) -> pd.DataFrame | None:
        """`current()` after event `last` from what it was after `since`; None where too many images have changed.

        Only the images that something was said of since are read again, so that the next decision costs milliseconds
        however many there are.
        """
        new, undone = events.alias("new"), events.alias("undone")
        fresh = (new.c.scope == self.scope, new.c.event_id > since, new.c.event_id <= last)
        same = and_(undone.c.scope == new.c.scope, undone.c.session == new.c.session, undone.c.seq == new.c.undoes)
        query = select(new.c.image_id, undone.c.image_id.label("undone")).select_from(new.outerjoin(undone, same))
        rows = self._rows(query.where(*fresh).limit(_FEW + 1))
        if len(rows) > _FEW:
            return None
        touched = {image for row in rows for image in row if image is not None}
        part = self._standing(events.c.image_id.in_(touched), until=last, marks=False)
        rest = said[~said["image_id"].isin(touched)]
        return pd.concat([rest, _with_force(part)]).sort_values("event_id", ignore_index=True)

    def _standing(self, *conditions: ColumnElement[bool], until: int | None, marks: bool) -> pd.DataFrame:
        kind = aspect() == "mark" if marks else aspect() != "mark"
        standing = live(self._mine(), kind, *conditions, until=until).subquery()
        query = self._columns().join(standing, standing.c.event_id == events.c.event_id)
        return self._frame(query).drop(columns="undoes")

    def in_force(self) -> pd.DataFrame:
        """One row per decided image: the decision that counts (`current()` where `in_force`)."""
        current = self.current()
        return current[current["in_force"]].drop(columns="in_force").reset_index(drop=True)

    def log(self, *, since: int = 0) -> pd.DataFrame:
        """Every event after number `since`, undos included, in the order of booking.

        Columns: event_id, those of `Decision`, booked_at (the server's clock). `new_label` is "" and `undoes` is -1
        where there is none; `shown_at` is NaN.
        """
        return self._frame(self._columns().where(self._mine(), events.c.event_id > since))

    def booked_seqs(self, session: str) -> list[int]:
        """All acknowledged numbers of a session, sorted: what a client that comes back need not send again."""
        query = select(events.c.seq).where(self._mine(), events.c.session == session).order_by(events.c.seq)
        return [int(row.seq) for row in self._rows(query)]

    def last_seq(self) -> int:
        """The number of the last event, 0 when there is none; grows with every booking."""
        return int(self._rows(select(func.coalesce(func.max(events.c.event_id), 0)).where(self._mine()))[0][0])

    def has_changed_since(self, seq: int) -> bool:
        """Was anything booked after the event `seq` (as `last_seq` gave it)?"""
        return self.last_seq() > seq

    def count(self) -> int:
        """How many events the log holds, undos included."""
        return int(self._rows(select(func.count()).select_from(events).where(self._mine()))[0][0])

    # -- inside ------------------------------------------------------------------------------------------------
    def _mine(self) -> ColumnElement[bool]:
        return events.c.scope == self.scope

    def _columns(self) -> Select[Any]:
        return select(*(events.c[name] for name in COLUMNS))

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with self.reading() as conn:
            return list(conn.execute(query).all())

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        rows = self._rows(query.order_by(events.c.event_id))
        frame = pd.DataFrame([tuple(row) for row in rows], columns=COLUMNS)
        frame["undoes"] = frame["undoes"].astype("Int64").fillna(-1)
        frame["new_label"] = frame["new_label"].astype(object).where(frame["new_label"].notna(), "")
        return frame.astype({name: _TYPES.get(name, "str") for name in COLUMNS})


def _with_force(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(in_force=in_force(current))
