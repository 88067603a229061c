"""What is drawn of a confusion graph: its classes while they are few, else communities, or the classes of one. Pure.

The browser never gets more than `SHOWN` nodes and `HEAVIEST` edges, however many classes there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SHOWN = 300  # nodes; more of them cannot be told apart on a screen
HEAVIEST = 1500  # edges drawn; more of them is a grey cloud
DIFFERENT = 150  # the same where two runs are compared: small differences are chance

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scene:
    """Nodes and edges to draw.

    nodes: id (class number, or "c7" for community 7), name, number (class or community), group (what colour and shape
    say), n_classes, n_images, n_errors, partner (name or ""; of a community
    its class of most errors), stability 0..1, x, y. edges: source, target (positions in
    `nodes`), weight, left (what remains of it after the accepted fixes), there, back (images), other (of the second
    run, NaN without one). `members`: rows of the class table that the nodes stand for, by node. `part` of `n_parts`.
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame
    of_classes: bool
    n_all: int
    n_edges: int
    part: int = 0
    n_parts: int = 1

    @cached_property
    def place(self) -> dict[int, int]:
        """Where the class, or the community, of a number stands among the nodes."""
        return {int(number): i for i, number in enumerate(self.nodes["number"])}


def scene_of(
    classes: pd.DataFrame,
    edges: pd.DataFrame,
    group: NDArray[np.integer],
    *,
    community: int | None = None,
    part: int = 0,
    stability: NDArray[np.floating] | None = None,
) -> Scene:
    """The scene of a run: tables `classes` and `edges` (with `left`, and `other` where two runs are compared).

    Up to SHOWN classes all are drawn. With more, one node is a community of more than one class, or, with `community`,
    one of its classes; those of most errors come first, SHOWN a part. `group` (K,) gives colour and shape, `stability`
    (K,) how reliable they are.
    """
    steady = classes["stability"].to_numpy(float) if stability is None else np.asarray(stability, float)
    table = classes.assign(group=np.asarray(group), stability=steady, number=np.arange(len(classes)))
    if len(classes) > SHOWN and community is None:
        return _of_communities(table, edges, part)
    drawn = table if len(classes) <= SHOWN else table[table["community"] == community]
    return _of_classes(table, drawn, edges, part)


def part_with(classes: pd.DataFrame, k: int) -> int:
    """The part of its community's scene in which class k is drawn."""
    if len(classes) <= SHOWN:
        return 0
    own = _most_errors(classes[classes["community"] == classes["community"].iloc[k]])
    return int(np.flatnonzero(own.index == classes.index[k])[0]) // SHOWN


def _of_classes(table: pd.DataFrame, drawn: pd.DataFrame, edges: pd.DataFrame, part: int) -> Scene:
    shown, part, n_parts = _part_of(drawn, part)
    names = table["name"].tolist()
    partner = [names[p] if p >= 0 else "" for p in shown["worst_partner"].astype(int)]
    nodes = shown.assign(id=shown["number"], partner=partner, n_classes=1)
    between = _between(edges, shown["number"].to_numpy(), np.arange(len(table)), len(table))
    return _scene(nodes, between, of_classes=True, parts=(len(drawn), part, n_parts))


def _of_communities(table: pd.DataFrame, edges: pd.DataFrame, part: int) -> Scene:
    of = table["community"].to_numpy(np.int64)
    size = np.bincount(of)
    sums = {name: np.bincount(of, table[name], minlength=len(size)) for name in ("n_images", "n_errors")}
    means = {
        name: np.bincount(of, table[name], minlength=len(size)) / np.maximum(size, 1)
        for name in ("x", "y", "stability")
    }
    grouped = pd.DataFrame({**means, **sums, "number": np.arange(len(size)), "n_classes": size, "partner": ""})
    grouped[["n_images", "n_errors"]] = grouped[["n_images", "n_errors"]].astype(np.int64)
    grouped["group"] = most_frequent(of, table["group"].to_numpy(np.int64), len(size))
    together = grouped[grouped["n_classes"] > 1]
    shown, part, n_parts = _part_of(together, part)
    first = _most_errors(table[table["community"].isin(shown["number"])]).groupby("community")["name"].first()
    numbers = shown["number"].tolist()
    nodes = shown.assign(id=[f"c{c}" for c in numbers], name=[f"community {c + 1}" for c in numbers])
    nodes["partner"] = [first[c] for c in numbers]
    between = _between(edges, shown["number"].to_numpy(), of, len(size))
    return _scene(nodes, between, of_classes=False, parts=(len(together), part, n_parts))


def _scene(nodes: pd.DataFrame, edges: pd.DataFrame, *, of_classes: bool, parts: tuple[int, int, int]) -> Scene:
    n_all, part, n_parts = parts
    compared = bool(edges["other"].notna().any())
    drawn = heaviest(edges, DIFFERENT if compared else HEAVIEST)
    return Scene(nodes.reset_index(drop=True), drawn, of_classes, n_all, len(edges), part, n_parts)


def _most_errors(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("n_errors", ascending=False, kind="stable")


def _part_of(table: pd.DataFrame, part: int) -> tuple[pd.DataFrame, int, int]:
    n_parts = max(1, -(-len(table) // SHOWN))
    part = part if 0 <= part < n_parts else 0
    if n_parts == 1:
        return table, 0, 1
    return _most_errors(table)[part * SHOWN : (part + 1) * SHOWN], part, n_parts


def _between(edges: pd.DataFrame, numbers: Ints, of: Ints, n: int) -> pd.DataFrame:
    """The edges between drawn nodes, those of the same two summed; ends are positions among the nodes."""
    at = np.full(n, -1)
    at[numbers] = np.arange(len(numbers))
    source, target = at[of[edges["source"].to_numpy()]], at[of[edges["target"].to_numpy()]]
    keep = (source >= 0) & (target >= 0) & (source != target)
    kept = edges[keep]
    turned = (source > target)[keep]
    there, back = kept["count_source_as_target"].to_numpy(), kept["count_target_as_source"].to_numpy()
    found = pd.DataFrame(
        {
            "source": np.minimum(source, target)[keep],
            "target": np.maximum(source, target)[keep],
            "weight": kept["weight"].to_numpy(float),
            "left": kept["left"].to_numpy(float) if "left" in kept else kept["weight"].to_numpy(float),
            "there": np.where(turned, back, there),
            "back": np.where(turned, there, back),
            "other": kept["other"].to_numpy(float) if "other" in kept else np.nan,
        }
    )
    if len(numbers) and len(of) > n:
        found = found.groupby(["source", "target"], as_index=False, sort=True).sum(min_count=1)
    return found


def most_frequent(of: Ints, group: Ints, n: int) -> Ints:
    """The group that most classes of each community 0..n-1 are in, the lower number on a tie. `of`, `group`: (K,)."""
    pairs, size = np.unique(np.column_stack([of, group]), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -size, pairs[:, 0]))
    first = np.unique(pairs[order, 0], return_index=True)
    found = np.zeros(n, np.int64)
    found[first[0]] = pairs[order[first[1]], 1]
    return found


def heaviest(edges: pd.DataFrame, at_most: int = HEAVIEST) -> pd.DataFrame:
    """The `at_most` edges of greatest weight, in their old order."""
    if len(edges) <= at_most:
        return edges
    kept = np.sort(np.argsort(-edges["weight"].to_numpy(), kind="stable")[:at_most])
    return edges.iloc[kept]


def edge_id(source: int, target: int, *, of_classes: bool = True) -> str:
    """The id of an undirected edge, whichever way it is named."""
    low, high = sorted((source, target))
    return f"{low}-{high}" if of_classes else f"c{low}-c{high}"


def ends_of(edge: str, letter: str = "") -> tuple[int, int] | None:
    """The two classes of an edge id, or, with the letter c, communities; None when it is none: a browser sends it."""
    found = re.fullmatch(rf"{letter}(\d{{1,9}})-{letter}(\d{{1,9}})", edge, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None
