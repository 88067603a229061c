"""What the page of data problems reads: the facts of every image, and groups of copies at a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from analysis.problems.alike import Groups, differing, groups_by, groups_of
from dashboard import loaders

MOST_SHOWN = 24  # copies of one image


@dataclass(frozen=True, eq=False)
class Copies:
    """Groups of copies, those that matter most first, and which of them hold different labels, or splits (G,)."""

    groups: Groups
    labels_differ: NDArray[np.bool_]
    splits_differ: NDArray[np.bool_]

    def some(self, which: NDArray[np.bool_]) -> Copies:
        """The groups (one bool each) that are meant."""
        return Copies(self.groups.some(which), self.labels_differ[which], self.splits_differ[which])

    def with_any(self, mask: NDArray[np.bool_]) -> Copies:
        """The groups of which at least one image passes (N,)."""
        if len(self.groups) == 0:
            return self
        return self.some(np.logical_or.reduceat(mask[self.groups.rows], self.groups.starts[:-1]))


def copies(path: str, run_id: str, at: float | None) -> Copies:
    """Groups of images with the same pixels (`at` None), or joined by pairs at least `at` similar."""
    name = "image_facts" if at is None else "near_pairs"
    return _copies(path, run_id, at, loaders.stamp_of(path, run_id, name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _copies(path: str, run_id: str, at: float | None, stamp: str) -> Copies:  # noqa: ARG001  # part of the cache key
    run, dataset = loaders.workspace(path).run(run_id), loaders.dataset(path)
    if at is None:
        groups = groups_by(run.table("image_facts", ["same_as"])["same_as"].to_numpy())
    else:
        pairs = run.table("near_pairs")
        close = pairs[pairs["similarity"] >= at]
        groups = groups_of(close["source"].to_numpy(), close["target"].to_numpy(), len(dataset))
    labels = differing(groups, dataset.given)
    split = dataset.table["split"].astype(str).to_numpy() if "split" in dataset.table else None
    splits = differing(groups, split) if split is not None else np.zeros(len(groups), bool)
    order = np.lexsort((np.arange(len(groups)), ~splits, ~labels))
    return Copies(groups.some(order), labels[order], splits[order])


def copies_of(path: str, run_id: str, row: int) -> list[tuple[int, float]]:
    """(row, similarity) of the other images in the groups of exact and near copies that an image is in, best first.

    Empty where the run was made before copies were looked for.
    """
    run = loaders.workspace(path).run(run_id)
    if not run.has("problems"):
        return []
    same = loaders.run_table(path, run_id, "image_facts")["same_as"].to_numpy()
    found = {int(other): 1.0 for other in np.flatnonzero(same == same[row])}
    at = run.json("problems")["thresholds"].get("near")
    if at is not None:
        pairs = loaders.run_table(path, run_id, "near_pairs")
        mine = pairs[(pairs["similarity"] >= at) & ((pairs["source"] == row) | (pairs["target"] == row))]
        for one in mine.itertuples():
            found.setdefault(int(one.target if one.source == row else one.source), float(one.similarity))
    found.pop(row, None)
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_SHOWN]
