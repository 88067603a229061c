"""Which images come first in a list. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def most_suspicious(
    rows: NDArray[np.integer], suspicion: NDArray[np.floating], n: int | None = None
) -> NDArray[np.integer]:
    """The n rows of (M,) that are most suspicious, all without `n`; equal ones keep data set order.

    `suspicion` is (N,). A few of a million take milliseconds: those that cannot be among them are not sorted.
    """
    of = np.asarray(suspicion)[rows]
    if n is not None and 0 < n < len(rows):
        likely = of >= np.partition(of, len(of) - n)[len(of) - n]
        rows, of = rows[likely], of[likely]
    return rows[np.argsort(-of, kind="stable")[:n]]
