"""Write the inputs of an ImageNet-scale workspace without images: 50,000 labels, 1,000 names, top-5 lists of models.

    python benchmarks/dashboard/imagenet_inputs.py --out DIR [--models resnet50 alexnet] [--data ../shared/data]

Gives DIR/labels.csv, DIR/classes.txt and DIR/MODEL.npz (top_class, top_prob), and prints the commands that analyse
them: one run per model in one workspace. The published lists hold classes without probabilities; the share of all
images whose label stands at a rank is written as the probability of that rank, the same for every image.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("resnet50", "alexnet")


def class_names(folder: Path) -> list[str]:
    """The first WordNet word of each class; two classes with the same word get their WordNet number too."""
    with gzip.open(folder / "wordnet30_imagenet1k.json.gz", "rt", encoding="utf-8") as handle:
        net = json.load(handle)
    words = [net["synsets"][wnid]["lemmas"][0].replace("_", " ") for wnid in net["classes"]]
    times = Counter(words)
    return [w if times[w] == 1 else f"{w} ({wnid})" for w, wnid in zip(words, net["classes"], strict=True)]


def rank_shares(top: NDArray[np.integer], label: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of images whose label (N,) stands at each rank of their list (N, k): (k,)."""
    shares = (top == label[:, None]).mean(axis=0)
    if (np.diff(shares) > 0).any():
        raise ValueError("a later rank is right more often than an earlier one: these are no ranked lists")
    return shares


def write_inputs(data: Path, out: Path, models: tuple[str, ...] = MODELS) -> list[str]:
    """Write the files; gives the commands that analyse them."""
    folder = data / "imagenet_val"
    with np.load(folder / "labels_and_errors.npz") as known, np.load(folder / "top5_10models.npz") as lists:
        label, listed, top5 = known["label"], lists["models"].tolist(), lists["top5"]
    names = class_names(folder)
    out.mkdir(parents=True, exist_ok=True)
    (out / "classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    with (out / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
        rows = csv.writer(handle)
        rows.writerow(["path", "label"])
        rows.writerows((f"ILSVRC2012_val_{i:08d}.JPEG", names[k]) for i, k in enumerate(label.tolist(), start=1))
    commands = []
    for model in models:
        top = top5[listed.index(model)]
        probs = np.broadcast_to(rank_shares(top, label), top.shape).astype(np.float32)
        np.savez_compressed(out / f"{model}.npz", top_class=top.astype(np.int32), top_prob=probs)
        commands.append(
            f"python -m analysis run {out}/labels.csv --workspace WORKSPACE --option images=no "
            f"--option classes={out}/classes.txt --predictions {out}/{model}.npz --held-out yes"
        )
    return commands


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="default: a new temporary folder")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    args = parser.parse_args()
    if not (args.data / "imagenet_val").exists():
        print(json.dumps({"case": "imagenet inputs", "skipped": f"{args.data / 'imagenet_val'} is not there"}))
        return 0
    out = args.out or Path(tempfile.mkdtemp(prefix="imagenet-"))
    for command in write_inputs(args.data, out, tuple(args.models)):
        print(command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
