"""The order in which images are judged, what of a queue is left, and what the verdicts so far say. Pure.

A queue is an array of data set rows in the order in which a person sees them, nothing more: a million images are 4 MiB.
Labels and scores are looked up by row, names and pictures for the few images that are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.review.said import AUDIT, OPEN, RIGHT, SKIPPED, UNSURE, WRONG, Said

Order = Literal["by_pair", "suspicion"]
Queue = NDArray[np.int32]
RowsLike = NDArray[np.integer[Any]]

ENOUGH_FOR_PACE = 10  # judgements below which the time left is not told
RECENT = 50  # judgements: enough for an interval, few enough to notice that a queue runs dry
_GRAIN = 2.0**28  # sums of whole numbers are exact up to 2**53: the same in whatever order 33 million images come


class Facts(Protocol):
    """What an order looks at, for all N images: class numbers and the suspicion in 0..1, each (N,)."""

    @property
    def given(self) -> NDArray[np.integer[Any]]:
        """Given labels (N,)."""

    @property
    def suggested(self) -> NDArray[np.integer[Any]]:
        """Suggested labels (N,)."""

    @property
    def suspicion(self) -> NDArray[np.floating[Any]]:
        """Suspicion (N,), higher = more suspicious."""


@dataclass(frozen=True)
class Recent:
    """The last judgements made in one queue: how many, how many of them wrong, and the Wilson 95 % interval (0..1)."""

    judged: int = 0
    wrong: int = 0
    low: float = 0.0
    high: float = 1.0

    @property
    def precision(self) -> float | None:
        """The share of wrong labels, None before the first."""
        return self.wrong / self.judged if self.judged else None


@dataclass(frozen=True)
class QueueProgress:
    """How far a queue is judged. `wrong` and `right` count labels; `unsure` and `skipped` say neither.

    `elsewhere`: images of an ordinary queue that only an audit has judged, and the other way round: they are done, but
    part of no figure here. `precision` is the share of wrong labels among those judged, None before the first; `low`
    and `high` its Wilson 95 % interval (0..1). `recent`: the last `RECENT` judged with this queue open. `seconds`: the
    median time of one decision in it, None where no time is known.
    """

    total: int
    wrong: int
    right: int
    unsure: int
    skipped: int
    elsewhere: int
    precision: float | None
    low: float
    high: float
    recent: Recent = Recent()
    seconds: float | None = None

    @property
    def judged(self) -> int:
        """Images whose label was found wrong or right."""
        return self.wrong + self.right

    @property
    def open_verdicts(self) -> int:
        """Images that somebody looked at without a judgement."""
        return self.unsure + self.skipped

    @property
    def decided(self) -> int:
        """Images that somebody looked at."""
        return self.judged + self.open_verdicts + self.elsewhere

    @property
    def left(self) -> int:
        """Images still to be judged: those nobody looked at, and those that were skipped."""
        return self.total - self.decided + self.skipped

    @property
    def time_left(self) -> float | None:
        """Seconds of work left at the present pace, None where the pace is not known or too few were judged."""
        return None if self.seconds is None or self.recent.judged < ENOUGH_FOR_PACE else self.seconds * self.left


def ordered(
    rows: RowsLike, facts: Facts, order: Order = "by_pair", *, neighbourhood: NDArray[Any] | None = None
) -> Queue:
    """The rows (M,) in the order of judging, whatever order they come in.

    by_pair keeps one question in mind: all of one pair and direction together, the other direction next to it, pairs
    with the most suspicion in total first; inside by suspicion, highest first, then `neighbourhood` (N,) per data set
    row (images that are alike have close values), then row. suspicion: plainly the most suspicious first.
    """
    if order not in ("by_pair", "suspicion"):
        raise BadInput(f"There is no queue order {order!r}", wanted="by_pair or suspicion")
    rows = np.sort(np.asarray(rows, np.int64))
    suspicion = np.asarray(facts.suspicion)[rows]
    keys = [-suspicion]
    if neighbourhood is not None:
        keys.insert(0, np.asarray(neighbourhood)[rows])
    if order == "by_pair":
        keys.append(_place_of_pair(np.asarray(facts.given)[rows], np.asarray(facts.suggested)[rows], suspicion))
    return rows[np.lexsort(keys)].astype(np.int32)  # stable: rows were ascending, so they break the last ties


def _place_of_pair(given: RowsLike, suggested: RowsLike, suspicion: NDArray[Any]) -> NDArray[np.int32]:
    """Per image (M,) the place of its pair and direction among all, 0 = first."""
    n_classes = int(max(given.max(initial=0), suggested.max(initial=0))) + 1
    weights = np.rint(np.asarray(suspicion, np.float64) * _GRAIN)
    ways, way = np.unique(given.astype(np.int64) * n_classes + suggested, return_inverse=True)
    way_total = np.bincount(way, weights=weights, minlength=len(ways))
    one, other = ways // n_classes, ways % n_classes
    low, high = np.minimum(one, other), np.maximum(one, other)
    _, pair = np.unique(low * n_classes + high, return_inverse=True)
    pair_total = np.bincount(pair, weights=way_total)[pair] if len(ways) else way_total
    place = np.empty(len(ways), np.int32)
    place[np.lexsort([one, -way_total, high, low, -pair_total])] = np.arange(len(ways), dtype=np.int32)
    return place[way]


def undecided(queue: RowsLike, decided: RowsLike, skipped: RowsLike | None = None) -> Queue:
    """What is left of a queue, in its order: without `decided` rows, the `skipped` ones at the end."""
    left = np.asarray(queue, np.int32)
    left = left[~np.isin(left, np.asarray(decided, np.int64))]
    again = np.isin(left, np.asarray(() if skipped is None else skipped, np.int64))
    return np.concatenate([left[~again], left[again]])


def window(queue: Queue, start: int, n: int = 40) -> Queue:
    """The n rows from position `start`; positions outside the queue are moved to its nearest end."""
    first = min(max(0, start), max(0, len(queue) - 1))
    return queue[first : first + max(0, n)]


def progress(queue: RowsLike, said: Said, *, tag: str) -> QueueProgress:
    """How far the whole queue (not only what is left of it) is judged; `tag` is the one its decisions are booked with.

    relabel, several and none_fits say that the label was wrong, keep that it was right; unsure and skip say neither.
    What was said in an audit counts in the figures of audits only, and in those nothing else does (METHODS 8.3).
    """
    queue = np.asarray(queue)
    kind = said.audited if tag.startswith(AUDIT) else said.queued
    found = kind[queue]
    counts = np.bincount(found, minlength=SKIPPED + 1).tolist()
    judged = counts[RIGHT] + counts[WRONG]
    low, high = wilson(counts[WRONG], judged)
    inside = np.zeros(len(kind), bool)
    inside[queue] = True
    here = np.flatnonzero((said.queue == tag) & inside[said.row])
    took = said.seconds[here]
    took = took[~np.isnan(took)]
    return QueueProgress(
        total=len(queue),
        wrong=counts[WRONG],
        right=counts[RIGHT],
        unsure=counts[UNSURE],
        skipped=counts[SKIPPED],
        elsewhere=int(np.count_nonzero((found == OPEN) & (said.verdict[queue] != OPEN))),
        precision=counts[WRONG] / judged if judged else None,
        low=low,
        high=high,
        recent=_recent(said.row[here], kind),
        seconds=float(np.median(took)) if len(took) else None,
    )


def _recent(rows: RowsLike, kind: NDArray[np.int8]) -> Recent:
    """The last images judged, `rows` in the order of booking; an image that two people judged counts once."""
    last = np.empty(len(kind), np.int64)
    last[rows] = np.arange(len(rows))  # of an image that comes twice the later place stays
    found = kind[rows[last[rows] == np.arange(len(rows))]]
    found = found[(found == RIGHT) | (found == WRONG)][-RECENT:]
    wrong = int(np.count_nonzero(found == WRONG))
    low, high = wilson(wrong, len(found))
    return Recent(len(found), wrong, low, high)


def bias_sentence(reached: QueueProgress, *, n_images: int, method: str) -> str:
    """What a precision measured on a queue does not say, to be shown beside it (METHODS 8.3).

    `n_images` is the size of the data set, `method` what put the images of the queue first ("the combined suspicion").
    """
    n, e = reached.decided - reached.elsewhere, reached.wrong
    if n == 0 and reached.elsewhere:
        return (
            f"Of these {reached.total:,} images only a random audit has seen {reached.elsewhere:,}: its verdicts say "
            "nothing of how many wrong labels this order finds."
        )
    if n == 0:
        return f"Nobody has looked yet: nothing is known of these {reached.total:,} images, nor of the other ones."
    if n == 1:
        verdict = "it was wrong" if e else "it was not found wrong"
        found = f"The one reviewed image was chosen because {method} put it first; {verdict}."
    else:
        verdict = f"{e:,} of them {'was' if e == 1 else 'were'} wrong"
        found = f"The {n:,} reviewed images were chosen because {method} put them first; {verdict}."
    return (
        f"Known only where someone looked. {found} This says nothing about the {n_images - reached.decided:,} images "
        "nobody opened, and the share of all errors found cannot be computed from it."
    )
