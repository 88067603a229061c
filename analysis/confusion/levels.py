"""Communities at several resolutions, and how far they can be trusted: is this group real? (METHODS 1.3, SCALE 4)

Modularity falls with every resolution other than 1 and says nothing here; what speaks for a group is that it is found
again, with other random seeds and at neighbouring resolutions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.config import GraphSettings
from analysis.base.types import ConfusionGraph
from analysis.confusion.communities import Membership, kept_companions, modularity, partitions
from analysis.confusion.compare import matched

RESOLUTIONS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SEEDS = ((5_000, 10), (200_000, 5))  # up to so many edges, so many runs per resolution
FEWEST = 3

Shares = NDArray[np.float32]


def find_levels(graph: ConfusionGraph, settings: GraphSettings) -> dict[str, Any]:
    """The artifacts "levels" (a row per resolution), "level_community", "level_stability", "level_persistence" (K, R).

    The resolution of the run is among them, with the run's own communities. Communities of the other resolutions bear
    the number of the run's community that they share most classes with, so that colours stay where groups do.
    """
    resolutions = sorted({*RESOLUTIONS, settings.resolution})
    found = [_level(graph, settings, resolution) for resolution in resolutions]
    best = [community for community, _ in found]
    steady = np.column_stack([stability for _, stability in found])
    lasting = np.column_stack([_persistence(best, i) for i in range(len(best))])
    table = pd.DataFrame([_facts(graph.weight, community, resolutions[i]) for i, community in enumerate(best)])
    table["stability"] = [_mean(steady[:, i], community) for i, community in enumerate(best)]
    table["persistence"] = [_mean(lasting[:, i], community) for i, community in enumerate(best)]
    table["own"] = [int(resolution == settings.resolution) for resolution in resolutions]
    return {
        "levels": table,
        "level_community": np.column_stack([matched(one, graph.community) for one in best]).astype(np.int32),
        "level_stability": steady.astype(np.float32),
        "level_persistence": lasting.astype(np.float32),
    }


def seeds_for(n_edges: int) -> int:
    """How many runs judge one resolution: fewer on large graphs, where one run takes seconds."""
    return next((n for edges, n in SEEDS if n_edges <= edges), FEWEST)


def _level(graph: ConfusionGraph, settings: GraphSettings, resolution: float) -> tuple[Membership, NDArray[Any]]:
    """The best partition (K,) at a resolution and how reliably each class stays with it over the other seeds."""
    weight = graph.weight
    if resolution == settings.resolution or weight.nnz == 0:
        return graph.community, graph.stability
    first = settings.seed + settings.seeds + 100  # neither the detection's nor the stability's
    n_runs = seeds_for(weight.nnz // 2)
    runs = partitions(weight, "leiden", resolution=resolution, seeds=range(first, first + n_runs))
    quality = [round(modularity(weight, run, resolution=resolution), 12) for run in runs]
    best = min(range(len(runs)), key=lambda i: (-quality[i], int(runs[i].max()), i))
    others = [kept_companions(runs[best], run) for i, run in enumerate(runs) if i != best]
    return runs[best], np.mean(others, axis=0)


def _persistence(best: list[Membership], i: int) -> NDArray[np.float64]:
    """How far the companions of each class (K,) at level i are those at the next coarser and the next finer level."""
    beside = [best[j] for j in (i - 1, i + 1) if 0 <= j < len(best)]
    return np.asarray(np.mean([kept_companions(best[i], other) for other in beside], axis=0))


def _facts(weight: sparse.csr_array, community: Membership, resolution: float) -> dict[str, float]:
    size = np.bincount(community)
    return {
        "resolution": float(resolution),
        "n_communities": int((size > 1).sum()),
        "n_alone": int((size == 1).sum()),
        "modularity": modularity(weight, community),
    }


def _mean(share: NDArray[Any], community: Membership) -> float:
    """The mean over classes that have companions: a class alone is trivially where it was. NaN without any."""
    together = np.bincount(community)[community] > 1
    return float(share[together].mean()) if together.any() else float("nan")
