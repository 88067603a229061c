"""Chances made of an order: the share of wrong labels and, image by image, how likely its label is wrong.

An image's chance is the density of wrong labels at its place in the order over that of given labels. Wrong labels of
two kinds are known. Who slips whatever the image looks like: the labels of typical doubted images, given to other
images of the same predicted class (`typical.py`, whose lower share these get). Whom the image misleads: labels drawn
from the model's own probabilities; they get a third of what lies between the lower and the upper share.

The third, like the constants of `typical.py`, was chosen by the mean log loss over seven sets, two with the labels of
people: of 24 settings it stays the best with any one set left out, but for three, where it is .003 behind at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.base.arrays import mean_ranks
from analysis.noise.pairs import Piled
from analysis.noise.typical import Places

Array = NDArray[Any]
Floats = NDArray[np.float64]

EDGE = 1e-6  # a chance nearer to 1 than this is taken as this near
MISLED = 1 / 3  # of what people and the model may have doubted alike: wrong labels where the image misleads
TIE = 1e-6  # of suspicion goes by the order alone, so that equal chances keep it


@dataclass(frozen=True, eq=False)
class Combined:
    """Suspicion of every image and what it rests on.

    `suspicion` (N,) in 0..1: the chance that the label is wrong; `least` and `most` (N,) where as few or as many labels
    are wrong as can be. `share` of wrong labels with its interval `low`, `high`.
    `weights`: what each scorer adds to the log odds per standard deviation. `piled`: in which pairs of classes wrong
    labels pile up.
    """

    suspicion: Floats
    share: float
    low: float
    high: float
    least: Floats
    most: Floats
    weights: dict[str, float] = field(default_factory=dict)
    piled: Piled | None = None


def calibrate(own: Floats, by_image: Floats, doubted: Places, factor: Floats | None = None) -> Combined:
    """The chance that each given label is wrong.

    `own` (N,) and `by_image` (any length): the order's value of the given labels and of labels drawn by image.
    `factor` (N,): the part of `own` that belongs to the pair of classes and not to the image, none in `doubted`.
    """
    place = mean_ranks(own)  # first of all, as it takes most memory
    by_class = doubted.value if factor is None else doubted.value + factor[doubted.rows, None]
    low, high, lowest, highest = doubted.shares()
    share = low + MISLED * max(0.0, high - low)
    # those who confuse classes whatever the image looks like, and those whom the image misleads
    slips = _density_ratio(own, by_class[doubted.typical].ravel())
    misled = _density_ratio(own, by_image)
    least, chance, most = (
        np.minimum(1, min(low, part) * slips + max(0.0, part - low) * misled) for part in (lowest, share, highest)
    )
    return Combined((1 - TIE) * chance + TIE * place, share, lowest, highest, least, most)


def _density_ratio(own: Floats, other: Floats) -> Floats:
    """Density of drawn labels over that of given labels at each of `own` (N,), never falling, by isotonic regression.

    Between the middles of its steps it is interpolated, so that the order stays.
    """
    if not len(other):
        return np.zeros(len(own))
    # equal values are one point, or their order in the array would decide
    points = np.unique(np.concatenate([own, other]))
    hits = _share(other, points)
    mass = hits + _share(own, points)
    fitted = isotonic_regression(hits / mass, weights=mass)
    level = fitted.x
    middle = [(points[a:b] * mass[a:b]).sum() / mass[a:b].sum() for a, b in _steps(fitted.blocks)]
    height = [level[a] for a, _ in _steps(fitted.blocks)]
    g = np.interp(own, middle, height)
    np.clip(g, 0, 1 - EDGE, out=g)
    g /= 1 - g
    return np.asarray(g)


def _share(values: Floats, points: Floats) -> Floats:
    """Which share of the values each of `points` is, which ascend and hold all values."""
    found, count = np.unique(values, return_counts=True)
    out = np.zeros(len(points))
    out[np.searchsorted(points, found)] = count / len(values)
    return out


def _steps(blocks: Array) -> Iterable[tuple[int, int]]:
    return zip(blocks[:-1].tolist(), blocks[1:].tolist(), strict=True)
