"""How well a suspicion finds the wrong labels, with ties handled so that row order does not matter (METHODS 0).

All functions take `wrong` (N,) bool and `suspicion` (N,), higher = more suspicious.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.base.errors import BadInput

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]
FEW_POSITIVES = 60  # below, a figure is shown with its interval
RESAMPLES = 1000


def average_precision(wrong: Array, suspicion: Array) -> float:
    """Sum over the distinct values of suspicion of (step of recall x precision), in 0..1."""
    found, seen = _steps(*_checked(wrong, suspicion))
    gained = np.diff(found, prepend=0)
    return float((gained * found / seen).sum() / found[-1])


def auroc(wrong: Array, suspicion: Array) -> float:
    """Chance that a wrong label has more suspicion than a right one, ties counting half, in 0..1."""
    wrong, suspicion = _checked(wrong, suspicion)
    n_wrong = int(wrong.sum())
    n_right = len(wrong) - n_wrong
    if n_right == 0:
        raise BadInput("All labels are wrong", wanted="some right ones, to compare with")
    ranks = mean_ranks(suspicion) * len(wrong)
    return float((ranks[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * n_right))


def found_among(wrong: Array, suspicion: Array, k: int) -> float:
    """Expected number of wrong labels among the `k` most suspicious, ties at the cut drawn at random."""
    wrong, suspicion = _checked(wrong, suspicion)
    if not 1 <= k <= len(wrong):
        raise BadInput(f"The first {k} of {len(wrong)} images were asked for", wanted=f"a number in 1..{len(wrong)}")
    found, seen = _steps(wrong, suspicion)
    return float(np.interp(k, np.r_[0, seen], np.r_[0, found]))


def precision_at(wrong: Array, suspicion: Array, k: int) -> float:
    """Expected share of wrong labels among the `k` most suspicious images, in 0..1."""
    return found_among(wrong, suspicion, k) / k


def recall_at_share(wrong: Array, suspicion: Array, share: float) -> float:
    """Expected share of all wrong labels that reviewing the most suspicious `share` (0..1) of the images finds.

    The number of images reviewed is rounded up.
    """
    if not 0 < share <= 1:
        raise BadInput(f"The share {share} of the images was asked for", wanted="a share above 0, at most 1")
    k = int(np.ceil(np.round(share * len(wrong), 9)))  # rounded first: 0.03 * 100 is 3, not 3.0000000000000004
    return found_among(wrong, suspicion, k) / float(np.sum(wrong))


def bootstrap_interval(
    metric: Metric, wrong: Array, suspicion: Array, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile interval of `metric` over images drawn with replacement.

    Resamples without both a wrong and a right label are drawn anew, as no metric is defined on them.
    """
    wrong, suspicion = _checked(wrong, suspicion)
    if wrong.all():
        raise BadInput("All labels are wrong", wanted="some right ones, to compare with")
    rng = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < resamples:
        rows = rng.integers(0, len(wrong), len(wrong))
        if wrong[rows].any() and not wrong[rows].all():
            values.append(metric(wrong[rows], suspicion[rows]))
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def _checked(wrong: Array, suspicion: Array) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    wrong, suspicion = np.asarray(wrong), np.asarray(suspicion, np.float64)
    if wrong.shape != suspicion.shape or wrong.ndim != 1:
        raise BadInput(f"wrong has the shape {wrong.shape}, suspicion {suspicion.shape}", wanted="(images,) both")
    if wrong.dtype != np.bool_:
        raise BadInput(f"wrong is {wrong.dtype}", wanted="True for the wrong labels")
    if not np.isfinite(suspicion).all():
        raise BadInput(f"The suspicion of row {int(np.argmin(np.isfinite(suspicion)))} is not finite")
    if not wrong.any():
        raise BadInput("No label is wrong: there is nothing to find", wanted="at least one wrong label")
    return wrong, suspicion


def _steps(wrong: NDArray[np.bool_], suspicion: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wrong labels found and images seen after each distinct value of suspicion, the highest first."""
    order = np.argsort(-suspicion, kind="stable")
    ordered = suspicion[order]
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    return np.cumsum(wrong[order], dtype=np.int64)[ends], ends.astype(np.int64) + 1
