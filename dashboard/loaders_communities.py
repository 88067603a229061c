"""What the Communities page reads, kept in memory: levels, edges after verdicts, drawings, work per community."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.confusion.compare import compare_communities, compare_pairs
from analysis.confusion.fixes import read_verdicts, remaining, split_pairs
from analysis.confusion.report import heaviest_pairs
from analysis.review.said import OPEN, SKIPPED, WRONG
from dashboard import loaders
from dashboard.charts.palette import palette
from dashboard.charts.sentences import mended, plain
from dashboard.components.class_graph.drawing import Drawing
from dashboard.components.class_graph.scene import edge_id, scene_of
from dashboard.server import opened

LEVELS = ("level_community", "level_stability", "level_persistence")


@dataclass(frozen=True, eq=False)
class Levels:
    """Communities at R resolutions: `table` (R rows), and (K, R) `community`, `stability`, `persistence`."""

    table: pd.DataFrame
    community: NDArray[np.int32]
    stability: NDArray[np.float32]
    persistence: NDArray[np.float32]

    @property
    def own(self) -> int:
        """The level with the run's own communities."""
        return int(self.table["own"].to_numpy().argmax())


def levels(path: str, run_id: str) -> Levels | None:
    """The resolutions of a run; None for one that an earlier version made."""
    run = loaders.workspace(path).run(run_id)
    if not all(run.has(name) for name in ("levels", *LEVELS)):
        return None
    return _levels(path, run_id, loaders.stamp_of(path, run_id, "levels", *LEVELS))


@st.cache_resource(max_entries=8, show_spinner=False)
def _levels(path: str, run_id: str, stamps: str) -> Levels:  # noqa: ARG001  # part of the cache key
    run = loaders.workspace(path).run(run_id)
    return Levels(run.table("levels"), *(run.array(name) for name in LEVELS))


@dataclass(frozen=True, eq=False)
class Mended:
    """What the verdicts so far make of the pairs of a run.

    `edges`: the run's edges with `left`, their weight with the mended labels. `split`: judged confusions by kind, a row
    per pair (`analysis.confusion.fixes.split_pairs`). `wrong` (K,): labels of each class said to be wrong.
    """

    edges: pd.DataFrame
    split: pd.DataFrame
    wrong: NDArray[np.int64]


def mended_edges(path: str, run_id: str) -> Mended:
    """Edges and pairs as the verdicts stand; made again whenever a decision was booked."""
    stamps = loaders.stamp_of(path, run_id, "edges", "graph", "scores")
    return _mended(path, run_id, stamps, loaders.decision_store(path).last_seq())


@st.cache_resource(max_entries=4, show_spinner=False)
def _mended(path: str, run_id: str, stamps: str, last_event: int) -> Mended:  # noqa: ARG001  # part of the cache key
    found, run = opened.open_workspace(path), loaders.workspace(path).run(run_id)
    given, predicted = found.dataset.given, loaders.run_columns(path, run_id).predicted
    said = found.decisions.in_force()
    number_of = {name: k for k, name in enumerate(found.dataset.classes)}
    verdicts = read_verdicts(said, found.row_of.get_indexer(said["image_id"]), number_of)
    edges = run.table("edges")
    top = {"top_class": run.array("top_class"), "top_prob": run.array("top_prob")}
    left = remaining(edges, verdicts, given=given, **top, made=run.json("graph")["parameters"])
    wrong = loaders.said(path).verdict == WRONG
    return Mended(
        edges.assign(left=left),
        split_pairs(given, predicted, verdicts),
        np.bincount(given[wrong], minlength=found.dataset.n_classes),
    )


@dataclass(frozen=True, eq=False)
class Work:
    """The communities as pieces of work: by community, suspects, how many of them were judged, wrong labels found
    among all of its images, and among those suspects."""

    suspects: NDArray[np.int64]
    judged: NDArray[np.int64]
    wrong: NDArray[np.int64]
    caught: NDArray[np.int64]


def work(path: str, run_id: str) -> Work:
    """How far each community of a run is judged; made again whenever a decision was booked."""
    stamps = loaders.stamp_of(path, run_id, "scores", "classes")
    return _work(path, run_id, stamps, loaders.decision_store(path).last_seq())


@st.cache_resource(max_entries=4, show_spinner=False)
def _work(path: str, run_id: str, stamps: str, last_event: int) -> Work:  # noqa: ARG001  # part of the cache key
    columns, verdict = loaders.run_columns(path, run_id), loaders.said(path).verdict
    of, n = columns.community[columns.given], int(columns.community.max()) + 1
    judged = columns.is_suspect & (verdict != OPEN) & (verdict != SKIPPED)
    wrong = verdict == WRONG
    return Work(*(np.bincount(of[which], minlength=n) for which in (columns.is_suspect, judged, wrong, judged & wrong)))


@dataclass(frozen=True)
class View:
    """What of the graph is drawn: light or dark, which level's groups, which community and part, beside which run."""

    mode: str
    level: int | None = None
    community: int | None = None
    part: int = 0
    beside: str = ""


def drawing(path: str, run_id: str, view: View) -> Drawing:
    """The graph as it is drawn; made again whenever a decision was booked."""
    stamps = loaders.stamp_of(path, run_id, "classes", "edges") + (
        loaders.stamp_of(path, view.beside, "confusion") if view.beside else ""
    )
    return _drawing(path, run_id, view, stamp=f"{stamps} {loaders.decision_store(path).last_seq()}")


@st.cache_resource(max_entries=24, show_spinner=False)
def _drawing(path: str, run_id: str, view: View, *, stamp: str) -> Drawing:  # noqa: ARG001  # part of the cache key
    classes = loaders.run_table(path, run_id, "classes")
    found = levels(path, run_id)
    group, steady = classes["community"].to_numpy(), None
    if found is not None and view.level is not None:
        group, steady = found.community[:, view.level], found.stability[:, view.level]
    now = mended_edges(path, run_id)
    edges, notes = now.edges, _notes(now.split, path, run_id)
    if view.beside:
        edges, notes = _both(path, run_id, view.beside), {}
    scene = scene_of(classes, edges, group, community=view.community, part=view.part, stability=steady)
    return Drawing(scene, palette(view.mode), notes)


def _both(path: str, run_id: str, beside: str) -> pd.DataFrame:
    """The pairs that one of two runs confuses as edges; the weight says how much they differ."""
    here = loaders.run_table(path, run_id, "confusion")
    pairs = comparison(path, run_id, beside).pairs.sort_values(["source", "target"])
    own = heaviest_pairs(here, loaders.run_columns(path, run_id).community)
    directions = ["source", "target", "count_source_as_target", "count_target_as_source"]
    edges = pairs.merge(own[directions], on=["source", "target"], how="left").fillna(0)
    weight = edges["difference"].abs().astype(float)
    return edges.assign(weight=weight, left=weight, other=edges["there"].astype(float))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs beside each other: `pairs` and `communities` as in `analysis.confusion.compare`."""

    pairs: pd.DataFrame
    communities: pd.DataFrame


def comparison(path: str, run_id: str, beside: str) -> Comparison:
    """Which pairs two runs confuse, and which communities belong together."""
    stamps = [loaders.stamp_of(path, run, "confusion", "classes") for run in (run_id, beside)]
    return _comparison(path, run_id, beside, stamp=" ".join(stamps))


@st.cache_resource(max_entries=4, show_spinner=False)
def _comparison(path: str, run_id: str, beside: str, *, stamp: str) -> Comparison:  # noqa: ARG001  # the cache key
    tables = [loaders.run_table(path, run, "confusion") for run in (run_id, beside)]
    of = [loaders.run_columns(path, run).community for run in (run_id, beside)]
    return Comparison(compare_pairs(tables[0], tables[1], of[0]), compare_communities(of[0], of[1]))


def _notes(split: pd.DataFrame, path: str, run_id: str) -> dict[str, str]:
    """What judging has shown of an edge, as one plain sentence by edge id."""
    if split.empty:
        return {}
    names = loaders.dataset(path).classes
    total = totals(path, run_id)
    notes = {}
    for pair in split.to_dict("records"):
        ends = int(pair["source"]), int(pair["target"])
        said = mended(int(pair["noise"]), int(total.get(ends, 0)), names[ends[0]], names[ends[1]])
        notes[edge_id(*ends)] = plain(said)
    return notes


def totals(path: str, run_id: str) -> dict[tuple[int, int], int]:
    """Confused images by pair (lower class first), both directions, before pruning."""
    return _totals(path, run_id, loaders.stamp_of(path, run_id, "confusion"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _totals(path: str, run_id: str, stamps: str) -> dict[tuple[int, int], int]:  # noqa: ARG001  # part of the cache key
    columns = loaders.run_columns(path, run_id)
    pairs = heaviest_pairs(loaders.run_table(path, run_id, "confusion"), columns.community)
    ends = zip(pairs["source"].tolist(), pairs["target"].tolist(), strict=True)
    return dict(zip(ends, pairs["total"].tolist(), strict=True))


def worst_pairs(path: str, run_id: str, community: int, n: int) -> pd.DataFrame:
    """The n pairs of classes of a community that are confused most, counted before pruning (METHODS 1.4)."""
    return _worst_pairs(path, run_id, community, n=n, stamps=loaders.stamp_of(path, run_id, "confusion", "classes"))


@st.cache_resource(max_entries=64, show_spinner=False)
def _worst_pairs(path: str, run_id: str, community: int, *, n: int, stamps: str) -> pd.DataFrame:  # noqa: ARG001
    confusion, of = loaders.run_table(path, run_id, "confusion"), loaders.run_columns(path, run_id).community
    return heaviest_pairs(confusion, of, inside=community, limit=n)
