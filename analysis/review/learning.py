"""Learn from verdicts which of the images nobody has judged yet are wrong, and measure whether that helps. Pure.

A logistic regression that starts from the suspicion and corrects it by how much more or less often than the suspicion
says the verdicts so far found the image's class, its suggestion, its pair of classes and its community wrong, drawn to
no correction by `PRIOR` verdicts (METHODS 1.8). What is judged first is what was most suspicious: rates as such would
carry the many errors there over to images further down, corrections of the suspicion do not. And the order changes only
as far down as verdicts reach (`REACH`): further down a class that was often wrong has images of another kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.review.said import RIGHT, WRONG

Array = NDArray[Any]
Floats = NDArray[np.float64]

ENOUGH = 300  # judged images; with fewer the learned order was measured to hurt (METHODS 1.8)
EACH = 20  # of them wrong, and as many right
AGAIN = 100  # further verdicts after which the order is learnt anew
REACH = 3  # images put in another order for each judged one, the most suspicious ones
COVERED = 0.9  # of the judged images: as far down as these lie the order changes in any case, as after random samples
PRIOR = 3.0
PENALTY = 5.0  # of squared weights, in verdicts
FOLDS = 5
RESAMPLES = 500
EDGE = 1e-4


@dataclass(frozen=True, eq=False)
class Images:
    """What is learnt from, for all N images: class numbers `given` and `suggested`, `suspicion` in 0..1, each (N,);
    `community` (K,) of every class."""

    given: NDArray[np.integer]
    suggested: NDArray[np.integer]
    suspicion: NDArray[np.floating]
    community: NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Learned:
    """A new order of all images, and what it gains on the `judged` images, `wrong` of them wrong.

    `order` (N,) in 0..1, higher = to be judged earlier: the `reach` most suspicious images by the learnt chance that
    their label is wrong, then all others by suspicion as before.
    `before` and `after`: average precision of the order by suspicion and of the learned one on the judged images, each
    image by a model that did not see its verdict; `low`, `high`: 95 % bootstrap interval of the difference.
    """

    order: Floats
    reach: int
    judged: int
    wrong: int
    before: float
    after: float
    low: float
    high: float

    def sentence(self) -> str:
        """The measured gain and what it does not say."""
        change = f"{self.before:.2f} → {self.after:.2f}"
        if self.low > 0:
            verdict = f"Learning from them helps: average precision {change}"
        elif self.high < 0:
            verdict = f"Learning from them hurts: average precision {change}"
        else:
            verdict = f"Learning from them makes no certain difference: average precision {change}"
        return (
            f"{self.judged:,} verdicts, {self.wrong:,} of them wrong. {verdict} (95 % interval of the change "
            f"{self.low:+.2f} to {self.high:+.2f}), each image judged by what was learnt from the others. Measured on "
            "images that were chosen because they came first: of images further down it says little, so that only the "
            f"{self.reach:,} most suspicious images change their order."
        )


def rows_to_learn_from(verdict: Array) -> NDArray[np.int64]:
    """The rows whose label was judged right or wrong, none where there are too few to learn from."""
    known = np.flatnonzero((verdict == RIGHT) | (verdict == WRONG))
    wrong = int((verdict[known] == WRONG).sum())
    return known if len(known) >= ENOUGH and min(wrong, len(known) - wrong) >= EACH else known[:0]


def stage(verdict: Array) -> int:
    """How many verdicts an order learnt now would rest on, in whole steps of `AGAIN`; 0 where there are too few."""
    return len(rows_to_learn_from(verdict)) // AGAIN * AGAIN


def learn(images: Images, verdict: Array, *, seed: int = 0) -> Learned | None:
    """Learn from what stands of every image (`Said.verdict`, (N,)); None where there is too little."""
    known = rows_to_learn_from(verdict)
    if len(known) == 0:
        return None
    wrong = verdict[known] == WRONG
    groups = _groups(images)
    order, reach = _within_reach(images, known, _fitted(images, groups, known, wrong))
    after = np.empty(len(known))
    fold = np.random.default_rng(seed).permutation(len(known)) % FOLDS
    for number in range(FOLDS):
        test = fold == number
        after[test] = _fitted(images, groups, known[~test], wrong[~test])[known[test]]
    before = np.asarray(images.suspicion, np.float64)[known]
    low, high = _interval(wrong, before, after, seed=seed)
    gain = (_precision(wrong, before), _precision(wrong, after), low, high)
    return Learned(order, reach, len(known), int(wrong.sum()), *gain)


def _within_reach(images: Images, known: Array, chance: Floats) -> tuple[Floats, int]:
    """The learnt `chance` (N,) orders as far down as the `known` images reach, the suspicion beyond; and how far."""
    suspicion = np.asarray(images.suspicion, np.float64)
    from_top = np.sort(suspicion)[::-1]
    covered = np.searchsorted(-from_top, -np.quantile(suspicion[known], 1 - COVERED), side="right")
    reach = min(len(suspicion), max(REACH * len(known), int(covered)))
    within = suspicion >= from_top[reach - 1]  # all of equal suspicion or none
    return np.where(within, (1 + chance) / 2, suspicion / 2), int(within.sum())


def _groups(images: Images) -> list[NDArray[np.int64]]:
    """What images have in common, as numbers (N,): class, suggestion, pair, pair and direction, community."""
    given, other = (np.asarray(x, np.int64) for x in (images.given, images.suggested))
    k = len(images.community)
    pair = np.minimum(given, other) * k + np.maximum(given, other)
    found = (given, other, pair, given * k + other, np.asarray(images.community, np.int64)[given])
    return [np.unique(values, return_inverse=True)[1].astype(np.int64) for values in found]


def _fitted(images: Images, groups: list[NDArray[np.int64]], known: Array, wrong: Array) -> Floats:
    """The chance (N,) of every image, learnt from the verdicts on `known`."""
    inner = np.clip(np.asarray(images.suspicion, np.float64), EDGE, 1 - EDGE)
    start = np.log(inner / (1 - inner))
    mean, spread = start[known].mean(), start[known].std() + 1e-9
    level = ((start - mean) / spread)[:, None]
    base = start + _part(level, _logistic(level[known], wrong, start[known]))
    expected = _chance(base[known])
    ratios = [_ratios(group, known, wrong, expected) for group in groups]
    weight = _logistic(np.stack([own for _, own in ratios], axis=1), wrong, base[known])
    return _chance(base + _part(np.stack([every for every, _ in ratios], axis=1), weight))


def _ratios(group: NDArray[np.int64], known: Array, wrong: Array, expected: Floats) -> tuple[Floats, Floats]:
    """Log of wrong labels found over those expected, smoothed: of each image's group (N,), and for the known ones
    without themselves, or each would give its own verdict away."""
    size = int(group.max(initial=0)) + 1
    here, prior = group[known], PRIOR * float(wrong.mean())
    found, told = np.bincount(here, wrong, minlength=size), np.bincount(here, expected, minlength=size)
    every = np.log((found + prior) / (told + prior))[group]
    own = np.log(np.maximum(found[here] - wrong, 0) + prior) - np.log(np.maximum(told[here] - expected, 0) + prior)
    return every, own


def _chance(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def _part(X: Floats, weight: Floats) -> Floats:
    return np.asarray(X @ weight[1:] + weight[0])


def _logistic(X: Floats, wrong: Array, offset: Floats) -> Floats:
    """Weights (1 + F,) of a logistic regression on top of `offset`, by Newton's method; an L2 penalty on all but the
    first."""
    A = np.c_[np.ones(len(X)), X]
    penalty = np.diag([1e-6] + [PENALTY] * X.shape[1])
    weight = np.zeros(A.shape[1])
    for _ in range(30):
        p = _chance(offset + A @ weight)
        slope = A.T @ (wrong - p) - penalty @ weight
        step = np.linalg.solve((A * (p * (1 - p))[:, None]).T @ A + penalty, slope)
        weight += np.clip(step, -2, 2)  # far from the optimum a whole step may lead away
        if np.abs(step).max() < 1e-8:
            break
    return weight


def _precision(wrong: Array, order: Floats) -> float:
    """Average precision, equal values taken together."""
    first = np.argsort(-order, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(order[first]) != 0, True])
    found = np.cumsum(wrong[first])[ends]
    return float((np.diff(found, prepend=0) * found / (ends + 1)).sum() / max(1, found[-1]))


def _interval(wrong: Array, before: Floats, after: Floats, *, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    changes = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(wrong), len(wrong))
        changes.append(_precision(wrong[rows], after[rows]) - _precision(wrong[rows], before[rows]))
    low, high = np.percentile(changes, (2.5, 97.5))
    return float(low), float(high)
