"""Chances made of an order: the share of wrong labels and, image by image, how likely its label is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.base.arrays import mean_ranks, wilson

Array = NDArray[Any]
Floats = NDArray[np.float64]

EDGE = 1e-6  # a chance nearer to 1 than this is taken as this near
CONFIDENCE = 0.1  # of the best bin: how often its bound may be wrong
LEAST_DRAWN = 0.05  # of the drawn labels, in the best bin: fewer are a chance finding
TIE = 1e-6  # of suspicion goes by the order alone, so that equal chances keep it


@dataclass(frozen=True, eq=False)
class Combined:
    """Suspicion of every image and what it rests on.

    `suspicion` (N,) in 0..1: the chance that the label is wrong. `share` of wrong labels with its interval `low`,
    `high`. `weights`: what each scorer adds to the log odds per standard deviation.
    """

    suspicion: Floats
    share: float
    low: float
    high: float
    weights: dict[str, float] = field(default_factory=dict)


def calibrate(own: Floats, by_class: Floats, by_image: Floats) -> Combined:
    """The chance that each given label is wrong, from the order's value of given and of drawn labels (any lengths)."""
    half = np.concatenate([by_class[::2], by_image[1::2]])
    share, low, high = share_wrong(own, half)
    low, high = min(low, share_wrong(own, by_class)[1]), max(high, share_wrong(own, by_image)[2])
    chance = np.minimum(1, share * _density_ratio(own, half))
    return Combined((1 - TIE) * chance + TIE * mean_ranks(own), share, low, high)


def share_wrong(own: Floats, other: Floats) -> tuple[float, float, float]:
    """The share of wrong labels in 0..1 and an interval, from the order's value of given and of drawn labels. [Garg21]

    Above any cut the share of given labels is at least `share` x that of drawn labels, with equality where no right
    label lies. The cut is the one whose upper bound is lowest; the interval is Wilson's for the given labels above it.
    """
    cuts = np.unique(np.quantile(other, np.linspace(0, 1 - LEAST_DRAWN, 400)))
    above, drawn_above = (1 - np.searchsorted(np.sort(x), cuts) / len(x) for x in (own, other))
    slack = np.sqrt(np.log(4 / CONFIDENCE) / 2)
    bound = (above + slack / np.sqrt(len(own)) + slack / np.sqrt(len(other))) / drawn_above
    best = int(np.argmin(bound))
    ratio = min(1.0, float(above[best] / drawn_above[best]))
    low, high = (min(1.0, end / float(drawn_above[best])) for end in wilson(float(above[best]) * len(own), len(own)))
    return ratio, low if ratio else 0.0, high  # without this a rounding would claim a wrong label where there is none


def _density_ratio(own: Floats, other: Floats) -> Floats:
    """Density of drawn labels over that of given labels at each of `own` (N,), never falling, by isotonic regression.

    Between the middles of its steps it is interpolated, so that the order stays.
    """
    values = np.concatenate([own, other])
    is_drawn = np.r_[np.zeros(len(own)), np.ones(len(other))]
    weight = np.r_[np.full(len(own), 1 / len(own)), np.full(len(other), 1 / len(other))]
    # equal values are one point, or their order in the array would decide
    points, place = np.unique(values, return_inverse=True)
    mass, hits = np.bincount(place, weight), np.bincount(place, weight * is_drawn)
    fitted = isotonic_regression(hits / mass, weights=mass)
    level = np.maximum(fitted.x, 0)
    middle = [(points[a:b] * mass[a:b]).sum() / mass[a:b].sum() for a, b in _steps(fitted.blocks)]
    height = [level[a] for a, _ in _steps(fitted.blocks)]
    g = np.clip(np.interp(own, middle, height), 0, 1 - EDGE)
    return np.asarray(g / (1 - g))


def _steps(blocks: Array) -> Iterable[tuple[int, int]]:
    return zip(blocks[:-1].tolist(), blocks[1:].tolist(), strict=True)
