"""What stands of all that was said, kept in memory and brought up to date from the newest events alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, select

from analysis.review.reading import all_columns, read_events
from analysis.review.tables import aspect, events, live

if TYPE_CHECKING:
    from analysis.review.decisions import DecisionStore

FEW = 500  # events: so many are added to what is known, for more it is read anew
_PAST = 2  # how many earlier states are kept: audits ask again and again for the one they were drawn from


class Current:
    """Per image and reviewer the last verdict (with `marks` the last mark instead) that was not undone, oldest first.

    Columns as `read_events` gives them without `undoes`, and `in_force`, bool, as `judge` tells from the rows of whole
    images. The frames are shared: never change them in place. Threads wait for each other instead of reading twice.
    """

    def __init__(self, store: DecisionStore, judge: Callable[[pd.DataFrame], pd.Series], *, marks: bool) -> None:
        self.store = store
        self.judge = judge
        self.marks = marks
        self._known: tuple[int, pd.DataFrame] | None = None  # as it stood after that event
        self._past: OrderedDict[int, pd.DataFrame] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> pd.DataFrame:
        """As it stands."""
        with self._lock:
            last = self.store.last_seq()
            if self._known is None or self._known[0] != last:
                with self.store.reading() as conn:
                    self._known = (last, self._read(conn, last))
            return self._known[1]

    def at(self, event: int) -> pd.DataFrame:
        """As it stood after that event, which must have been booked: it never changes again."""
        with self._lock:
            if event not in self._past:
                with self.store.reading() as conn:
                    self._past[event] = self._standing(conn, event)
            self._past.move_to_end(event)
            if len(self._past) > _PAST:
                self._past.popitem(last=False)
            return self._past[event]

    def _read(self, conn: Connection, last: int) -> pd.DataFrame:
        if self._known is None or self._known[0] > last:
            return self._standing(conn, last)
        since, said = self._known
        touched = self._touched(conn, since, last)
        if touched is None:
            return self._standing(conn, last)
        part = self._standing(conn, last, events.c.image_id.in_(touched))
        rest = said[~said["image_id"].isin(touched)]
        return pd.concat([rest, part]).sort_values("event_id", ignore_index=True)

    def _touched(self, conn: Connection, since: int, last: int) -> set[str] | None:
        """The images that anything was said or taken back of after the event `since`; None where there are many."""
        new, undone = events.alias("new"), events.alias("undone")
        fresh = (new.c.scope == self.store.scope, new.c.event_id > since, new.c.event_id <= last)
        same = and_(undone.c.scope == new.c.scope, undone.c.session == new.c.session, undone.c.seq == new.c.undoes)
        query = select(new.c.image_id, undone.c.image_id.label("undone")).select_from(new.outerjoin(undone, same))
        rows = conn.execute(query.where(*fresh).limit(FEW + 1)).all()
        return {image for row in rows for image in row if image is not None} if len(rows) <= FEW else None

    def _standing(self, conn: Connection, until: int, *conditions: ColumnElement[bool]) -> pd.DataFrame:
        kind = aspect() == "mark" if self.marks else aspect() != "mark"
        standing = live(events.c.scope == self.store.scope, kind, *conditions, until=until).subquery()
        query = all_columns().join(standing, standing.c.event_id == events.c.event_id)
        said = read_events(conn, query).drop(columns="undoes")
        return said.assign(in_force=self.judge(said))
