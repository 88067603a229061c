"""Where to draw the classes: communities as discs that do not touch, their classes on even slots inside them.

Everything is computed once and stored: the browser only draws. Distances are in units of the slot spacing: two classes
are never closer than 1 (up to rounding).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from analysis.base.partition import igraph_seeded
from analysis.base.types import ConfusionGraph

Points = NDArray[np.float64]

GOLDEN = np.pi * (3 - np.sqrt(5))  # the angle of a sunflower's seeds: no two share a ray
SLOT = 0.75  # radius of slot i is about SLOT * sqrt(i): neighbours are then at least 1 apart
GAP = 1.0  # free space around a community
FITTED = 400  # up to so many classes (or communities) forces find the places, beyond that size decides
LARGE = 5_000  # classes beyond which only small communities are placed by forces
ROUNDS = 300  # of pushing discs apart


def class_positions(graph: ConfusionGraph, seed: int = 0) -> Points:
    """Positions (K, 2) of the classes, communities apart from each other, confused classes near each other.

    Classes without an edge stand in rows below. The same graph and seed give the same positions.
    """
    k = len(graph.community)
    xy = np.zeros((k, 2))
    linked = np.diff(graph.weight.indptr) > 0
    numbers = np.unique(graph.community[linked])
    place = np.searchsorted(numbers, graph.community)
    size = np.bincount(place[linked], minlength=len(numbers))
    radius = SLOT * np.sqrt(size) + GAP
    centre = _centres(graph.weight, np.where(linked, place, -1), radius, seed)
    order = np.argsort(np.where(linked, place, len(numbers)), kind="stable")
    starts = np.r_[0, np.cumsum(size)]
    for i in range(len(numbers)):
        members = order[starts[i] : starts[i + 1]]
        xy[members] = centre[i] + _inside(graph.weight, members, seed, fitted=FITTED if k <= LARGE else FITTED // 8)
    _place_alone(xy, ~linked)
    return xy - (xy.min(axis=0) + xy.max(axis=0)) / 2 if k else xy


def sunflower(n: int) -> Points:
    """Slots (n, 2) that fill a disc evenly from its middle outwards, none closer than 1 to another."""
    if n == 1:
        return np.zeros((1, 2))
    i = np.arange(n) + 0.5
    angle = i * GOLDEN
    slots = np.column_stack([np.cos(angle), np.sin(angle)]) * (SLOT * np.sqrt(i))[:, None]
    nearest = KDTree(slots).query(slots, k=2)[0][:, 1].min()
    return slots / min(1.0, float(nearest))


def _inside(weight: sparse.csr_array, members: NDArray[np.int64], seed: int, *, fitted: int) -> Points:
    """Slots of one community's classes around its middle: by forces where it is small, else the heaviest inmost."""
    slots = sunflower(len(members))
    if len(members) <= 2:
        return slots
    within = weight[members][:, members]
    if len(members) > fitted:
        heaviest = np.argsort(-np.asarray(within.sum(axis=1)).ravel(), kind="stable")
        placed = np.empty_like(slots)
        placed[heaviest] = slots
        return placed
    wished = _forces(within, seed)
    wished *= np.abs(slots).max() / max(float(np.abs(wished).max()), 1e-9)
    cost = np.square(wished[:, None, :] - slots[None]).sum(axis=2)
    return slots[linear_sum_assignment(cost)[1]]


def _forces(weight: sparse.csr_array, seed: int) -> Points:
    """Positions (n, 2) around 0 by Fruchterman and Reingold, started on a circle so that nothing is left to chance."""
    import igraph

    n = weight.shape[0]
    half = sparse.coo_array(sparse.triu(weight, k=1))
    graph = igraph.Graph(n=n, edges=np.column_stack([half.row, half.col]))
    angle = 2 * np.pi * np.arange(n) / n
    start = np.column_stack([np.cos(angle), np.sin(angle)])
    heaviest = max(float(half.data.max(initial=0)), 1e-12)
    options: dict[str, Any] = {"seed": start.tolist(), "niter": 200, "grid": False}
    with igraph_seeded(seed):
        layout = graph.layout_fruchterman_reingold(weights=(half.data / heaviest).tolist(), **options)
    xy = np.array(layout.coords, float).reshape(n, 2)
    return xy - xy.mean(axis=0)


def _centres(weight: sparse.csr_array, place: NDArray[np.int64], radius: Points, seed: int) -> Points:
    """Middles (C, 2) of discs that do not overlap; linked communities near each other where there are few."""
    n = len(radius)
    if n <= 1:
        return np.zeros((n, 2))
    if n > FITTED:
        return _spread(_spiral(radius), radius)
    edges = weight.tocoo()
    one, other = place[edges.row], place[edges.col]
    between = one != other
    shape = (n, n)
    bridges = sparse.csr_array((edges.data[between], (one[between], other[between])), shape=shape)
    xy = _forces(bridges, seed)
    scale = np.sqrt(np.square(radius).sum()) / max(float(np.sqrt(np.square(xy).sum(axis=1)).max()), 1e-9)
    return _spread(_push_apart(xy * scale, radius), radius)


def _spiral(radius: Points) -> Points:
    """Middles on a sunflower whose steps grow with the discs' area, largest first."""
    area = np.cumsum(np.square(radius)) - np.square(radius) / 2
    angle = np.arange(len(radius)) * GOLDEN
    return np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(area * 1.6)[:, None]


def _push_apart(xy: Points, radius: Points) -> Points:
    """Move overlapping discs off each other, half each, while a weak pull keeps the whole together."""
    xy = xy.copy()
    wanted = radius[:, None] + radius[None]
    np.fill_diagonal(wanted, 0)
    tilt = np.column_stack([np.cos(np.arange(len(xy))), np.sin(np.arange(len(xy)))]) * 1e-6
    xy += tilt  # two discs on one spot have no direction to go
    for _ in range(ROUNDS):
        delta = xy[:, None] - xy[None]
        distance = np.sqrt(np.square(delta).sum(axis=2))
        overlap = np.clip(wanted - distance, 0, None)
        if overlap.max() < 1e-3:
            break
        push = delta / np.maximum(distance, 1e-9)[:, :, None] * (overlap * 0.5)[:, :, None]
        xy += push.sum(axis=1) / np.maximum(1, (overlap > 0).sum(axis=1))[:, None] - 0.002 * (xy - xy.mean(axis=0))
    return xy


def _spread(xy: Points, radius: Points) -> Points:
    """Scale the middles so that no two discs overlap and, where there are few, the nearest two just touch."""
    few = len(xy) <= FITTED
    pairs = (
        np.column_stack(np.triu_indices(len(xy), 1))
        if few
        else KDTree(xy).query_pairs(2 * float(radius.max()), output_type="ndarray")
    )
    if not len(pairs):
        return xy
    distance = np.sqrt(np.square(xy[pairs[:, 0]] - xy[pairs[:, 1]]).sum(axis=1))
    need = float(((radius[pairs[:, 0]] + radius[pairs[:, 1]]) / np.maximum(distance, 1e-9)).max())
    return xy * (need if few else max(1.0, need))


def _place_alone(xy: Points, alone: NDArray[np.bool_]) -> None:
    """Put the classes without an edge in rows below the others, in class order."""
    n, some = int(alone.sum()), not alone.all()
    if n == 0:
        return
    low, high = (xy[~alone].min(axis=0), xy[~alone].max(axis=0)) if some else (np.zeros(2), np.zeros(2))
    step = 1.5
    columns = max(int((high[0] - low[0]) / step) + 1, int(np.ceil(np.sqrt(n * (1 if not some else 3)))))
    columns = min(columns, n)
    i = np.arange(n)
    left = (low[0] + high[0]) / 2 - (columns - 1) * step / 2
    xy[alone, 0] = left + (i % columns) * step
    xy[alone, 1] = low[1] - (2 * GAP + 1 if some else 0) - (i // columns) * step
