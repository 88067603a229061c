"""Communities of classes: modularity, three detectors, several seeds, stability (METHODS 1.3, SCALE 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.config import GraphSettings
from analysis.base.errors import BadInput
from analysis.base.partition import igraph_seeded

Membership = NDArray[np.int64]
Detector = Callable[[float, int], Membership]  # resolution, seed; made for one graph, run for several seeds

LOUVAIN_CLASSES = 1_000
LOUVAIN_EDGES = 20_000  # all of 200 classes; at 1,000 classes 47,000 edges took python-louvain 5 s, Leiden .2 s
STABILITY_RUNS = 10
LARGE = 10_000  # above this many classes stability takes as many runs as there are seeds


@dataclass(frozen=True, eq=False)
class Detection:
    """Communities (K,) numbered canonically, Q_1, the seed that won, Q_1 of every seed, and the method used."""

    community: Membership
    modularity: float
    seed: int
    by_seed: tuple[float, ...]
    method: str


def modularity(weight: sparse.csr_array, community: Membership, *, resolution: float = 1.0) -> float:
    """Q_r = sum_c [ in(c)/m - r (deg(c)/2m)^2 ] of a symmetric weight (K, K) without a diagonal; 0 without edges."""
    total = float(weight.sum())  # 2m: every edge is stored twice
    if total == 0:
        return 0.0
    edges = weight.tocoo()
    inside = float(edges.data[community[edges.row] == community[edges.col]].sum())
    degree = np.bincount(community, np.asarray(weight.sum(axis=1)).ravel())
    return inside / total - resolution * float(np.square(degree / total).sum())


def canonical(community: NDArray[Any]) -> Membership:
    """The same partition (K,) numbered by size descending, then by smallest class id."""
    _, first, place, size = np.unique(community, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    return rank[place.ravel()] if len(size) else np.zeros(0, np.int64)


def choose_method(settings: GraphSettings, *, n_classes: int, n_edges: int) -> str:
    """The detector to use: python-louvain up to 1,000 classes and 20,000 edges at resolution >= 1, Leiden elsewhere.

    Raises BadInput for python-louvain below resolution 1, where its stop test is wrong and it returns *more*
    communities instead of fewer.
    """
    if settings.method == "louvain" and settings.resolution < 1:
        raise BadInput(
            f"python-louvain cannot be used at resolution {settings.resolution:g}",
            wanted="a resolution of at least 1",
            hint="choose the method leiden or networkx",
        )
    if settings.method != "auto":
        return settings.method
    quick = n_classes <= LOUVAIN_CLASSES and n_edges <= LOUVAIN_EDGES
    return "louvain" if quick and settings.resolution >= 1 else "leiden"


def detect(weight: sparse.csr_array, settings: GraphSettings) -> Detection:
    """Communities of a symmetric weight (K, K): the best Q_1 of several seeds; classes without an edge stay alone.

    Ties go to fewer communities, then to the lower seed.
    """
    method = choose_method(settings, n_classes=weight.shape[0], n_edges=weight.nnz // 2)
    if weight.nnz == 0:
        return Detection(np.arange(weight.shape[0]), 0.0, settings.seed, (0.0,), method)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    runs = partitions(weight, method, resolution=settings.resolution, seeds=seeds)
    quality = [round(modularity(weight, run), 12) for run in runs]
    best = min(range(len(runs)), key=lambda i: (-quality[i], int(runs[i].max()), i))
    return Detection(runs[best], modularity(weight, runs[best]), seeds[best], tuple(quality), method)


def stability(
    weight: sparse.csr_array, community: Membership, settings: GraphSettings
) -> tuple[NDArray[np.float64], int]:
    """How reliably each class stays with its community, (K,) in 0..1, and the number of runs it was judged by.

    A class has companions: the other members of its community. Leiden is run with several other seeds; in each run
    the companions then and now are compared as |both| / |either| (1 where both are empty), and the runs are averaged.
    So 1 = the same companions whatever the seed; a community that merges with one of its own size in every second run
    has .75; a class that leaves its large community in every second run has about .5.
    """
    k = len(community)
    if weight.nnz == 0:
        return np.ones(k), 0
    n_runs = STABILITY_RUNS if k <= LARGE else settings.seeds
    first = settings.seed + settings.seeds  # seeds that the detection has not used
    runs = partitions(weight, "leiden", resolution=settings.resolution, seeds=range(first, first + n_runs))
    total = np.sum([kept_companions(community, run) for run in runs], axis=0)
    return np.clip(total / len(runs), 0.0, 1.0), len(runs)


def kept_companions(community: Membership, run: Membership) -> NDArray[np.float64]:
    """|both| / |either| of the companions of each class in two partitions (K,): 0..1, 1 where both are empty."""
    k = len(community)
    pair, place, shared = np.unique(community * k + run, return_inverse=True, return_counts=True)
    now = np.bincount(community, minlength=k)[pair // k] - 1
    then = np.bincount(run, minlength=k)[pair % k] - 1
    either = now + then - (shared - 1)
    return np.asarray(np.where(either > 0, (shared - 1) / np.maximum(either, 1), 1.0)[place.ravel()])


def partitions(weight: sparse.csr_array, method: str, *, resolution: float, seeds: Iterable[int]) -> list[Membership]:
    """One canonical partition (K,) per seed. Only classes with an edge are given to the detector."""
    linked = np.flatnonzero(np.diff(weight.indptr))
    half = sparse.coo_array(sparse.triu(weight[linked][:, linked], k=1))
    detector = _DETECTORS[method](half, len(linked))
    found = []
    for seed in seeds:
        membership = len(linked) + np.arange(weight.shape[0])  # numbers that no community has
        membership[linked] = detector(resolution, seed)
        found.append(canonical(membership))
    return found


def _networkx_graph(half: sparse.coo_array, n: int) -> Any:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(zip(half.row.tolist(), half.col.tolist(), half.data.tolist(), strict=True))
    return graph


def _louvain(half: sparse.coo_array, n: int) -> Detector:
    import community as python_louvain

    graph = _networkx_graph(half, n)

    def run(resolution: float, seed: int) -> Membership:
        found = python_louvain.best_partition(graph, resolution=resolution, random_state=seed)
        return np.array([found[node] for node in range(n)], np.int64)

    return run


def _networkx(half: sparse.coo_array, n: int) -> Detector:
    import networkx as nx

    graph = _networkx_graph(half, n)

    def run(resolution: float, seed: int) -> Membership:
        membership = np.empty(n, np.int64)
        for number, members in enumerate(nx.community.louvain_communities(graph, resolution=resolution, seed=seed)):
            membership[list(members)] = number
        return membership

    return run


def _leiden(half: sparse.coo_array, n: int) -> Detector:
    import igraph

    graph = igraph.Graph(n=n, edges=np.column_stack([half.row, half.col]))
    graph.es["weight"] = half.data.tolist()

    def run(resolution: float, seed: int) -> Membership:
        with igraph_seeded(seed):
            found = graph.community_leiden(
                objective_function="modularity", weights="weight", resolution=resolution, n_iterations=-1
            )
        return np.array(found.membership, np.int64)

    return run


_DETECTORS: dict[str, Callable[[sparse.coo_array, int], Detector]] = {
    "louvain": _louvain,
    "leiden": _leiden,
    "networkx": _networkx,
}
