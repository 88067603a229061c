"""How long it takes to write and read a list of a million labels, per format.

python benchmarks/review/exports.py [ROWS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.review.apply import cleaned
from analysis.review.exporter import Export, read_export, write_export

FORMATS = ("csv", "json", "jsonl", "parquet", "file_list", "cleanlab", "coco", "label_studio", "fiftyone", "patch")


def made(n: int, classes: int = 1000) -> tuple[Export, float]:
    """A list of n images in 1,000 classes with one decision in a hundred, and the seconds it took to put together."""
    rng = np.random.default_rng(0)
    names = [f"n{i:08d} class {i}" for i in range(classes)]
    ids = [f"train/n{i % classes:08d}/n{i % classes:08d}_{i:07d}.JPEG" for i in range(n)]
    given = np.arange(n) % classes
    table = pd.DataFrame({"image_id": ids, "path": ids, "source_row": np.arange(n), "given": given, "split": "train"})
    rows = np.sort(rng.choice(n, n // 100, replace=False))
    other = (given[rows] + 1) % classes
    current = pd.DataFrame(
        {
            "event_id": np.arange(len(rows)),
            "image_id": [ids[row] for row in rows],
            "verdict": np.where(np.arange(len(rows)) % 2, "keep", "relabel"),
            "given": [names[i] for i in given[rows]],
            "new_label": np.where(np.arange(len(rows)) % 2, "", [names[i] for i in other]),
            "suggested": [names[i] for i in other],
            "session": "s",
            "seq": np.arange(len(rows)),
            "decided_at": 1e9,
            **dict.fromkeys(("reviewer", "run_id"), "ada"),
            **dict.fromkeys(("note", "purpose"), ""),
        }
    )
    known = {"image_id": ids, "suspicion": rng.random(n), "is_suspect": rng.random(n) > 0.9, "reasons": ""}
    words = np.asarray(names, dtype=object)
    evidence = pd.DataFrame({**known, "suggested": words[(given + 1) % classes], "predicted": words[given]})
    start = time.perf_counter()
    result = cleaned(table, names, current, evidence=evidence)
    return Export(result.tables(), tuple(names)), time.perf_counter() - start


def seconds_of(do: Callable[[], Any]) -> str:
    """How long `do` takes: CPU seconds and, in brackets, those on the clock."""
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return f"{time.process_time() - cpu:.1f} ({time.perf_counter() - wall:.1f})"


def main() -> None:
    """Measure and print a table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    export, seconds = made(n)
    print(f"{n:,} rows put together in {seconds:.1f} s")
    print("format        write CPU s (wall)  read CPU s (wall)       MB")
    with tempfile.TemporaryDirectory() as place:
        for name in FORMATS:
            folder = Path(place) / name
            wrote = seconds_of(lambda: write_export(export, name, folder))  # noqa: B023  # called at once
            read = seconds_of(lambda: read_export(name, folder))  # noqa: B023
            size = sum(path.stat().st_size for path in folder.rglob("*")) / 1e6
            print(f"{name:12s} {wrote:>19s} {read:>18s} {size:8.0f}", flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
