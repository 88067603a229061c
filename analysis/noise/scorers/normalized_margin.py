"""Normalised margin: by how much the best other class beats the given one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.noise.scorer import ScorerInputs, scorer


def model_sentence(inputs: ScorerInputs, row: int) -> str:
    """What the model says of the image: the best other class, the given one, and their probabilities."""
    facts, given = inputs.facts, int(inputs.given[row])
    other, p_given, p_other = int(facts.other[row]), float(facts.p_given[row]), float(facts.p_other[row])
    label = f"the given label {inputs.name(given)} {_chance(p_given)}"
    if other == given:
        return f"The model gives {label} and names no other class."
    return f"The model gives {inputs.name(other)} {_chance(p_other)} and {label}."


def _chance(p: float) -> str:
    # no model is certain: "1.00" and "0.00" would say so
    if p >= 0.995:
        return "over 0.99"
    return "under 0.01" if p < 0.005 else f"{p:.2f}"


@scorer(
    "normalized_margin",
    title="Normalised margin",
    source="[North21a]; METHODS 2.2",
    reason=model_sentence,
    reason_place=10,
)
def normalized_margin(inputs: ScorerInputs) -> NDArray[np.float64]:
    """(max over j != given of P[i, j], minus P[i, given], plus 1) / 2: (N,) in 0..1. [North21a]"""
    return np.clip((inputs.facts.margin + 1) / 2, 0, 1)
