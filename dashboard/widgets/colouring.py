"""What the points of the map are coloured by, and what they say under the pointer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dashboard import loaders
from dashboard.charts.scatter import Colouring
from dashboard.widgets.frame import Seen
from dashboard.widgets.text import community_name, for_plotly

VERDICTS = {
    "": "not judged",
    "keep": "kept",
    "relabel": "relabelled",
    "several": "several labels",
    "none_fits": "no label fits",
    "unsure": "unsure or skipped",
    "skip": "unsure or skipped",
}


def decision_names(seen: Seen) -> NDArray[np.int64]:
    """The decision on every image (N,), as a number into the distinct names of `VERDICTS`."""
    names = list(dict.fromkeys(VERDICTS.values()))
    found = np.zeros(len(seen.columns), np.int64)
    current = loaders.decision_store(seen.path).in_force()
    rows = seen.opened.row_of.reindex(current["image_id"]).to_numpy()
    for row, verdict in zip(rows, current["verdict"], strict=True):
        if row == row:  # noqa: PLR0124  # NaN: an image of another data set
            found[int(row)] = names.index(VERDICTS.get(verdict, "unsure or skipped"))
    return found


def colouring(seen: Seen, by: str) -> Colouring:
    """How points are coloured."""
    c = seen.columns
    if by == "suspicion":
        return Colouring("suspicion", value=c.suspicion)
    if by == "community":
        names = [community_name(k) for k in range(seen.n_communities)]
        return Colouring("community of the given label", category=c.community[c.given], names=names)
    if by == "decision":
        return Colouring(
            "decision", category=decision_names(seen), names=list(dict.fromkeys(VERDICTS.values())), plain=0
        )
    return Colouring(f"{by} label", category=c.given if by == "given" else c.predicted, names=seen.classes)


def drawn_part(whole: Colouring, rows: NDArray[np.int64]) -> Colouring:
    """The colouring of some rows."""
    return replace(
        whole,
        category=None if whole.category is None else whole.category[rows],
        value=None if whole.value is None else whole.value[rows],
    )


def hover_texts(seen: Seen, rows: NDArray[np.int64]) -> list[str]:
    """ "cat → dog (0.93)": given and predicted label and suspicion of some rows, escaped, and short for the wire."""
    names = [for_plotly(name, limit=24) for name in seen.classes]
    c = seen.columns
    return [
        f"{names[g]} → {names[p]} ({s:.2f})"
        for g, p, s in zip(c.given[rows], c.predicted[rows], c.suspicion[rows], strict=True)
    ]
