"""Small array helpers used by several rooms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BLOCK_BYTES = 4 << 20  # about one L2 cache: larger blocks measured slower, smaller ones pay Python's overhead


def row_blocks(n_rows: int, row_bytes: int, *, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Slices that cover `n_rows` rows in pieces of about `block_bytes`."""
    step = max(1, block_bytes // max(1, row_bytes))
    for start in range(0, n_rows, step):
        yield slice(start, min(n_rows, start + step))


def mean_ranks(values: Floats) -> NDArray[np.float64]:
    """Rank-normalise (N,) to (0, 1]: mean rank (ties averaged) over N, so row order does not matter."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.array([], int)
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + 1 + ends) / 2, ends - starts)
    return ranks / max(1, len(values))


def digest_of(*parts: object) -> str:
    """A short stable hex digest of texts, bytes and arrays (dtype and shape included)."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(f"{part.dtype}{part.shape}".encode())
            total.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, bytes):
            total.update(part)
        else:
            total.update(str(part).encode())
        total.update(b"\0")
    return total.hexdigest()


def fingerprint_of(
    ids: Sequence[str], content: Sequence[str], given: NDArray[np.integer], classes: tuple[str, ...]
) -> str:
    """The fingerprint of a data set: ids, content hashes (N,), given labels (N,) and class names."""
    return digest_of("\0".join(ids), "\0".join(content), np.asarray(given, np.int64), "\0".join(classes))


def wilson(successes: float, n: float, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson interval of a share, (low, high) in 0..1; (0, 1) when nothing was counted. [Wilson27]"""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    centre = p + z * z / (2 * n)
    spread = z * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
