"""In which pairs of classes wrong labels pile up, learnt from the given labels and from labels that were drawn.

Where people slip between two classes again and again, a doubtful image of that pair is more likely wrong than one
whose classes the model alone mixes up: a model's own mistakes are seldom as sure as a wrong label looks. So of every
pair (given label, best other class) the sure cases are counted, those above the middle of the drawn labels, and set
against the sure cases that drawn labels have there. The ratio is the factor of the pair. Counts are small, so it is
drawn towards the common ratio as far as the pairs themselves call for it: counts are Poisson, factors Gamma around the
common one, and the spread of the factors is that of highest likelihood (empirical Bayes [Robbins56]). Where all pairs
are alike, the factors vanish.

The middle is taken twice, of the drawn labels of the same other class and of all, and the two factors are averaged: a
class of which many labels are wrong is learnt so badly that none of its images reaches the common middle; at its own
middle the usual mistakes between two hard classes count as sure.

Whether wrong labels lie near or far decides what tells them: is the given label out of the question, or another one
only better? Most pairs hold too few images to learn that one by one. So drawn labels also get a factor for how many
other images are mixed up in their pair: none, one, two or three, four to seven and so on. It says which drawn labels to
learn from and nothing else, as the order itself sees how far a label is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIDDLE = 0.5  # of the drawn labels: above it a label is a sure case
FEWEST = 20  # drawn labels of a class from which on it has a middle of its own
PRIOR = (1.0, 1_000.0)  # wrong labels that the common ratio counts for at least and at most
GROUPS = 13  # by images mixed up in the pair; the last one begins at 2,048
GROUP_PRIOR = 5.0  # the same for the groups of pairs, which are few and large


@dataclass(frozen=True, eq=False)
class Placed:
    """Images or drawn labels (M,): the label `given` to each, the best `other` class, the `value` in the order."""

    given: Ids
    other: Ids
    value: Floats
    n_classes: int

    @property
    def pair(self) -> Ids:
        """(M,) a number for each pair."""
        return np.asarray(self.given * self.n_classes + self.other, np.int64)


@dataclass(frozen=True, eq=False)
class Piled:
    """What the pairs say; factors are natural logarithms, 0 is as everywhere.

    `factor` (N,): of the pair of each image, as seen from all other images, so that none backs itself. `sure` (N,): how
    many other images of its pair are sure cases by the middle of their class, and `usual` (N,) how many there would be
    if all pairs were alike.
    """

    factor: Floats
    sure: Floats
    usual: Floats
    views: tuple[_View, _View]
    group_factor: Floats
    mixed_up: _Counts

    def of(self, drawn: Placed) -> Floats:
        """The factor (M,) of the pairs of drawn labels."""
        return _mean([view.factor(drawn.pair) for view in self.views])

    def weight(self, drawn: Placed) -> Floats:
        """How much each drawn label (M,) is to count, so that all together lie as the wrong ones do."""
        return np.asarray(np.exp(self.of(drawn) + self.group_factor[_group(self.mixed_up.of(drawn.pair))]))


def pile_up(images: Placed, drawn: Placed, *, mixed: Flags) -> Piled:
    """Where wrong labels pile up; `mixed` (N,): the model predicts another class than the one given to the image."""
    common = float(np.quantile(drawn.value, MIDDLE))
    views = (_view(images, drawn, _middles(drawn, common)), _view(images, drawn, np.full(images.n_classes, common)))
    mixed_up = _Counts.of_each(images.pair[mixed])
    group, drawn_group = _group(mixed_up.of(images.pair) - mixed), _group(mixed_up.of(drawn.pair))
    factors = []
    for view in views:
        found = np.bincount(group[view.sure], minlength=GROUPS).astype(np.float64)
        likely = view.sure_drawn * np.exp(view.factor(drawn.pair))
        usual = np.bincount(drawn_group, likely, minlength=GROUPS).astype(np.float64)
        factors.append(_log_ratio(found, _scaled(usual, found), GROUP_PRIOR))
    own = views[0]
    return Piled(
        factor=_mean([view.factor_of_images(images.pair) for view in views]),
        sure=own.found.of(images.pair) - own.sure,
        usual=own.usual.of(images.pair),
        views=views,
        group_factor=_mean(factors),
        mixed_up=mixed_up,
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """A number (E,) for each of some pairs (E,), which ascend; all others have 0."""

    pairs: Ids
    number: Floats

    @classmethod
    def of_each(cls, pair: Ids) -> _Counts:
        pairs, number = np.unique(pair, return_counts=True)
        return cls(pairs, number.astype(np.float64))

    def of(self, pair: Ids) -> Floats:
        """(M,) the numbers of any pairs (M,)."""
        if not len(self.pairs):
            return np.zeros(len(pair))
        at = np.minimum(np.searchsorted(self.pairs, pair), len(self.pairs) - 1)
        return np.where(self.pairs[at] == pair, self.number[at], 0)


@dataclass(frozen=True, eq=False)
class _View:
    """Sure cases by one middle: which images (N,) and which drawn labels (M,) they are, and their numbers per pair."""

    sure: Flags
    sure_drawn: Flags
    found: _Counts
    usual: _Counts
    prior: float

    def factor(self, pair: Ids) -> Floats:
        return _log_ratio(self.found.of(pair), self.usual.of(pair), self.prior)

    def factor_of_images(self, pair: Ids) -> Floats:
        return _log_ratio(self.found.of(pair) - self.sure, self.usual.of(pair), self.prior)


def _view(images: Placed, drawn: Placed, middle: Floats) -> _View:
    """`middle` (K,): above it a label is a sure case, by its other class."""
    sure, sure_drawn = images.value > middle[images.other], drawn.value > middle[drawn.other]
    found, expected = _Counts.of_each(images.pair[sure]), _Counts.of_each(drawn.pair[sure_drawn])
    usual = _Counts(expected.pairs, _scaled(expected.number, found.number))
    return _View(sure, sure_drawn, found, usual, _prior(found.of(usual.pairs), usual.number))


def _middles(drawn: Placed, common: float) -> Floats:
    """(K,) the middle of the drawn labels of each other class; where they are few, that of all."""
    middle = np.full(drawn.n_classes, common)
    order = np.argsort(drawn.other, kind="stable")
    classes, start = np.unique(drawn.other[order], return_index=True)
    for label, values in zip(classes, np.split(drawn.value[order], start[1:]), strict=True):
        if len(values) >= FEWEST:
            middle[label] = np.quantile(values, MIDDLE)
    return middle


def _group(mixed_up: Floats) -> Ids:
    """Groups (M,) of pairs by how many images are mixed up in them: 0, 1, 2 to 3, 4 to 7, ..."""
    return np.frexp(np.maximum(mixed_up, 0))[1].clip(0, GROUPS - 1)


def _log_ratio(found: Floats, usual: Floats, prior: float) -> Floats:
    return np.log((found + prior) / (usual + prior))


def _scaled(usual: Floats, found: Floats) -> Floats:
    """`usual` so that it adds up to as much as `found`, to one at least."""
    return usual * (max(float(found.sum()), 1.0) / max(float(usual.sum()), 1.0))


def _mean(values: list[Floats]) -> Floats:
    return np.asarray(np.mean(values, axis=0))


def _prior(found: Floats, usual: Floats) -> float:
    """For how many wrong labels the common ratio counts, the likeliest number for `found` (E,) cases, `usual` > 0."""

    def loss(log_prior: float) -> float:
        a = np.exp(log_prior)
        terms = gammaln(found + a) - gammaln(a) + a * np.log(a / (a + usual)) + found * np.log(usual / (a + usual))
        return -float(terms.sum())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(PRIOR), method="bounded").x))
