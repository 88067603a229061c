"""What every scorer and filter needs to know of each row of predictions, gathered in one pass over blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import over_blocks, row_blocks
from analysis.base.checks import check_labels, quick_floats
from analysis.base.errors import BadInput
from analysis.base.types import Predictions

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RowFacts:
    """Per image, in the float type of the predictions: nothing of size N x K.

    `given` (N,); `p_given` (N,), `predicted` (N,) lowest class on a tie, `p_predicted` (N,). In top-k predictions every
    probability that is not listed counts as 0.
    """

    given: NDArray[np.int64]
    predictions: Predictions
    p_given: Array
    predicted: NDArray[np.int64]
    p_predicted: Array

    @property
    def other(self) -> NDArray[np.int64]:
        """The most probable class (N,) that is not the given one (the given one itself where no other is known)."""
        return self._others[0]

    @property
    def p_other(self) -> Array:
        """The probability (N,) of `other`; 0 where no other class is known."""
        return self._others[1]

    @cached_property
    def margin(self) -> NDArray[np.float64]:
        """max over j != given of P[i, j], minus P[i, given]: (N,) in -1..1."""
        return self.p_other.astype(np.float64) - self.p_given

    def margin_at(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The margins of some rows, without a look at all the others."""
        p_other = self.p_predicted[rows].astype(np.float64)
        agreeing = np.flatnonzero(self.predicted[rows] == self.given[rows])
        for part in row_blocks(len(agreeing), self.predictions.n_listed * 8):
            at = agreeing[part]
            p_other[at] = _second(self.predictions, self.given[rows[at]], rows[at])[1]
        return p_other - self.p_given[rows]

    @cached_property
    def _others(self) -> tuple[NDArray[np.int64], Array]:
        # where the prediction is another class than the given one it is this class; else the rows are read once more
        other, p_other = self.predicted.copy(), self.p_predicted.copy()

        def look(rows: slice) -> None:
            at = rows.start + np.flatnonzero(self.predicted[rows] == self.given[rows])
            if len(at):
                other[at], p_other[at] = _second(self.predictions, self.given[at], at)

        over_blocks(look, len(other), self.predictions.n_listed * p_other.itemsize)
        return other, p_other


def gather(given: Array, predictions: Predictions) -> RowFacts:
    """What the rows say of the given labels (N,), integers in 0..K-1, as many as there are predictions."""
    check_labels(given, predictions.n_classes, lowest=0, what="given")
    if len(given) != len(predictions):
        raise BadInput(
            f"There are {len(given)} given labels and {len(predictions)} rows of predictions",
            wanted="one row per label",
        )
    predicted, p_predicted = predictions.best()
    p_given = np.empty(len(given), p_predicted.dtype)
    for rows in row_blocks(len(given), 64):
        p_given[rows] = predictions.prob_of(given[rows], rows)
    return RowFacts(np.asarray(given, np.int64), predictions, p_given, predicted, p_predicted)


def _second(predictions: Predictions, given: Array, rows: Array) -> tuple[NDArray[np.int64], Array]:
    """Of some rows, predicted as given, the most probable class that is not the given one, and its probability."""
    at, best = np.arange(len(rows)), predictions.known_best
    if best is not None and best[0].shape[1] > 1:
        return best[0][rows, 1], best[1][rows, 1]
    if predictions.probs is not None:
        block = quick_floats(predictions.probs[rows])  # indexing by row numbers has made a copy
        block[at, given] = -np.inf
        other = block.argmax(axis=1)
        return other, np.maximum(block[at, other], 0 if predictions.n_classes == 1 else -np.inf)
    assert predictions.top_class is not None and predictions.top_prob is not None
    classes, values = predictions.top_class[rows], predictions.top_prob[rows]
    is_other = classes != given[:, None]
    first = is_other.argmax(axis=1)
    known = is_other[at, first]
    return np.where(known, classes[at, first], given), np.where(known, values[at, first], 0)


def entropies(predictions: Predictions) -> NDArray[np.float64]:
    """Row entropies (N,) in nats, 0 log 0 = 0; of the listed probabilities alone where predictions are top-k."""
    values = np.asarray(predictions.probs if predictions.probs is not None else predictions.top_prob)
    out = np.empty(len(values))

    def look(rows: slice) -> None:
        p = np.maximum(quick_floats(values[rows]), 0)
        logs = np.maximum(p, np.finfo(p.dtype).tiny)
        np.log(logs, out=logs)
        out[rows] = -np.einsum("ij,ij->i", p, logs)

    over_blocks(look, len(out), values.shape[1] * values.itemsize)
    return out
