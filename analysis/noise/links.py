"""How alike images of one class are, and images of different classes: what a similarity says of two labels.

All from the similarities of the data set itself: nothing has to be set for a new network or a new kind of image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.base.vectors import unit_rows

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

FROM_CLASS = 256  # images of a class whose links are counted: 32,640 links tell its likeness
FROM_ALL = 2_000  # images whose links to other classes are counted: 2 million links
BINS = 400  # of the similarity -1..1
MOST_WEAK = 0.6  # of the links inside classes are weak at the most (METHODS 3): where classes overlap, a graph is left
ROUNDS = 50  # of Newton's method; it stops after about eight
RIDGE = 1e-7  # holds the line where the two sides do not overlap at all
MOST = 30.0  # log odds: beyond it a logistic curve is flat to double precision


@dataclass(frozen=True)
class Links:
    """`weak`: a link inside a class that is less similar joins, more likely than not, images of different classes.

    `stray` (0..1) is the share of such links inside classes, and `noise` the share of wrong labels that explains it:
    two labels are both right in (1 - noise)^2 of the links. An upper bound where classes are of many kinds of images.
    """

    weak: float
    stray: float

    @property
    def noise(self) -> float:
        """The share of wrong labels, 0..1."""
        return float(1 - np.sqrt(1 - self.stray))


def measure(features: NDArray[Any], given: NDArray[np.int64], classes: list[Rows]) -> Links:
    """Compare links inside `classes` (the rows of each, in a settled order) with links between them.

    The links of a class are a mixture of right ones and of stray ones, which look like links between classes. As hardly
    a right link lies in the lower half of those, what lies there tells the share of stray ones.
    """
    inside = np.zeros(BINS)
    for rows in classes:
        some = _spread(rows, FROM_CLASS)
        if len(some) > 1:
            similarity = _similarities(features, some)
            pairs = np.triu_indices(len(some), 1)
            # each image of a class has the same say, in large classes and in small ones
            inside += _histogram(similarity[pairs]) * (2 * len(rows) / len(some) / (len(some) - 1))
    some = _spread(np.concatenate(classes), FROM_ALL)
    between = _histogram(_similarities(features, some)[given[some][:, None] != given[some][None, :]])
    if not inside.any() or not between.any():
        return Links(-1.0, 0.0)  # nothing to compare: every link counts
    inside, between = inside / inside.sum(), between / between.sum()
    middle = int(np.searchsorted(between.cumsum(), 0.5)) + 1
    stray = float(min(1.0, inside[:middle].sum() / between[:middle].sum()))
    return Links(_weak(inside, between, stray), stray)


def _weak(inside: Floats, between: Floats, stray: float) -> float:
    """The similarity from which links inside a class are mostly right, taken to become ever more so; capped."""
    # where links are stray, as many are seen inside classes as strays are expected; where half are right, twice as many
    seen = inside + stray * between
    share = isotonic_regression(np.divide(inside, seen, out=np.zeros(BINS), where=seen > 0), weights=seen + 1e-12).x
    first = min(int(np.searchsorted(share, 2 / 3)), int(np.searchsorted(inside.cumsum(), MOST_WEAK)))
    return -1 + 2 * first / BINS


def log_odds_line(alike: tuple[Floats, Floats], apart: tuple[Floats, Floats]) -> tuple[float, float]:
    """The `slope` and `middle` of log odds = slope * n / (n + 1) * (similarity - middle).

    Both arguments hold mean similarities (M,) to groups of images and the sizes n (M,) of the groups: of images to
    their own group, and to other groups. Nothing known (n = 0) gives even odds, and one image half the weight of many:
    logistic regression of one against the other, both sides with the same weight.
    """
    value = np.concatenate([alike[0], apart[0]])
    size = np.concatenate([alike[1], apart[1]])
    own = np.repeat([1.0, 0.0], [len(alike[0]), len(apart[0])])
    weight = np.repeat([1 / max(1, len(alike[0])), 1 / max(1, len(apart[0]))], [len(alike[0]), len(apart[0])])
    share = size / (size + 1)
    X = np.stack([value * share, share], axis=1)
    line = np.zeros(2)
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(X @ line, -MOST, MOST)))
        curve = (X * (weight * p * (1 - p))[:, None]).T @ X + RIDGE * np.eye(2)
        step = np.linalg.solve(curve, X.T @ (weight * (own - p)) - RIDGE * line)
        line += step
        if np.abs(step).max() < 1e-9:
            break
    return float(max(line[0], 1e-9)), float(-line[1] / max(line[0], 1e-9))


def _spread(rows: Rows, most: int) -> Rows:
    """At most so many of the rows, evenly spread over them."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _similarities(features: NDArray[Any], rows: Rows) -> Floats:
    unit = unit_rows(features[rows], np.float64)
    # on a grid, so that a rounding that depends on the order of the rows does not move a value into the next bin
    return np.rint(unit @ unit.T * 2.0**30) / 2.0**30


def _histogram(similarity: Floats) -> Floats:
    return np.histogram(np.clip(similarity, -1, 1), bins=BINS, range=(-1, 1))[0].astype(np.float64)
