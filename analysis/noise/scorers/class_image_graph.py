"""Class-image graph: is the image among the communities of its own class, or more like those of another?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.noise.scorer import ScorerInputs, scorer


def graph_sentence(inputs: ScorerInputs, row: int) -> str:
    """How alike the image is to its own class and to the suggested one, and what follows from it."""
    if inputs.predictions.features is None:
        return ""
    found = inputs.cleaning
    given, other = int(inputs.given[row]), int(found.suggested[row])
    if other == given:
        return ""
    n, own, there = int(found.own_size[row]), found.own_similarity[row], found.other_similarity[row]
    own_name, other_name = inputs.quoted(given), inputs.quoted(other)
    if n == 0:
        home = f"It is the only image of its kind labelled {own_name}"
    else:
        home = f"Its mean similarity to {_images(n)} labelled {own_name} is {own:.2f}"
    away = f"to those labelled {other_name} {'it is ' if n == 0 else ''}{there:.2f}"
    return f"{home}, {away}: {_verdict(str(found.action[row]), other_name)}."


def _images(n: int) -> str:
    return f"the nearest {n:,} images" if n > 1 else "the nearest image"


def _verdict(action: str, other: str) -> str:
    says = {"keep": "the label stands", "relabel": f"it belongs to {other} rather"}
    return says.get(action, "it belongs to neither, nor to any other class")


def as_if(inputs: ScorerInputs, rows: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The chance that `labels` (M,) of the images `rows` (M,) are wrong, all other labels being the given ones."""
    return inputs.cleaning.suspicion_if(np.asarray(rows, np.int64), np.asarray(labels, np.int64))


@scorer(
    "class_image_graph",
    title="Class-image graph",
    plain="The chance that the label is wrong, from the likeness to the images of its own class and of all others.",
    source="[Jin18]; METHODS 3",
    needs=("predictions", "features"),
    reason=graph_sentence,
    reason_place=25,
    as_if=as_if,
)
def class_image_graph(inputs: ScorerInputs) -> NDArray[np.float64]:
    """Communities of each class's images and the likeness to them: (N,) in 0..1. Features alone decide. [Jin18]"""
    return inputs.cleaning.suspicion
