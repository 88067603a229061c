"""The confident joint: how many images of each given class look confidently like each other class. [North21a]

Kept sparse, as sorted (given, true, count) triples, so that 100,000 classes need no square matrix. The arithmetic is
that of cleanlab 2.9.0, METHODS 2.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import COARSE, FINE, on_grids, over_blocks, row_blocks
from analysis.base.types import Predictions
from analysis.noise.rows import RowFacts

Array = NDArray[Any]
TAU = 1e-6  # probabilities nearer than this count as equal
NO_CLASS = 2.0  # threshold of a class without images: no probability reaches it
PIECE = 1 << 15  # summed at a time
DENSE_CLASSES = 2048  # up to here the last bit and the ties are those of the square matrix, see _total

Form = Literal["code", "paper"]


@dataclass(frozen=True, eq=False)
class ConfidentJoint:
    """J[given, true] of the confident images, calibrated to the class sizes, as triples sorted by (given, true).

    `threshold` (K,): mean P[i, k] over the images given k, 2 for a class without images. `guess` (N,): the class an
    image is confidently of, -1 for none. `given`, `true`, `count` (E,): the non-zero entries, counts in images whose
    sum over `true` is `n_given` (K,), the class sizes.
    """

    threshold: NDArray[np.float64]
    guess: NDArray[np.int64]
    given: NDArray[np.int64]
    true: NDArray[np.int64]
    count: NDArray[np.int64]
    n_given: NDArray[np.int64]

    @property
    def n_classes(self) -> int:
        """K."""
        return len(self.n_given)

    def diagonal(self) -> NDArray[np.int64]:
        """J[k, k] (K,)."""
        on = self.given == self.true
        out = np.zeros(self.n_classes, np.int64)
        out[self.given[on]] = self.count[on]
        return out


def confident_joint(given: Array, predictions: Predictions, facts: RowFacts, *, form: Form = "code") -> ConfidentJoint:
    """Count and calibrate the confident joint. `form`: which class an image confident of several counts for.

    code: the most probable class of the whole row (cleanlab); paper: the most probable one among those confident.
    """
    n_given = np.bincount(given, minlength=predictions.n_classes)
    threshold = _thresholds(given, facts.p_given, n_given)
    guess = _guess(predictions, facts, threshold, form=form)
    keys, counts = _count(given, guess, predictions.n_classes)
    rows, columns = keys // predictions.n_classes, keys % predictions.n_classes
    calibrated = _calibrate(rows, columns, counts, n_given=n_given)
    whole = _round_keeping_rows(rows, columns, calibrated, n_given)
    kept = whole > 0
    return ConfidentJoint(threshold, guess, rows[kept], columns[kept], whole[kept], n_given)


def _thresholds(given: Array, p_given: Array, n_given: NDArray[np.int64]) -> NDArray[np.float64]:
    # on the grids the sum, and so its last bit, is independent of the order of the rows
    whole, rest = np.zeros(len(n_given)), np.zeros(len(n_given))
    for rows in row_blocks(len(given), 32):
        coarse, fine = on_grids(p_given[rows].astype(np.float64))
        whole += np.bincount(given[rows], coarse, minlength=len(n_given))
        rest += np.bincount(given[rows], fine, minlength=len(n_given))
    sums = whole / COARSE + rest / FINE
    means = np.divide(sums, n_given, out=np.full(len(n_given), NO_CLASS), where=n_given > 0)
    # as coarse as the probabilities that are compared with it
    return np.maximum(means.astype(p_given.dtype), p_given.dtype.type(2 * TAU)).astype(np.float64)


def _guess(predictions: Predictions, facts: RowFacts, threshold: Array, *, form: Form) -> NDArray[np.int64]:
    cut = threshold.astype(facts.p_given.dtype) - facts.p_given.dtype.type(TAU)
    guess = np.where(facts.p_predicted >= cut[facts.predicted], facts.predicted, -1)
    # few: their best class misses its own threshold, so that a less probable one may be the only one to reach its own
    rest = np.flatnonzero((guess == -1) & (facts.p_predicted >= cut.min(initial=np.inf)))
    looks, probs = predictions.looks, predictions.probs
    found = None if looks is None or probs is None else looks.reaching(probs, rest, cut)
    if found is not None:
        n_reaching, best = found
        several = best if form == "paper" else facts.predicted[rest]
        guess[rest] = np.select([n_reaching == 0, n_reaching == 1], [-1, best], several)
        return guess

    def look(part: slice) -> None:
        rows = rest[part]
        classes, values = _listed(predictions, rows)
        confident = values >= (cut if classes is None else cut[classes])
        n_confident = np.count_nonzero(confident, axis=1)
        best = confident.argmax(axis=1)
        if form == "paper":
            best = np.where(confident, values, -1).argmax(axis=1)
        within = best if classes is None else classes[np.arange(len(rows)), best]
        several = within if form == "paper" else facts.predicted[rows]
        guess[rows] = np.select([n_confident == 0, n_confident == 1], [-1, within], several)

    over_blocks(look, len(rest), predictions.n_listed * facts.p_given.itemsize)
    return guess


def _listed(predictions: Predictions, rows: Array) -> tuple[Array | None, Array]:
    """The classes of some rows, None for all in order, and their probabilities."""
    if predictions.probs is not None:
        return None, np.asarray(predictions.probs)[rows]
    assert predictions.top_class is not None and predictions.top_prob is not None
    return predictions.top_class[rows], predictions.top_prob[rows]


def _count(given: Array, guess: Array, n_classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    sure = np.flatnonzero(guess >= 0)
    keys = given[sure] * np.int64(n_classes) + guess[sure]
    if n_classes**2 <= len(given):  # a square table is no larger than what is counted, and needs no sorting
        table = np.bincount(keys)
        keys = np.flatnonzero(table)
        counts = table[keys]
    else:
        keys, counts = np.unique(keys, return_counts=True)
    diagonal = np.arange(n_classes, dtype=np.int64) * (n_classes + 1)
    lacking = np.setdiff1d(diagonal, keys, assume_unique=True)  # every class holds at least one right label
    keys, counts = np.r_[keys, lacking], np.r_[counts, np.ones(len(lacking), np.int64)]
    order = np.argsort(keys)
    return keys[order], counts[order]


def _calibrate(rows: Array, columns: Array, counts: Array, *, n_given: Array) -> NDArray[np.float64]:
    n_classes = len(n_given)
    row_sum = np.bincount(rows, counts, minlength=n_classes)
    values = counts / row_sum[rows] * n_given[rows]
    return values / _total(rows, columns, values, n_classes=n_classes) * n_given.sum()


def _total(rows: Array, columns: Array, values: Array, *, n_classes: int) -> float:
    # mathematically N; its last bit decides how exact halves are rounded, so cleanlab's way of summing is followed
    # where the square matrix is small, and the exact sum is taken elsewhere
    if n_classes > DENSE_CLASSES:
        return math.fsum(values)
    places = columns * n_classes + rows
    order = np.argsort(places)
    return _sum_with_zeros(places[order], values[order], slice(0, n_classes * n_classes))


def _sum_with_zeros(places: Array, values: Array, span: slice) -> float:
    """The sum of an array that is zero but at sorted `places`, added up in the order of `numpy.sum`, bit by bit."""
    n = span.stop - span.start
    first, last = np.searchsorted(places, (span.start, span.stop))
    if first == last:
        return 0.0
    if n <= PIECE:
        piece = np.zeros(n)
        piece[places[first:last] - span.start] = values[first:last]
        return float(piece.sum())
    half = n // 2 - n // 2 % 8  # where numpy halves an array
    left, right = slice(span.start, span.start + half), slice(span.start + half, span.stop)
    return _sum_with_zeros(places, values, left) + _sum_with_zeros(places, values, right)


def _round_keeping_rows(rows: Array, columns: Array, values: Array, totals: Array) -> NDArray[np.int64]:
    """Round half to even, then correct each row to its total by one where the rounding went farthest wrong."""
    whole = np.rint(values)
    missing = totals - np.bincount(rows, whole, minlength=len(totals)).astype(np.int64)
    start = np.searchsorted(rows, np.arange(len(totals) + 1))
    for row in np.flatnonzero(missing):
        piece = slice(start[row], start[row + 1])
        order = _by_remainder(values[piece] - whole[piece], columns[piece], n_classes=len(totals))
        order = order[::-1] if missing[row] > 0 else order
        whole[piece][order[: abs(missing[row])]] += np.sign(missing[row])
    return whole.astype(np.int64)


def _by_remainder(left: Array, columns: Array, *, n_classes: int) -> NDArray[np.int64]:
    # equal remainders are common (equal counts in one row). cleanlab leaves their order to numpy's default sort of the
    # whole row, which differs between processors: the same call on the same row gives its answer on every machine
    if n_classes > DENSE_CLASSES:
        return np.argsort(left, kind="stable")
    whole_row = np.zeros(n_classes)
    whole_row[columns] = left
    place = np.full(n_classes, -1)
    place[columns] = np.arange(len(columns))
    order = place[np.argsort(whole_row)]
    return order[order >= 0]  # entries that are zero have no remainder, there is always a larger or smaller one
