"""Weak spots in tables: edges, classes, communities, and the heaviest pairs of a community (METHODS 1.4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.types import ConfusionGraph
from analysis.confusion.matrix import counts_of

LOPSIDED = 2.0  # one direction more than twice the other is marked


def edges_table(graph: ConfusionGraph, confusion: pd.DataFrame) -> pd.DataFrame:
    """The edges that pruning kept (schema "edges"): source < target, weight, images per direction."""
    half = sparse.coo_array(sparse.triu(graph.weight, k=1))
    order = np.lexsort((half.col, half.row))
    source, target = half.row[order].astype(np.int64), half.col[order].astype(np.int64)
    counts = counts_of(confusion, len(graph.community))
    return pd.DataFrame(
        {
            "source": source,
            "target": target,
            "weight": half.data[order].astype(np.float64),
            "count_source_as_target": _cells(counts, source, target),
            "count_target_as_source": _cells(counts, target, source),
        }
    )


def classes_table(
    graph: ConfusionGraph,
    confusion: pd.DataFrame,
    *,
    names: Sequence[str],
    n_suspects: NDArray[np.integer],
    positions: NDArray[np.floating],
) -> pd.DataFrame:
    """A row per class in class order (schema "classes").

    `n_suspects` (K,) counts suspects per given class, `positions` (K, 2) says where to draw it. `worst_partner` is the
    class it exchanges most images with, both directions summed, the lower class on a tie, -1 for none.
    """
    k = len(graph.community)
    counts = counts_of(confusion, k)
    images, right = np.asarray(counts.sum(axis=1)).ravel(), counts.diagonal()
    errors = images - right
    wrong = _off_diagonal(counts)
    leaves = graph.community[wrong.row] != graph.community[wrong.col]
    leaving = np.bincount(wrong.row[leaves], wrong.data[leaves], minlength=k)
    return pd.DataFrame(
        {
            "class_id": np.arange(k),
            "name": pd.Series(list(names), dtype=str),
            "n_images": images.astype(np.int64),
            "n_errors": errors.astype(np.int64),
            "accuracy": _share(right, images),
            "worst_partner": _worst_partner(wrong, k),
            "share_leaving": _share(leaving, errors),
            "community": graph.community,
            "stability": graph.stability,
            "n_suspects": np.asarray(n_suspects, np.int64),
            "x": np.asarray(positions[:, 0], np.float64),
            "y": np.asarray(positions[:, 1], np.float64),
        }
    )


def communities_table(
    graph: ConfusionGraph, confusion: pd.DataFrame, *, n_suspects: NDArray[np.integer]
) -> pd.DataFrame:
    """A row per community (schema "communities").

    `mass_share` is the share of all soft confusion (probability on other classes than the given one) that lies between
    classes of the community; it does not depend on pruning. `headroom` = images of the community predicted as another
    of its classes, over all images. Shares of nothing are NaN, but `mass_share` and `headroom` are then 0.
    """
    of, n = graph.community, int(graph.community.max(initial=-1)) + 1
    counts = counts_of(confusion, len(of))
    per_class = np.asarray(counts.sum(axis=1)).ravel()
    images = np.bincount(of, per_class, minlength=n)
    wrong = _off_diagonal(counts)
    errors = np.bincount(of[wrong.row], wrong.data, minlength=n)
    stays = of[wrong.row] == of[wrong.col]
    inside = np.bincount(of[wrong.row[stays]], wrong.data[stays], minlength=n)
    mass = _soft_mass_inside(confusion, of, n)
    size = np.bincount(of, minlength=n)
    return pd.DataFrame(
        {
            "community": np.arange(n),
            "n_classes": size.astype(np.int64),
            "n_images": images.astype(np.int64),
            "n_errors": errors.astype(np.int64),
            "error_rate": _share(errors, images),
            "inside_share": _share(inside, errors),
            "mass_share": mass,
            "headroom": inside / max(1, int(per_class.sum())),
            "stability": np.bincount(of, graph.stability, minlength=n) / np.maximum(size, 1),
            "n_suspects": np.bincount(of, np.asarray(n_suspects), minlength=n).astype(np.int64),
        }
    )


def heaviest_pairs(
    confusion: pd.DataFrame, community: NDArray[np.integer], *, inside: int | None = None, limit: int | None = None
) -> pd.DataFrame:
    """The pairs of classes that exchange images, heaviest first, counted before any pruning: the one list of pairs.

    `confusion` is a table with given, predicted, count; `community` (K,) that of every class; with `inside` only pairs
    within that community. Columns: `source` < `target`, `count_source_as_target`, `count_target_as_source`, `total`,
    `lopsided` (one direction more than twice the other), `crosses` (two communities).
    """
    row, col = confusion["given"].to_numpy(np.int64), confusion["predicted"].to_numpy(np.int64)
    count = confusion["count"].to_numpy(np.int64)
    keep = (row != col) & (count > 0)
    if inside is not None:
        keep &= (community[row] == inside) & (community[col] == inside)
    row, col, count = row[keep], col[keep], count[keep]
    low, high = np.minimum(row, col), np.maximum(row, col)
    ends, place = np.unique(low * max(1, len(community)) + high, return_inverse=True)
    source, target = ends // max(1, len(community)), ends % max(1, len(community))
    there = np.bincount(place, np.where(row < col, count, 0), minlength=len(ends)).astype(np.int64)
    back = np.bincount(place, np.where(row > col, count, 0), minlength=len(ends)).astype(np.int64)
    pairs = pd.DataFrame(
        {
            "source": source,
            "target": target,
            "count_source_as_target": there,
            "count_target_as_source": back,
            "total": there + back,
            "lopsided": np.maximum(there, back) > LOPSIDED * np.minimum(there, back),
            "crosses": np.asarray(community)[source] != np.asarray(community)[target],
        }
    )
    first = np.argsort(-pairs["total"].to_numpy(), kind="stable")[:limit]
    return pairs.iloc[first].reset_index(drop=True)


def gephi_tables(graph: ConfusionGraph, names: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nodes `id, label` and edges `source, target, type, label, weight` as Gephi reads them from CSV."""
    half = sparse.coo_array(sparse.triu(graph.weight, k=1))
    order = np.lexsort((half.col, half.row))
    source, target = half.row[order], half.col[order]
    nodes = pd.DataFrame({"id": np.arange(len(names)), "label": list(names)})
    label = [f"{names[s]} – {names[t]}" for s, t in zip(source, target, strict=True)]
    edges = pd.DataFrame({"source": source, "target": target, "type": "undirected", "label": label})
    edges["weight"] = half.data[order]
    return nodes, edges


def _off_diagonal(counts: sparse.csr_array) -> sparse.coo_array:
    cells = counts.tocoo()
    off = cells.row != cells.col
    return sparse.coo_array((cells.data[off], (cells.row[off], cells.col[off])), shape=counts.shape)


def _cells(counts: sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(rows):
        return np.zeros(0, np.int64)
    return np.asarray(counts[rows, columns]).ravel().astype(np.int64)


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    """part / whole, NaN where there is no whole."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _worst_partner(wrong: sparse.coo_array, k: int) -> NDArray[np.int64]:
    both = (wrong + wrong.T).tocoo()
    order = np.lexsort((both.col, -both.data, both.row))
    rows, first = np.unique(both.row[order], return_index=True)
    worst = np.full(k, -1, np.int64)
    worst[rows] = both.col[order][first]
    return worst


def _soft_mass_inside(confusion: pd.DataFrame, of: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    row, col = confusion["given"].to_numpy(), confusion["predicted"].to_numpy()
    soft = np.where(row != col, confusion["soft"].to_numpy(np.float64), 0.0)
    stays = of[row] == of[col]
    return np.bincount(of[row[stays]], soft[stays], minlength=n) / max(float(soft.sum()), np.finfo(float).tiny)
