"""Rank sum: self-confidence and margin with equal say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.noise.scorer import ScorerInputs, scorer


@scorer(
    "rank_sum",
    title="Rank sum",
    plain="The place among all images by self-confidence and margin together; 1 is the most suspicious.",
    source="[North21a]; METHODS 2.2, 2.5",
)
def rank_sum(inputs: ScorerInputs) -> NDArray[np.float64]:
    """Mean of the ranks of self-confidence and margin: (N,) in 0..1, independent of row order. [North21a]"""
    facts = inputs.facts
    return (mean_ranks(-facts.p_given.astype(np.float64)) + mean_ranks(facts.margin)) / 2
