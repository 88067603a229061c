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
from analysis.noise.confident_joint import TAU, ConfidentJoint
from analysis.noise.rows import RowFacts

Array = NDArray[Any]
Ids = NDArray[np.int64]
TOGETHER = 1 << 17  # entries of small classes that are sorted at once
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
    pair, rows, margin = (np.concatenate(values) for values in zip(_NONE, *parts, strict=True))
    kept = disagrees[rows]
    return Pruned(rows[kept], pair[kept], margin[kept], job.counts.true, job.counts.count)


Part = tuple[Ids, Ids, Array]  # pairs, rows and margins of some images
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
class _ByClass:
    """Images (M,) ordered by given class, and where each class begins (K + 1,)."""

    rows: Ids
    start: Ids

    @classmethod
    def of(cls, rows: Ids, given: Ids, n_classes: int) -> _ByClass:
        start = np.concatenate([[0], np.cumsum(np.bincount(given, minlength=n_classes))])
        return cls(rows[by_class(given, n_classes)], start)

    def rows_of(self, label: int) -> Ids:
        return self.rows[self.start[label] : self.start[label + 1]]


@dataclass(frozen=True, eq=False)
class _Job:
    given: Ids
    facts: RowFacts
    counts: _Counts
    disagrees: Array
    order: TieOrder

    @cached_property
    def candidates(self) -> _ByClass:
        """Images that disagree, of classes with a pair."""
        rows = np.flatnonzero(self.disagrees & (np.diff(self.counts.start) > 0)[self.given])
        return _ByClass.of(rows, self.given[rows], len(self.counts.start) - 1)

    @cached_property
    def everything(self) -> _ByClass:
        """All images."""
        return _ByClass.of(np.arange(len(self.given)), self.given, len(self.counts.start) - 1)

    def dense(self) -> Iterator[Part]:
        """The margins of all candidates towards all pairs of their class: large classes alone, small ones together."""
        counts, n_candidates = self.counts, np.diff(self.candidates.start)
        large = n_candidates * np.diff(counts.start) > TOGETHER // 16
        for label in np.flatnonzero(large):
            rows = self.candidates.rows_of(int(label))
            for part in row_blocks(counts.start[label + 1] - counts.start[label], len(rows) * 8):
                yield from self._large(rows, counts.start[label] + np.arange(part.start, part.stop))
        for pairs in self.portions(np.flatnonzero(~large[counts.given]), self.candidates):
            pair, row, margin = self.entries(pairs, self.candidates)
            positive = np.flatnonzero(margin > 2 * TAU)
            yield from self.settle(pairs, pair[positive], row[positive], margin=margin[positive])

    def listed(self) -> Iterator[Part]:
        """Top-k lists: only a listed class can have a positive margin, so the lists are all there is to sort."""
        pair, row, margin = (np.concatenate(values) for values in zip(_NONE, *self._listed_positive(), strict=True))
        yield from self.settle(np.arange(len(self.counts.count)), pair, row, margin=margin)

    def _large(self, rows: Ids, pairs: Ids) -> Iterator[Part]:
        """Many candidates `rows` of one class: a sorted row of margins for each of its `pairs`."""
        margin = _margins(self.facts, rows, self.counts.true[pairs][:, None])
        count = self.counts.count[pairs]
        enough = count <= np.count_nonzero(margin > 2 * TAU, axis=1)
        yield from self.whole(pairs[~enough])
        margin, count, pairs = margin[enough], count[enough], pairs[enough]
        cut = np.sort(margin, axis=1)[np.arange(len(pairs)), len(rows) - count]
        hit = margin >= cut[:, None]
        for at in np.flatnonzero(np.count_nonzero(hit, axis=1) > count):
            hit[at] = False
            hit[at, self.order.lowest(int(count[at]), -margin[at], rows)] = True
        pair, row = np.nonzero(hit)
        yield pairs[pair], rows[row], margin[pair, row].astype(np.float64)

    def settle(self, pairs: Ids, pair: Ids, row: Ids, *, margin: Array) -> Iterator[Part]:
        """Flag of `pairs`, given all their candidates of positive margin; where those are too few, all of the class."""
        n = np.bincount(pair, minlength=len(self.counts.count))
        enough = self.counts.count <= n
        kept = enough[pair]
        yield self.largest(pair[kept], row[kept], margin[kept])
        yield from self.whole(pairs[~enough[pairs]])

    def whole(self, pairs: Ids) -> Iterator[Part]:
        """Pairs of which more images are expected than lean towards the other class: all of the class compete."""
        for some in self.portions(pairs, self.everything):
            yield self.largest(*self.entries(some, self.everything))

    def portions(self, pairs: Ids, images: _ByClass) -> Iterator[Ids]:
        """`pairs` cut into pieces of about TOGETHER entries."""
        total = np.cumsum(np.diff(images.start)[self.counts.given[pairs]])
        yield from (piece for piece in np.split(pairs, _steps(total)) if len(piece))

    def entries(self, pairs: Ids, images: _ByClass) -> Part:
        """Every pair with every image of its class: pair, row, margin."""
        label = self.counts.given[pairs]
        size = np.diff(images.start)[label]
        pair = np.repeat(pairs, size)
        place = np.arange(len(pair)) + np.repeat(images.start[label] - (np.cumsum(size) - size), size)
        row = images.rows[place]
        return pair, row, _margins(self.facts, row, self.counts.true[pair])

    def largest(self, pair: Ids, row: Ids, margin: Array) -> Part:
        """Of each pair as many entries as are expected, those of largest margin; the total order decides ties."""
        order = np.argsort(-margin)  # then by pair, in linear time: several times quicker than lexsort
        order = order[by_class(pair[order], len(self.counts.count))]
        pair, row, margin = pair[order], row[order], margin[order]
        n = np.bincount(pair, minlength=len(self.counts.count))
        start = np.cumsum(n) - n
        count = np.minimum(self.counts.count, n)
        flagged = np.arange(len(pair)) - start[pair] < count[pair]
        last = start + count - 1  # the last one flagged: is the next one its equal?
        some = np.flatnonzero((n > count) & (count > 0))
        for at in some[margin[last[some]] == margin[last[some] + 1]]:
            piece = slice(start[at], start[at] + n[at])
            flagged[piece] = False
            flagged[start[at] + self.order.lowest(int(count[at]), -margin[piece], row[piece])] = True
        return pair[flagged], row[flagged], margin[flagged].astype(np.float64)

    def _listed_positive(self) -> Iterator[Part]:
        counts, found = self.counts, self.facts.predictions
        assert found.top_class is not None and found.top_prob is not None
        keys = counts.given * found.n_classes + counts.true
        rows = self.candidates.rows
        for part in row_blocks(len(rows), found.n_listed * 32) if len(keys) else ():
            own = rows[part]
            margin = found.top_prob[own] - self.facts.p_given[own, None]
            at, column = np.nonzero(margin > 2 * TAU)
            wanted = self.given[own[at]] * found.n_classes + found.top_class[own[at], column]
            pair = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            known = keys[pair] == wanted
            yield pair[known], own[at[known]], margin[at[known], column[known]].astype(np.float64)


def _steps(total: Ids) -> Ids:
    """Where a running total passes a multiple of TOGETHER."""
    return np.flatnonzero(np.diff(total // TOGETHER)) + 1


def _margins(facts: RowFacts, rows: Ids, classes: Ids) -> Array:
    """P[rows, classes] - P[rows, given], shapes broadcast together; unlisted P are 0."""
    found = facts.predictions
    if found.probs is not None:
        values = np.asarray(found.probs)[rows, classes]
    else:
        assert found.top_class is not None and found.top_prob is not None
        hit = found.top_class[rows] == classes[:, None]
        values = np.where(hit, found.top_prob[rows], 0).sum(axis=1, dtype=found.top_prob.dtype)
    values -= facts.p_given[rows]
    return values if values.dtype != np.float16 else values.astype(np.float32)  # the same numbers, quicker to sort
