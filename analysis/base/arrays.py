"""Small array helpers used by several rooms."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BLOCK_BYTES = 4 << 20  # about one L2 cache: larger blocks measured slower, smaller ones pay Python's overhead
CACHE_BYTES = 1 << 20  # for blocks that several quick operations read one after the other
THREADED_BYTES = 64 << 20  # below this a thread costs more than it saves
MAX_THREADS = 8  # memory is the limit long before
SCRATCH_BYTES = 256 << 20  # larger arrays that are as large as an input go to the disk
# Sums must not depend on the order of the images, or equal data would give other results: values in 0..1 are split into
# whole steps of a coarse and a fine grid, whose sums are exact in float64 for up to 2^27 values.
COARSE, FINE = 2.0**24, 2.0**50


def row_blocks(n_rows: int, row_bytes: int, *, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Slices that cover `n_rows` rows in pieces of about `block_bytes`."""
    step = max(1, block_bytes // max(1, row_bytes))
    for start in range(0, n_rows, step):
        yield slice(start, min(n_rows, start + step))


def over_blocks(work: Callable[[slice], None], n_rows: int, row_bytes: int) -> None:
    """Call `work` with slices that cover `n_rows` rows, cache-sized, on threads where there is much to do.

    The order is not defined and calls overlap: `work` writes to its own rows only. The first exception is raised.
    """
    blocks = row_blocks(n_rows, row_bytes, block_bytes=CACHE_BYTES)
    n_threads = min(MAX_THREADS, _processors()) if n_rows * row_bytes >= THREADED_BYTES else 1
    lock = Lock()

    def take_turns() -> None:
        while True:
            with lock:
                rows = next(blocks, None)
            if rows is None:
                return
            work(rows)

    if n_threads == 1:
        take_turns()
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for done in [pool.submit(take_turns) for _ in range(n_threads)]:
            done.result()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scratch(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An empty array for something as large as an input: if large, in a temporary file that disappears with it."""
    if int(np.prod(shape)) * np.dtype(dtype).itemsize <= SCRATCH_BYTES:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="lookalike-") as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def take_rows(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Some rows of an array, copied block by block into `scratch`; the array itself where all are asked for."""
    if len(rows) == len(array):
        return array
    out = scratch((len(rows), *array.shape[1:]), array.dtype)
    for part in row_blocks(len(rows), array[:1].nbytes):
        out[part] = array[rows[part]]
    return out


def on_grids(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`values` in 0..1 as whole numbers of 1 / COARSE and of 1 / FINE: sums of each are exact in any order."""
    whole = np.floor(values * COARSE)
    return whole, np.rint(values * FINE - whole * (FINE / COARSE))


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
            total.update(str(part).encode("utf-8", "surrogatepass"))  # names of files need not be text
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
