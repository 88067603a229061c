"""Verdicts on pairs of classes, kept beside the decisions on images: do two classes overlap, or mean the same?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import pandas as pd
from sqlalchemy import func, select

from analysis.base.errors import BadInput, Refused
from analysis.review.appending import Booked, add, checked
from analysis.review.decisions import DecisionStore
from analysis.review.limits import check_number, check_text, check_time
from analysis.review.tables import edge_events

EdgeVerdict = Literal["overlap", "same", "both", "distinct", "withdrawn"]
EDGE_VERDICTS: tuple[EdgeVerdict, ...] = get_args(EdgeVerdict)
MAX_GUIDELINE = 4000
_MAX_CHARS = {"class_a": 1000, "class_b": 1000, "guideline": MAX_GUIDELINE, "reviewer": 200, "session": 128}


@dataclass(frozen=True)
class EdgeDecision:
    """What one person said of a pair of classes, in no direction: the two names are put in order when it is made.

    overlap: both labels can be right; same: the two classes are one thing; both: images hold both things; distinct:
    clearly different, so disagreements are errors; withdrawn: what was said before of this pair counts no more.
    `guideline` is free text for those who label. `session`, `seq` and `decided_at` as in `Decision`.
    """

    class_a: str
    class_b: str
    verdict: EdgeVerdict
    guideline: str
    reviewer: str
    session: str
    seq: int
    decided_at: float

    def __post_init__(self) -> None:
        if self.verdict not in EDGE_VERDICTS:
            raise BadInput(f"The verdict {self.verdict!r} is not known", wanted="one of " + ", ".join(EDGE_VERDICTS))
        if self.class_a == self.class_b:
            raise BadInput(f"A pair is two classes, not twice {str(self.class_a)[:80]!r}")
        if str(self.class_b) < str(self.class_a):
            first, second = self.class_b, self.class_a
            object.__setattr__(self, "class_a", first)
            object.__setattr__(self, "class_b", second)


FIELDS = [field.name for field in fields(EdgeDecision)]
COLUMNS = ["event_id", *FIELDS, "booked_at"]
_TYPES = {"event_id": "int64", "seq": "int64", "decided_at": "float64", "booked_at": "float64"}


class Edges:
    """The pairs' own append-only log, in the database of the decisions."""

    def __init__(self, store: DecisionStore) -> None:
        self.store = store

    def book(self, decisions: Iterable[EdgeDecision]) -> Booked:
        """Store verdicts on pairs, all or none, idempotent by (session, seq) as `DecisionStore.book` is.

        Raises Refused (nothing is stored) and StoreFailure (nothing is stored, send it again).
        """
        batch = checked(list(decisions), check_edge)
        if not batch:
            return Booked({}, [])
        with self.store.writing() as conn:
            return add(conn, edge_events, batch, scope=self.store.scope)

    def current(self) -> pd.DataFrame:
        """What stands: the last verdict per pair, whoever gave it, by pair; withdrawn ones are left out.

        Columns: event_id, those of `EdgeDecision` (`class_a` < `class_b`), booked_at (the server's clock).
        """
        last = self.log().drop_duplicates(["class_a", "class_b"], keep="last")
        return last[last["verdict"] != "withdrawn"].sort_values(["class_a", "class_b"]).reset_index(drop=True)

    def last_event(self) -> int:
        """The number of the last event, 0 when there is none; grows with every booking."""
        query = select(func.coalesce(func.max(edge_events.c.event_id), 0))
        with self.store.reading() as conn:
            return int(conn.execute(query.where(edge_events.c.scope == self.store.scope)).scalar_one())

    def log(self) -> pd.DataFrame:
        """Every verdict on a pair in the order of booking, withdrawn ones included; columns as in `current`."""
        columns = [edge_events.c[name] for name in COLUMNS]
        query = select(*columns).where(edge_events.c.scope == self.store.scope).order_by(edge_events.c.event_id)
        with self.store.reading() as conn:
            rows = [tuple(row) for row in conn.execute(query)]
        return pd.DataFrame(rows, columns=COLUMNS).astype({name: _TYPES.get(name, "str") for name in COLUMNS})


def check_edge(decision: EdgeDecision) -> None:
    """Refuse what is oversized, malformed or unprintable, naming the field; never cut silently."""
    for name, longest in _MAX_CHARS.items():
        value = getattr(decision, name)
        check_text(name, value, longest, one_line=name in ("reviewer", "session"))
        if not value and name != "guideline":
            raise Refused(f"The {name} of a decision is empty")
    check_number("seq", decision.seq)
    check_time(decision.decided_at)
