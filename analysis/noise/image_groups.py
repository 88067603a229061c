"""Communities of images inside each class, from the graph of their similarities, and which of them are kept. [Jin18]"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.partition import igraph_seeded
from analysis.base.vectors import unit_rows

Array = NDArray[Any]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

PART = 4_000  # images of a class whose links are all looked at; a larger class is cut into parts of about that size
STRONGEST = 50  # links an image keeps in its graph
KEPT_SHARE = 0.1  # of the images of a part, from which a community is kept: P of [Jin18]
KEPT_LEAST = 2


@dataclass(frozen=True, eq=False)
class Groups:
    """The kept communities of all classes, in class order: what an image is compared with.

    `group` (N,): the one an image belongs to, -1 = to none; `class_of` (G,); `size` (G,) images; `total` (G, D): the
    sum of their unit features. A class in which nothing holds together has a group per image and no `consensus` (K,).
    """

    group: Rows
    class_of: Rows
    size: Floats
    total: Floats
    consensus: NDArray[np.bool_]


def find_groups(
    features: Array, given: NDArray[np.int64], classes: list[Rows], *, weak: float, n_classes: int
) -> Groups:
    """The communities of each class that are kept; all images of a class where none is (no class is emptied)."""
    group = np.full(len(given), -1)
    class_of: list[int] = []
    totals: list[Floats] = []
    consensus = np.ones(n_classes, bool)
    for rows in classes:
        found = [(part, *_kept(features, part, weak)) for part in _parts(rows)]
        if not any(kept.any() for _, _, kept in found):
            consensus[given[rows[0]]] = False
            found = [(rows, np.arange(len(rows)), np.ones(len(rows), bool))]
        for part, member, kept in found:
            unit = unit_rows(features[part], np.float64)
            for community in np.unique(member[kept]):
                inside = member == community
                group[part[inside]] = len(class_of)
                class_of.append(int(given[rows[0]]))
                totals.append(unit[inside].sum(axis=0))
    size = np.bincount(group[group >= 0], minlength=len(class_of)).astype(np.float64)
    return Groups(group, np.array(class_of), size, np.array(totals), consensus)


def _parts(rows: Rows) -> list[Rows]:
    n = -(-len(rows) // PART)
    return [rows[first::n] for first in range(n)]


def _kept(features: Array, rows: Rows, weak: float) -> tuple[Rows, NDArray[np.bool_]]:
    """The community (n,) of every image of a part, and whether it is large enough to be kept (n,)."""
    n = len(rows)
    if n == 1:
        return np.zeros(1, np.int64), np.zeros(1, bool)
    unit = unit_rows(features[rows])
    similarity = np.rint(unit @ unit.T * np.float32(2.0**18)) / np.float32(2.0**18)
    np.fill_diagonal(similarity, -1)
    # the strongest first: the answer then does not depend on the order of rows
    place = np.argsort(-similarity.sum(axis=1, dtype=np.float64), kind="stable")
    member = np.empty(n, np.int64)
    member[place] = _communities(similarity[np.ix_(place, place)], weak)
    size = np.bincount(member)[member]
    return member, size >= max(KEPT_LEAST, KEPT_SHARE * n)


def _communities(similarity: NDArray[np.float32], weak: float) -> Rows:
    """Louvain on the links of at least `weak`, at most `STRONGEST` of each image; images without one stay alone."""
    import igraph

    n = len(similarity)
    linked = similarity >= weak
    if n > STRONGEST + 1:
        cut = np.partition(similarity, n - STRONGEST, axis=1)[:, n - STRONGEST, None]
        linked &= similarity >= cut
        linked |= linked.T
    source, target = np.nonzero(np.triu(linked, 1))
    if len(source) == 0:
        return np.arange(n)
    graph = igraph.Graph(n=n, edges=np.column_stack([source, target]))
    # a link at the threshold says nothing yet
    weights = np.maximum(similarity[source, target].astype(np.float64) - max(weak, -1), 1e-6)
    with igraph_seeded(0):
        return np.array(graph.community_multilevel(weights=weights.tolist()).membership, np.int64)


def strays(groups: Groups, middle: float) -> NDArray[np.bool_]:
    """Which groups (G,) hold images of another class, such as where one class is often taken for another.

    Such a group is about as like images of one other class as its own images are like each other, not as unlike as the
    rest of its own class is, and fewer than those; and closer than `middle`, the similarity at which both are as
    likely. The largest group of a class is what its label means, and never stray.
    """
    mean = groups.total / groups.size[:, None]
    classes, starts = np.unique(groups.class_of, return_index=True)
    largest = np.maximum.reduceat(groups.size, starts)[np.searchsorted(classes, groups.class_of)]
    within = (np.einsum("gd,gd->g", groups.total, groups.total) - groups.size) / np.maximum(
        groups.size * (groups.size - 1), 1
    )
    out = np.zeros(len(mean), bool)
    minor = np.flatnonzero(groups.size < largest)
    for part in row_blocks(len(minor), len(mean) * 16, block_bytes=64 << 20):
        rows = minor[part]
        likeness = mean[rows] @ mean.T
        mine = groups.class_of[rows][:, None] == groups.class_of[None, :]
        likeness[np.arange(len(rows)), rows] = -np.inf
        rest = np.where(mine, likeness, -np.inf).max(axis=1)
        half = (np.maximum(rest, middle) + within[rows]) / 2
        nearer = ~mine & (likeness > half[:, None])
        images = np.add.reduceat(np.where(nearer, groups.size, 0), starts, axis=1)
        out[rows] = images.max(axis=1) > groups.size[rows]
    return out


def without(groups: Groups, dropped: NDArray[np.bool_]) -> Groups:
    """The same groups but those `dropped` (G,), whose images then belong to none."""
    number = np.where(dropped, -1, np.cumsum(~dropped) - 1)
    group = np.where(groups.group >= 0, number[groups.group], -1)
    kept = ~dropped
    return replace(
        groups, group=group, class_of=groups.class_of[kept], size=groups.size[kept], total=groups.total[kept]
    )
