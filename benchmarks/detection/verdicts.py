"""What learning from verdicts gains: wrong labels found by the same number of reviews, with and without.

    python benchmarks/detection/verdicts.py [--data ../shared/data] [--cache DIR] [--reviews 1000]

A reviewer who is always right judges a queue, most suspicious first. With learning, the order of what is left is learnt
anew after every 100 verdicts, from the 300th on. The queue: the images whose truth is known, or where it is known of
all, those the model would label differently. One JSON row a case.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from cases import GROUPS, Case, Plan  # noqa: E402  # found through the line above
from methods import compare  # noqa: E402
from run import IMAGES, rounded  # noqa: E402
from sets import Skipped  # noqa: E402
from store import Store  # noqa: E402

from analysis.review.learning import AGAIN, ENOUGH, Images, learn  # noqa: E402
from analysis.review.said import OPEN, RIGHT, WRONG  # noqa: E402

ONLY = ("crowd", "imagenet", "cifar10n", "fashion", "clothing")


def reviewed(case: Case, reviews: int) -> dict[str, Any] | None:
    """The row of one case; None where its queue is too short to learn anything."""
    compared = compare(case)
    table, graph = compared.scored.table, compared.inputs.graph
    assert graph is not None
    differs = table["predicted"].to_numpy() != case.given
    pool = np.flatnonzero(differs if case.reviewed is None else case.reviewed)
    reviews = min(reviews, len(pool) * 2 // 3) // AGAIN * AGAIN
    if reviews <= ENOUGH or not case.wrong[pool].any():
        return None
    suspicion = table["suspicion"].to_numpy()
    images = Images(case.given, table["suggested"].to_numpy(), suspicion, graph.community)
    plain = pool[np.argsort(-suspicion[pool], kind="stable")][:reviews]
    said = np.where(case.wrong, WRONG, RIGHT).astype(np.int8)
    verdict = np.full(len(suspicion), OPEN, np.int8)
    verdict[plain[:ENOUGH]] = said[plain[:ENOUGH]]
    for _ in range(ENOUGH, reviews, AGAIN):
        found = learn(images, verdict)
        order = suspicion if found is None else found.order
        left = pool[verdict[pool] == OPEN]
        following = left[np.argsort(-order[left], kind="stable")][:AGAIN]
        verdict[following] = said[following]
    last = learn(images, verdict)
    return {
        "data": case.data,
        "noise": case.noise,
        "queue": len(pool),
        "wrong": int(case.wrong[pool].sum()),
        "reviews": reviews,
        "found": int(case.wrong[plain].sum()),
        "found, learning": int((verdict == WRONG).sum()),
        "shown": last.sentence() if last else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the real data")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lookalike" / "detection")
    parser.add_argument("--reviews", type=int, default=1000, help="images judged")
    args = parser.parse_args()
    plan = Plan(args.data, Store(args.cache), IMAGES)
    for name in ONLY:
        try:
            for case in GROUPS[name](plan):
                row = reviewed(case, args.reviews)
                if row is not None:
                    print(json.dumps(rounded(row)), flush=True)
        except Skipped as why:
            print(json.dumps({"data": name, "skipped": str(why)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
