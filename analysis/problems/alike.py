"""Near duplicates and strangers, both read off the graph of nearest images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.base.arrays import row_blocks
from analysis.base.types import Neighbours

LOWEST, HIGHEST = 0.97, 0.9999  # of the similarity from which images count as near duplicates
KEPT = 0.9  # less similar pairs are never kept
FAR = 4.0  # standard deviations from the usual: one image in 30,000 by chance, were it normal
VERY_FAR = 6.0  # the same of strangers: the likeness of clean images has a longer tail than that
SLACK = 3.0  # pairs are kept down to this many times the distance of the threshold, so that it can be lowered
SURE = 0.9995  # pairs at least so similar may have the same pixels in other files
STRANGER_NEIGHBOURS = 10
TINY = 1e-7  # a distance of 0 has no logarithm


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of images: group g has the rows `rows[starts[g]:starts[g + 1]]`, in data set order."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, group: int) -> NDArray[np.int64]:
        return self.rows[self.starts[group] : self.starts[group + 1]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Images of every group (G,)."""
        return np.diff(self.starts)

    @property
    def all_but_first(self) -> NDArray[np.int64]:
        """The rows of all groups without the first row of each."""
        rest = np.ones(len(self.rows), bool)
        rest[self.starts[:-1]] = False
        return self.rows[rest]

    def some(self, which: NDArray[Any]) -> Groups:
        """These groups (numbers, or one bool each), in that order."""
        begins, sizes = self.starts[:-1][which], self.sizes[which]
        starts = np.r_[0, np.cumsum(sizes)]
        place = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], sizes)
        return Groups(self.rows[place], starts)


def near_threshold(near: Neighbours) -> float:
    """The similarity from which two images count as near duplicates, from the data itself.

    The distance (1 - similarity) to the nearest image is about log-normal in a set without duplicates; the threshold
    lies `FAR` standard deviations below the median. The spread is taken from the upper half, which duplicates do not
    touch while they are less than half of the images.
    """
    if near.similarity.shape[1] == 0:
        return HIGHEST
    middle, spread = _usual(np.log(np.maximum(1 - near.similarity[:, 0].astype(np.float64), TINY)))
    return float(np.clip(1 - np.exp(middle - FAR * spread), LOWEST, HIGHEST))


def lowest_kept(threshold: float) -> float:
    """The similarity down to which pairs are kept, so that people can lower the threshold."""
    return max(KEPT, 1 - SLACK * (1 - threshold))


def near_pairs(near: Neighbours, threshold: float) -> pd.DataFrame:
    """Pairs `source` < `target` of neighbours (rows) whose `similarity` is at least a little below `threshold`.

    The most similar first. A pair is found where at least one image has the other among its neighbours.
    """
    lowest = lowest_kept(threshold)
    parts = []
    for rows in row_blocks(len(near.index), near.index.shape[1] * 8):
        value = np.asarray(near.similarity[rows])
        row, place = np.nonzero(value >= np.float32(lowest))
        here, there = row + rows.start, np.asarray(near.index[rows])[row, place].astype(np.int64)
        parts.append((np.minimum(here, there), np.maximum(here, there), value[row, place]))
    source, target, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    pairs = pd.DataFrame({"source": source, "target": target, "similarity": value.astype(np.float64)})
    pairs = pairs.drop_duplicates(["source", "target"])
    return pairs.sort_values(["similarity", "source", "target"], ascending=[False, True, True], ignore_index=True)


def groups_of(source: NDArray[np.integer], target: NDArray[np.integer], n: int) -> Groups:
    """Connected groups of at least two of N images that these pairs (P,) join, in the order of their first rows."""
    ones = np.ones(len(source), np.int8)
    _, label = connected_components(sparse.coo_array((ones, (source, target)), shape=(n, n)), directed=False)
    return groups_by(label)


def groups_by(label: NDArray[np.integer]) -> Groups:
    """Groups of at least two images with the same label (N,), in the order of their first rows."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    first_row = first[inverse]
    together = np.bincount(inverse)[inverse] > 1
    rows = np.flatnonzero(together)
    rows = rows[np.argsort(first_row[rows], kind="stable")]
    begins = np.flatnonzero(np.r_[True, np.diff(first_row[rows]) != 0]) if len(rows) else np.empty(0, np.int64)
    return Groups(rows.astype(np.int64), np.r_[begins, len(rows)].astype(np.int64))


def differing(groups: Groups, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which groups (G,) hold images with different values (N,), such as labels or splits."""
    if len(groups) == 0:
        return np.zeros(0, bool)
    number = np.unique(values[groups.rows], return_inverse=True)[1]
    low, high = (f.reduceat(number, groups.starts[:-1]) for f in (np.minimum, np.maximum))
    return np.asarray(low != high)


def likeness(near: Neighbours) -> NDArray[np.float32]:
    """The mean similarity (N,) to the nearest images; NaN where there is no other image."""
    if near.similarity.shape[1] == 0:
        return np.full(len(near.similarity), np.nan, np.float32)
    return np.asarray(np.mean(near.similarity[:, :STRANGER_NEIGHBOURS], axis=1), np.float32)


def stranger_threshold(alike: NDArray[np.floating]) -> float:
    """The likeness (N,) up to which an image counts as a stranger, from the data itself.

    `VERY_FAR` standard deviations below the median, their spread taken from the upper half: strangers are in the lower.
    """
    known = np.asarray(alike, np.float64)[np.isfinite(alike)]
    if len(known) == 0:
        return -1.0
    middle, spread = _usual(known)
    return max(-1.0, middle - VERY_FAR * spread)


def _usual(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median, and the standard deviation that a normal distribution with this upper quarter would have."""
    middle, upper = np.quantile(values, [0.5, 0.75])
    return float(middle), float(upper - middle) / 0.6745
