"""Edge weight: how often the given and the predicted class are taken for each other in the whole data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.noise.scorer import ScorerInputs, scorer

FEW = 3  # other images that mix the pair up; fewer are chance rather than a habit of the model


def pair_sentence(inputs: ScorerInputs, row: int) -> str:
    """How many other images mix the two classes up, in either direction, and what that asks of the eye."""
    graph, facts = inputs.graph, inputs.facts
    given, other = int(inputs.given[row]), int(facts.other[row])
    if graph is None or other == given or facts.predicted[row] == given:
        return ""
    pair = f"{inputs.quoted(given)} and {inputs.quoted(other)}"
    mixed = inputs.mixed_up
    n = mixed.get((given, other), 0) - 1 + mixed.get((other, given), 0)
    others = "No other image is" if n == 0 else "One other image is" if n == 1 else f"{n:,} other images are"
    alike = graph.community[given] == graph.community[other]
    where = " (classes of one community)" if alike else ""
    hint = "look at the detail" if alike or n >= FEW else "look for a gross error"
    return f"{others} mixed up between {pair}{where}: {hint}."


@scorer(
    "edge_weight",
    title="Edge weight",
    plain="How often the model mixes up these two classes in the whole data set; 0 where it agrees with the label.",
    source="[Jin17]; METHODS 1.8",
    reason=pair_sentence,
    reason_place=30,
)
def edge_weight(inputs: ScorerInputs) -> NDArray[np.float64]:
    """Rank of the confusion of given and predicted class among the disagreements: (N,) in 0..1, 0 where they agree.

    e = ((H[y, j] - 1) / n_y + H[j, y] / n_j) / 2 with H[given, predicted] counts, the image itself left out. Needs the
    predicted classes only, no probabilities. [Jin17]
    """
    y, k = np.asarray(inputs.given, np.int64), inputs.n_classes
    j = inputs.facts.predicted
    n = np.bincount(y, minlength=k)
    keys, inverse, counts = np.unique(y * k + j, return_inverse=True, return_counts=True)
    reverse = np.searchsorted(keys, j * k + y)
    reverse = np.minimum(reverse, len(keys) - 1)
    backward = np.where(keys[reverse] == j * k + y, counts[reverse], 0)
    edge = ((counts[inverse] - 1) / n[y] + backward / np.maximum(n[j], 1)) / 2
    differs = y != j
    out = np.zeros(len(y))
    out[differs] = mean_ranks(edge[differs])
    return out
