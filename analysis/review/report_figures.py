"""The figures of a report, of all images or of those that pass a condition. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson


@dataclass(frozen=True, eq=False)
class Figures:
    """What a run says of M of N images: `row` (M,) their places in the data set, `given` and `predicted` (M,) class
    numbers, `suspicion` (M,) in 0..1, higher = more suspicious, `is_suspect` (M,); `community` (K,) of every class."""

    row: NDArray[np.int64]
    given: NDArray[np.int64]
    predicted: NDArray[np.int64]
    suspicion: NDArray[np.floating]
    is_suspect: NDArray[np.bool_]
    community: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which are predicted as another class than their given one, (M,)."""
        return self.given != self.predicted

    @property
    def accuracy(self) -> tuple[float, float, float]:
        """The share predicted as labelled with its 95 % interval."""
        right = int(np.count_nonzero(~self.wrong))
        return right / len(self), *wilson(right, len(self))

    @property
    def n_suspects(self) -> int:
        """How many labels are suspected to be wrong."""
        return int(np.count_nonzero(self.is_suspect))

    def worst_pairs(self, n: int) -> list[tuple[int, int, int]]:
        """(given, predicted, images) of the n pairs of classes that are confused most, most first."""
        k = len(self.community)
        pairs, counts = np.unique(self.given[self.wrong] * k + self.predicted[self.wrong], return_counts=True)
        order = np.argsort(-counts, kind="stable")[:n]
        return [(int(pairs[at]) // k, int(pairs[at]) % k, int(counts[at])) for at in order]

    def most_suspicious(self, given: int, predicted: int, n: int) -> list[int]:
        """The rows of the n most suspicious images of a pair, most suspicious first."""
        at = np.flatnonzero((self.given == given) & (self.predicted == predicted))
        found: list[int] = self.row[at[np.argsort(-self.suspicion[at], kind="stable")][:n]].tolist()
        return found

    def worst_communities(self, n: int) -> list[tuple[int, list[int], int, int]]:
        """(community, those of its classes that have images here, errors, images) of the n communities with most
        errors; the classes by errors, too."""
        k = len(self.community)
        errors, images = np.bincount(self.given[self.wrong], minlength=k), np.bincount(self.given, minlength=k)
        total, size = (np.bincount(self.community, of).astype(int) for of in (errors, images))
        worst = [int(c) for c in np.argsort(-total, kind="stable")[:n] if total[c]]
        by_errors = np.argsort(-errors, kind="stable")
        by_errors = by_errors[images[by_errors] > 0]
        return [(c, by_errors[self.community[by_errors] == c].tolist(), int(total[c]), int(size[c])) for c in worst]


def figures_of(scores: pd.DataFrame, given: NDArray[np.integer], community: Any, *, keep: Any = None) -> Figures:
    """The figures of the images in `keep` (N,) bool, None for all. `scores` has predicted, suspicion and is_suspect of
    every image, `given` (N,), `community` (K,)."""
    row = np.arange(len(given)) if keep is None else np.flatnonzero(keep)
    predicted, suspicion, is_suspect = (scores[c].to_numpy()[row] for c in ("predicted", "suspicion", "is_suspect"))
    of = np.asarray(community, np.int64)
    return Figures(row, np.asarray(given, np.int64)[row], predicted, suspicion, is_suspect, community=of)
