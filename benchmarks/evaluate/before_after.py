"""What cleaning the demo brings, by who judges what: nobody, the suspects, every wrong label; and on which images.

The judge knows the truth that the demo planted. Prints one JSON row a case: `trusted` are the images the probe is
measured on, `low` and `high` the 95 % interval over seeds and images, in points.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.base.config import RunSettings
from analysis.base.progress import Silent
from analysis.base.types import Decision, Verdict
from analysis.job import analyse_source
from analysis.retraining import retrain
from analysis.review.opening import open_store
from analysis.runs.workspace import Workspace

CASES = (
    ("nothing", "true"),
    ("suspects", "true"),
    ("suspects", "verified"),
    ("every wrong label", "true"),
)


def judge(workspace: Workspace, what: str) -> int:
    """Book the truth of the images of a case; how many."""
    dataset, run = workspace.dataset(), workspace.latest()
    assert dataset.true is not None and run is not None
    rows = {
        "nothing": np.array([], int),
        "suspects": np.flatnonzero(run.table("scores", ["is_suspect"])["is_suspect"]),
        "every wrong label": np.flatnonzero(dataset.true != dataset.given),
    }[what]
    said, names, ids = [], dataset.classes, dataset.table["image_id"]
    for seq, row in enumerate(rows.tolist(), start=1):
        given, true = names[dataset.given[row]], names[dataset.true[row]]
        verdict: Verdict = "keep" if given == true else "relabel"
        new = None if verdict == "keep" else true
        said.append(Decision(ids[row], verdict, given, true, new, "truth", run.run_id, "benchmark-session", seq, 1e9))
    with open_store(workspace) as store:
        store.book(said)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "demo"
        analyse_source("digits", first, reader="digits", options={}, settings=RunSettings())
        for what, trusted in CASES:
            place = Path(folder) / "case"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(first, place)
            n = judge(Workspace.open(place), what)
            began = time.process_time()
            found = retrain(str(place), trusted=trusted, seeds=seeds, progress=Silent())
            change = {name: round(100 * value, 2) for name, value in found["difference"].items()}
            row = {"judged": what, "n_judged": n, "changed": found["changed"], "trusted": trusted, **change}
            row |= {"before": round(found["before"], 4), "after": round(found["after"], 4), "seeds": seeds}
            print(json.dumps({**row, "verdict": found["verdict"], "cpu_s": round(time.process_time() - began, 1)}))


if __name__ == "__main__":
    main()
