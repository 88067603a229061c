"""How well wrong labels are found: one JSON row per data set and method, on the standard output.

    python benchmarks/detection/run.py [--data ../shared/data] [--only digits,crowd] [--images 4000] [--seed 0]

Methods: every registered scorer, `suspicion` (the default order), `predicted_neq_given` (the plain baseline) and, where
it is installed, `cleanlab` (its issues first, then by its label quality). AP = average precision, P@n = precision among
as many images as there are wrong labels. A case whose data or weights are absent prints a row that says so.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from cases import GROUPS, Case, Skipped  # noqa: E402  # found through the line above

from analysis.evaluate.detection import (  # noqa: E402
    FEW_POSITIVES,
    auroc,
    average_precision,
    bootstrap_interval,
    precision_at,
    recall_at_share,
)
from analysis.noise.combine import score_all  # noqa: E402
from analysis.noise.scorer import SCORERS, ScorerInputs  # noqa: E402


def rows(case: Case) -> list[dict[str, Any]]:
    """The measurements of one case, a row per method."""
    inputs = ScorerInputs(case.given, case.predictions, case.predictions.n_classes, neighbours=case.neighbours)
    table = score_all(inputs)
    orders = {name: table[name].to_numpy() for name in ["suspicion", *SCORERS.names()] if name in table}
    orders["predicted_neq_given"] = (table["predicted"].to_numpy() != case.given).astype(float)
    orders |= cleanlab_order(case)
    looked = np.ones(len(case.given), bool) if case.reviewed is None else case.reviewed
    wrong = case.wrong[looked]
    head = {
        "data": case.data,
        "noise": case.noise,
        "model": case.predictions.model,
        "images": len(wrong),
        "wrong": int(wrong.sum()),
        "within": "all images" if case.reviewed is None else "the reviewed images",
    }
    return [head | {"method": name} | measures(wrong, values[looked]) for name, values in orders.items()]


def measures(wrong: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    n = int(wrong.sum())
    out: dict[str, Any] = {
        "AP": round(average_precision(wrong, values), 4),
        "AUROC": round(auroc(wrong, values), 4),
        "P@n": round(precision_at(wrong, values, n), 4),
        "P@100": round(precision_at(wrong, values, min(100, len(wrong))), 4),
        "recall@3%": round(recall_at_share(wrong, values, 0.03), 4),
    }
    if n < FEW_POSITIVES:
        out["AP_95"] = [round(x, 4) for x in bootstrap_interval(average_precision, wrong, values)]
    return out


def cleanlab_order(case: Case) -> dict[str, np.ndarray]:
    """cleanlab's issues first, each part by its label quality; nothing without cleanlab or probabilities."""
    if case.predictions.probs is None:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from cleanlab.filter import find_label_issues
            from cleanlab.rank import get_label_quality_scores
        except ImportError:
            return {}
        issues = find_label_issues(case.given, case.predictions.probs, n_jobs=1)
        quality = get_label_quality_scores(case.given, case.predictions.probs)
    return {"cleanlab": issues + (1 - quality) / 2}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the real data")
    parser.add_argument("--only", default=",".join(GROUPS), help="groups of cases: " + ", ".join(GROUPS))
    parser.add_argument("--images", type=int, default=4000, help="images of the sets on which a model is trained")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(GROUPS)
    if unknown:
        parser.error(f"no group is named {sorted(unknown)}; there are {', '.join(GROUPS)}")
    for name in args.only.split(","):
        try:
            for case in GROUPS[name](args.data, images=args.images, seed=args.seed):
                for row in rows(case):
                    print(json.dumps(row), flush=True)
        except Skipped as why:
            print(json.dumps({"data": name, "skipped": str(why)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
