"""Which device looks at large matrices: a GPU where there is one and the way to it pays. Loads torch only then."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import NotAvailable
from analysis.base.looks import Array, Best, Ranked
from analysis.base.progress import Progress

if TYPE_CHECKING:
    from analysis.models.device import Device

Result = TypeVar("Result")

# from here on `auto` uses a GPU. Both follow from what the processor takes, not from timings on a GPU
PAYS_BYTES = 1 << 30  # of a matrix: a processor looks at less in about the time in which torch and CUDA start
PAYS_WORK = 1e12  # N * N * D of a search for nearest images: half a minute of two processors
EXACT_WORK = 1e14  # up to here a search is exact: 450,000 images of 500 features, 25 s at 4e12 products a second
TYPES = (np.float16, np.float32, np.float64)
ROWS = 4_096  # of nearest images at once
FEWEST_BYTES = 1 << 20  # with less room than this a device is no help


class Elsewhere:
    """A GPU as `Looks` for matrices and as `Tiles` for nearest images; says None where the processor is to do it.

    `asked` is the setting `device`: auto takes a GPU for what is large enough, cuda and cuda:N always, all else never.
    """

    rows_at_once = ROWS

    def __init__(self, asked: str, progress: Progress) -> None:
        self._asked, self._progress = asked, progress
        self._device: Device | None = None
        if asked.partition(":")[0] not in ("auto", "cpu", "cuda", "mps"):
            raise NotAvailable(f"There is no device {asked!r}", wanted="auto, cpu, cuda, cuda:N or mps")
        self._off = asked != "auto" and not asked.startswith("cuda")

    def best(self, values: Array, k: int) -> Best | None:
        """See `Looks.best`."""

        def work(device: Device, room: int) -> Best:
            from analysis.models import rowwise

            return rowwise.best(values, k, device=device, room=room)

        return self._attempt(work) if self._takes(values, len(values)) else None

    def reaching(self, values: Array, rows: NDArray[np.int64], cut: Array) -> Ranked | None:
        """See `Looks.reaching`."""

        def work(device: Device, room: int) -> Ranked:
            from analysis.models import rowwise

            return rowwise.reaching(values, rows, cut, device=device, room=room)

        return self._attempt(work) if self._takes(values, len(rows)) else None

    def takes(self, n: int, dimensions: int) -> bool:
        """See `Tiles.takes`."""
        work = float(n) * n * dimensions
        return work <= EXACT_WORK and self._pays(work >= PAYS_WORK)

    def best_columns(self, unit: NDArray[np.float32], rows: slice, k: int) -> NDArray[np.int64] | None:
        """See `Tiles.best_columns`."""

        def work(device: Device, room: int) -> NDArray[np.int64]:
            from analysis.models import tiles

            return tiles.best_columns(unit, rows, k, device=device, room=room)

        return self._attempt(work)

    def _takes(self, values: Array, n_rows: int) -> bool:
        known = values.dtype.type in TYPES and values.dtype.isnative
        return known and n_rows > 0 and self._pays(n_rows * values[:1].nbytes >= PAYS_BYTES)

    def _pays(self, large: bool) -> bool:
        """Is there a GPU for it? Only for large work, or where one was asked for, is torch loaded to look."""
        if self._off or (self._asked == "auto" and not large):
            return False
        if self._device is None:
            self._device = self._picked()
            self._off = self._device is None
        return not self._off

    def _picked(self) -> Device | None:
        if self._asked == "auto" and not has_driver():
            return None
        from analysis.models.device import pick

        found = pick(self._asked)
        if found.kind != "cuda":
            return None
        self._progress.note(f"Large matrices are looked at on {found.describe()}.")
        return found

    def _attempt(self, work: Callable[[Device, int], Result]) -> Result | None:
        """`work(device, room)`, with less room each time memory runs out; None once the device is of no more use."""
        from analysis.models import memory

        if self._off or self._device is None:
            return None
        room = memory.room(self._device)
        while room >= FEWEST_BYTES:
            try:
                return work(self._device, room)
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    if not memory.is_broken(error):
                        raise
                    break
            # outside of `except`, so that the traceback no longer holds the tensors of the failed try
            memory.clear()
            room //= 2
        self._off = True
        self._progress.note(f"{self._device.name} has no room for large matrices or has failed: the processor goes on.")
        return None


def has_driver() -> bool:
    """Is a driver of CUDA installed? Tells without torch, which takes seconds to load."""
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True
