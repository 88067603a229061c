"""Confidence-weighted entropy: an undecided model and an unlikely given label together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.noise.confident_joint import TAU
from analysis.noise.rows import entropies
from analysis.noise.scorer import ScorerInputs, scorer

SERIES_BELOW = 1e-4  # there log(1+x)/x loses digits; x/2 - x^2/3 is exact to 1e-12


@scorer(
    "confidence_weighted_entropy",
    title="Confidence-weighted entropy",
    plain="The model is undecided, and the given label is among the classes it finds unlikely.",
    source="[North21a]; METHODS 2.2, 2.3",
)
def confidence_weighted_entropy(inputs: ScorerInputs) -> NDArray[np.float64]:
    """1 - log(1+x)/x with x = entropy / (log K * P[i, given]): (N,) in 0..1, 0 where the model is certain. [North21a]

    cleanlab 2.9 divides by max(x, 1e-6) and so ranks certain, correct images worst (METHODS 2.3); here the limit 0 is
    kept.
    """
    if inputs.n_classes == 1:
        return np.zeros(len(inputs.given))
    p_given = np.maximum(inputs.facts.p_given.astype(np.float64), TAU)
    x = entropies(inputs.predictions) / (math.log(inputs.n_classes) * p_given)
    x = np.maximum(x, 0)
    safe = np.maximum(x, SERIES_BELOW)
    return np.clip(np.where(x < SERIES_BELOW, x / 2 - x * x / 3, 1 - np.log1p(safe) / safe), 0, 1)
