"""Usual confidence: how far the best other class is ahead, each class measured by what its labels usually get."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.noise.confident_joint import TAU
from analysis.noise.scorer import ScorerInputs, scorer

Array = NDArray[Any]


def as_if(inputs: ScorerInputs, rows: Array, labels: Array) -> NDArray[np.float64]:
    """The score of the images `rows` (M,) if `labels` (M,) were given to them; what is usual stays as it is."""
    return _relative(inputs, inputs.relabelled(rows, labels))


@scorer(
    "usual_confidence",
    title="Usual confidence",
    plain="How far the best other class is ahead, where each class counts by what its own labels usually get.",
    source="[North21a]; METHODS 2.1",
    as_if=as_if,
)
def usual_confidence(inputs: ScorerInputs) -> NDArray[np.float64]:
    """a / (a + b), a = P[i, other] / t[other] and b = P[i, given] / t[given]: (N,) in 0..1. [North21a]

    t (K,) is the mean probability of a class over the images given it, the threshold of confident learning.
    """
    return _relative(inputs, inputs)


def _relative(whole: ScorerInputs, part: ScorerInputs) -> NDArray[np.float64]:
    usual, facts = np.minimum(whole.confident.joint.threshold, 1), part.facts
    other = np.maximum(facts.p_other.astype(np.float64), TAU) / usual[facts.other]
    given = np.maximum(facts.p_given.astype(np.float64), TAU) / usual[part.given]
    return np.asarray(other / (other + given))
