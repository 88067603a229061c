"""What people decided, as the labels that hold for every image: what models are scored and ranked anew with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.base.labelsets import LabelSets
from analysis.base.types import Dataset
from analysis.review.limits import labels_of
from analysis.review.standing import JUDGEMENTS


def sets_of(decided: pd.DataFrame, dataset: Dataset) -> LabelSets:
    """The labels that hold, by the decisions in force (`DecisionStore.in_force()`), one per image.

    An image that nobody judged, or of which the reviewer was unsure, keeps its given label and is not `said`. So is one
    that was judged with another given label than it has now, or given a class that the data set does not have.
    """
    place = {name: k for k, name in enumerate(dataset.classes)}
    given = dataset.given
    judged = decided[decided["verdict"].isin(JUDGEMENTS)]
    rows = pd.Index(dataset.table["image_id"]).get_indexer(pd.Index(judged["image_id"]))
    said = np.zeros(len(dataset), bool)
    pairs: list[tuple[int, int]] = []
    columns = (judged[name] for name in ("verdict", "given", "new_label"))
    for row, verdict, old, new in zip(rows.tolist(), *columns, strict=True):
        names = (old,) if verdict == "keep" else labels_of(new)
        if row < 0 or place.get(old) != given[row] or any(name not in place for name in names):
            continue
        said[row] = True
        pairs += [(row, place[name]) for name in names]
    listed = np.array(pairs, np.int64).reshape(-1, 2)
    return LabelSets.of_pairs(given, said, listed[:, 0], listed[:, 1])
