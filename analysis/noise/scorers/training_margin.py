"""Training margin: how willingly networks learnt the given label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.noise.scorer import ScorerInputs, scorer


def training_sentence(inputs: ScorerInputs, row: int) -> str:
    """That other classes stayed ahead while the label was learnt, if they did."""
    margins = inputs.predictions.training_margin
    if margins is None or not margins[row] < 0:
        return ""
    given, other = int(inputs.given[row]), int(inputs.facts.other[row])
    kept = f" such as {inputs.quoted(other)}" if other != given else ""
    return f"Even while networks learnt from it as {inputs.quoted(given)}, other classes{kept} stayed ahead."


@scorer(
    "training_margin",
    title="Training margin",
    plain="The place among all images by how far other classes stayed ahead while networks learnt the given label.",
    source="[Pleiss20]",
    needs=("predictions", "training"),
    reason=training_sentence,
    reason_place=18,
)
def training_margin(inputs: ScorerInputs) -> NDArray[np.float64]:
    """Rank of the area under the margin, the lowest most suspicious: (N,) in 0..1. [Pleiss20]

    Without the threshold samples of the paper, which cost a second training. Images that no network learnt from get
    the middle place.
    """
    assert inputs.predictions.training_margin is not None
    margins = np.asarray(inputs.predictions.training_margin, np.float64)
    known = np.isfinite(margins)
    middle = float(np.median(margins[known])) if known.any() else 0.0
    return mean_ranks(-np.where(known, margins, middle))
