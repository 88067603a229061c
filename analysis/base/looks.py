"""Looking at every row of a matrix of probabilities: on the processor, or on a device that is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import over_blocks, row_blocks
from analysis.base.checks import check_block, check_probabilities, check_width, quick_floats, top_of_block

Array = NDArray[Any]
Ranked = tuple[NDArray[np.int64], Array]  # the best classes (N, k) of each row, best first, and their values (N, k)


@dataclass(frozen=True, eq=False)
class Best:
    """The best classes of every row: (N, k), the lower class first on a tie, and their values as stored.

    `good` (N,): the row is plainly one of probabilities. The others may be, and want a look with more care.
    """

    classes: NDArray[np.int64]
    values: Array
    good: NDArray[np.bool_]


class Looks(Protocol):
    """A device that looks at all rows of a matrix (N, K) in memory or in a mapped file, block by block.

    Its answers are those of the processor, bit by bit. None says: look there, because this matrix is too small for the
    way to the device to pay, because the device does not know its type, or because the device has no room left.
    """

    def best(self, values: Array, k: int) -> Best | None:
        """The k best classes of every row, k in 1..K."""

    def reaching(self, values: Array, rows: NDArray[np.int64], cut: Array) -> Ranked | None:
        """Of `rows` (M,): how many classes reach their own `cut` (K,), and the best one that does (0 where none)."""


def checked(probs: Array, n_classes: int, looks: Looks | None) -> Ranked:
    """Refuse what are no probabilities (N, K), see `check_probabilities`; the best class of each row and its value.

    The device gives the two best, which cost it nothing more: shapes (N, 1), or (N, 2) if K > 1.
    """
    check_width(probs, n_classes)
    found = None if looks is None else looks.best(probs, min(2, n_classes))
    if found is None:
        best, value = check_probabilities(probs, n_classes=n_classes)
        return best[:, None], value[:, None]
    for rows in row_blocks(len(probs), n_classes * probs.itemsize):
        if not found.good[rows].all():
            check_block(quick_floats(np.asarray(probs[rows])), rows.start)
    return found.classes, found.values


def ranked(probs: Array, k: int, looks: Looks | None) -> Ranked:
    """The k best classes of every row and their values, the lower class first on a tie."""
    found = None if looks is None else looks.best(probs, k)
    if found is not None:
        return found.classes, found.values
    ids, values = np.empty((len(probs), k), np.int64), np.empty((len(probs), k), probs.dtype)

    def look(part: slice) -> None:
        block = quick_floats(probs[part])
        ids[part] = top_of_block(block, k)
        values[part] = np.take_along_axis(block, ids[part], axis=1)

    over_blocks(look, len(probs), probs.shape[1] * probs.itemsize)
    return ids, values
