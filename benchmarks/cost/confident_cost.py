"""Confident learning here and in cleanlab 2.9 on the same synthetic matrix: a JSON row a case.

    python benchmarks/cost/confident_cost.py            50,000 x 200, default filter and all six, in memory and mapped
    python benchmarks/cost/confident_cost.py --full     and 50,000 x 1,000 and 1,000,000 x 100 (minutes, 400 MB of disk)
    python benchmarks/cost/confident_cost.py --device cuda    our side on a GPU (add --full for the large shapes)

Each side runs twice in processes of its own, interleaved, and loads the same .npy file (float32, 8 % of the labels
wrong); the run of less processor time counts. `cpu_s`: user and system time, the check of every row included (which
cleanlab does not make). `extra_mib`: what the peak of memory rose above what was there once the matrix was loaded; of
mapped matrices, anonymous memory only (pages of the file can be taken back at any time). `wall_s`: by the clock, which
counts where a GPU works. `same`: both flag the same images. cleanlab runs with one job: more have cost more here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measuring import device_for, in_a_process, least, say, timed, write_predictions

QUICK = [(50_000, 200)]
FULL = [(50_000, 1_000), (1_000_000, 100)]
FAMILY = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning")
FAMILY += ("low_self_confidence", "low_normalized_margin")
SIDES = ("ours", "cleanlab")


def ours(labels: np.ndarray, probs: np.ndarray, filters: tuple[str, ...], device: Any = None) -> list[np.ndarray]:
    from analysis.base.types import Predictions
    from analysis.noise.filters import confident_learning

    held_out = np.ones(len(labels), bool)
    found = confident_learning(labels, Predictions("m", probs.shape[1], held_out, probs=probs, looks=device))
    return [found.mask(name) for name in filters]


def cleanlab(labels: np.ndarray, probs: np.ndarray, filters: tuple[str, ...]) -> list[np.ndarray]:
    from cleanlab.filter import find_label_issues

    return [find_label_issues(labels, probs, filter_by=name, n_jobs=1) for name in filters]


def one(side: str, place: Path, *, mapped: bool, filters: tuple[str, ...], device: str) -> None:
    """Measure one side in this process and keep its masks."""
    warnings.simplefilter("ignore")
    labels, probs = np.load(place / "labels.npy"), np.load(place / "probs.npy", mmap_mode="r" if mapped else None)
    call: Any = partial(ours, device=device_for(device)) if side == "ours" else cleanlab
    some = np.arange(40) % 4
    call(
        some, np.full((40, 4), 0.25, np.float32) + 0.25 * (np.eye(4, dtype=np.float32)[some] - 0.25), filters
    )  # imports
    masks, spent = timed(lambda: call(labels, probs, filters))
    np.save(place / f"{side}.npy", np.stack(masks))
    print(json.dumps(spent))


def compare(place: Path, n: int, k: int, *, mapped: bool, filters: tuple[str, ...], device: str) -> None:
    """One case, both sides twice."""
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for side in SIDES * 2:
        options = ["--mapped"] * mapped + ["--filters", ",".join(filters), "--device", device]
        runs[side].append(in_a_process(__file__, "--one", side, "--place", place, *options))
    best = {side: least(found) for side, found in runs.items()}
    field = "anonymous_mib" if mapped else "extra_mib"
    masks = [np.load(place / f"{side}.npy") for side in SIDES]
    say(
        benchmark="confident_cost",
        images=n,
        classes=k,
        matrix_mib=round(n * k * 4 / 2**20),
        input="mapped" if mapped else "memory",
        device=device,
        filters="default" if len(filters) == 1 else "all six",
        **{f"{side}_cpu_s": best[side]["cpu_s"] for side in SIDES},
        **{f"{side}_wall_s": least(found, "wall_s")["wall_s"] for side, found in runs.items()},
        **{f"{side}_extra_mib": best[side].get(field) for side in SIDES},
        cpu_ratio=round(best["cleanlab"]["cpu_s"] / max(0.01, best["ours"]["cpu_s"]), 1),
        memory_share=round(best["ours"].get(field, 0) / max(1, best["cleanlab"].get(field, 0)), 3),
        flagged=[int(mask.sum()) for mask in masks[0]],
        same=bool((masks[0] == masks[1]).all()),
    )


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N: where our side looks at the matrix")
    parser.add_argument("--one", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mapped", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--filters", default=FAMILY[0], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one, args.place, mapped=args.mapped, filters=tuple(args.filters.split(",")), device=args.device)
        return
    device_for(args.device)  # is it there?
    for n, k in QUICK + (FULL if args.full else []):
        with tempfile.TemporaryDirectory(prefix="lookalike-cost-") as folder:
            write_predictions(n, k, Path(folder))
            for mapped in (False, True):
                for filters in (FAMILY[:1], FAMILY):
                    compare(Path(folder), n, k, mapped=mapped, filters=filters, device=args.device)


if __name__ == "__main__":
    main()
