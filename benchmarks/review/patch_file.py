"""A label patch applied to a long list and taken back: seconds, memory, and pandas on the same file; a row a step.

    python benchmarks/review/patch_file.py [--full]

The list is a CSV with five columns (path, class, a number, a split, a note that now and then is in quotes); 3 % of its
labels change. Every step runs in a process of its own, three times in turn with pandas (read_csv, assign by index,
to_csv); the median is kept. `same_bytes` says whether revert gave the original list, `rows_apart` how many rows differ
from what they should be when the csv module reads the result; pandas does not keep quotes and number formats.
The quick form has 100,000 rows, `--full` 1,000,000.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
TURNS = 3
SHARE = 0.03


def make(rows: int, place: Path) -> None:
    """Write labels.csv and patch.jsonl."""
    from analysis.review.patch import Change, Patch
    from analysis.review.patchfile import write_patch

    draw = random.Random(0)  # noqa: S311
    classes = tuple(f"class {k:03d}" for k in range(200))
    changes = []
    with (place / "labels.csv").open("w", encoding="utf-8", newline="") as handle:
        handle.write("path,label,weight,split,note\r\n")
        for i in range(rows):
            old, path = draw.randrange(200), f"train/{i % 1000:03d}/image_{i:08d}.jpg"
            note = f'"seen, twice {i}"' if i % 50 == 0 else f"batch {i % 97}"
            handle.write(f"{path},{classes[old]},{draw.random():.4f},train,{note}\r\n")
            if draw.random() < SHARE:
                changes.append(Change(path, path, "relabel", classes[old], classes[(old + 1) % 200]))
    write_patch(place / "patch.jsonl", Patch(classes, tuple(changes)))


def ours_apply(place: Path) -> dict[str, object]:
    from analysis.review.labelfile import apply_patch
    from analysis.review.patchfile import read_patch

    done = apply_patch(read_patch(place / "patch.jsonl"), place / "labels.csv", out=place / "ours.csv")
    return {"changed": done.relabelled, "left": len(done.left)}


def ours_revert(place: Path) -> dict[str, object]:
    from analysis.review.labelfile import revert

    revert(place / "ours.csv.inverse.jsonl", place / "ours.csv", out=place / "back.csv")
    return {"same_bytes": (place / "back.csv").read_bytes() == (place / "labels.csv").read_bytes()}


def with_pandas(place: Path) -> dict[str, object]:
    import pandas as pd

    changes = [json.loads(line) for line in (place / "patch.jsonl").open(encoding="utf-8")][1:]
    table = pd.read_csv(place / "labels.csv").set_index("path")
    table.loc[[row["image_id"] for row in changes], "label"] = [row["new"] for row in changes]
    table.reset_index().to_csv(place / "pandas.csv", index=False)
    return {}


STEPS = {"apply": ours_apply, "revert": ours_revert, "pandas": with_pandas}
WRITES = {"apply": ("ours.csv", "ours.csv.inverse.jsonl"), "revert": ("back.csv",), "pandas": ("pandas.csv",)}


def rows_apart(place: Path) -> int:
    """How many rows of the result are not what the patch asks for."""
    lines = (place / "patch.jsonl").open(encoding="utf-8").readlines()[1:]
    new = {row["image_id"]: row["new"] for row in map(json.loads, lines)}
    with (place / "labels.csv").open(newline="") as before, (place / "ours.csv").open(newline="") as after:
        pairs = zip(csv.reader(before), csv.reader(after), strict=True)
        return sum([one[0], new.get(one[0], one[1]), *one[2:]] != other for one, other in pairs)


def measure(rows: int) -> list[dict[str, object]]:
    """The three steps on one list."""
    with tempfile.TemporaryDirectory(prefix="lookalike-patch-") as folder:
        place = Path(folder)
        make(rows, place)
        runs: dict[str, list[dict[str, object]]] = {step: [] for step in STEPS}
        for _ in range(TURNS):
            for step in STEPS:
                for name in WRITES[step]:
                    (place / name).unlink(missing_ok=True)
                command = [sys.executable, __file__, "--step", step, "--place", folder]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
                runs[step].append(json.loads(done.stdout.splitlines()[-1]))
        size = round((place / "labels.csv").stat().st_size / 2**20)
        apart = rows_apart(place)
    middle = {
        step: {key: statistics.median(float(str(run[key])) for run in found) for key in ("wall_s", "cpu_s", "peak_mib")}
        for step, found in runs.items()
    }
    made = []
    for step, found in runs.items():
        facts = {"benchmark": "patch_file", "step": step, "rows": rows, "file_mib": size, **found[-1], **middle[step]}
        if step != "pandas":
            facts["cpu_of_pandas"] = round(middle[step]["cpu_s"] / middle["pandas"]["cpu_s"], 2)
        made.append({**facts, "rows_apart": apart} if step == "apply" else facts)
    return made


def one(step: str, place: Path) -> None:
    """Time one step in this process, imports left out; print its row."""
    import pandas  # noqa: F401, ICN001

    import analysis.review.labelfile  # noqa: F401

    wall, cpu = time.perf_counter(), time.process_time()
    facts = STEPS[step](place)
    spent = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({**spent, "peak_mib": peak, **facts}))


def main() -> None:
    """Print a row a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1,000,000 rows")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        one(args.step, args.place)
        return
    for row in measure(1_000_000 if args.full else 100_000):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
