"""The looks at every row of a matrix on a device, block by block: only one block and its results are on it at a time.

Comparing and choosing are exact in every type, so the answers are those of the processor, bit by bit; of the sums only
"surely near one" is used. While the device works on a block, the next one is read from the file.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.base.arrays import MAX_THREADS, row_blocks
from analysis.base.checks import FEW_BEST, HIGHEST, LOWEST, PLAINLY
from analysis.base.looks import Array, Best, Ranked
from analysis.models.device import Device

BLOCK_BYTES = 64 << 20  # of the matrix; twice that is page-locked
SHARE = 8  # of the room on the device for a block: a kernel makes copies and numbers of eight bytes

Tensors = tuple[torch.Tensor, ...]
Kernel = Callable[[torch.Tensor], Tensors]


def best(values: Array, k: int, *, device: Device, room: int) -> Best:
    """The k best classes of every row (N, K), see `Looks.best`."""
    classes, top = np.empty((k, len(values)), np.int64), np.empty((k, len(values)), values.dtype)
    good = np.empty(len(values), bool)

    def kernel(rows: torch.Tensor) -> Tensors:
        plain = _plain(rows)  # first, as finding several best ones writes into the block
        chosen, found = _best(rows, k)
        return chosen, found, plain

    Stream(device, room // SHARE).run(kernel, values, None, (classes.T, top.T, good))
    return Best(classes.T, top.T, good)


def reaching(values: Array, rows: NDArray[np.int64], cut: Array, *, device: Device, room: int) -> Ranked:
    """How many classes of `rows` reach their cut, and the best of them, see `Looks.reaching`."""
    count, chosen = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    cuts = torch.from_numpy(np.ascontiguousarray(cut, values.dtype)).to(device.name)

    def kernel(part: torch.Tensor) -> Tensors:
        reach = part >= cuts
        return reach.sum(dim=1), torch.where(reach, part, -1).argmax(dim=1)

    Stream(device, room // SHARE).run(kernel, values, rows, (count, chosen))
    return count, chosen


def _plain(rows: torch.Tensor) -> torch.Tensor:
    """Which rows are surely of probabilities; NaN and infinity fail the first two comparisons."""
    wide = torch.float64 if rows.dtype == torch.float64 else torch.float32
    low, high, total = rows.amin(dim=1).to(wide), rows.amax(dim=1).to(wide), rows.sum(dim=1, dtype=wide)
    return (low >= LOWEST) & (high <= HIGHEST) & ((total - 1).abs() <= PLAINLY)


def _best(rows: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k best columns of each row, the lower one first on a tie (which `topk` leaves open); spoils `rows`."""
    if k > FEW_BEST:
        found, order = rows.sort(dim=1, descending=True, stable=True)
        return order[:, :k], found[:, :k]
    places, values = [], []
    for place in range(k):
        value, at = rows.max(dim=1)  # promises the first of equals
        places.append(at)
        values.append(value)
        if place < k - 1:
            rows.scatter_(1, at[:, None], -torch.inf)
    return torch.stack(places, dim=1), torch.stack(values, dim=1)


@dataclass(frozen=True, eq=False)
class _Waiting:
    """What a device is still working out for some rows; `ready` is None where there is nothing to wait for."""

    rows: slice
    found: Tensors
    ready: torch.cuda.Event | None

    def write(self, out: tuple[Array, ...]) -> None:
        if self.ready is not None:
            self.ready.synchronize()
        for array, tensor in zip(out, self.found, strict=True):
            array[self.rows] = tensor.numpy()


class Stream:
    """Carries blocks of rows to a device and results back: one block is filled while the other is worked on."""

    def __init__(self, device: Device, block: int) -> None:
        self._device, self._block, self._cuda = device, min(block, BLOCK_BYTES), device.kind == "cuda"

    def run(self, kernel: Kernel, values: Array, rows: NDArray[np.int64] | None, out: tuple[Array, ...]) -> None:
        """Apply `kernel` to all rows of `values` (N, K), or to `rows` (M,), and write what it finds into `out`."""
        n = len(values) if rows is None else len(rows)
        parts = list(row_blocks(n, values[:1].nbytes, block_bytes=self._block))
        shape = (parts[0].stop if parts else 0, values.shape[1])
        kind = torch.from_numpy(np.empty(0, values.dtype)).dtype
        places = [torch.empty(shape, dtype=kind, pin_memory=self._cuda) for _ in range(min(2, len(parts)))]
        waiting: list[_Waiting | None] = [None, None]
        with ThreadPoolExecutor(MAX_THREADS if self._cuda else 1) as pool:
            for number, part in enumerate(parts):
                place, before = places[number % 2], waiting[number % 2]
                if before is not None:  # the device is done with this place
                    before.write(out)
                block = place[: part.stop - part.start]
                _fill(block.numpy(), values, part if rows is None else rows[part], pool)
                waiting[number % 2] = self._start(kernel, block, part)
            for last in sorted(filter(None, waiting), key=lambda left: left.rows.start):
                last.write(out)

    def _start(self, kernel: Kernel, block: torch.Tensor, part: slice) -> _Waiting:
        found = kernel(block.to(self._device.name, non_blocking=True))
        if not self._cuda:
            return _Waiting(part, found, None)
        with torch.cuda.device(self._device.name):
            back = tuple(torch.empty_like(one, device="cpu", pin_memory=True) for one in found)
            for here, there in zip(back, found, strict=True):
                here.copy_(there, non_blocking=True)
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record()
        return _Waiting(part, back, ready)


def _fill(block: Array, values: Array, rows: slice | NDArray[np.int64], pool: ThreadPoolExecutor) -> None:
    """Copy some rows of `values` into a block, on threads: one alone reads slower than the way to a device is wide."""

    def copy(part: slice) -> None:
        own = slice(rows.start + part.start, rows.start + part.stop) if isinstance(rows, slice) else rows[part]
        block[part] = values[own]

    pieces = row_blocks(len(block), block[:1].nbytes, block_bytes=max(1 << 20, block.nbytes // MAX_THREADS))
    for done in [pool.submit(copy, piece) for piece in pieces]:
        done.result()
