"""`python -m analysis score` on a matrix that lies in a file: a JSON row a case.

    python benchmarks/cost/score_cost.py            50,000 x 200 (40 MB)
    python benchmarks/cost/score_cost.py --full     4 GiB each as 1,000, 400 and 100 classes (minutes)
    python benchmarks/cost/score_cost.py --full --device cuda    on a GPU; "auto" is what a user gets

The command as a user gives it, from the start of Python to the written table. `cpu_s`: user and system time.
`own_mib`: the peak of its anonymous memory, Python and libraries included, looked at every five milliseconds; pages of
the mapped file are not its own, the system takes them back when somebody needs them. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, memory, room_for, say, write_predictions

QUICK = [(50_000, 200)]
FULL = [(1_073_742, 1_000), (2_684_355, 400), (10_737_418, 100)]
EVERY = 0.005


def watched(command: list[str]) -> tuple[float, int]:
    """Run a command; its processor seconds and the KiB of its largest anonymous memory."""
    child = subprocess.Popen(command, cwd=ROOT)
    status, peak = Path(f"/proc/{child.pid}/status"), 0
    while True:
        done, code, used = os.wait4(child.pid, os.WNOHANG)
        if done:
            break
        peak = max(peak, memory("RssAnon", status))
        time.sleep(EVERY)
    if code:
        sys.exit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, peak


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda or cuda:N")
    args = parser.parse_args()
    for n, k in QUICK + (FULL if args.full else []):
        with tempfile.TemporaryDirectory(prefix="lookalike-cost-") as folder:
            place = Path(folder)
            if not room_for(place, n * k * 4):
                sys.exit(f"{folder} has no room for {n * k * 4 / 1e9:.1f} GB: set TMPDIR")
            write_predictions(n, k, place)
            files = [f"--{name}={place / file}" for name, file in FILES.items()]
            start = time.perf_counter()
            spent, peak = watched([sys.executable, "-m", "analysis", "score", "--device", args.device, *files])
            say(
                benchmark="score_cost",
                images=n,
                classes=k,
                device=args.device,
                matrix_mib=round(n * k * 4 / 2**20),
                cpu_s=round(spent, 1),
                wall_s=round(time.perf_counter() - start, 1),
                own_mib=round(peak / 1024),
                table_mib=round((place / FILES["out"]).stat().st_size / 2**20),
            )


FILES = {"labels": "labels.npy", "probs": "probs.npy", "out": "scores.parquet"}

if __name__ == "__main__":
    main()
