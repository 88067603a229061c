"""Confident learning here and in cleanlab 2.9 on the same synthetic matrix: CPU seconds and extra memory, a row a case.

    python benchmarks/cleanlab_cost.py [--full]

Each side runs in a process of its own, interleaved, and loads the same .npy file (float32, 8 % of the labels wrong).
`extra_mib` is what the peak of memory rose above what was there once the matrix was loaded; `same` says whether both
flag the same images. The quick form is 50,000 x 200; `--full` adds 50,000 x 1,000 and 1,000,000 x 100.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
QUICK = [(50_000, 200)]
FULL = [(50_000, 1_000), (1_000_000, 100)]


def make(n: int, k: int, place: Path) -> None:
    """Write probs.npy (n, k) and labels.npy (n,), block by block."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    given = np.where(rng.random(n) < 0.08, rng.integers(0, k, n), true)
    probs = np.lib.format.open_memmap(place / "probs.npy", "w+", np.float32, (n, k))
    for start in range(0, n, 20_000):
        rows = slice(start, min(n, start + 20_000))
        block = rng.gumbel(0, 1, (rows.stop - rows.start, k)).astype(np.float32)
        block[np.arange(len(block)), true[rows]] += 3 + np.log(k)
        block = np.exp(block - block.max(axis=1, keepdims=True))
        probs[rows] = block / block.sum(axis=1, keepdims=True)
    probs.flush()
    np.save(place / "labels.npy", given)


def one(side: str, place: Path) -> None:
    """Time one side in this process; print its row and keep its mask."""
    labels, probs = np.load(place / "labels.npy"), np.load(place / "probs.npy")
    if side == "ours":
        from analysis.base.types import Predictions
        from analysis.noise.filters import prune_by_noise_rate

        held_out = np.ones(len(labels), bool)

        def find() -> np.ndarray:
            return prune_by_noise_rate(labels, Predictions("m", probs.shape[1], held_out, probs=probs))
    else:
        from cleanlab.filter import find_label_issues

        def find() -> np.ndarray:
            return find_label_issues(labels, probs, n_jobs=1)

    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    mask = find()
    spent = time.process_time() - began
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    np.save(place / f"{side}.npy", mask)
    print(json.dumps({"cpu_s": round(spent, 2), "extra_mib": round(extra)}))


def compare(n: int, k: int) -> dict[str, object]:
    """One case, both sides twice, interleaved; the better run of each counts."""
    with tempfile.TemporaryDirectory(prefix="lookalike-cost-") as folder:
        make(n, k, Path(folder))
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "cleanlab": []}
        for side in ("ours", "cleanlab") * 2:
            command = [sys.executable, __file__, "--one", side, "--place", folder]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            runs[side].append(json.loads(done.stdout.splitlines()[-1]))
        masks = [np.load(Path(folder) / f"{side}.npy") for side in runs]
    best = {side: min(found, key=lambda row: row["cpu_s"]) for side, found in runs.items()}
    return {
        "benchmark": "cleanlab_cost",
        "images": n,
        "classes": k,
        "matrix_mib": round(n * k * 4 / 2**20),
        **{f"{side}_{name}": value for side, row in best.items() for name, value in row.items()},
        "cpu_ratio": round(best["cleanlab"]["cpu_s"] / max(0.01, best["ours"]["cpu_s"]), 1),
        "flagged": int(masks[0].sum()),
        "same": bool((masks[0] == masks[1]).all()),
    }


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--one", choices=["ours", "cleanlab"], help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one, args.place)
        return
    for n, k in QUICK + (FULL if args.full else []):
        print(json.dumps(compare(n, k)), flush=True)


if __name__ == "__main__":
    main()
