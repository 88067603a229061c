"""Which labels hold for every image, where that may be none, one or several; or how sure it is that they do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The labels that hold for each of N images: those of image i are `flat[ptr[i]:ptr[i+1]]`, ascending, each once.

    `ptr` (N+1,) int64, `flat` (M,) int64 class numbers. `said` (N,) bool: somebody or something judged the image; one
    that nobody judged holds exactly its given label, which says nothing about being right.
    """

    ptr: NDArray[np.int64]
    flat: NDArray[np.int64]
    said: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.ptr) != len(self.said) + 1 or self.ptr[0] != 0 or self.ptr[-1] != len(self.flat):
            raise ValueError(f"{len(self.ptr)} ends for {len(self.said)} images and {len(self.flat)} labels")

    @classmethod
    def of_pairs(cls, given: Array, said: Array, row: Array, label: Array) -> LabelSets:
        """Sets from pairs (row, label), both (P,): an image in `said` (N,) bool holds exactly the labels of its pairs,
        any other its given label (N,). Pairs of images that are not in `said` are left out."""
        said = np.asarray(said, bool)
        row, label = np.asarray(row, np.int64), np.asarray(label, np.int64)
        keep, silent = said[row], np.flatnonzero(~said)
        rows = np.concatenate([row[keep], silent])
        labels = np.concatenate([label[keep], np.asarray(given, np.int64)[silent]])
        order = np.lexsort((labels, rows))
        rows, labels = rows[order], labels[order]
        first = np.ones(len(rows), bool)
        first[1:] = (rows[1:] != rows[:-1]) | (labels[1:] != labels[:-1])
        sizes = np.bincount(rows[first], minlength=len(said))
        return cls(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), labels[first], said)

    def overruled_by(self, other: LabelSets) -> LabelSets:
        """These sets, but for the images that `other` judged: there its labels hold. Both of the same N images."""
        if len(other) != len(self):
            raise ValueError(f"{len(other)} images overrule {len(self)}")
        rows, labels = [], []
        for one, counts in ((self, ~other.said), (other, other.said)):
            row = np.repeat(np.arange(len(one)), one.sizes)
            rows.append(row[counts[row]])
            labels.append(one.flat[counts[row]])
        row, everything = np.concatenate(rows), np.ones(len(self), bool)
        sets = LabelSets.of_pairs(np.zeros(len(self)), everything, row, np.concatenate(labels))
        return LabelSets(sets.ptr, sets.flat, self.said | other.said)

    def __len__(self) -> int:
        return len(self.said)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many labels hold for each image, (N,)."""
        return np.diff(self.ptr)

    def hold(self, classes: Array) -> NDArray[np.bool_]:
        """Is the class of each image, (N,), one of those that hold for it? (N,)"""
        hit = np.zeros(len(self), bool)
        for j, rows in self._columns:
            hit[rows] |= self.flat[self.ptr[rows] + j] == classes[rows]
        return hit

    @cached_property
    def _columns(self) -> list[tuple[int, NDArray[np.int64]]]:
        """The images that have a j-th label: as many passes as the largest set has labels, each over fewer images."""
        return [(j, np.flatnonzero(self.sizes > j)) for j in range(int(self.sizes.max(initial=0)))]


@dataclass(frozen=True, eq=False)
class PairScores:
    """How sure raters were that a label holds: `score` (P,) in 0..1 of the pairs `row`, `label` (P,) of N images.

    `given` (N,) and `rated` (N,) bool: an image without pairs was not shown to raters and keeps its given label.
    """

    given: NDArray[np.int64]
    rated: NDArray[np.bool_]
    row: NDArray[np.int64]
    label: NDArray[np.int64]
    score: NDArray[np.float64]

    def at(self, threshold: float) -> LabelSets:
        """The labels with a score of at least `threshold`; ReaL's own lists are those at 0.8."""
        sure = self.score >= threshold
        return LabelSets.of_pairs(self.given, self.rated, self.row[sure], self.label[sure])
