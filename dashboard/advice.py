"""What to do next: one sentence and the filter or page that answers it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.review.said import RIGHT, WRONG
from dashboard.selection import Columns, Filter

ENOUGH = 20  # judged images before a precision is worth a word
USUAL = 3.0  # seconds for one decision while the reviewer's own pace is not known
QUICKEST = 1.0  # seconds; a few lucky presses are no pace to promise anything by
A_WHILE = 60.0  # seconds of work that a queue must hold to be worth going there
CLEARLY = 1.05  # a part of the suspects must be so much better than all of them
WEIGHT = 10  # images as which the suspicion counts beside what was judged
MOST = 20  # communities, and pairs, that are compared
LOW = 0.2  # a queue in which fewer labels than this are wrong is nearly used up


@dataclass(frozen=True)
class Advice:
    """`why` is the sentence, in plain text; `button` leads to `page` with `chosen` in force."""

    why: str
    button: str
    page: Literal["review", "export", "confusion", "communities"]
    chosen: Filter | None = None


@dataclass(frozen=True)
class Reviewed:
    """How far the review is: suspects in all, those judged, and how many of those were found wrong."""

    suspects: int
    judged: int
    wrong: int


@dataclass(frozen=True)
class Candidate:
    """A queue that could come next: the suspects that `chosen` lets through. `suspicion`: mean of those left,
    0..1. `judged` suspects of it, `wrong` of these."""

    name: str
    chosen: Filter
    left: int
    suspicion: float
    judged: int
    wrong: int


def expected(candidate: Candidate, whole: Candidate) -> float:
    """The share (0..1) of the images left whose label is wrong: what was found there so far counts as many images as
    were judged, and the suspicion as `WEIGHT` images, set right by what all judged suspects were."""
    level = whole.wrong / whole.judged / max(whole.suspicion, 0.01) if whole.judged >= ENOUGH else 1.0
    guess = min(1.0, candidate.suspicion * level)
    return (candidate.wrong + WEIGHT * guess) / (candidate.judged + WEIGHT)


def next_best(reviewed: Reviewed, candidates: Sequence[Candidate], *, seconds: float | None) -> Advice:
    """The next best thing to do: the queue with most corrections to be expected per minute.

    The first of `candidates` is all suspects. `seconds`: the median time of one decision of this reviewer.
    """
    left = reviewed.suspects - reviewed.judged
    if reviewed.suspects == 0:
        return Advice(
            "No label looks wrong. What the model confuses is still worth a look.", "See the communities", "communities"
        )
    if left <= 0:
        return Advice(
            f"All {reviewed.suspects:,} suspects are judged, {reviewed.wrong:,} of their labels were wrong.",
            "Take the cleaned labels away",
            "export",
        )
    if reviewed.judged >= ENOUGH and reviewed.wrong < LOW * reviewed.judged:
        return Advice(
            f"Of {reviewed.judged:,} judged suspects only {reviewed.wrong:,} were wrong, and the {left:,} "
            "that are left are less suspicious still. This may be the time to stop.",
            "Take the cleaned labels away",
            "export",
        )
    seconds = max(seconds, QUICKEST) if seconds else None
    pace = f"at your {seconds:.1f} s an image" if seconds else f"at {USUAL:.0f} s an image"
    return _most_per_minute(candidates, seconds or USUAL, pace)


def _most_per_minute(candidates: Sequence[Candidate], seconds: float, pace: str) -> Advice:
    whole = candidates[0]
    long_enough = [c for c in candidates[1:] if c.left * seconds >= A_WHILE]
    best = max([whole, *long_enough], key=lambda c: expected(c, whole))
    if expected(best, whole) < CLEARLY * expected(whole, whole):
        best = whole
    share = expected(best, whole)
    found = f"{best.wrong:,} of {best.judged:,} judged there were" if best.judged else "by their suspicion"
    why = (
        f"{best.name}: about {share * 60 / seconds:.0f} corrections a minute are to be expected, because "
        f"{share:.0%} of the {best.left:,} images that wait are probably wrong ({found}), {pace}."
    )
    if best is whole:
        return Advice(why, "Judge them", "review", Filter())
    return Advice(
        f"{why} All suspects together: about {expected(whole, whole) * 60 / seconds:.0f}.",
        "Judge this queue",
        "review",
        best.chosen,
    )


def candidates(columns: Columns, codes: NDArray[np.int8], names: Callable[[Filter], str]) -> list[Candidate]:
    """All suspects, then every community and the most frequent pairs among them. `codes` (N,): `Said.queued`."""
    suspects = np.flatnonzero(columns.is_suspect)
    given, predicted = columns.given[suspects].astype(np.int64), columns.predicted[suspects].astype(np.int64)
    kind, suspicion = codes[suspects], columns.suspicion[suspects]

    def one(mask: NDArray[np.bool_], chosen: Filter) -> Candidate:
        left = mask & ~np.isin(kind, (RIGHT, WRONG))
        mean = float(suspicion[left].mean()) if left.any() else 0.0
        wrong, right = (int((mask & (kind == code)).sum()) for code in (WRONG, RIGHT))
        return Candidate(names(chosen), chosen, int(left.sum()), mean, wrong + right, wrong)

    found = [one(np.ones(len(suspects), bool), Filter())]
    group = columns.community[given]
    found += [one(group == c, Filter(community=int(c), only="suspects")) for c in _frequent(group)]
    n_classes = len(columns.community)
    way = given * n_classes + predicted
    for pair in _frequent(way[given != predicted]):
        k, j = divmod(int(pair), n_classes)
        found.append(one(way == pair, Filter(given=k, predicted=j, only="suspects")))
    return found


def _frequent(values: NDArray[np.integer]) -> NDArray[np.integer]:
    values, counts = np.unique(values, return_counts=True)
    return values[np.argsort(-counts, kind="stable")[:MOST]]
