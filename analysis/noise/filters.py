"""Confident learning as filters: which images to look at, exactly and without a copy of the probabilities. [North21a]

METHODS 2.1 and 2.4: the arithmetic of cleanlab 2.9.0, streamed. Ties are broken by margin, then self-confidence, then
`tie`, so the answer does not depend on the order of the rows when `tie` travels with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import NotFoundHere
from analysis.base.types import Predictions
from analysis.noise.confident_joint import TAU, ConfidentJoint, Form, confident_joint
from analysis.noise.prune import KEEP_PER_CLASS, Pruned, TieOrder, by_class, choose
from analysis.noise.rows import RowFacts, gather

Array = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Why prune_by_noise_rate flagged an image: its place among the images of one (given, likely true) pair.

    All (N,): `true` the likely class (-1 = not flagged), `expected` how many wrong labels of that pair the joint
    expects, `rank` the image's place among them, 1 = largest margin (0 = not flagged).
    """

    true: NDArray[np.int32]
    expected: NDArray[np.int32]
    rank: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ConfidentLearning:
    """Everything confident learning says of one set of labels; masks are made on first use and kept.

    `given` (N,), `facts` per row, `joint` J[given, true], `tie` (N,) unique numbers that order equal images (None: the
    row numbers).
    """

    given: NDArray[np.int64]
    predictions: Predictions
    facts: RowFacts
    joint: ConfidentJoint
    tie: NDArray[np.int64] | None

    @cached_property
    def agrees(self) -> Mask:
        """The prediction is the given label, up to 1e-6: such an image is not flagged."""
        y, f = self.given, self.facts
        raised = f.p_given + f.p_given.dtype.type(TAU)
        level = (raised == f.p_predicted) & (y < f.predicted)
        return (f.predicted == y) | (raised > f.p_predicted) | level

    @cached_property
    def pruned(self) -> Pruned:
        """What prune_by_noise_rate flags, pair by pair."""
        return choose(self.given, self.facts, self.joint, disagrees=~self.agrees, order=self.order)

    @cached_property
    def pairs(self) -> Pairs:
        """The facts behind prune_by_noise_rate. An image of several pairs counts for that of its largest margin."""
        found, n = self.pruned, len(self.given)
        order = np.lexsort((*self.order.keys(found.rows), -found.margin, found.pair))
        row, pair, margin = found.rows[order], found.pair[order], found.margin[order]
        rank = np.arange(len(row)) - np.searchsorted(pair, pair) + 1
        best = np.lexsort((pair, -margin, row))
        best = best[np.r_[True, row[best][1:] != row[best][:-1]]] if len(row) else best
        out = Pairs(np.full(n, -1, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32))
        at = row[best]
        out.true[at], out.expected[at] = found.true[pair[best]], found.count[pair[best]]
        out.rank[at] = rank[best]
        return out

    @cached_property
    def order(self) -> TieOrder:
        """How equal images are told apart."""
        return TieOrder(self.facts, self.tie)

    def mask(self, filter_by: str = "prune_by_noise_rate") -> Mask:
        """The images (N,) that the named filter flags, see FILTERS."""
        if filter_by not in FILTERS:
            raise NotFoundHere(f"There is no filter named {filter_by!r}", wanted="one of " + ", ".join(FILTERS))
        return FILTERS[filter_by](self)


def _prune_by_noise_rate(found: ConfidentLearning) -> Mask:
    mask = np.zeros(len(found.given), bool)
    mask[found.pruned.rows] = True
    return mask


def _prune_by_class(found: ConfidentLearning) -> Mask:
    mask = np.zeros(len(found.given), bool)
    n_given, kept = found.joint.n_given, np.maximum(found.joint.diagonal(), KEEP_PER_CLASS)
    order, p_given = by_class(found.given, found.joint.n_classes), found.facts.p_given
    ends = np.cumsum(n_given)
    for label in np.flatnonzero(n_given > kept):
        rows = order[ends[label] - n_given[label] : ends[label]]
        mask[rows[found.order.lowest(int(n_given[label] - kept[label]), p_given[rows], rows)]] = True
    return mask & ~found.agrees


def _both(found: ConfidentLearning) -> Mask:
    return _prune_by_noise_rate(found) & _prune_by_class(found)


def _confident_learning(found: ConfidentLearning) -> Mask:
    guess = found.joint.guess
    return (guess >= 0) & (guess != found.given) & ~found.agrees


def _predicted_neq_given(found: ConfidentLearning) -> Mask:
    return ~found.agrees


def _low_self_confidence(found: ConfidentLearning) -> Mask:
    mask = np.zeros(len(found.given), bool)
    n = int(np.count_nonzero(_confident_learning(found)))
    mask[found.order.lowest(n, found.facts.p_given, np.arange(len(mask)))] = True
    return mask


def _low_normalized_margin(found: ConfidentLearning) -> Mask:
    mask, facts = np.zeros(len(found.given), bool), found.facts
    n = int(np.count_nonzero(_confident_learning(found)))
    # no margin is negative where the prediction is another class, and none positive elsewhere: as long as the cut lies
    # above zero the others need not be looked at
    rows = np.flatnonzero(facts.predicted != found.given)
    margin = facts.margin_at(rows)
    if n > np.count_nonzero(margin > 0):
        rows, margin = np.arange(len(mask)), facts.margin
    mask[rows[found.order.lowest(n, -margin, rows)]] = True
    return mask


FILTERS: dict[str, Callable[[ConfidentLearning], Mask]] = {
    "prune_by_noise_rate": _prune_by_noise_rate,
    "prune_by_class": _prune_by_class,
    "both": _both,
    "confident_learning": _confident_learning,
    "predicted_neq_given": _predicted_neq_given,
    "low_self_confidence": _low_self_confidence,
    "low_normalized_margin": _low_normalized_margin,
}


def confident_learning(
    given: Array, predictions: Predictions, *, tie: Array | None = None, form: Form = "code"
) -> ConfidentLearning:
    """Run confident learning: `given` (N,) in 0..K-1, dense or top-k predictions (unlisted probabilities are 0).

    `tie` (N,): unique numbers that order equal images, such as the rank of their ids; the row number by default.
    """
    facts = gather(np.asarray(given), predictions)
    joint = confident_joint(facts.given, predictions, facts, form=form)
    return ConfidentLearning(facts.given, predictions, facts, joint, None if tie is None else np.asarray(tie))


def prune_by_noise_rate(given: Array, predictions: Predictions, *, tie: Array | None = None) -> Mask:
    """The default filter: (N,) True for the likely wrong labels. [North21a]"""
    return confident_learning(given, predictions, tie=tie).mask("prune_by_noise_rate")
