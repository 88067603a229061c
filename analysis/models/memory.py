"""Running out of memory halves the batch, and the work goes on."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from analysis.base.errors import NotAvailable
from analysis.base.progress import Progress
from analysis.models.device import Device

Result = TypeVar("Result")

CPU_ROOM = 512 << 20
# how torch words it on the CPU, on CUDA's side libraries and on MPS, where it is a plain RuntimeError
SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "cudnn_status_alloc_failed", "alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Does this error say that memory ran out?"""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def is_broken(error: BaseException) -> bool:
    """Does this error say that the device itself has failed, so that nothing more can be done on it?"""
    return isinstance(error, torch.AcceleratorError)


def clear() -> None:
    """Give back what is no longer used."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def room(device: Device) -> int:
    """Bytes that may be used at once on a device for looking at a matrix: half of what is free on a GPU."""
    if device.kind != "cuda":
        return CPU_ROOM
    free, _ = torch.cuda.mem_get_info(device.name)
    return int(free // 2)


class Batch:
    """How many images go through the network at once; shrinks when memory runs out."""

    def __init__(self, size: int, progress: Progress) -> None:
        self.size = max(1, size)
        self._progress = progress

    def attempt(self, work: Callable[[int], Result]) -> Result:
        """`work(size)`, again with half the size each time memory runs out.

        Raises NotAvailable when even one image does not fit.
        """
        while True:
            try:
                return work(self.size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.size == 1:
                    raise NotAvailable(
                        "Out of memory with a single image",
                        wanted="a smaller network, or a device with more memory",
                        hint="try --device cpu or --model patches",
                    ) from error
            # outside of `except`, so that the traceback no longer holds the tensors of the failed try
            self.halve()

    def halve(self) -> None:
        """Go on with half the batch, and say so."""
        self.size = max(1, self.size // 2)
        clear()
        self._progress.note(f"Out of memory: going on with {self.size} images at a time")
