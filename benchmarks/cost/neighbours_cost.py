"""What the nearest images cost: one JSON row per case.

    python benchmarks/cost/neighbours_cost.py            10,000 x 512, exact
    python benchmarks/cost/neighbours_cost.py --full     50,000 x 512 exact, 500,000 x 512 approximate (minutes, 3 GiB)
    python benchmarks/cost/neighbours_cost.py --device cuda    on a GPU, exact up to about 450,000 images

Every case runs in a process of its own. Features are 1,000 clusters in 512 dimensions. `cpu_s`: processor seconds, of
which the approximate search spends some on compiling itself. `recall`: share of the true 15 nearest that are found,
on 200 images.
"""

from __future__ import annotations

import argparse

import numpy as np
from measuring import device_for, in_a_process, say, timed

K = 15
DIMENSIONS = 512
QUICK = [10_000]
FULL = [50_000, 500_000]


def features(n: int) -> np.ndarray:
    """Clusters of different width in a few dozen of the dimensions, as networks give them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1_000, 48)).astype(np.float32)
    spread = rng.normal(size=(48, DIMENSIONS)).astype(np.float32)
    out = np.empty((n, DIMENSIONS), np.float32)
    for start in range(0, n, 20_000):
        own = out[start : start + 20_000]
        points = centres[rng.integers(0, 1_000, len(own))] + 0.5 * rng.normal(size=(len(own), 48)).astype(np.float32)
        own[:] = points @ spread + rng.normal(size=own.shape).astype(np.float32)
    return out


def recall(values: np.ndarray, index: np.ndarray) -> float:
    """Share of the true nearest that are among the found ones, ties aside."""
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    rows = np.random.default_rng(1).permutation(len(values))[:200]
    near = unit[rows] @ unit.T
    near[np.arange(len(rows)), rows] = -np.inf
    true = np.argpartition(-near, K, axis=1)[:, :K]
    return float(np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(true, index[rows], strict=True)]))


def one(n: int, device: str) -> None:
    """Measure one size in this process."""
    from analysis.embed.neighbours import nearest

    values, tiles = features(n), device_for(device)
    found, spent = timed(lambda: nearest(values, K, tiles=tiles))
    row = {"benchmark": "neighbours_cost", "images": n, "dimensions": DIMENSIONS, "device": device}
    say(**row, **spent, recall=recall(values, found.index))


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one, args.device)
        return
    device_for(args.device)  # is it there?
    for n in QUICK + (FULL if args.full else []):
        say(**in_a_process(__file__, "--one", n, "--device", args.device))


if __name__ == "__main__":
    main()
