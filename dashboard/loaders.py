"""What the pages read, kept in memory: the only place with Streamlit's caches.

Cached functions take a path, a run and a stamp, never a table or array: Streamlit hashes only a sample of those and
would answer wrongly. What is cached is shared by all sessions; tables are handed out as copies on write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.base.types import Dataset
from analysis.data.images import ImageStore
from analysis.review.agreement import Agreements, View, agreements
from analysis.review.apply import ExportPolicy
from analysis.review.askable import Askable
from analysis.review.audit import Audit, AuditRule
from analysis.review.checks import known_answers, reviewer_figures
from analysis.review.decisions import DecisionStore
from analysis.review.drawn import sample_of
from analysis.review.edges import Edges
from analysis.review.exporter import Export
from analysis.review.gather import Only, gather
from analysis.review.said import Said, said_of
from analysis.runs.files import hand_back
from analysis.runs.run import Run
from analysis.runs.workspace import Workspace
from dashboard import loaders_filter
from dashboard.items import Known, Source, Sure, sure_of, typical_rows, verified_rows
from dashboard.layouts import arrays_of
from dashboard.selection import Columns, Filter, rows_of, to_params
from dashboard.server import opened

SCORED = ("predicted", "suggested", "suspicion", "is_suspect", "kind")  # what filters ask of the scores


def workspace(path: str) -> Workspace:
    """The workspace at `path`; NotFoundHere where there is none."""
    return opened.open_workspace(path).workspace


def dataset(path: str) -> Dataset:
    """The data set of the workspace, read once in this process."""
    return opened.open_workspace(path).dataset


def images(path: str) -> ImageStore:
    """The image store of the workspace."""
    return opened.open_workspace(path).images


def decision_store(path: str) -> DecisionStore:
    """The decision store of the workspace, the same object that the routes use."""
    return opened.open_workspace(path).decisions


def latest_run(path: str) -> Run | None:
    """The newest finished run, or None."""
    return workspace(path).latest()


def run_table(path: str, run_id: str, name: str) -> pd.DataFrame:
    """A table of a run; NotFoundHere where the run lacks it. Changing the frame changes no one else's."""
    return _table(path, run_id, name, stamp_of(path, run_id, name)).copy(deep=False)


def run_json(path: str, run_id: str, name: str) -> dict[str, Any]:
    """A JSON artifact of a run, such as its summary."""
    return workspace(path).run(run_id).json(name)


def stamp_of(path: str, run_id: str, *names: str) -> str:
    """What changes whenever one of these artifacts of a run is written again; without any, whenever the run is."""
    run = workspace(path).run(run_id)
    cards = [run.card(name) for name in names or ("suspects",)]
    return "|".join(f"{card['key']}@{card['at']}" if card else "" for card in cards)


@st.cache_resource(max_entries=48, show_spinner=False)
def _table(path: str, run_id: str, name: str, stamp: str) -> pd.DataFrame:  # noqa: ARG001  # part of the cache key
    return workspace(path).run(run_id).table(name)


def run_columns(path: str, run_id: str) -> Columns:
    """What filters look at, of one run: labels, suspicion, communities, map."""
    return _columns(path, run_id, stamp_of(path, run_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _columns(path: str, run_id: str, stamp: str) -> Columns:  # noqa: ARG001  # part of the cache key
    run = workspace(path).run(run_id)
    # these alone, each an array of its own: of a table read whole, every scorer's column would stay in memory with them
    scores = {name: run.table("scores", [name])[name] for name in SCORED}
    arrays = arrays_of(run)
    asked = Askable(dataset(path), run, lambda: loaders_filter.states(path))
    return Columns(
        given=dataset(path).given,
        predicted=scores["predicted"].to_numpy(),
        suggested=scores["suggested"].to_numpy(),
        community=run.table("classes", ["community"])["community"].to_numpy(),
        suspicion=scores["suspicion"].to_numpy(),
        is_suspect=scores["is_suspect"].to_numpy(),
        crosses=(scores["kind"] == "cross").to_numpy(),
        xy=run.array("xy") if run.has("xy") else None,
        layouts=tuple(arrays),
        layout=lambda method: run.array(arrays[method]),
        states=lambda: loaders_filter.states(path),
        field=asked.ask,
        keys=asked.keys,
        metadata=asked.metadata,
    )


def review_source(path: str, run_id: str) -> Source:
    """What the deck's items are made from, of one run."""
    return _source(path, run_id, stamp_of(path, run_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _source(path: str, run_id: str, stamp: str) -> Source:  # noqa: ARG001  # part of the cache key
    run, found = workspace(path).run(run_id), opened.open_workspace(path)
    scores = run.table("scores", ["suggested", "predicted", "p_given", "suspicion", "kind"])
    suspects = run.table("suspects", ["row", "reasons"])
    return Source(
        opened=found,
        scores=scores,
        reasons=suspects.set_index("row")["reasons"],
        top_class=run.array("top_class"),
        top_prob=run.array("top_prob"),
        typical=typical_rows(found.dataset.given, scores, found.dataset.n_classes),
        features=run.array("features") if run.has("features") else None,
    )


def listed(path: str, run_id: str) -> NDArray[np.int64]:
    """Rows of the artifact "suspects" of a run; never change it in place."""
    return _listed(path, run_id, stamp_of(path, run_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _listed(path: str, run_id: str, stamp: str) -> NDArray[np.int64]:  # noqa: ARG001  # part of the cache key
    return read_only(workspace(path).run(run_id).table("suspects", ["row"])["row"].to_numpy(np.int64))


def said(path: str) -> Said:
    """What stands of every image as arrays by row; made again whenever a decision was booked."""
    return _said(path, decision_store(path).last_seq())


@st.cache_resource(max_entries=4, show_spinner=False)
def _said(path: str, last_event: int) -> Said:  # noqa: ARG001  # part of the cache key
    found = opened.open_workspace(path)
    newest = _newest(found.key)
    newest.said = made = said_of(found.decisions.current(), found.row_of, before=newest.said)
    return made


@dataclass
class _Newest:
    """What was made last of the decisions of a workspace: the next needs little more than the newest events."""

    said: Said | None = None
    sure: Sure | None = None


@st.cache_resource(max_entries=4, show_spinner=False)
def _newest(key: str) -> _Newest:  # noqa: ARG001  # part of the cache key
    return _Newest()


def audit(path: str, rule: AuditRule) -> Audit:
    """The sample of a random audit: drawn once, the same for good."""
    return _audit(path, rule.m, rule.seed, as_of=rule.as_of, population=rule.population)


@st.cache_resource(max_entries=8, show_spinner="Drawing the sample …")
def _audit(path: str, m: int, seed: int, *, as_of: int, population: str) -> Audit:
    found = opened.open_workspace(path)
    return sample_of(found.decisions, pd.Index(found.dataset.table["image_id"]), AuditRule(m, seed, as_of, population))


def known(path: str) -> Known:
    """What people have settled so far in a workspace; made again whenever a decision was booked."""
    return _known(path, decision_store(path).last_seq())


@st.cache_resource(max_entries=8, show_spinner=False)
def _known(path: str, last_event: int) -> Known:  # noqa: ARG001  # part of the cache key
    found = opened.open_workspace(path)
    newest, current = _newest(found.key), found.decisions.current()
    newest.sure = sure = sure_of(current, found.row_of, found.class_names, before=newest.sure)
    verified = verified_rows(sure, current["in_force"].to_numpy(bool))
    return Known(verified=verified, excluded=frozenset(found.decisions.excluded()["image_id"]))


def export(path: str, run_id: str | None, policy: ExportPolicy, part: Filter) -> Export:
    """The cleaned labels of the images that pass the filter, with what changed; made again after every decision."""
    key = f"{policy.model_dump_json()} {loaders_filter.key_of(path, part)}"
    return _export(path, run_id, key, decision_store(path).last_seq(), _policy=policy, _part=part)


@st.cache_resource(max_entries=2, show_spinner="Putting the labels together …")  # 0.3 GB for a million images
def _export(
    path: str,
    run_id: str | None,
    key: str,  # noqa: ARG001  # with the last event, all that the parts without a hash decide
    last_event: int,  # noqa: ARG001
    *,
    _policy: ExportPolicy,
    _part: Filter,
) -> Export:
    found = opened.open_workspace(path)
    run = found.workspace.run(run_id) if run_id else None
    only = None
    if run_id and not _part.is_empty:
        keep = np.zeros(len(found.dataset), bool)
        keep[rows_of(_part, run_columns(path, run_id))] = True
        only = Only(keep, to_params(_part))
    made = gather(found.workspace, found.decisions, run=run, policy=_policy, only=only, dataset=found.dataset)
    hand_back()
    return made


def agreement(path: str, run_id: str, view: View) -> Agreements:
    """How far the reviewers agree, by the communities of a run; made again whenever a decision was booked."""
    stamp = f"{stamp_of(path, run_id, 'classes')} {decision_store(path).last_seq()}"
    return _agreement(path, run_id, view, stamp=stamp)


@st.cache_resource(max_entries=8, show_spinner="Comparing what the reviewers said …")
def _agreement(path: str, run_id: str, view: View, *, stamp: str) -> Agreements:  # noqa: ARG001  # part of the cache key
    classes = workspace(path).run(run_id).table("classes", ["community"])
    current = decision_store(path).current()
    return agreements(current, classes=dataset(path).classes, community=classes["community"].to_numpy(), view=view)


def reviewers(path: str) -> pd.DataFrame:
    """What is measured of every reviewer; made again whenever a decision was booked."""
    return _reviewers(path, decision_store(path).last_seq()).copy(deep=False)


@st.cache_resource(max_entries=4, show_spinner=False)
def _reviewers(path: str, last_event: int) -> pd.DataFrame:  # noqa: ARG001  # part of the cache key
    store = decision_store(path)
    return reviewer_figures(store.log(), known_answers(store.current(), dataset(path)))


def guidelines(path: str) -> dict[tuple[str, str], tuple[str, str]]:
    """What stands of pairs of classes, by their names in either order: (verdict, guideline)."""
    return _guidelines(path, Edges(decision_store(path)).last_event())


@st.cache_resource(max_entries=8, show_spinner=False)
def _guidelines(path: str, last_event: int) -> dict[tuple[str, str], tuple[str, str]]:  # noqa: ARG001  # cache key
    said = Edges(decision_store(path)).current()
    rows = said[["class_a", "class_b", "verdict", "guideline"]].itertuples(index=False, name=None)
    return {names: (verdict, text) for a, b, verdict, text in rows for names in ((a, b), (b, a))}


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array, protected: what is cached belongs to all visitors."""
    array.setflags(write=False)
    return array
