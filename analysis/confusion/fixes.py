"""What verdicts make of the confusion graph: why an edge exists, and what remains of it once labels are mended.

Verdicts come as arrays by image, so that this room needs no store: `row` (M,) the image, `kind` (M,) one of KINDS,
`label` (M,) the class that the image is now said to be, -1 where no single class is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.types import Predictions
from analysis.confusion.graph import class_scores, undirected

KINDS = ("noise", "overlap", "several", "none_fits")
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Judged images: `row` (M,) unique, `kind` (M,) index into KINDS, `label` (M,) class or -1; see the module."""

    row: Ints
    kind: Ints
    label: Ints


def read_verdicts(in_force: pd.DataFrame, rows: Ints, number_of: dict[str, int]) -> Verdicts:
    """Verdicts from decisions in force with their rows (M,), -1 for an image that is not here; the rest is left out.

    relabel = the label was wrong; keep (or choosing the given label) = the label is right, so that the two classes
    look alike or the model errs; several and none_fits as said. Unsure and skip say nothing of the label.
    """
    verdict, new = in_force["verdict"].to_numpy(object), in_force["new_label"].to_numpy(object)
    given = in_force["given"].to_numpy(object)
    kept = (verdict == "keep") | ((verdict == "relabel") & (new == given))
    kind = np.select([kept, verdict == "relabel", verdict == "several", verdict == "none_fits"], [1, 0, 2, 3], -1)
    label = np.array([number_of.get(str(name), -1) for name in new], np.int64)
    label[kind != 0] = -1
    use = (kind >= 0) & (rows >= 0)
    return Verdicts(rows[use].astype(np.int64), kind[use].astype(np.int64), label[use])


def split_pairs(given: NDArray[np.integer], predicted: NDArray[np.integer], verdicts: Verdicts) -> pd.DataFrame:
    """Why two classes are confused, as far as it was judged: a row per pair with a judged confusion.

    `given`, `predicted` (N,). Columns: source < target; noise, overlap, several, none_fits: judged confusions (images
    given one of the two and predicted the other) of each kind; `judged` = their sum.
    """
    one, other = given[verdicts.row], predicted[verdicts.row]
    confused = one != other
    table = pd.DataFrame(
        {
            "source": np.minimum(one, other)[confused].astype(np.int64),
            "target": np.maximum(one, other)[confused].astype(np.int64),
            "kind": verdicts.kind[confused],
        }
    )
    counted = {name: (table["kind"] == i).astype(np.int64) for i, name in enumerate(KINDS)}
    counts = table.assign(**counted).groupby(["source", "target"], as_index=False)[list(KINDS)].sum()
    counts["judged"] = counts[list(KINDS)].sum(axis=1)
    return counts


def remaining(
    edges: pd.DataFrame,
    verdicts: Verdicts,
    *,
    given: NDArray[np.integer],
    top_class: NDArray[np.integer],
    top_prob: NDArray[np.floating],
    made: Mapping[str, Any],
) -> NDArray[np.float64]:
    """The weight (E,) of each edge once the mended labels are counted instead of the given ones.

    `top_class`, `top_prob` (N, k): the best classes of every image; `made`: the run's graph parameters (`top`,
    `weights`). An image with a new label gives its confusion to that class; one with several labels, or none that
    fits, gives none. An edge can also grow. Rates keep the class sizes of the run: a few mended labels change them
    little.
    """
    weight = edges["weight"].to_numpy(np.float64)
    changed = verdicts.kind != KINDS.index("overlap")
    rows, label = verdicts.row[changed], verdicts.label[changed]
    if not len(rows):
        return weight.copy()
    classes, scores = np.asarray(top_class[rows]), np.asarray(top_prob[rows])
    met, place = np.unique(np.concatenate([given[rows], label[label >= 0], classes.ravel()]), return_inverse=True)
    n, n_new = len(rows), int((label >= 0).sum())
    own, new, listed = place[:n], place[n : n + n_new], place[n + n_new :].reshape(classes.shape)
    top, k = min(int(made["top"]), classes.shape[1]), len(met)

    def scored(labels: Ints, some: NDArray[np.bool_]) -> sparse.csr_array:
        held = np.ones(int(some.sum()), bool)
        part = Predictions("", k, held, top_class=listed[some], top_prob=scores[some])
        return class_scores(labels, part, n_classes=k, top=top)

    difference = sparse.csr_array(scored(new, label >= 0) - scored(own, np.ones(n, bool)))
    sizes = np.bincount(given, minlength=int(met.max()) + 1)[met]
    change = undirected(difference, sizes, kind=str(made["weights"]))
    return np.asarray(np.maximum(weight + _looked_up(change, met, edges), 0.0))


def _looked_up(change: sparse.csr_array, met: Ints, edges: pd.DataFrame) -> NDArray[np.float64]:
    """The entries of a small symmetric matrix over the classes `met`, at the ends of the edges; 0 elsewhere."""
    source, target = edges["source"].to_numpy(), edges["target"].to_numpy()
    at = [np.minimum(np.searchsorted(met, ends), len(met) - 1) for ends in (source, target)]
    known = (met[at[0]] == source) & (met[at[1]] == target)
    found = np.zeros(len(edges))
    if known.any():
        found[known] = np.asarray(change[at[0][known], at[1][known]]).ravel()
    return found
