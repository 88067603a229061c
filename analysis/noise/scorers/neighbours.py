"""Neighbours: what the most similar images are labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.noise.scorer import ScorerInputs, scorer

SHOWN = 10  # neighbours spoken of in a reason
COPY = 1e-4  # distance (1 - similarity) below which an image may be the same one again, as another file
NEAR = 0.01  # and of the usual distance to the nearest image: in some features all images are that close


def neighbour_sentence(inputs: ScorerInputs, row: int) -> str:
    """How the most similar images are labelled: the label most of them have, or the given one."""
    if inputs.neighbours is None or inputs.neighbours.index.shape[1] == 0:
        return ""
    labels = inputs.given[inputs.neighbours.index[row, :SHOWN]]
    given, other = int(inputs.given[row]), int(inputs.facts.other[row])
    found, counts = np.unique(labels, return_counts=True)
    most = int(found[counts.argmax()])
    told = other if (labels == other).sum() == counts.max() else most
    n, n_given = int((labels == told).sum()), int((labels == given).sum())
    also = "also " if told == given else ""
    if n == len(labels):
        share = f"All {n} of the" if n > 1 else "The"
        images = "images are" if n > 1 else "image is"
        return f"{share} most similar {images} {also}labelled {inputs.quoted(told)}."
    are = "are" if n != 1 else "is"
    own = "" if told == given else f" and {n_given or 'none'} {inputs.quoted(given)}"
    return f"{n} of the {len(labels)} most similar images {are} {also}labelled {inputs.quoted(told)}{own}."


def as_if(inputs: ScorerInputs, rows: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The vote on `labels` (M,) of the images `rows` (M,), all other labels being the given ones."""
    assert inputs.neighbours is not None
    index, similarity = inputs.neighbours.index[rows], inputs.neighbours.similarity[rows]
    out = np.full(len(labels), 0.5)
    if index.shape[1] == 0:
        return out
    copy = 1 - min(COPY, NEAR * float(np.median(1 - inputs.neighbours.similarity[:, 0])))
    for part in row_blocks(len(index), index.shape[1] ** 2 * 8):
        near, own_label = inputs.given[index[part]], labels[part][:, None]
        weights = np.maximum(similarity[part].astype(np.float64), 0)
        # a copy with the same label repeats it and confirms nothing; with another label one of the two is wrong
        weights[(weights > copy) & (near == own_label)] = 0
        total = weights.sum(axis=1)
        share = weights / np.where(total > 0, total, 1)[:, None]
        same = near == own_label
        own = (share * same).sum(axis=1)
        # support of each neighbour's label: the shares of all neighbours that have the same label
        support = np.einsum("nab,nb->na", near[:, :, None] == near[:, None, :], share)
        other = np.where(same, 0, support).max(axis=1)
        out[part] = np.clip((other - own + 1) / 2, 0, 1)
    return out


@scorer(
    "neighbours",
    title="Neighbours",
    plain="How far the most similar images vote for another label than the given one; 0.5 is a tie.",
    source="[Zhu22]",
    needs=("predictions", "neighbours"),
    reason=neighbour_sentence,
    reason_place=20,
    as_if=as_if,
)
def neighbours(inputs: ScorerInputs) -> NDArray[np.float64]:
    """Margin of a similarity-weighted vote of the nearest images' given labels: (N,) in 0..1.

    (share of the strongest other label - share of the given label + 1) / 2, weights = cosine similarity, negative ones
    taken as 0; copies with the given label have no vote; 0.5 where nobody votes. The vote looks at features, not at
    probabilities. After SimiFeat [Zhu22].
    """
    return as_if(inputs, np.arange(len(inputs.given)), inputs.given)
