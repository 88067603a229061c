"""Feature vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 2.0**18  # of float32 similarities: products of equal rows differ by a rounding, and should tie


def unit_rows(block: NDArray[Any], kind: type[np.floating] = np.float32) -> NDArray[Any]:
    """Rows (n, D) scaled to length one; rows of zeros stay zero, huge values do not overflow."""
    block = np.asarray(block, kind)
    largest = np.abs(block).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(block, largest, out=np.zeros_like(block), where=largest > 0)
    length = np.sqrt(np.einsum("nd,nd->n", scaled, scaled))[:, None]
    return np.divide(scaled, length, out=scaled, where=length > 0)
