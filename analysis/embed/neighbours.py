"""The nearest images of every image by cosine similarity: exact in blocks, approximate for very large sets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks, scratch
from analysis.base.checks import check_finite
from analysis.base.progress import Progress, Silent
from analysis.base.types import Neighbours
from analysis.base.vectors import GRID, unit_rows

Floats = NDArray[np.float32]
Found = tuple[NDArray[np.int64], Floats]
Columns = Callable[[slice, int], NDArray[np.int64] | None]

EXACT_WORK = 5e12  # N * N * D: about 100,000 images of 500 features, two minutes on two cores
ROWS, COLUMNS = 1_024, 8_192  # of one tile of similarities: 32 MiB
FINE = 2.0**30  # of float64 similarities, by which the found ones are put in order
SPARE = 8  # more than k are found in float32, so that a rounding at the cut does not decide


class Tiles(Protocol):
    """A device that multiplies tiles of similarities by the rules of `exact`."""

    rows_at_once: int

    def takes(self, n: int, dimensions: int) -> bool:
        """Is an exact search among `n` images quicker there, and not too long?"""

    def best_columns(self, unit: Floats, rows: slice, k: int) -> NDArray[np.int64] | None:
        """The k best columns (n, k) of some rows of `unit` (N, D), 0 < k < N; None once the device cannot go on."""


def nearest(
    features: NDArray[Any],
    k: int,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    tiles: Tiles | None = None,
) -> Neighbours:
    """The k nearest images of every row of `features` (N, D), best first, lower row first on ties, without itself.

    Another image with the same features is a neighbour like any other. With fewer than k + 1 images all others are
    given, so one image has (1, 0). Rows of zeros are similar (0) to nothing. Exact up to about 100,000 images, or as
    many as `tiles` takes, found by pynndescent (seeded) beyond. Raises BadInput for NaN or infinity, naming the row.
    """
    check_finite(features, "The features")
    progress = progress or Silent()
    n = len(features)
    k = min(k, n - 1)
    if k <= 0:
        return Neighbours(np.zeros((n, 0), np.int32), np.zeros((n, 0), np.float32))
    if tiles is not None and tiles.takes(n, features.shape[1]):
        found = _exact_elsewhere(features, k, tiles, progress=progress)
        if found is not None:
            return found
    if float(n) * n * features.shape[1] <= EXACT_WORK:
        return exact(features, k, progress=progress)
    return approximate(features, k, seed=seed, progress=progress)


def exact(features: NDArray[Any], k: int, *, progress: Progress) -> Neighbours:
    """All similarities tile by tile, the k best kept: memory is one tile and the result. Wants 0 < k < N."""
    found = _searched(features, k, ROWS, partial(_best_of_rows, features), progress=progress)
    assert found is not None
    return found


def _exact_elsewhere(features: NDArray[Any], k: int, tiles: Tiles, *, progress: Progress) -> Neighbours | None:
    """The same on a device; None if it gives up. Another answer only among more than SPARE near equals at the cut."""
    unit = scratch(features.shape, np.float32)
    for rows in row_blocks(len(features), features.shape[1] * 4):
        unit[rows] = unit_rows(features[rows])
    return _searched(features, k, tiles.rows_at_once, partial(tiles.best_columns, unit), progress=progress)


def _searched(
    features: NDArray[Any], k: int, at_once: int, columns: Columns, *, progress: Progress
) -> Neighbours | None:
    """The neighbours of all rows, `columns` telling a few more than k of each; None if it gives up."""
    n = len(features)
    index, similarity = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    progress.start("nearest images", n)
    for start in range(0, n, at_once):
        rows = slice(start, min(n, start + at_once))
        found = columns(rows, min(k + SPARE, n - 1))
        if found is None:
            return None
        index[rows], similarity[rows] = _in_order(features, rows, found, k)
        progress.advance(rows.stop - rows.start)
    return Neighbours(index, similarity)


def approximate(features: NDArray[Any], k: int, *, seed: int, progress: Progress) -> Neighbours:
    """The k best by nearest-neighbour descent on the unit sphere, their similarities computed anew."""
    from pynndescent import NNDescent

    progress.start("nearest images", 2)
    index = NNDescent(unit_rows(features), metric="dot", n_neighbors=k + 1, random_state=seed, verbose=False)
    progress.advance()
    others = _without_self(index.neighbor_graph[0].astype(np.int64))
    similarity = np.empty(others.shape, np.float32)
    for rows in row_blocks(len(features), features.shape[1] * 8 * (k + 1), block_bytes=64 << 20):
        others[rows], similarity[rows] = _in_order(features, rows, others[rows], k)
    progress.advance()
    return Neighbours(others.astype(np.int32), similarity)


def _in_order(features: NDArray[Any], rows: slice, found: NDArray[np.int64], k: int) -> Found:
    """The k best of the columns `found` (n, m) of some rows, their similarities computed pair by pair in float64."""
    here = unit_rows(features[rows], np.float64)
    value = np.empty(found.shape)
    for part in row_blocks(len(found), here.shape[1] * 8 * found.shape[1], block_bytes=64 << 20):
        near = unit_rows(features[found[part].ravel()], np.float64).reshape(*found[part].shape, -1)
        value[part] = np.rint(np.einsum("nd,nkd->nk", here[part], near) * FINE) / FINE
    order = np.lexsort((found, -value), axis=1)[:, :k]
    best = np.take_along_axis(value, order, axis=1)
    return np.take_along_axis(found, order, axis=1), np.clip(best, -1, 1).astype(np.float32)


def _on_grid(similarity: Floats) -> Floats:
    """Similarities in whole steps of the grid, in place."""
    similarity *= np.float32(GRID)
    np.rint(similarity, out=similarity)
    return similarity


def _best_of_rows(features: NDArray[Any], rows: slice, k: int) -> NDArray[np.int64]:
    """The k best columns (n, k) of some rows; earlier columns win ties because columns come in order."""
    here = unit_rows(features[rows])
    n = rows.stop - rows.start
    index, similarity = np.full((n, k), -1), np.full((n, k), -np.inf, np.float32)  # nothing found yet
    for start in range(0, len(features), COLUMNS):
        stop = min(len(features), start + COLUMNS)
        tile = _on_grid(here @ unit_rows(features[start:stop]).T)
        own = np.arange(max(rows.start, start), min(rows.stop, stop))
        tile[own - rows.start, own - start] = -np.inf
        row, column = np.nonzero(_worth_keeping(tile, similarity, k))
        index, similarity = _merged((index, similarity), (row, column + start, tile[row, column]), k)
    return index


def _worth_keeping(tile: Floats, so_far: Floats, k: int) -> NDArray[np.bool_]:
    """Which entries may be among the k best: better than the k-th so far, and among the k best of their own tile."""
    able = tile > so_far[:, -1:]
    if np.count_nonzero(able) <= 4 * k * len(tile):
        return able
    width = tile.shape[1]
    cut = np.partition(tile, width - k, axis=1)[:, width - k, None] if width > k else np.float32(-np.inf)
    level = able & (tile == cut)
    return able & ((tile > cut) | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= k)))


def _merged(old: Found, new: tuple[NDArray[np.int64], NDArray[np.int64], Floats], k: int) -> Found:
    """The k best (n, k) of what was found before and of new (row, column, similarity)."""
    n, width = old[0].shape
    row = np.concatenate([np.repeat(np.arange(n), width), new[0]])
    column = np.concatenate([old[0].ravel(), new[1]])
    value = np.concatenate([old[1].ravel(), new[2]])
    order = np.lexsort((column, -value, row))
    counts = np.bincount(row, minlength=n)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    keep = order[np.arange(len(order)) - first < k]
    return column[keep].reshape(n, -1), value[keep].reshape(n, -1)


def _without_self(found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop each row's own number from (N, k + 1) lists, or the last entry where it is not listed."""
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)
