"""How well wrong labels are found, how well suspicion is calibrated, and how well their number is estimated.

    python benchmarks/detection/run.py [--data ../shared/data] [--cache DIR] [--only digits,crowd] [--full]
                                       [--out FOLDER]

`--full`: 10,000 images, 8 and 25 % planted, faces with six cuts and three seeds, 1,000 resamples.

One JSON row per case and method on the standard output, then per case a row of `calibration` and of `how_many`. With
`--out` also rows.jsonl, table.md and detection.svg there. Predictions and features come from this repository's own code
and are kept in `--cache`, so that only the first run is slow. A case whose data are absent prints a row that says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from cases import GROUPS, Case, Plan  # noqa: E402  # found through the line above
from measure import Resamples, covered, figures, flagged, interval, placed, reliability, shares  # noqa: E402
from methods import Compared, compare  # noqa: E402
from sets import Skipped  # noqa: E402
from store import Store  # noqa: E402
from table import write  # noqa: E402

from analysis.noise.estimate import estimate_wrong  # noqa: E402
from analysis.noise.scorer import SCORERS  # noqa: E402

OURS = "suspicion"
IMAGES, FULL_IMAGES = 3_000, 10_000
RESAMPLES = 200
Row = dict[str, Any]


def rows(case: Case, *, resamples: int, seed: int) -> Iterator[Row]:
    """The measurements of one case."""
    compared = compare(case)
    looked = np.ones(len(case.given), bool) if case.reviewed is None else case.reviewed
    wrong = case.wrong[looked]
    head: Row = {
        "data": case.data,
        "noise": case.noise,
        "model": case.predictions.model,
        "images": len(wrong),
        "wrong": int(wrong.sum()),
        "within": "all images" if case.reviewed is None else "the reviewed images",
    }
    if wrong.any():
        yield from (head | row for row in _methods(compared, wrong, looked, Resamples(wrong, n=resamples, seed=seed)))
    if wrong.any() and case.true is not None:
        suggested = compared.scored.table["suggested"].to_numpy()
        yield rounded(head | {"suggestion_right": float((suggested == case.true)[case.wrong].mean())})
    learnt = compared.scored.chances is not None
    suspicion = compared.orders[OURS][looked]
    if learnt:
        told = reliability(suspicion, wrong)
        yield rounded(head | {"calibration": told, "ECE of a mean rank": _ece(compared, wrong, looked)})
    if case.reviewed is None or (case.natural is not None and learnt):
        found = estimate_wrong(compared.inputs, compared.scored.chances)
        joint = estimate_wrong(compared.inputs, None)["value"]
        told = shares(found, 0.0 if case.reviewed is not None else float(wrong.mean()), case.natural)
        if case.reviewed is None:
            told |= covered(found, case.given, case.true, case.wrong)
        yield rounded(head | {"how_many": told | {"confident joint": joint}})


def _methods(compared: Compared, wrong: np.ndarray, looked: np.ndarray, drawn: Resamples) -> Iterator[Row]:
    ours = drawn.figures(compared.orders[OURS][looked])
    scorers = [name for name in SCORERS.names() if name in compared.orders]
    for name, order in compared.orders.items():
        here = order[looked]
        again = ours if name == OURS else drawn.figures(here)
        row: Row = {"method": name, "is_scorer": name in scorers} | figures(wrong, here)
        row |= {f"{figure}_95": interval(values) for figure, values in again.items()}
        if name != OURS:
            row["ours_ahead_95"] = interval(ours["AP"] - again["AP"])
        if name in compared.flags:
            row |= flagged(wrong, compared.flags[name][looked])
        yield rounded(row)


def _ece(compared: Compared, wrong: np.ndarray, looked: np.ndarray) -> Any:
    order = compared.orders.get("rank_sum")
    return None if order is None else reliability(placed(order)[looked], wrong)["ECE"]


def rounded(value: Any) -> Any:
    """Floats to four digits, wherever they are."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the real data")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache" / "lookalike" / "detection", help="folder of predictions"
    )
    parser.add_argument("--only", default=",".join(GROUPS), help="groups of cases: " + ", ".join(GROUPS))
    parser.add_argument("--images", type=int, help=f"images that a model looks at: {IMAGES}, with --full {FULL_IMAGES}")
    parser.add_argument(
        "--full", action="store_true", help="more images and cases, 8 and 25 % planted, 1,000 resamples"
    )
    parser.add_argument("--out", type=Path, help="write rows, table and plot into this folder")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(GROUPS)
    if unknown:
        parser.error(f"no group is named {sorted(unknown)}; there are {', '.join(GROUPS)}")
    plan = Plan(
        data=args.data,
        store=Store(args.cache),
        images=args.images or (FULL_IMAGES if args.full else IMAGES),
        seed=args.seed,
        full=args.full,
    )
    made: list[Row] = []
    for name in args.only.split(","):
        try:
            for case in GROUPS[name](plan):
                for row in rows(case, resamples=5 * RESAMPLES if args.full else RESAMPLES, seed=args.seed):
                    made.append(row)
                    print(json.dumps(row), flush=True)
        except Skipped as why:
            made.append({"data": name, "skipped": str(why)})
            print(json.dumps(made[-1]), flush=True)
    if args.out is not None:
        write(made, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
