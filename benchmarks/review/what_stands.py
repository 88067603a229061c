"""What it costs to know what stands of many decisions (`DecisionStore.current()`): one JSON row per size.

    python benchmarks/review/what_stands.py           100,000 decisions
    python benchmarks/review/what_stands.py --full    1,000,000 decisions as well

12 reviewers, 80 % of the decisions on images of their own, one in 50 an undo; SQLite. Processor seconds: `first` is the
first reading of a process, `again` when nothing was booked since, `booked` after one more decision, `marks` the marks
after one more decision, `peak_mib` the largest memory of the process so far.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.base.types import Decision  # noqa: E402
from analysis.review.decisions import DecisionStore  # noqa: E402
from analysis.review.tables import events  # noqa: E402

VERDICTS = ("keep",) * 5 + ("relabel",) * 4 + ("none_fits", "unsure", "skip")


def decisions(n: int, start: int = 0) -> Iterator[dict[str, Any]]:
    """Rows of the log, made quickly: nothing here is measured."""
    rng = np.random.default_rng(start)
    verdicts, given, other = rng.integers(0, len(VERDICTS), n), rng.integers(0, 1000, n), rng.integers(0, 1000, n)
    for i in range(start, start + n):
        k = i - start
        verdict = "undo" if i % 50 == 49 else VERDICTS[verdicts[k]]
        yield {
            "scope": "",
            "session": f"session-{i // 500:08d}",
            "seq": i,
            "image_id": f"train/class_{given[k]:04d}/image_{i * 4 // 5:08d}.jpg",
            "verdict": verdict,
            "given": f"class {given[k]}",
            "suggested": f"class {other[k]}",
            "new_label": f"class {other[k]}" if verdict == "relabel" else None,
            "reviewer": f"reviewer {i // 500 % 12}",
            "run_id": "20261121_probe",
            "decided_at": 1.7e9 + i,
            "booked_at": 1.7e9 + i,
            "note": "",
            "undoes": i - 1 if verdict == "undo" else None,
            "shown_at": 1.7e9 + i - 1,
        }


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def case(path: Path, n: int) -> dict[str, Any]:
    with DecisionStore(path) as store:
        with store.writing() as conn:
            for start in range(0, n, 50_000):
                conn.execute(insert(events), list(decisions(min(50_000, n - start), start)))
        row: dict[str, Any] = {"decisions": n, "first": round(seconds(store.current), 2)}
        row["again"] = round(statistics.median(seconds(store.current) for _ in range(9)), 4)
        store.excluded()
        booked, marks = [], []
        for i in range(9):
            facts = ("class 1", "class 2", None, "reviewer 1", "20261121_probe")
            store.book([Decision(f"new {i}", "keep", *facts, "more", i, 1.8e9)])
            booked.append(seconds(store.current))
            marks.append(seconds(store.excluded))
        row |= {"booked": round(statistics.median(booked), 3), "marks": round(statistics.median(marks), 4)}
        assert len(store.in_force()) > n / 2
    return {**row, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1,000,000 decisions as well")
    sizes = (100_000, 1_000_000) if parser.parse_args().full else (100_000,)
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(case(Path(folder) / "review.sqlite", n)), flush=True)


if __name__ == "__main__":
    main()
