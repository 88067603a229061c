"""Agreement: how many models say another class than the given label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.noise.scorer import ScorerInputs, scorer


def votes(predicted: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares (N,) of models that say the label, and that say the class most of them say among the others.

    predicted (M, N): the most probable class by each of M models; labels (N,). Each model has the same say.
    """
    m, n = predicted.shape
    own, other = np.empty(n), np.zeros(n)
    for rows in row_blocks(n, m * 24):
        said = np.sort(predicted[:, rows].T, axis=1)
        mine = said == labels[rows, None]
        own[rows] = mine.mean(axis=1)
        # the same class stands side by side: the length of each run is counted, and the longest foreign one kept
        length, longest = np.ones(len(said)), np.where(mine[:, 0], 0.0, 1.0)
        for place in range(1, m):
            length = np.where(said[:, place] == said[:, place - 1], length + 1, 1)
            longest = np.where(mine[:, place], longest, np.maximum(longest, length))
        other[rows] = longest / m
    return own, other


def agreement_sentence(inputs: ScorerInputs, row: int) -> str:
    """What most models say of the image, and how many say the given label."""
    if not inputs.models:
        return ""
    said = np.array([int(model[row]) for model in _all(inputs)])
    given = int(inputs.given[row])
    found, counts = np.unique(said[said != given], return_counts=True)
    n_given, n = int((said == given).sum()), int(counts.max(initial=0))
    if max(n, n_given) == len(said):
        return f"All {len(said)} models say {inputs.quoted(given if n == 0 else int(found[0]))}."
    say = "say" if n > 1 else "says"
    other = inputs.quoted(int(found[counts.argmax()]))
    return f"{n} of {len(said)} models {say} {other} and {n_given or 'none'} the given label {inputs.quoted(given)}."


def as_if(inputs: ScorerInputs, rows: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The votes on `labels` (M,) of the images `rows` (M,)."""
    own, other = votes(np.stack([model[rows] for model in _all(inputs)]), np.asarray(labels))
    return np.asarray((other - own + 1) / 2)


def _all(inputs: ScorerInputs) -> list[NDArray[Any]]:
    return [inputs.facts.predicted, *inputs.models]


@scorer(
    "agreement",
    title="Agreement of the models",
    plain="How far the models vote for another class than the given label, each with one vote; 0.5 is a tie.",
    source="[Beyer20]",
    needs=("predictions", "models"),
    reason=agreement_sentence,
    reason_place=15,
    as_if=as_if,
)
def agreement(inputs: ScorerInputs) -> NDArray[np.float64]:
    """(share of models that say the strongest other class - share that says the given one + 1) / 2: (N,) in 0..1.

    The model of the run and every model added to the workspace that had not trained on the images.
    """
    return as_if(inputs, np.arange(len(inputs.given)), inputs.given)
