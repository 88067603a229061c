"""The confusion graph: from the best classes of every image to weights, pruning and communities. [Jin17 Alg. 1]"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.arrays import COARSE, FINE, on_grids, row_blocks
from analysis.base.config import GraphSettings
from analysis.base.errors import BadInput
from analysis.base.types import ConfusionGraph, Predictions
from analysis.confusion.communities import Detection, detect, stability
from analysis.confusion.matrix import CHUNK, check_given, sum_cells

FEW_CLASSES = 20
NO_STRUCTURE = 0.1  # modularity below which the communities mean nothing
GOOD_STRUCTURE = 0.3  # modularity from which `auto` does not prune
UNEVEN = 2.0  # largest over smallest class from which `auto` uses rates
EVENLY = "the classes are confused with each other about evenly, so read the groups with care."


def top_for(settings: GraphSettings, n_classes: int) -> int:
    """How many of an image's best classes give edges: as asked, else 5, or 2 up to 20 classes."""
    wanted = settings.top or (2 if n_classes <= FEW_CLASSES else 5)
    return min(wanted, n_classes)


def build_graph(
    given: NDArray[Any], predictions: Predictions, *, n_classes: int, settings: GraphSettings
) -> ConfusionGraph:
    """The confusion graph of given labels (N,) and predictions, with its communities. [Jin17 Alg. 1]

    Each image links its given class with each of its N best classes, by that class's share of their summed
    probability. `parameters` records what was used, the modularity of every seed, and under `note` a sentence where
    the result must not be trusted as it stands.
    """
    given = check_given(given, predictions, n_classes)
    directed = class_scores(given, predictions, n_classes=n_classes, top=top_for(settings, n_classes))
    sizes = np.bincount(given, minlength=n_classes)
    kind = choose_weights(settings, sizes)
    weight = undirected(directed, sizes, kind=kind)
    return _organised(weight, settings, {"top": top_for(settings, n_classes), "weights": kind})


def class_scores(given: NDArray[np.int64], predictions: Predictions, *, n_classes: int, top: int) -> sparse.csr_array:
    """A[given, other] (K, K): sum over images of the renormalised scores of their `top` best classes but the given one.

    An image whose listed scores are all zero gives nothing.
    """
    high = low = sparse.csr_array((n_classes, n_classes))
    for rows in row_blocks(len(given), min(top, predictions.n_listed), block_bytes=CHUNK):
        classes, scores = predictions.top(top, rows)
        values = np.clip(np.asarray(scores, np.float64), 0, None)
        sums = values.sum(axis=1, keepdims=True)
        values /= np.where(sums > 0, sums, 1)
        values[classes == given[rows, None]] = 0
        used = np.flatnonzero(values)
        own, other, values = given[rows][used // classes.shape[1]], classes.ravel()[used], values.ravel()[used]
        whole, rest = on_grids(values)
        rest[(whole == 0) & (rest == 0)] = 1.0  # however small, it is a positive score and makes an edge
        high, low = high + sum_cells(own, other, whole, n_classes), low + sum_cells(own, other, rest, n_classes)
    return sparse.csr_array(high / COARSE + low / FINE)


def choose_weights(settings: GraphSettings, sizes: NDArray[np.int64]) -> str:
    """`count` or `rate`: as asked, else `rate` where class sizes (K,) differ by more than 2x.

    Raises BadInput for the threshold "weights over one" with rates, which are all below one.
    """
    if settings.prune == "median_over_one":
        if settings.weights == "rate":
            raise BadInput(
                "Pruning at the median of the weights over one was asked for with rates",
                wanted="counts as weights, or another pruning",
            )
        return "count"
    if settings.weights != "auto":
        return settings.weights
    present = sizes[sizes > 0]
    return "rate" if len(present) and present.max() > UNEVEN * present.min() else "count"


def undirected(directed: sparse.csr_array, sizes: NDArray[np.int64], *, kind: str) -> sparse.csr_array:
    """W (K, K) symmetric: A + A^T for `count`; the mean of both directions per image of the given class for `rate`."""
    if kind == "rate":
        factor = np.divide(0.5, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
        directed = sparse.csr_array(sparse.diags_array(factor) @ directed)
    weight = sparse.csr_array(directed + directed.T)
    weight.sort_indices()
    return weight


def threshold(weight: sparse.csr_array, rule: str) -> float:
    """The weight that an edge must exceed to stay: 0, the median, or the median of the weights over one."""
    values = sparse.triu(weight, k=1).data
    if rule == "median_over_one":
        values = values[values > 1]
    return float(np.median(values)) if rule != "none" and len(values) else 0.0


def pruned(weight: sparse.csr_array, theta: float) -> sparse.csr_array:
    """The edges heavier than `theta`."""
    kept = weight.copy()
    kept.data = np.where(kept.data > theta, kept.data, 0.0)
    kept.eliminate_zeros()
    return kept


def _organised(weight: sparse.csr_array, settings: GraphSettings, made_with: dict[str, Any]) -> ConfusionGraph:
    """Prune, find communities, judge their stability, and write down how."""
    unpruned: Detection | None = None
    rule: str = settings.prune
    if rule == "auto":
        unpruned = detect(weight, settings)
        rule = "none" if unpruned.modularity >= GOOD_STRUCTURE else "median"
    theta = threshold(weight, rule)
    kept = pruned(weight, theta)
    notes = []
    if kept.nnz == 0 and weight.nnz:
        notes.append("Pruning would have left no edge, so nothing was pruned.")
        kept, rule, theta = weight, "none", 0.0
    found = unpruned if unpruned is not None and rule == "none" else detect(kept, settings)
    steady, n_runs = stability(kept, found.community, settings)
    total = float(weight.sum())
    notes += _warnings(found, kept)
    parameters = {
        **made_with,
        "prune": rule,
        "prune_asked": settings.prune,
        "threshold": theta,
        "method": found.method,
        "resolution": settings.resolution,
        "seed": found.seed,
        "seeds": settings.seeds,
        "modularity_by_seed": list(found.by_seed),
        "modularity_unpruned": unpruned.modularity if unpruned else None,
        "stability_runs": n_runs,
        "edges_before_pruning": weight.nnz // 2,
        "edges": kept.nnz // 2,
        "classes_with_an_edge": int(np.count_nonzero(np.diff(kept.indptr))),
        "note": " ".join(notes),
    }
    return ConfusionGraph(
        weight=kept,
        community=found.community,
        stability=steady,
        modularity=found.modularity,
        mass_kept=float(kept.sum()) / total if total else 1.0,
        parameters=parameters,
    )


def _warnings(found: Detection, kept: sparse.csr_array) -> list[str]:
    if kept.nnz == 0:
        return ["No two classes are confused: every class stands alone."]
    if kept.nnz == 2:
        return ["Only one pair of classes is confused: there is nothing to group."]
    if found.modularity < NO_STRUCTURE:
        return [f"There is no community structure (modularity {found.modularity:.2f}): {EVENLY}"]
    return []
