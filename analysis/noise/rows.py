"""What every scorer and filter needs to know of each row of predictions, gathered in one pass over blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.checks import check_labels
from analysis.base.errors import BadInput
from analysis.base.types import Predictions

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RowFacts:
    """Per image, in the float type of the predictions: nothing of size N x K.

    `p_given` (N,), `predicted` (N,) lowest class on a tie, `p_predicted` (N,); `other` (N,) the most probable class
    that is not the given one (the given one itself where no other class is known) and `p_other` (N,), 0 there. In top-k
    predictions every probability that is not listed counts as 0.
    """

    p_given: Array
    predicted: NDArray[np.int64]
    p_predicted: Array
    other: NDArray[np.int64]
    p_other: Array

    @cached_property
    def margin(self) -> NDArray[np.float64]:
        """max over j != given of P[i, j], minus P[i, given]: (N,) in -1..1."""
        return self.p_other.astype(np.float64) - self.p_given


def gather(given: Array, predictions: Predictions) -> RowFacts:
    """Look at every row once. `given` (N,) integers in 0..K-1, as many as there are predictions."""
    check_labels(given, predictions.n_classes, lowest=0, what="given")
    if len(given) != len(predictions):
        raise BadInput(
            f"There are {len(given)} given labels and {len(predictions)} rows of predictions",
            wanted="one row per label",
        )
    n = len(given)
    dtype = (predictions.probs if predictions.probs is not None else predictions.top_prob).dtype  # type: ignore[union-attr]
    facts = RowFacts(
        p_given=np.empty(n, dtype),
        predicted=np.empty(n, np.int64),
        p_predicted=np.empty(n, dtype),
        other=np.empty(n, np.int64),
        p_other=np.empty(n, dtype),
    )
    if predictions.probs is not None:
        _fill_dense(facts, given, predictions.probs)
    else:
        _fill_top(facts, given, predictions)
    return facts


def entropies(predictions: Predictions) -> NDArray[np.float64]:
    """Row entropies (N,) in nats, 0 log 0 = 0; of the listed probabilities alone where predictions are top-k."""
    values = predictions.probs if predictions.probs is not None else predictions.top_prob
    assert values is not None
    out = np.empty(len(values))
    for rows in row_blocks(len(values), values.shape[1] * 8):
        p = np.asarray(values[rows], np.float64)
        out[rows] = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1)
    return out


def _fill_dense(facts: RowFacts, given: Array, probs: Array) -> None:
    for rows in row_blocks(len(probs), probs.shape[1] * 8):
        block = np.array(probs[rows])  # a copy: the given class is blanked below
        y = given[rows]
        at = np.arange(len(block))
        facts.p_given[rows] = block[at, y]
        facts.predicted[rows] = block.argmax(axis=1)
        facts.p_predicted[rows] = block[at, facts.predicted[rows]]
        block[at, y] = -np.inf
        facts.other[rows] = block.argmax(axis=1)
        facts.p_other[rows] = block[at, facts.other[rows]]
    if probs.shape[1] == 1:
        facts.p_other[:] = 0


def _fill_top(facts: RowFacts, given: Array, predictions: Predictions) -> None:
    assert predictions.top_class is not None and predictions.top_prob is not None
    facts.p_given[:] = predictions.prob_of(given)
    for rows in row_blocks(len(given), predictions.top_class.shape[1] * 16):
        classes, values = np.asarray(predictions.top_class[rows]), np.asarray(predictions.top_prob[rows])
        at = np.arange(len(classes))
        facts.predicted[rows], facts.p_predicted[rows] = classes[:, 0], values[:, 0]
        is_other = classes != given[rows][:, None]
        first = is_other.argmax(axis=1)
        known = is_other[at, first]
        facts.other[rows] = np.where(known, classes[at, first], given[rows])
        facts.p_other[rows] = np.where(known, values[at, first], 0)
