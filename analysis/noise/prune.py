"""prune_by_noise_rate: of each class those images that lean most towards another class, as many as the joint expects.

METHODS 2.4. Only images whose prediction differs from their label are looked at: another one has no margin above tau
towards any class, comes after all that have, and is never flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.types import Predictions
from analysis.noise.confident_joint import TAU, ConfidentJoint
from analysis.noise.rows import RowFacts

Array = NDArray[Any]
Ids = NDArray[np.int64]
KEEP_PER_CLASS = 1  # a class with no more images than this is left alone


@dataclass(frozen=True, eq=False)
class Pruned:
    """Flagged images, a row number, pair number and margin for each pair an image is flagged in: three (M,) arrays.

    `true`, `count` (E,): the likely class of each pair and how many wrong labels the joint expects of it.
    """

    rows: Ids
    pair: Ids
    margin: NDArray[np.float64]
    true: Ids
    count: Ids


@dataclass(frozen=True, eq=False)
class TieOrder:
    """Tells equal images apart, whatever the order of the rows: by margin, then self-confidence, then `tie`."""

    facts: RowFacts
    tie: Ids | None

    def keys(self, rows: Ids) -> tuple[Array, Array, Array]:
        """Sort keys of some rows, the last one counts first."""
        tie = rows if self.tie is None else self.tie[rows]
        return tie, self.facts.p_given[rows], -self.facts.margin_at(rows)

    def lowest(self, n: int, values: Array, rows: Ids) -> Ids:
        """Positions of the `n` smallest `values` (M,), in no order; `rows` (M,) are the images they belong to."""
        if n >= len(values):
            return np.arange(len(values))
        if n == 0:
            return np.empty(0, np.int64)
        cut = np.partition(values, n - 1)[n - 1]
        below, at = np.flatnonzero(values < cut), np.flatnonzero(values == cut)
        if len(below) + len(at) > n:
            at = at[np.lexsort(self.keys(rows[at]))[: n - len(below)]]
        return np.r_[below, at]


def by_class(given: Array, n_classes: int) -> Ids:
    """Row numbers (N,) ordered by given class, then by row."""
    small = given.astype(np.uint16) if n_classes <= 1 << 16 else given  # 16 bits are sorted in linear time
    return np.argsort(small, kind="stable")


def choose(given: Ids, facts: RowFacts, joint: ConfidentJoint, *, disagrees: Array, order: TieOrder) -> Pruned:
    """Flag for every (given, true) pair as many images of largest margin as the joint expects, if they disagree."""
    job = _Job(given, facts, _Counts.of(joint), disagrees, order)
    parts = list(job.dense() if facts.predictions.probs is not None else job.listed())
    rows, pair, margin = (np.concatenate(values) for values in zip(_NONE, *parts, strict=True))
    kept = disagrees[rows]
    return Pruned(rows[kept], pair[kept], margin[kept], job.counts.true, job.counts.count)


Part = tuple[Ids, Ids, NDArray[np.float64]]  # rows, pairs and margins of some flagged images
_NONE: Part = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, eq=False)
class _Counts:
    """How many images to flag of each pair, pairs sorted by (given, true); `start` (K + 1,) where a class begins."""

    given: Ids
    true: Ids
    count: Ids
    start: Ids

    @classmethod
    def of(cls, joint: ConfidentJoint) -> _Counts:
        raised = joint.diagonal() < KEEP_PER_CLASS
        # raising an empty diagonal by one takes less than one from each other entry, which truncation makes a whole one
        left = joint.count - raised[joint.given]
        wanted = (joint.given != joint.true) & (left > 0) & (joint.n_given[joint.given] > KEEP_PER_CLASS)
        given = joint.given[wanted]
        start = np.searchsorted(given, np.arange(joint.n_classes + 1))
        return cls(given, joint.true[wanted], left[wanted], start)


@dataclass(frozen=True, eq=False)
class _Job:
    given: Ids
    facts: RowFacts
    counts: _Counts
    disagrees: Array
    order: TieOrder

    @cached_property
    def classes(self) -> tuple[Ids, Ids]:
        """All images by class, and where each class ends among them."""
        n_classes = len(self.counts.start) - 1
        return by_class(self.given, n_classes), np.cumsum(np.bincount(self.given, minlength=n_classes))

    def candidates(self) -> Ids:
        """Images that disagree, of classes with a pair, by class."""
        rows = np.flatnonzero(self.disagrees & (np.diff(self.counts.start) > 0)[self.given])
        return rows[by_class(self.given[rows], len(self.counts.start) - 1)]

    def dense(self) -> Iterator[Part]:
        """Class by class, the margins of its candidates towards all its pairs at once."""
        rows, starts = self.candidates(), self.counts.start
        ends = np.cumsum(np.bincount(self.given[rows], minlength=len(starts) - 1))
        for label in np.flatnonzero(np.diff(starts)):
            own = rows[ends[label - 1] if label else 0 : ends[label]]
            for part in row_blocks(starts[label + 1] - starts[label], len(own) * 8):
                yield from self._class(own, starts[label] + np.arange(part.start, part.stop))

    def _class(self, rows: Ids, pairs: Ids) -> Iterator[Part]:
        margin, count = _margins(self.facts, rows, self.counts.true[pairs]), self.counts.count[pairs]
        enough = count <= np.count_nonzero(margin > 2 * TAU, axis=1)
        if not enough.all():
            yield from self.whole_columns(pairs[~enough])
            margin, count, pairs = margin[enough], count[enough], pairs[enough]
        ordered = np.sort(margin, axis=1)
        cut = ordered[np.arange(len(pairs)), len(rows) - count]
        hit = margin >= cut[:, None]
        tied = np.flatnonzero(np.count_nonzero(hit, axis=1) > count)
        for at in tied:
            hit[at] = False
            hit[at, self.order.lowest(int(count[at]), -margin[at], rows)] = True
        pair, row = np.nonzero(hit)
        yield rows[row], pairs[pair], margin[pair, row].astype(np.float64)

    def listed(self) -> Iterator[Part]:
        """Top-k lists: only a listed class can have a positive margin, so the lists are all there is to sort."""
        pair, rows, margin = (np.concatenate(values) for values in zip(_NONE, *self._positive(), strict=True))
        pair, rows = pair.astype(np.int64), rows.astype(np.int64)
        n = np.bincount(pair, minlength=len(self.counts.count))
        enough = self.counts.count <= n
        yield from self.whole_columns(np.flatnonzero(~enough))
        order = np.lexsort((-margin, pair))
        pair, rows, margin = pair[order], rows[order], margin[order]
        start = np.cumsum(n) - n
        within = np.arange(len(pair)) - start[pair] < self.counts.count[pair]
        last = np.minimum(start + self.counts.count, len(pair)) - 1  # the last one to flag; the next may be its equal
        follows = np.minimum(last + 1, len(pair) - 1)
        tied = enough & (pair[follows] == np.arange(len(n))) & (margin[follows] == margin[last]) & (follows > last)
        for at in np.flatnonzero(tied):
            piece = slice(start[at], start[at] + n[at])
            within[piece] = False
            chosen = self.order.lowest(int(self.counts.count[at]), -margin[piece], rows[piece])
            within[start[at] + chosen] = True
        within &= enough[pair]
        yield rows[within], pair[within], margin[within]

    def _positive(self) -> Iterator[Part]:
        counts, found = self.counts, self.facts.predictions
        assert found.top_class is not None and found.top_prob is not None
        n_classes = found.n_classes
        keys = counts.given * n_classes + counts.true
        rows = self.candidates()
        for part in row_blocks(len(rows), found.n_listed * 32) if len(keys) else ():
            own = rows[part]
            margin = found.top_prob[own] - self.facts.p_given[own, None]
            at, column = np.nonzero(margin > 2 * TAU)
            wanted = self.given[own[at]] * n_classes + found.top_class[own[at], column]
            pair = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            known = keys[pair] == wanted
            yield pair[known], own[at[known]], margin[at[known], column[known]].astype(np.float64)

    def whole_columns(self, pairs: Ids) -> Iterator[Part]:
        """Pairs of which more images are expected than clearly lean towards the other class: all of the class compete.

        Rare: the joint then expects more wrong labels than the model names.
        """
        for pair in pairs:
            order, ends = self.classes
            label = self.counts.given[pair]
            rows = order[ends[label - 1] if label else 0 : ends[label]]
            margin = _margins(self.facts, rows, self.counts.true[pair : pair + 1])[0]
            at = self.order.lowest(int(self.counts.count[pair]), -margin, rows)
            yield rows[at], np.full(len(at), pair), margin[at].astype(np.float64)


def _margins(facts: RowFacts, rows: Ids, classes: Ids) -> Array:
    """P[rows, j] - P[rows, given] for each j of `classes`, (classes, rows), a fresh array; unlisted P are 0."""
    values = _columns(facts.predictions, rows, classes)
    values -= facts.p_given[rows]
    return values if values.dtype != np.float16 else values.astype(np.float32)  # the same numbers, quicker to sort


def _columns(predictions: Predictions, rows: Ids, classes: Ids) -> Array:
    if predictions.probs is not None:
        return np.asarray(predictions.probs)[rows, classes[:, None]]
    assert predictions.top_class is not None and predictions.top_prob is not None
    listed, values = predictions.top_class[rows], predictions.top_prob[rows]
    hits = [np.where(listed == label, values, 0).sum(axis=1, dtype=values.dtype) for label in classes]
    return np.stack(hits)
