"""What a page of a queue of 1,000,000 suspects costs: one JSON row per case.

    python benchmarks/review/queue_page.py            200,000 suspects, 20,000 decisions, 5 repetitions: a minute
    python benchmarks/review/queue_page.py --full     1,000,000 suspects, 100,000 decisions, 25 repetitions

1,000 classes in communities of 22, wrong labels mostly inside them; every image is a suspect. `decisions` are booked
into a real store. Cases: `order_…` puts everything in order from scratch; `filter_…` filters by class, by community or
by a lasso, and orders what passes; `page` is what a rerun does for a visitor when the order is known: what is left of
the queue for him, the 40 images at a random position, and the progress; `booked` is what comes on top once
after each new decision, for all visitors together: its booking, what stands now, and that as arrays; `from_nothing` is
the same for the first visitor after a start. Milliseconds on the wall (`…_ms`: median, 95th percentile, the worst) and
of processor time (`cpu_…`), which other programs on the machine hardly change: only `booked` waits, for the disk.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.base.types import Decision  # noqa: E402
from analysis.review.decisions import DecisionStore  # noqa: E402
from analysis.review.queue import progress, undecided, window  # noqa: E402
from analysis.review.said import said_of  # noqa: E402
from dashboard.queues import Choice, queue_of  # noqa: E402
from dashboard.selection import Columns, Filter  # noqa: E402

CLASSES = 1_000
GROUP = 22
LASSO = ((-0.5, -0.5), (0.7, -0.4), (0.6, 0.8), (-0.6, 0.5))


def suspects(n: int, seed: int = 0) -> tuple[Columns, pd.Index]:
    """What a run knows of n suspects over 1,000 classes, and their image ids."""
    rng = np.random.default_rng(seed)
    given = rng.integers(0, CLASSES, n)
    first = given // GROUP * GROUP
    size = np.minimum(GROUP, CLASSES - first)
    near = first + (given - first + 1 + np.minimum(rng.geometric(0.2, n), GROUP - 1) % (size - 1)) % size
    suggested = np.where(rng.random(n) < 0.05, (given + rng.integers(1, CLASSES, n)) % CLASSES, near)
    community = np.arange(CLASSES) // GROUP
    ids = pd.Index([f"class_{label:04d}/image_{row:07d}.jpg" for row, label in enumerate(given)])
    columns = Columns(
        given=given,
        predicted=suggested,
        suggested=suggested.astype(np.int32),
        community=community,
        suspicion=rng.random(n),
        is_suspect=np.ones(n, bool),
        crosses=community[given] != community[suggested],
        xy=rng.normal(size=(n, 2)).astype(np.float32),
    )
    return columns, ids


def book(store: DecisionStore, ids: pd.Index, n: int, seed: int = 1) -> None:
    """n decisions of five reviewers on different images."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(ids), n, replace=False)
    verdicts = rng.choice(["keep", "none_fits", "unsure", "skip"], n, p=[0.5, 0.4, 0.05, 0.05])
    made = [
        Decision(
            ids[row],
            str(verdict),
            "a",
            "b",
            None,
            f"reviewer {i % 5}",
            "run",
            f"session-{i % 5}",
            i,
            1e9 + i,
            mode="single",
            shown_at=1e9 + i - 1.7,
            queue="suspects",
        )
        for i, (row, verdict) in enumerate(zip(rows, verdicts, strict=True))
    ]
    for start in range(0, n, 10_000):
        store.book(made[start : start + 10_000])


def timed(call: Callable[[], Any], repeat: int) -> dict[str, float]:
    """Milliseconds of a call: median, 95th percentile and worst on the wall, median and 95th of processor time."""
    wall, cpu = [], []
    for _ in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        call()
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return {
        "median_ms": round(float(np.median(wall)), 1),
        "p95_ms": round(float(np.percentile(wall, 95)), 1),
        "worst_ms": round(max(wall), 1),
        "cpu_ms": round(float(np.median(cpu)), 1),
        "cpu_p95_ms": round(float(np.percentile(cpu, 95)), 1),
    }


def measure(n: int, n_decided: int, repeat: int, folder: Path) -> None:
    """All cases, each printed as it is done."""
    columns, ids = suspects(n)
    listed = np.random.default_rng(2).permutation(n)
    store = DecisionStore(folder / "review.sqlite")
    book(store, ids, n_decided)
    rng = np.random.default_rng(3)
    queue = queue_of(Choice(), columns, listed)
    said = said_of(store.current(), ids)  # makes the table of ids, once per workspace

    def order(choice: Choice) -> Callable[[], Any]:
        return lambda: queue_of(choice, columns, listed)

    def page() -> None:
        left = undecided(queue, *said.done("reviewer 1"))
        window(left, int(rng.integers(len(left)))).tolist()
        progress(queue, said, tag="suspects")

    newest = said

    def booked() -> None:
        nonlocal newest
        seq = int(newest.event[-1]) + 1
        row = int(rng.integers(n))
        store.book([Decision(ids[row], "keep", "a", "b", None, "new", "run", "session-new", seq, 1e9)])
        newest = said_of(store.current(), ids, before=newest)

    def from_nothing() -> None:
        with DecisionStore(folder / "review.sqlite") as opened:
            said_of(opened.current(), ids)

    cases: dict[str, Callable[[], Any]] = {
        "order_by_pair": order(Choice()),
        "order_suspicion": order(Choice(order="suspicion")),
        "filter_class": order(Choice("filter", filter=Filter(class_id=17))),
        "filter_community": order(Choice("community", community=3)),
        "filter_lasso": order(Choice("filter", filter=Filter(lasso=LASSO))),
        "filter_suspects_again": order(Choice("filter", filter=Filter(only="suspects"))),
        "page": page,
        "booked": booked,
        "from_nothing": from_nothing,
    }
    for name, call in cases.items():
        case = {"case": name, "suspects": n, "decisions": n_decided, "repetitions": repeat}
        print(json.dumps({**case, **timed(call, repeat)}), flush=True)
    store.close()


def main() -> int:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1,000,000 suspects, 100,000 decisions")
    full = parser.parse_args().full
    with tempfile.TemporaryDirectory() as folder:
        measure(*((1_000_000, 100_000, 25) if full else (200_000, 20_000, 5)), folder=Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
