"""Images taken out of training, and back: marks booked under a reviewer's name, each of which can be undone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.base.types import Decision
from dashboard.server.booking import clean_name
from dashboard.server.opened import Opened

MOST = 10_000  # marks at one press


@dataclass(frozen=True)
class Marked:
    """What one press booked: the images (rows) in order of their numbers 1..n, under which session, by whom."""

    rows: tuple[int, ...]
    session: str
    reviewer: str
    verdict: str


def mark(
    opened: Opened,
    rows: Iterable[int],
    *,
    verdict: Literal["exclude", "include"] = "exclude",
    reviewer: str,
    run_id: str = "",
    queue: str = "",
) -> Marked:
    """Mark images as not to be trained on (exclude), or take the mark away (include): one transaction, all or none.

    Raises BadInput without a reviewer's name, StoreFailure where nothing could be written.
    """
    done = Marked(tuple(rows)[:MOST], secrets.token_hex(12), clean_name(reviewer), verdict)
    opened.decisions.book(_decisions(opened, done, run_id=run_id, queue=queue))
    return done


def take_back(opened: Opened, done: Marked, *, run_id: str = "", queue: str = "") -> None:
    """Undo all that one press booked. Booking it twice changes nothing."""
    opened.decisions.book(_decisions(opened, done, run_id=run_id, queue=queue, undo=True))


def _decisions(opened: Opened, done: Marked, *, run_id: str, queue: str, undo: bool = False) -> Sequence[Decision]:
    table, classes = opened.dataset.table, opened.dataset.classes
    ids, given = table["image_id"].to_numpy(object), table["given"].to_numpy()
    now, n = time.time(), len(done.rows)
    made = []
    for number, row in enumerate(done.rows, 1):
        what: dict[str, Any] = {"verdict": done.verdict, "seq": number}
        if undo:
            what = {"verdict": "undo", "seq": n + number, "undoes": number}
        made.append(
            Decision(
                image_id=str(ids[row]),
                given=classes[int(given[row])],
                suggested="",
                new_label=None,
                reviewer=done.reviewer,
                run_id=run_id,
                session=done.session,
                decided_at=now,
                mode="table",
                queue=queue,
                **what,
            )
        )
    return made
