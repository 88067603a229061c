"""Confident learning as filters: which images to look at, exactly and without a copy of the probabilities. [North21a]

METHODS 2.1 and 2.4: the arithmetic of cleanlab 2.9.0, streamed. Ties are broken by margin, then self-confidence, then
`tie`, so the answer does not depend on the order of the rows when `tie` travels with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import BLOCK_BYTES
from analysis.base.errors import NotFoundHere
from analysis.base.types import Predictions
from analysis.noise.confident_joint import TAU, ConfidentJoint, Form, by_class, confident_joint
from analysis.noise.rows import RowFacts, gather

Array = NDArray[Any]
Mask = NDArray[np.bool_]
KEEP_PER_CLASS = 1  # a class with no more images than this is left alone


@dataclass(frozen=True, eq=False)
class Pairs:
    """Why prune_by_noise_rate flagged an image: its place among the images of one (given, likely true) pair.

    All (N,): `true` the likely class (-1 = not flagged), `expected` how many wrong labels of that pair the joint
    expects, `rank` the image's place among them, 1 = largest margin (0 = not flagged).
    """

    true: NDArray[np.int32]
    expected: NDArray[np.int32]
    rank: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ConfidentLearning:
    """Everything confident learning says of one set of labels; masks are made on first use and kept.

    `given` (N,), `facts` per row, `joint` J[given, true], `tie` (N,) unique numbers that order equal images.
    """

    given: NDArray[np.int64]
    predictions: Predictions
    facts: RowFacts
    joint: ConfidentJoint
    tie: NDArray[np.int64]

    @cached_property
    def agrees(self) -> Mask:
        """The prediction is the given label, up to 1e-6: such an image is not flagged."""
        y, f = self.given, self.facts
        raised = f.p_given + f.p_given.dtype.type(TAU)
        level = (raised == f.p_predicted) & (y < f.predicted)
        return (f.predicted == y) | (raised > f.p_predicted) | level

    @cached_property
    def rows_by_class(self) -> list[NDArray[np.int64]]:
        """Row numbers of every given class."""
        order = by_class(self.given, self.joint.n_classes)
        return np.split(order, np.cumsum(self.joint.n_given)[:-1])

    def prune_matrix(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """For every given class with something to prune: (class, likely true classes, number of images of each)."""
        j = self.joint
        raised = j.diagonal() < KEEP_PER_CLASS
        # raising an empty diagonal by one takes less than one from each other entry, which truncation makes a whole one
        left = j.count - raised[j.given]
        wanted = (j.given != j.true) & (left > 0) & (j.n_given[j.given] > KEEP_PER_CLASS)
        given, true, count = j.given[wanted], j.true[wanted], left[wanted]
        for label in np.unique(given):
            start, end = np.searchsorted(given, (label, label + 1))
            yield int(label), true[start:end], count[start:end]

    @cached_property
    def by_noise_rate(self) -> tuple[Mask, Pairs]:
        """The mask of prune_by_noise_rate and the facts behind it."""
        n = len(self.given)
        best = np.full(n, -np.inf)
        pairs = Pairs(np.full(n, -1, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32))
        for label, others, counts in self.prune_matrix():
            rows = self.rows_by_class[label]
            candidates = rows[~self.agrees[rows]]
            for true, expected, margin in self._margins(candidates, others, counts):
                chosen = self._largest(rows, candidates, margin, true=true, n=expected)
                better = chosen.margin > best[chosen.rows]
                at = chosen.rows[better]
                best[at] = chosen.margin[better]
                pairs.true[at], pairs.expected[at] = true, expected
                pairs.rank[at] = np.flatnonzero(better) + 1
        mask = (pairs.true >= 0) & ~self.agrees
        for values, nothing in ((pairs.true, -1), (pairs.expected, 0), (pairs.rank, 0)):
            values[~mask] = nothing
        return mask, pairs

    @property
    def pairs(self) -> Pairs:
        """The facts behind prune_by_noise_rate."""
        return self.by_noise_rate[1]

    def _margins(self, rows: Array, others: Array, counts: Array) -> Iterator[tuple[int, int, Array]]:
        """P[rows, j] - P[rows, given] for each j of `others`, a few columns at a time."""
        step = max(1, BLOCK_BYTES // max(1, len(rows) * 8))
        for start in range(0, len(others), step):
            piece = slice(start, start + step)
            block = _columns(self.predictions, rows, others[piece])
            block -= self.facts.p_given[rows][:, None]
            for i, (true, count) in enumerate(zip(others[piece], counts[piece], strict=True)):
                yield int(true), int(count), block[:, i]

    def _largest(self, rows: Array, candidates: Array, margin: Array, *, true: int, n: int) -> _Chosen:
        """The `n` images of the class with the largest margin, best first, as far as they can matter."""
        # an agreeing image has no margin above tau: every candidate above 2 tau comes before all of them, and they
        # are not flagged in the end, so that the full column is rarely needed
        if n > np.count_nonzero(margin > 2 * TAU):
            candidates = rows
            margin = _columns(self.predictions, rows, np.array([true]))[:, 0] - self.facts.p_given[rows]
        at = self.first(n, -margin, candidates)
        return _Chosen(candidates[at], margin[at].astype(np.float64))

    def first(self, n: int, values: Array, rows: Array) -> NDArray[np.int64]:
        """Positions of the `n` smallest `values`, ascending; equal ones by margin, self-confidence, then `tie`."""
        if n < len(values):
            cut = np.partition(values, n - 1)[n - 1]
            near = np.flatnonzero(values <= cut)
        else:
            near = np.arange(len(values))
        near_values = values[near]
        order = np.argsort(near_values)
        ordered = near_values[order]
        if (ordered[1:] == ordered[:-1]).any():
            ids = rows[near]
            order = np.lexsort((self.tie[ids], self.facts.p_given[ids], -self.facts.margin[ids], near_values))
        return near[order[:n]]

    def mask(self, filter_by: str = "prune_by_noise_rate") -> Mask:
        """The images (N,) that the named filter flags, see FILTERS."""
        if filter_by not in FILTERS:
            raise NotFoundHere(f"There is no filter named {filter_by!r}", wanted="one of " + ", ".join(FILTERS))
        return FILTERS[filter_by](self)


@dataclass(frozen=True, eq=False)
class _Chosen:
    rows: NDArray[np.int64]
    margin: NDArray[np.float64]


def _columns(predictions: Predictions, rows: Array, classes: Array) -> Array:
    """P[rows, classes] as a fresh (n, m) array; 0 where a top-k list does not hold the class."""
    if predictions.probs is not None:
        return np.asarray(predictions.probs[rows[:, None], classes])
    assert predictions.top_class is not None and predictions.top_prob is not None
    listed, values = predictions.top_class[rows], predictions.top_prob[rows]
    out = np.zeros((len(rows), len(classes)), values.dtype)
    order = np.argsort(classes)
    place = np.searchsorted(classes, listed, sorter=order).clip(max=len(classes) - 1)
    hit = classes[order[place]] == listed
    at = np.nonzero(hit)
    out[at[0], order[place[at]]] = values[at]
    return out


def _prune_by_noise_rate(found: ConfidentLearning) -> Mask:
    return found.by_noise_rate[0]


def _prune_by_class(found: ConfidentLearning) -> Mask:
    mask = np.zeros(len(found.given), bool)
    kept = np.maximum(found.joint.diagonal(), KEEP_PER_CLASS)
    for label in np.flatnonzero((found.joint.n_given > KEEP_PER_CLASS) & (found.joint.n_given > kept)):
        rows = found.rows_by_class[label]
        n = int(found.joint.n_given[label] - kept[label])
        mask[rows[found.first(n, found.facts.p_given[rows], rows)]] = True
    return mask & ~found.agrees


def _both(found: ConfidentLearning) -> Mask:
    return _prune_by_noise_rate(found) & _prune_by_class(found)


def _confident_learning(found: ConfidentLearning) -> Mask:
    guess = found.joint.guess
    return (guess >= 0) & (guess != found.given) & ~found.agrees


def _predicted_neq_given(found: ConfidentLearning) -> Mask:
    return ~found.agrees


def _lowest(found: ConfidentLearning, quality: Array) -> Mask:
    mask = np.zeros(len(quality), bool)
    n = int(_confident_learning(found).sum())
    if n:
        mask[found.first(n, quality, np.arange(len(quality)))] = True
    return mask


def _low_self_confidence(found: ConfidentLearning) -> Mask:
    return _lowest(found, found.facts.p_given)


def _low_normalized_margin(found: ConfidentLearning) -> Mask:
    return _lowest(found, -found.facts.margin)


FILTERS: dict[str, Callable[[ConfidentLearning], Mask]] = {
    "prune_by_noise_rate": _prune_by_noise_rate,
    "prune_by_class": _prune_by_class,
    "both": _both,
    "confident_learning": _confident_learning,
    "predicted_neq_given": _predicted_neq_given,
    "low_self_confidence": _low_self_confidence,
    "low_normalized_margin": _low_normalized_margin,
}


def confident_learning(
    given: Array, predictions: Predictions, *, tie: Array | None = None, form: Form = "code"
) -> ConfidentLearning:
    """Run confident learning: `given` (N,) in 0..K-1, dense or top-k predictions (unlisted probabilities are 0).

    `tie` (N,): unique numbers that order equal images, such as the rank of their ids; the row number by default.
    """
    given = np.asarray(given)
    facts = gather(given, predictions)
    tie = np.arange(len(given)) if tie is None else np.asarray(tie)
    joint = confident_joint(given, predictions, facts, form=form)
    return ConfidentLearning(given.astype(np.int64), predictions, facts, joint, tie)


def prune_by_noise_rate(given: Array, predictions: Predictions, *, tie: Array | None = None) -> Mask:
    """The default filter: (N,) True for the likely wrong labels. [North21a]"""
    return confident_learning(given, predictions, tie=tie).mask("prune_by_noise_rate")
