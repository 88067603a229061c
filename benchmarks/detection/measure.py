"""What is measured of an order: its figures with bootstrap intervals, calibration, and how many are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.base.arrays import mean_ranks
from analysis.evaluate.detection import auroc, average_precision, found_among

REVIEWED = (0.005, 0.01, 0.03)  # shares of the images
BINS = 10
CHUNK = 20  # resamples at once


class Resamples:
    """Images drawn with replacement, the same draws for every order of a case, so that differences are paired."""

    def __init__(self, wrong: np.ndarray, *, n: int, seed: int) -> None:
        self.wrong = wrong
        self.n, self.seed = n, seed

    def figures(self, order: np.ndarray) -> dict[str, np.ndarray]:
        """(n,) the figures of every resample, by the names of `figures`."""
        best_first = np.argsort(-order, kind="stable")
        ends = np.flatnonzero(np.r_[np.diff(order[best_first]) != 0, True])
        wrong = self.wrong[best_first]
        parts = []
        for counts in self._counts():
            here = counts[:, best_first]
            seen = np.cumsum(here, axis=1)[:, ends]
            parts.append(self._of(seen, np.cumsum(here * wrong, axis=1)[:, ends]))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _of(self, seen: np.ndarray, found: np.ndarray) -> dict[str, np.ndarray]:
        """Of (m, cuts) images seen and wrong labels found up to every cut between different values."""
        gained, total = np.diff(found, axis=1, prepend=0), np.maximum(found[:, -1], 1)
        right = seen - found
        above = (right[:, -1:] - right) + np.diff(right, axis=1, prepend=0) / 2
        pairs = np.maximum(total * right[:, -1], 1)
        out = {
            "AP": (gained * found / np.maximum(seen, 1)).sum(axis=1) / total,
            "AUROC": (gained * above).sum(axis=1) / pairs,
        }
        wanted = cuts(self.wrong)
        start, k = np.zeros((len(seen), 1)), list(wanted.values())
        steps = zip(np.hstack([start, seen]), np.hstack([start, found]), strict=True)
        hits = np.array([np.interp(k, s, f) for s, f in steps])
        for place, (name, n) in enumerate(wanted.items()):
            out[name] = hits[:, place] / (total if name.startswith("recall") else n)
        return out

    def _counts(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        size = len(self.wrong)
        for start in range(0, self.n, CHUNK):
            drawn = rng.integers(0, size, (min(CHUNK, self.n - start), size))
            yield np.stack([np.bincount(row, minlength=size) for row in drawn]).astype(np.int32)


def cuts(wrong: np.ndarray) -> dict[str, int]:
    """Images looked at: as many as are wrong, 25, 100, and shares of all (rounded up)."""
    n = len(wrong)
    out = {"P@n": int(wrong.sum()), "P@25": min(25, n), "P@100": min(100, n)}
    return out | {f"recall@{100 * share:g}%": int(np.ceil(round(share * n, 9))) for share in REVIEWED}


def figures(wrong: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """AP, AUROC, precision and recall at every cut of `cuts`."""
    out = {"AP": average_precision(wrong, order), "AUROC": auroc(wrong, order)}
    for name, k in cuts(wrong).items():
        share = name.startswith("recall")
        out[name] = found_among(wrong, order, k) / (int(wrong.sum()) if share else k)
    return out


def interval(values: np.ndarray) -> list[float]:
    """The 95 % percentile interval."""
    return [float(x) for x in np.percentile(values, (2.5, 97.5))]


def flagged(wrong: np.ndarray, flag: np.ndarray) -> dict[str, float | int | None]:
    """How many are flagged, with precision and recall."""
    hits, n = int((wrong & flag).sum()), int(flag.sum())
    return {"flagged": n, "precision": hits / n if n else None, "recall": hits / int(wrong.sum())}


def reliability(chance: np.ndarray, wrong: np.ndarray) -> dict[str, Any]:
    """How often labels of each tenth of suspicion are wrong, and the expected calibration error over all and above 0.5.

    `bins`: [lowest, images, mean suspicion, share wrong] of the tenths that hold an image.
    """
    tenth = np.minimum((chance * BINS).astype(int), BINS - 1)
    bins = [
        [b / BINS, int(here.sum()), float(chance[here].mean()), float(wrong[here].mean())]
        for b in range(BINS)
        if (here := tenth == b).any()
    ]

    def error(part: list[list[float]]) -> float | None:
        total = sum(n for _, n, _, _ in part)
        return sum(n * abs(told - found) for _, n, told, found in part) / total if total else None

    return {"ECE": error(bins), "ECE above .5": error([one for one in bins if one[0] >= 0.5]), "bins": bins}


def placed(order: np.ndarray) -> np.ndarray:
    """Any score as a place in 0..1, for a comparison of calibration."""
    return mean_ranks(order)


def shares(estimate: dict[str, Any], planted: float, counted: float | None) -> dict[str, Any]:
    """The estimated share of wrong labels beside what is known: the planted share and the one that people counted.

    `covers`: the interval holds both together. Where nobody counted there may be more than were planted, so None = an
    interval above the planted share, which is right or wrong, nobody knows.
    """
    low, high = estimate["low"], estimate["high"]
    known = planted + (1 - planted) * (counted or 0)
    told = {"planted": planted, "counted": counted, "estimate": estimate["value"], "interval": [low, high]}
    return told | {
        "covers": None if counted is None and low > known else bool(low <= known <= high),
        "method": estimate["method"],
    }


def covered(
    estimate: dict[str, Any], given: np.ndarray, true: np.ndarray | None, wrong: np.ndarray
) -> dict[str, list[int]]:
    """How many of the intervals of classes and pairs hold what was planted, and of how many."""
    out: dict[str, list[int]] = {}
    if "class_low" in estimate:
        sizes = np.bincount(given, minlength=len(estimate["classes"]))
        happened = np.bincount(given, wrong, minlength=len(sizes)) / np.maximum(sizes, 1)
        ends = zip(estimate["class_low"], happened, estimate["class_high"], strict=True)
        held = [low <= share <= high for low, share, high in ends if low is not None]
        out["classes_covered"] = [int(np.sum(held)), len(held)]
    if true is not None and estimate["method"] == "chances":
        pairs = [pair for pair in estimate["pairs"] if pair["n"] >= 1]
        happened = [int(((given == pair["given"]) & (true == pair["suggested"])).sum()) for pair in pairs]
        held = [pair["low"] <= n <= pair["high"] for pair, n in zip(pairs, happened, strict=True)]
        out["pairs_covered"] = [int(np.sum(held)), len(held)]
    return out
