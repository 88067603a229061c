"""The order in which suspects are judged, what of a queue is left, and what the verdicts so far say. Pure.

A queue is a part of the suspects table (schema "suspects") in the order in which a person sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.review.standing import WRONG

Order = Literal["by_pair", "suspicion"]


@dataclass(frozen=True)
class QueueFilter:
    """Which suspects belong to a queue; None means no such condition, all conditions must hold.

    `community`: of the given class. `pair`: (given, suggested), this direction only unless `both_directions`.
    `rows`: data set rows, such as a lasso. `kind`: cross or within (does the suggestion leave the community?).
    `only_flagged`: only those of the confident-learning filter.
    """

    community: int | None = None
    pair: tuple[int, int] | None = None
    both_directions: bool = False
    rows: tuple[int, ...] | None = None
    kind: str | None = None
    only_flagged: bool = False


@dataclass(frozen=True)
class QueueProgress:
    """How far a queue is judged. `wrong` and `right` count labels; `open_verdicts` are unsure or skipped.

    `precision` is the share of wrong labels among those judged, None before the first; `low` and `high` its Wilson
    95 % interval (0..1).
    """

    total: int
    wrong: int
    right: int
    open_verdicts: int
    precision: float | None
    low: float
    high: float

    @property
    def decided(self) -> int:
        """Images that somebody looked at."""
        return self.wrong + self.right + self.open_verdicts

    @property
    def left(self) -> int:
        """Images that nobody looked at."""
        return self.total - self.decided


def select(
    suspects: pd.DataFrame, wanted: QueueFilter, *, community_of: NDArray[np.integer[Any]] | None = None
) -> pd.DataFrame:
    """The suspects that a filter lets through, in their order. `community_of` (K,) is needed to filter by community."""
    given, suggested = suspects["given"].to_numpy(), suspects["suggested"].to_numpy()
    keep = np.ones(len(suspects), bool)
    if wanted.community is not None:
        if community_of is None:
            raise BadInput("A queue of one community needs the communities of a run")
        keep &= np.asarray(community_of)[given] == wanted.community
    if wanted.pair is not None:
        one, other = wanted.pair
        there = (given == one) & (suggested == other)
        keep &= there | ((given == other) & (suggested == one)) if wanted.both_directions else there
    if wanted.rows is not None:
        keep &= np.isin(suspects["row"].to_numpy(), np.asarray(wanted.rows, np.int64))
    if wanted.kind is not None:
        keep &= (suspects["kind"] == wanted.kind).to_numpy(bool)
    if wanted.only_flagged:
        keep &= suspects["is_suspect"].to_numpy(bool)
    return suspects[keep].reset_index(drop=True)


def ordered(
    suspects: pd.DataFrame, order: Order = "by_pair", *, neighbourhood: NDArray[Any] | None = None
) -> pd.DataFrame:
    """The suspects in the order of judging.

    by_pair keeps one question in mind: all of one pair and direction together, the other direction next to it, pairs
    with the most suspicion in total first; inside by suspicion, highest first, then `neighbourhood` (N,) per data set
    row (images that are alike have close values), then row. suspicion: plainly the most suspicious first.
    """
    rows = suspects["row"].to_numpy()
    inside = [-suspects["suspicion"].to_numpy(float), neighbourhood[rows] if neighbourhood is not None else rows, rows]
    if order == "by_pair":
        inside = [*_pair_keys(suspects), *inside]
    elif order != "suspicion":
        raise BadInput(f"There is no queue order {order!r}", wanted="by_pair or suspicion")
    return suspects.iloc[np.lexsort(inside[::-1])].reset_index(drop=True)


def _pair_keys(suspects: pd.DataFrame) -> list[NDArray[Any]]:
    given, suggested = suspects["given"].to_numpy(), suspects["suggested"].to_numpy()
    low, high = np.minimum(given, suggested), np.maximum(given, suggested)
    weights = suspects["suspicion"].to_numpy(float)
    # rounded, because sums of the same values in another row order differ in the last digits
    pair_total = pd.Series(weights).groupby([low, high]).transform("sum").round(9).to_numpy()
    way_total = pd.Series(weights).groupby([given, suggested]).transform("sum").round(9).to_numpy()
    return [-pair_total, low, high, -way_total, given]


def undecided(queue: pd.DataFrame, decided: pd.DataFrame) -> pd.DataFrame:
    """The queue without the images of `decided` (`DecisionStore.current()` or `.in_force()`), in its order."""
    return queue[~queue["image_id"].isin(decided["image_id"])].reset_index(drop=True)


def window(queue: pd.DataFrame, start: int, n: int = 40) -> pd.DataFrame:
    """The n items from position `start`; positions outside the queue are moved to its nearest end."""
    first = min(max(0, start), max(0, len(queue) - 1))
    return queue.iloc[first : first + max(0, n)].reset_index(drop=True)


def progress(queue: pd.DataFrame, in_force: pd.DataFrame) -> QueueProgress:
    """How far the whole queue (not only what is left of it) is judged by the decisions in force.

    relabel, several and none_fits say that the label was wrong, keep that it was right; unsure and skip say neither.
    A relabel to the given label counts as keep.
    """
    verdicts = in_force[in_force["image_id"].isin(queue["image_id"])]
    same = (verdicts["verdict"] == "relabel") & (verdicts["new_label"] == verdicts["given"])
    wrong = int((verdicts["verdict"].isin(WRONG) & ~same).sum())
    right = int(((verdicts["verdict"] == "keep") | same).sum())
    judged = wrong + right
    low, high = wilson(wrong, judged)
    return QueueProgress(
        total=len(queue),
        wrong=wrong,
        right=right,
        open_verdicts=len(verdicts) - judged,
        precision=wrong / judged if judged else None,
        low=low,
        high=high,
    )


def bias_sentence(reached: QueueProgress, *, n_images: int, method: str) -> str:
    """What a precision measured on a queue does not say, to be shown beside it (METHODS 8.3).

    `n_images` is the size of the data set, `method` what put the images of the queue first ("the combined suspicion").
    """
    n, e = reached.decided, reached.wrong
    if n == 0:
        return f"Nobody has looked yet: nothing is known of these {reached.total:,} images, nor of the other ones."
    if n == 1:
        verdict = "it was wrong" if e else "it was not found wrong"
        found = f"The one reviewed image was chosen because {method} put it first; {verdict}."
    else:
        verdict = f"{e:,} of them {'was' if e == 1 else 'were'} wrong"
        found = f"The {n:,} reviewed images were chosen because {method} put them first; {verdict}."
    return (
        f"Known only where someone looked. {found} This says nothing about the {n_images - n:,} images nobody opened, "
        "and the share of all errors found cannot be computed from it."
    )
