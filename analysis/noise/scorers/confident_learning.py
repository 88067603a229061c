"""The confident-learning filter as a score: what it flags comes first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.noise.scorer import ScorerInputs, scorer


@scorer(
    "confident_learning",
    title="Confident learning",
    plain="Above 0.5: flagged, because the model is surer of another class than it usually is; below: not flagged.",
    source="[North21a]; METHODS 2.1",
)
def confident_learning(inputs: ScorerInputs) -> NDArray[np.float64]:
    """The filter prune_by_noise_rate as an order: (N,) in 0..1. [North21a]

    Flagged images lie above 0.5, all others at most there; within both the rank of the margin decides.
    """
    flagged = inputs.confident.mask("prune_by_noise_rate")
    return (flagged + mean_ranks(inputs.facts.margin)) / 2
