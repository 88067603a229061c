"""Did cleaning the labels help? The same model trained on both, judged on the same trusted images. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput

RESAMPLES = 4_000
Verdict = Literal["better", "worse", "no difference"]


@dataclass(frozen=True)
class Difference:
    """Accuracy before and after, both in 0..1 as means over `n_seeds` and `n` images, and their difference.

    `low`..`high`: its 95 % interval, by drawing images and seeds anew together, in pairs: what both models get right or
    wrong alike cancels out. `per_seed` holds (before, after) of every seed. `gained`, `lost`: images that most seeds
    get right only after, or only before.
    """

    n: int
    n_seeds: int
    before: float
    after: float
    low: float
    high: float
    per_seed: tuple[tuple[float, float], ...]
    gained: int
    lost: int

    @property
    def value(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def verdict(self) -> Verdict:
        """What the interval says: a difference that it cannot tell from none is none."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no difference"

    def sentence(self) -> str:
        """The result in words, with its interval."""
        if self.low == self.high == 0:
            return f"No difference: both get the same {self.before:.1%} of {self.n:,} trusted images right."
        interval = f"95 % interval {points(self.low)} to {points(self.high)}"
        change = f"{self.before:.1%} → {self.after:.1%} of {self.n:,} trusted images right"
        if self.verdict == "no difference":
            return f"No difference can be told: {change}, {points(self.value)} points ({interval})."
        word = "Better" if self.verdict == "better" else "Worse"
        return f"{word}: {change}, {points(self.value)} points ({interval})."


def points(share: float) -> str:
    """A difference of shares as percentage points with its sign: "+2.2", "−0.4"."""
    return f"{share * 100:+.1f}".replace("-", "−")


def difference(before: NDArray[Any], after: NDArray[Any], *, seed: int = 0, resamples: int = RESAMPLES) -> Difference:
    """Compare two trainings: `before` and `after` are (S, M) bool, right for each of S seeds and M images.

    Row s of both comes from the same seed, column m from the same image. Two seeds or more are needed for an interval
    that covers them; with one it covers the images alone.
    """
    before, after = np.asarray(before, bool), np.asarray(after, bool)
    if before.shape != after.shape or before.ndim != 2 or not before.size:
        raise BadInput(f"Before is {before.shape}, after {after.shape}", wanted="(seeds, images) both, none empty")
    change = after.astype(np.int8) - before.astype(np.int8)
    low, high = _interval(change, seed=seed, resamples=resamples)
    usual = change.mean(axis=0)
    return Difference(
        n=before.shape[1],
        n_seeds=before.shape[0],
        before=float(before.mean()),
        after=float(after.mean()),
        low=low,
        high=high,
        per_seed=tuple(zip(before.mean(axis=1).tolist(), after.mean(axis=1).tolist(), strict=True)),
        gained=int((usual > 0.5).sum()),
        lost=int((usual < -0.5).sum()),
    )


def _interval(change: NDArray[np.int8], *, seed: int, resamples: int) -> tuple[float, float]:
    """95 % of the mean of (S, M) when both seeds and images are drawn anew.

    Images with the same changes are drawn together, as how many of each kind: the same law, and independent of M.
    """
    n_seeds, n = change.shape
    kinds, counts = np.unique(change, axis=1, return_counts=True)
    rng = np.random.default_rng([seed, 0xBA])
    images = rng.multinomial(n, counts / n, size=resamples) / n  # (R, U)
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples) / n_seeds  # (R, S)
    means = ((images @ kinds.T) * seeds).sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
