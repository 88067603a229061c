"""Two models on the same images: which pairs they confuse, and which of their communities belong together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.confusion.report import heaviest_pairs

CHANCE = 1.96  # standard deviations of a difference of two counts that chance alone seldom passes
CHANGES = ("gained", "lost", "stronger", "weaker", "alike")


def matched(community: NDArray[np.integer], reference: NDArray[np.integer]) -> NDArray[np.int64]:
    """The same partition (K,) with the numbers of another one (K,), pairs that share most classes first.

    Each number is given once; what finds no partner is numbered after the reference, larger ones first.
    """
    if not len(community):
        return np.zeros(0, np.int64)
    pairs, shared = np.unique(np.column_stack([community, reference]), axis=0, return_counts=True)
    number: dict[int, int] = {}
    taken: set[int] = set()
    for i in np.lexsort((pairs[:, 1], pairs[:, 0], -shared)):
        one, other = int(pairs[i, 0]), int(pairs[i, 1])
        if one not in number and other not in taken:
            number[one] = other
            taken.add(other)
    size = np.bincount(community)
    left = [int(c) for c in np.argsort(-size, kind="stable") if size[c] and int(c) not in number]
    number |= {c: int(reference.max()) + 1 + i for i, c in enumerate(left)}
    table = np.zeros(len(size), np.int64)
    table[list(number)] = list(number.values())
    return table[community]


def compare_pairs(here: pd.DataFrame, there: pd.DataFrame, community: NDArray[np.integer]) -> pd.DataFrame:
    """The pairs that two models confuse on the same images, the greatest difference first.

    `here`, `there`: the tables "confusion" of two runs; `community` (K,) of this run. Columns: source < target,
    `here`, `there` (images in both directions), `difference`, `change`: gained (only here), lost (only there),
    stronger, weaker, or alike; `clear`: more than chance alone would give if both models confused the two equally
    often. The images are the same, so the true spread is smaller: what is called clear is.
    """
    keys = ["source", "target"]
    one, other = (heaviest_pairs(table, community)[[*keys, "total"]] for table in (here, there))
    both = one.rename(columns={"total": "here"}).merge(other.rename(columns={"total": "there"}), on=keys, how="outer")
    both[["here", "there"]] = both[["here", "there"]].fillna(0).astype(np.int64)
    more, less = both["here"].to_numpy(), both["there"].to_numpy()
    both["difference"] = more - less
    kinds = [(less == 0), (more == 0), more > less, more < less]
    both["change"] = np.select(kinds, CHANGES[:4], CHANGES[4])
    both["clear"] = np.abs(more - less) > CHANCE * np.sqrt(more + less)
    order = np.lexsort((both["target"], both["source"], -both["difference"].abs()))
    return both.iloc[order].reset_index(drop=True)


def compare_communities(here: NDArray[np.integer], there: NDArray[np.integer]) -> pd.DataFrame:
    """The communities of more than one class of two partitions (K,), each of `here` with the best fit of `there`.

    Columns: `community`, `other` (-1: every class stands alone there), `n_here`, `n_there`, `shared` classes, and
    `overlap` = shared / either, 0..1.
    """
    size_here, size_there = np.bincount(here), np.bincount(there)
    pairs, shared = np.unique(np.column_stack([here, there]), axis=0, return_counts=True)
    n_here, n_there = size_here[pairs[:, 0]], size_there[pairs[:, 1]]
    table = pd.DataFrame({"community": pairs[:, 0], "other": pairs[:, 1], "n_here": n_here, "n_there": n_there})
    table["shared"] = shared
    table["overlap"] = shared / (n_here + n_there - shared)
    table = table[table["n_here"] > 1].sort_values(["community", "overlap"], ascending=[True, False], kind="stable")
    table = table.drop_duplicates("community").reset_index(drop=True)
    table.loc[(table["n_there"] == 1), "other"] = -1
    return table
