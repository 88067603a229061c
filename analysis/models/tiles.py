"""Exact nearest images on a device: tiles of similarities in full float32, and of each row the best columns so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.base.vectors import GRID
from analysis.models.device import Device
from analysis.models.rowwise import Stream, Tensors

COLUMNS = 16_384  # of one tile
ENTRY_BYTES = 64  # of one entry of a tile: similarity, key, and what the choice of the best needs
PLACE = 1 << 32  # similarities on the grid are multiplied by this, so that the column below it decides a tie
NOTHING = -(1 << 62)  # below every key


def best_columns(unit: NDArray[np.float32], rows: slice, k: int, *, device: Device, room: int) -> NDArray[np.int64]:
    """The k most similar columns (n, k) of some rows of `unit` (N, D) without themselves, the lower column on a tie.

    The columns pass by block after block, as wide as `room` bytes of the device allow; wants 0 < k < N.
    """
    n = rows.stop - rows.start
    width = max(1, min(COLUMNS, room // (n * ENTRY_BYTES)))
    here = torch.from_numpy(np.ascontiguousarray(unit[rows])).to(device.name)
    found = torch.full((n, k), NOTHING, dtype=torch.int64, device=device.name)
    start = 0

    def kernel(there: torch.Tensor) -> Tensors:
        nonlocal found, start
        keys = _keys(here @ there.T, start)
        first, end = max(rows.start, start), min(rows.stop, start + len(there))
        own = torch.arange(first, max(first, end), device=device.name)
        keys[own - rows.start, own - start] = NOTHING
        best = keys.topk(min(k, len(there)), dim=1).values
        found = torch.cat([found, best], dim=1).topk(k, dim=1).values
        start += len(there)
        return ()

    with full_precision():
        Stream(device, width * unit[:1].nbytes).run(kernel, unit, None, ())
        return ((-found) & (PLACE - 1)).cpu().numpy()


def _keys(similarity: torch.Tensor, start: int) -> torch.Tensor:
    """One whole number per entry: the similarity on the grid, then the column. None occurs twice in a row."""
    columns = torch.arange(start, start + similarity.shape[1], device=similarity.device)
    return similarity.mul_(GRID).round_().to(torch.int64).mul_(PLACE).sub_(columns)


@contextmanager
def full_precision() -> Iterator[None]:
    """No TF32: its 10 bits would move similarities by hundreds of steps of the grid."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
