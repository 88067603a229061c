"""Models ranked again without label errors: 67 real ones on ImageNet's validation set, and what 100 of them cost.

    python benchmarks/evaluate/rerank.py            both; JSON rows
    python benchmarks/evaluate/rerank.py --full     10 models x 1,000,000 images, too
    python benchmarks/evaluate/rerank.py --text     the whole table of the 67 models as the command `rerank` prints it

Real: predictions, corrections and ReaL lists of ../shared/data/imagenet_val; skipped where they are absent. Cost: 100
models x 50,000 images stored as a workspace stores them (memory-mapped), scored in five ways with 2,000 resamples, in a
process of its own; `cpu_s` are seconds of processor time, `extra_mib` what the peak of memory rose by.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "cost")]

from measuring import cost as measured  # noqa: E402

from analysis.base.labelsets import LabelSets  # noqa: E402
from analysis.base.types import Dataset, Pixels  # noqa: E402
from analysis.data.corrections import read_corrections, read_label_lists  # noqa: E402
from analysis.evaluate.flips import neighbours  # noqa: E402
from analysis.evaluate.ranking import Ranking, as_text, rank_models, survivors  # noqa: E402
from analysis.evaluate.reranking import WAYS, outcomes  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "imagenet_val"
SHAPES = {"100 x 50,000": (100, 50_000, 1_000), "10 x 1,000,000": (10, 1_000_000, 1_000)}  # models, images, classes


def imagenet() -> Dataset:
    """Labels and file names of the 50,000 validation images."""
    with np.load(DATA / "labels_and_errors.npz") as stored:
        given, wnids = stored["label"].astype(np.int64), stored["wnids"].tolist()
    names = [f"ILSVRC2012_val_{i:08d}.JPEG" for i in range(1, len(given) + 1)]
    table = pd.DataFrame({"image_id": names, "path": names, "source_row": np.arange(len(given)), "given": given})
    return Dataset(table, tuple(wnids), "imagenet", Pixels("none"))


def real(*, text: bool) -> None:
    """The 67 models by both files; the same kinds come out of either."""
    dataset = imagenet()
    lists = read_label_lists(DATA / "raw" / "real.json", dataset)
    corrections = read_corrections(DATA / "raw" / "error_data.csv", dataset)
    with np.load(DATA / "top1_67models.npz") as stored:
        models = list(zip(stored["models"].tolist(), stored["top1"], strict=True))
    ranking = rank_models(outcomes(models, dataset.given, lists), lists.said)
    same = bool(np.array_equal(lists.flat, corrections.flat) and np.array_equal(lists.ptr, corrections.ptr))
    if text:
        print(as_text(ranking, source="real.json", flips_shown=99))
        return
    print(json.dumps({"case": "67 models", "corrections_equal_real": same, **summary(ranking)}))


def summary(ranking: Ranking) -> dict[str, Any]:
    """Per way: images, mean gain, tau, pairs that change places and how many beyond chance, tied neighbours."""
    found: dict[str, Any] = {}
    names, first = ranking.names, ranking.scored["all"]
    for way in WAYS:
        result = ranking.scored[way]
        pairs = neighbours(result)
        found[way] = {
            "images": result.n,
            "mean_gain": round(float(np.mean(result.accuracy - first.accuracy)) * 100, 3),
            "half_interval": round(float(np.median(result.high - result.low)) * 50, 3),
            "tied_neighbours": int(pairs["tie"].sum()),
            "rank_interval": float(np.median(result.rank_high - result.rank_low + 1)),
        }
        if way == "all":
            continue
        table = ranking.flips[way]
        kept = survivors(table)
        found[way] |= {
            "tau": round(ranking.tau(way), 4),
            "models_with_another_rank": int((result.rank != first.rank).sum()),
            "flips": len(table),
            "verdicts": table["verdict"].value_counts().to_dict(),
            "survive": [
                f"{names[f['up']]} passes {names[f['down']]}: {f['up_only']} to {f['down_only']}, q {f['q']:.1g}, "
                f"{f['verdict']}"
                for f in kept.to_dict("records")
            ],
        }
    return found


def store(folder: Path, shape: tuple[int, int, int]) -> None:
    """Models of 55 to 85 % accuracy that share most of their errors; a fifth of the images has label errors."""
    m, n, k = shape
    rng = np.random.default_rng(0)
    given, hard = rng.integers(0, k, n), rng.random(n)
    np.save(folder / "given.npy", given)
    for i in range(m):
        right = 0.7 * hard + 0.3 * rng.random(n) < 0.55 + 0.3 * i / m
        np.save(folder / f"{i}.npy", np.where(right, given, rng.integers(0, k, n)).astype(np.int16))
    wrong = rng.random(n) < 0.1
    row = np.concatenate([np.arange(n), np.flatnonzero(rng.random(n) < 0.15)])
    label = np.where(
        np.arange(len(row)) < n, np.append(given, np.zeros(len(row) - n, int)), rng.integers(0, k, len(row))
    )
    label[:n][wrong] = (label[:n][wrong] + 1) % k
    np.savez(folder / "pairs.npz", row=row, label=label)


def cost(folder: Path, name: str) -> None:
    """Score the stored models once and print what it took."""
    given = np.load(folder / "given.npy")
    with np.load(folder / "pairs.npz") as pairs:
        sets = LabelSets.of_pairs(given, np.ones(len(given), bool), pairs["row"], pairs["label"])
    models = [(f"m{i}", np.load(folder / f"{i}.npy", mmap_mode="r")) for i in range(SHAPES[name][0])]
    found, reading = measured(lambda: outcomes(models, given, sets))
    ranking, ranked = measured(lambda: rank_models(found, sets.said))
    n_flips = sum(len(table) for table in ranking.flips.values())
    total = round(reading["cpu_s"] + ranked["cpu_s"], 2)
    took = {**ranked, "cpu_s": total, "read_cpu_s": reading["cpu_s"], "flips_tested": n_flips}
    print(json.dumps({"case": name, **took}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cost", nargs=2, metavar=("FOLDER", "CASE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cost:
        cost(Path(args.cost[0]), args.cost[1])
        return 0
    if DATA.is_dir():
        real(text=args.text)
    else:
        print(f"# {DATA} is absent: the 67 real models are left out")
    shapes = dict(list(SHAPES.items())[: 0 if args.text else 2 if args.full else 1])
    for name, shape in shapes.items():
        with tempfile.TemporaryDirectory() as folder:
            store(Path(folder), shape)
            subprocess.run([sys.executable, __file__, "--cost", folder, name], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
