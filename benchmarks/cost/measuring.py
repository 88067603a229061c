"""What a call costs: seconds of processor time and the memory it adds; and cases in processes of their own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
STATUS = Path("/proc/self/status")
EVERY = 0.002  # seconds between two looks at the anonymous memory


def memory(field: str, status: Path = STATUS) -> int:
    """KiB of a process: VmRSS = now, VmHWM = the peak, RssAnon = now without pages of files; 0 once it has ended."""
    lines = status.read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


class Anonymous(threading.Thread):
    """Watches the anonymous memory of this process, which is what a memory-mapped input does not count for."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.spent, self.over = 0, 0.0, threading.Event()

    def run(self) -> None:
        """Look every two milliseconds until `over`."""
        while True:
            self.peak, self.spent = max(self.peak, memory("RssAnon")), time.thread_time()
            if self.over.wait(EVERY):
                return


def processor_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cost(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """The result of a call and `cpu_s`, `extra_mib`, `anonymous_mib`: processor seconds and what its peaks added.

    `extra_mib` is exact and counts pages of mapped files that the call touched; `anonymous_mib` does not count those
    and is sampled, so that a peak of under two milliseconds is missed. Linux only, memory is left out elsewhere.
    """
    if not STATUS.exists():
        start = processor_seconds()
        result = call()
        return result, {"cpu_s": round(processor_seconds() - start, 3)}
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak of making the inputs
    before, anonymous, watch = memory("VmRSS"), memory("RssAnon"), Anonymous()
    start = processor_seconds()
    watch.start()
    result = call()
    watch.over.set()
    watch.join()
    spent = processor_seconds() - start - watch.spent
    return result, {
        "cpu_s": round(spent, 3),
        "extra_mib": round((memory("VmHWM") - before) / 1024),
        "anonymous_mib": round(max(0, watch.peak - anonymous) / 1024),
    }


def device_for(name: str) -> Any:
    """The device of that name for matrices and searches, None for the processor; ends the program if it is not there.

    Torch and CUDA are started here, outside of what is measured.
    """
    from analysis.base.errors import NotAvailable
    from analysis.base.progress import Silent
    from analysis.models.elsewhere import Elsewhere

    if name == "cpu":
        return None
    device = Elsewhere(name, Silent())
    try:
        device.best(np.eye(2, dtype=np.float32), 1)
    except NotAvailable as error:
        sys.exit(str(error))
    return device


def timed(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """`cost` and `wall_s`, seconds by the clock: what counts where a device does the work."""
    start = time.perf_counter()
    result, spent = cost(call)
    return result, {**spent, "wall_s": round(time.perf_counter() - start, 3)}


def in_a_process(script: str, *arguments: object) -> dict[str, Any]:
    """Run a script of this folder with arguments; the JSON row it prints last, an empty one if it prints nothing."""
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    row: dict[str, Any] = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    return row


def say(**row: Any) -> dict[str, Any]:
    """Print one row."""
    print(json.dumps(row), flush=True)
    return row


def least(rows: Sequence[dict[str, Any]], field: str = "cpu_s") -> dict[str, Any]:
    """The run that took the least processor time, or least of another field."""
    return min(rows, key=lambda row: row[field])


def room_for(folder: Path, n_bytes: int) -> bool:
    """Does the disk hold that much and 4 GiB more?"""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize > n_bytes + (4 << 30)


def write_predictions(n: int, k: int, place: Path) -> None:
    """probs.npy (n, k) float32 and labels.npy (n,), block by block; 8 % of the labels are made wrong."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    np.save(place / "labels.npy", np.where(rng.random(n) < 0.08, rng.integers(0, k, n), true))
    probs = np.lib.format.open_memmap(place / "probs.npy", "w+", np.float32, (n, k))
    step = max(1, (16 << 20) // (4 * k))
    for start in range(0, n, step):
        own = true[start : start + step]
        block = rng.standard_exponential((len(own), k), np.float32)
        np.reciprocal(block + np.float32(1e-6), out=block)  # the exponential of Gumbel noise
        block[np.arange(len(own)), own] *= 20 * k
        block /= block.sum(axis=1, keepdims=True)
        probs[start : start + step] = block
    probs.flush()
