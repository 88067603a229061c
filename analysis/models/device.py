"""Where the networks run: CUDA, Apple MPS or the CPU, and in which precision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from analysis.base.errors import NotAvailable


@dataclass(frozen=True)
class Device:
    """A device that is there. `bf16`: networks with given weights run under bf16 autocast on it."""

    name: str
    bf16: bool

    @property
    def kind(self) -> str:
        """`cuda`, `mps` or `cpu`."""
        return self.name.partition(":")[0]

    @property
    def is_accelerator(self) -> bool:
        """Is it something faster than the CPU?"""
        return self.kind != "cpu"

    def describe(self) -> str:
        """The device and its precision, for people."""
        precision = "bf16 where it helps" if self.bf16 else "fp32"
        if self.kind == "cuda":
            return f"{torch.cuda.get_device_name(self.name)} ({self.name}, {precision})"
        return (
            f"{self.name} ({precision})"
            if self.kind == "mps"
            else f"CPU, {torch.get_num_threads()} threads, {precision}"
        )

    def autocast(self) -> AbstractContextManager[object]:
        """bf16 autocast where the device has it, else nothing."""
        if self.bf16:
            return torch.autocast(self.kind, dtype=torch.bfloat16)
        return nullcontext()

    def send(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor on this device; copied from pinned memory without waiting where that exists."""
        if self.kind == "cuda":
            return tensor.pin_memory().to(self.name, non_blocking=True)
        return tensor.to(self.name)

    def place(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network on this device; convolutions channels-last."""
        network = network.to(self.name)
        return network if self.kind == "mps" else network.to(memory_format=torch.channels_last)


def available() -> list[str]:
    """Names of all devices of this machine, the fastest first."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def pick(asked: str = "auto") -> Device:
    """The device asked for; `auto` takes the fastest. Raises NotAvailable, listing what there is."""
    there = available()
    name = there[0] if asked == "auto" else asked
    if name == "cuda" and "cuda:0" in there:
        name = "cuda:0"
    if name not in there:
        raise NotAvailable(f"There is no device {asked!r} here", wanted="one of auto, " + ", ".join(there))
    if name == "cpu":
        return Device(name, bf16=cpu_has_bf16())
    if name == "mps":
        return Device(name, bf16=False)
    torch.set_float32_matmul_precision("high")  # TF32: bf16 covers the networks, this the rest
    torch.backends.cudnn.allow_tf32 = True
    return Device(name, bf16=torch.cuda.is_bf16_supported())


def cpu_has_bf16() -> bool:
    """Does the processor multiply bf16 natively? Elsewhere autocast is emulated and slower than fp32."""
    if torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # no public question exists for it
        return bool(supported is not None and supported())
    return False


def decode_threads() -> int:
    """How many threads decode images: more than this only wait for each other."""
    return min(8, max(2, os.cpu_count() or 2))


@contextmanager
def cpu_threads(n: int | None) -> Iterator[None]:
    """Let torch use `n` threads on the CPU for a while; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
