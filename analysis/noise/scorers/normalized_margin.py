"""Normalised margin: by how much the best other class beats the given one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.noise.scorer import ScorerInputs, scorer


def model_sentence(inputs: ScorerInputs, row: int) -> str:
    """What the model says of the image: the best other class, the given one, and their probabilities."""
    facts, given = inputs.facts, int(inputs.given[row])
    other, p_given, p_other = int(facts.other[row]), float(facts.p_given[row]), float(facts.p_other[row])
    label = inputs.quoted(given)
    known = _names(inputs, row, given)
    if other == given:
        return f"The model names only the given label {label}."
    if not known:
        says = f"The model says {inputs.quoted(other)}{_sure(inputs, p_other)}"
        return f"{says} and does not name the given label {label}."
    return f"The model gives {inputs.quoted(other)} {_chance(p_other)} and the given label {label} {_chance(p_given)}."


def _names(inputs: ScorerInputs, row: int, class_id: int) -> bool:
    """Do the predictions hold a probability of this class at all? Lists of the best classes leave others out."""
    top = inputs.predictions.top_class
    return top is None or bool((np.asarray(top[row]) == class_id).any())


def _sure(inputs: ScorerInputs, p: float) -> str:
    # lists of predicted classes come as probabilities of one: nobody gave those
    top = inputs.predictions.top_prob
    return "" if top is not None and top.shape[1] == 1 and p >= 1 else f" with {_chance(p)}"


def _chance(p: float) -> str:
    # no model is certain: "100 %" and "0 %" would say so
    if p >= 0.995:
        return "over 99 %"
    return "under 1 %" if p < 0.01 else f"{p * 100:.0f} %"


@scorer(
    "normalized_margin",
    title="Normalised margin",
    plain="How far the best other class is ahead of the given label; above 0.5 the model prefers the other one.",
    source="[North21a]; METHODS 2.2",
    as_if=lambda inputs, rows, labels: normalized_margin(inputs.relabelled(rows, labels)),
    reason=model_sentence,
    reason_place=10,
)
def normalized_margin(inputs: ScorerInputs) -> NDArray[np.float64]:
    """(max over j != given of P[i, j], minus P[i, given], plus 1) / 2: (N,) in 0..1. [North21a]"""
    return np.clip((inputs.facts.margin + 1) / 2, 0, 1)
