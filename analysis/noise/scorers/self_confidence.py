"""Self-confidence: how little probability the given label gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.noise.scorer import ScorerInputs, scorer


@scorer(
    "self_confidence",
    title="Self-confidence",
    plain="How little probability the model gives to the given label.",
    source="[North21a]; METHODS 2.2",
    as_if=lambda inputs, rows, labels: self_confidence(inputs.relabelled(rows, labels)),
)
def self_confidence(inputs: ScorerInputs) -> NDArray[np.float64]:
    """1 - P[i, given]: (N,) in 0..1. [North21a]"""
    return np.clip(1 - inputs.facts.p_given.astype(np.float64), 0, 1)
