"""What the likeness to groups of images says for and against a label, as log odds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.vectors import unit_rows
from analysis.noise.image_groups import Groups
from analysis.noise.links import log_odds_line

Array = NDArray[Any]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

FITTED = 1_000  # images, and groups, whose similarities set the line of log odds
MOST_NOISE = 0.5  # beyond it labels would say the opposite of what they say
ROUNDS = 30  # in which the share of wrong labels settles
EXACT_WORK = 1e11  # multiplications in double precision, seconds; more are done in single
BLOCK = 32 << 20  # bytes of log odds at a time


@dataclass(frozen=True, eq=False)
class Compared:
    """Log odds (M,) of the best group of the label's class and of the best other one against no class, and the groups.

    `other_group` is -1, `other` minus infinity where there is no other class. `least` (M,): log odds below which a
    label does not fall by the unlikeness to its class alone. Of n images that are all unlike each other one may be
    right, and nothing says which; minus infinity in classes with a consensus. `rivals` (M,): where the other group is a
    single image, how many images of its class are as likely to be the right one, itself included; else 0.
    """

    own: Floats
    own_group: Rows
    other: Floats
    other_group: Rows
    least: Floats
    rivals: Rows


@dataclass(frozen=True, eq=False)
class Evidence:
    """Images (features (N, D), given (N,)) and the groups they are compared with along a line of log odds."""

    features: Array
    given: NDArray[np.int64]
    groups: Groups
    line: tuple[float, float]

    @property
    def n_others(self) -> int:
        """Classes with images besides the given one, at least 1."""
        return max(1, len(np.unique(self.groups.class_of)) - 1)

    @cached_property
    def _across(self) -> Array:
        """(D + 1, G): a unit feature and a one, times this, are the log odds that a new image belongs to a group."""
        slope, middle = self.line
        size, total = self.groups.size, self.groups.total
        across = np.vstack([total.T, -middle * size]) * (slope / (size + 1))
        exact = len(self.given) * float(total.size) <= EXACT_WORK
        return np.ascontiguousarray(across, dtype=np.float64 if exact else np.float32)

    def log_odds(self, rows: Rows) -> Floats:
        """(M, G): that an image belongs to a group rather than to none, itself left out of its own group."""
        slope, middle = self.line
        across = self._across
        unit = unit_rows(self.features[rows], across.dtype.type)
        odds = np.concatenate([unit, np.ones((len(unit), 1), unit.dtype)], axis=1) @ across
        inside = np.flatnonzero(self.groups.group[rows] >= 0)
        group = self.groups.group[rows[inside]]
        others = self.groups.size[group] - 1
        alike = np.einsum("nd,nd->n", unit[inside], self.groups.total[group]) - 1
        odds[inside, group] = slope * (alike - middle * others) / (others + 1)
        return odds

    def compare(self, rows: Rows, labels: Rows) -> Compared:
        """The best group for and against the `labels` (M,) of `rows` (M,), block by block."""
        m = len(rows)
        least = self._least(rows, labels)
        nowhere = np.full(m, -1)
        out = Compared(np.empty(m), np.empty(m, np.int64), np.full(m, -np.inf), nowhere, least, np.zeros(m, np.int64))
        alone = len(np.unique(self.groups.class_of)) == 1
        for part in row_blocks(m, len(self.groups.size) * 8, block_bytes=BLOCK):
            odds = self.log_odds(rows[part])
            at = np.arange(len(odds))
            image, place, group = self._of_class(labels[part])
            for_it = np.full((len(odds), int(place.max(initial=0)) + 1), -np.inf)
            for_it[image, place] = odds[image, group]
            # to be its own group says nothing where there are others to be compared with
            scattered = (least[part] > -np.inf) & (self.given[rows[part]] == labels[part])
            itself = scattered[image] & (group == self.groups.group[rows[part]][image])
            for_it[image[itself], place[itself]] = -np.inf
            best = for_it.argmax(axis=1)
            out.own[part] = for_it[at, best]
            out.own_group[part] = np.searchsorted(self.groups.class_of, labels[part]) + best
            if not alone:
                odds[image, group] = -np.inf
                out.other_group[part] = odds.argmax(axis=1)
                out.other[part] = odds[at, out.other_group[part]]
        if not alone:
            out.rivals[:] = self._rivals[out.other_group]
        # a class without any image says nothing for or against itself
        np.copyto(out.own_group, 0, where=np.isneginf(out.own))
        np.copyto(out.own, 0.0, where=np.isneginf(out.own))
        return out

    def _of_class(self, labels: Rows) -> tuple[Rows, Rows, Rows]:
        """Every pair of an image, 0..M-1, and a group of its label: image, place among those groups, and group."""
        first, end = (np.searchsorted(self.groups.class_of, labels, side=side) for side in ("left", "right"))
        n = end - first
        image = np.repeat(np.arange(len(labels)), n)
        place = np.arange(len(image)) - np.repeat(n.cumsum() - n, n)
        return image, place, first[image] + place

    @cached_property
    def _rivals(self) -> Rows:
        """(G,): of a group that is one image, the images of its class, each of which may be the right one; else 0."""
        number = np.bincount(self.groups.class_of, minlength=len(self.groups.consensus))[self.groups.class_of]
        single = (self.groups.size == 1) & ((number == 1) | ~self.groups.consensus[self.groups.class_of])
        return np.where(single, number, 0)

    def _least(self, rows: Rows, labels: Rows) -> Floats:
        others = np.bincount(self.groups.class_of, minlength=len(self.groups.consensus))[labels]
        others = others - (self.given[rows] == labels)
        scattered = ~self.groups.consensus[labels] & (others > 0)
        return np.where(scattered, -np.log(np.maximum(others, 1)), -np.inf)

    def similarity(self, odds: Floats, size: Array) -> Floats:
        """The mean cosine (M,) to groups of `size` images behind these log odds; NaN to no image."""
        slope, middle = self.line
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(size > 0, odds * (size + 1) / (slope * size) + middle, np.nan)


def fit_line(features: Array, given: NDArray[np.int64], groups: Groups, order: Rows) -> tuple[float, float]:
    """The line of log odds, from images compared with their own group and with those of other classes."""
    some = order[np.unique(np.linspace(0, len(order) - 1, FITTED).astype(np.int64))]
    others = np.unique(np.linspace(0, len(groups.size) - 1, FITTED).astype(np.int64))
    unit = unit_rows(features[some], np.float64)
    foreign = given[some][:, None] != groups.class_of[others][None, :]
    apart = (unit @ (groups.total[others] / groups.size[others, None]).T)[foreign]
    sizes = np.broadcast_to(groups.size[others], foreign.shape)[foreign]
    at_home = some[(groups.group[some] >= 0) & (groups.size[groups.group[some]] > 1)]
    home = groups.group[at_home]
    own = np.einsum("nd,nd->n", unit_rows(features[at_home], np.float64), groups.total[home]) - 1
    n = groups.size[home] - 1
    return log_odds_line((own / n, n), (apart, sizes))


@dataclass(frozen=True)
class Wrong:
    """Of all labels: the share that hides another of the classes, and the share that hides none of them."""

    other: float
    none: float

    @property
    def noise(self) -> float:
        """The share of wrong labels."""
        return self.other + self.none


def for_label(found: Compared, n_others: int, wrong: Wrong) -> Floats:
    """Log odds (M,) that a label is right rather than wrong. All other classes are as likely.

    To be like a single image of another class says that one of the two has the wrong label: the other one the more
    likely, the less is known of it. A group of several images is taken to be what its label says.
    """
    doubt = np.where(found.rivals > 1, 1 - 1 / np.maximum(found.rivals, 1), wrong.noise * (found.rivals == 1))
    right = np.maximum(found.own + np.log(1 - wrong.noise), found.least + np.log(wrong.noise))
    with np.errstate(divide="ignore"):  # nothing speaks against a group of several
        mine_there = found.other + np.log(doubt * wrong.other / wrong.noise / n_others)
    hidden = found.other + np.log((1 - doubt) * wrong.other / n_others)
    return np.asarray(right + np.logaddexp(0, mine_there) - np.logaddexp(hidden, np.log(wrong.none)))


def from_other(found: Compared, n_others: int, wrong: Wrong) -> Floats:
    """Log odds (M,) that an image whose label is wrong belongs to another class rather than to none."""
    return np.asarray(found.other + np.log(wrong.other / n_others) - np.log(wrong.none))


def settled(found: Compared, known: NDArray[np.bool_], n_others: int, *, start: float) -> Wrong:
    """The shares of wrong labels with which the chances of all images agree that have company (`known`, (M,)).

    Expectation-maximisation from `start`; never nothing, never more than half. How the wrong ones divide is drawn to
    halves by as many images as the square root of their number, or a few images would settle it where few are wrong.
    """
    n = np.count_nonzero(known)
    least = 0.5 / (n + 1)
    noise = min(MOST_NOISE, max(least, start))
    wrong = Wrong(noise / 2, noise / 2)
    for _ in range(ROUNDS if n else 0):
        is_wrong = chance(-for_label(found, n_others, wrong)[known])
        hides_other = float(is_wrong @ chance(from_other(found, n_others, wrong)[known]))
        noise = min(MOST_NOISE, max(least, float(is_wrong.mean())))
        drawn = np.sqrt(n * noise)
        part = float((hides_other + drawn / 2) / (is_wrong.sum() + drawn))
        wrong = Wrong(noise * part, noise * (1 - part))
    return wrong


def chance(log_odds: Floats) -> Floats:
    """The probability (M,) behind log odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))
