"""What the page of models reads, kept in memory: predictions, the labels that hold, rankings.

As in `loaders`, cached functions take paths and stamps. What is cached is shared by all visitors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis.base.labelsets import LabelSets, PairScores
from analysis.evaluate.ranking import Ranking, rank_models
from analysis.evaluate.reranking import Outcomes, outcomes
from analysis.review.labelsets import sets_of
from analysis.runs.known_labels import Kind, kept_kinds, kept_labels
from analysis.runs.models import StoredModel, models_stamp, run_models, stored_models
from dashboard import loaders
from dashboard.loaders_filter import key_of
from dashboard.selection import Filter, rows_of

DECISIONS = "decisions"
RESAMPLES = 500  # of the intervals on the screen; the command line draws more
LEAST, WORK = 100, 2_000_000_000  # fewer where models times images times resamples would keep people waiting


@dataclass(frozen=True)
class Asked:
    """How models are scored: by whose labels (`decisions`, or a kind of `known_labels`), from which score a label holds
    (for `scores`), right among how many classes; do our decisions count before the file of others?"""

    labels: str = DECISIONS
    threshold: float = 0.8
    k: int = 1
    ours_first: bool = False

    @property
    def by_decisions(self) -> bool:
        """Does a new decision change anything?"""
        return self.labels == DECISIONS or self.ours_first


def models_of(path: str) -> list[StoredModel]:
    """The models of the workspace: those of its own runs, then those that were added, by name."""
    return _models(path, _models_stamp(path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _models(path: str, stamp: str) -> list[StoredModel]:  # noqa: ARG001  # part of the cache key
    workspace = loaders.workspace(path)
    return [*run_models(workspace), *stored_models(workspace)]


def _models_stamp(path: str) -> str:
    workspace = loaders.workspace(path)
    runs = [(run.run_id, run.status().get("updated")) for run in workspace.runs()]
    return f"{models_stamp(workspace)} {runs}"


def kept(path: str) -> dict[Kind, str]:
    """The files of others that the workspace keeps: kind → name of the file."""
    return {kind: kept_file(path, kind)[1] for kind in kept_kinds(loaders.workspace(path))}


def kept_file(path: str, kind: Kind) -> tuple[LabelSets | PairScores, str]:
    """(what a file of others said, its name)."""
    return _kept(path, kind, kept_kinds(loaders.workspace(path)).get(kind, 0.0))


@st.cache_resource(max_entries=6, show_spinner=False)
def _kept(path: str, kind: Kind, written: float) -> tuple[LabelSets | PairScores, str]:  # noqa: ARG001  # cache key
    return kept_labels(loaders.workspace(path), kind)


def label_sets(path: str, asked: Asked) -> LabelSets:
    """The labels that hold, as asked for; by decisions they are those of this moment."""
    if asked.labels == DECISIONS:
        return decided(path)
    found, _ = kept_file(path, asked.labels)  # type: ignore[arg-type]  # one of the kinds, see Asked
    sets = found.at(asked.threshold) if isinstance(found, PairScores) else found
    return sets.overruled_by(decided(path)) if asked.ours_first else sets


def decided(path: str) -> LabelSets:
    """The labels that hold by our decisions of this moment."""
    return _decided(path, loaders.decision_store(path).last_seq())


@st.cache_resource(max_entries=2, show_spinner=False)
def _decided(path: str, last_event: int) -> LabelSets:  # noqa: ARG001  # part of the cache key
    return sets_of(loaders.decision_store(path).in_force(), loaders.dataset(path))


def ranking_of(path: str, run_id: str, chosen: Filter, asked: Asked) -> Ranking | None:
    """All models with enough classes per image, ranked on the images that pass the filter; None without model or
    image. Made again when models are added, and by decisions whenever one was booked."""
    rows = None if chosen.is_empty else rows_of(chosen, loaders.run_columns(path, run_id))
    if not any(model.k >= asked.k for model in models_of(path)) or (rows is not None and not len(rows)):
        return None
    stamp = _stamp(path, asked)
    return _ranking(path, run_id, key_of(path, chosen), asked=asked, stamp=stamp, _rows=rows)


def _stamp(path: str, asked: Asked) -> str:
    seq = loaders.decision_store(path).last_seq() if asked.by_decisions else 0
    return f"{_models_stamp(path)} {seq} {kept_kinds(loaders.workspace(path))}"


@st.cache_resource(max_entries=8, show_spinner="Scoring the models …")
def _ranking(path: str, run_id: str, key: str, *, asked: Asked, stamp: str, _rows: Any) -> Ranking:  # noqa: ARG001
    found = _outcomes(path, asked=asked, stamp=stamp)
    size = len(found.names) * (len(found.kinds) if _rows is None else len(_rows))
    resamples = min(RESAMPLES, max(LEAST, WORK // max(1, size)))
    return rank_models(found, label_sets(path, asked).said, rows=_rows, resamples=resamples)


@st.cache_resource(max_entries=2, show_spinner="Comparing what the models say …")
def _outcomes(path: str, *, asked: Asked, stamp: str) -> Outcomes:  # noqa: ARG001  # part of the cache key
    models = [(model.name, model.top_class) for model in models_of(path) if model.k >= asked.k]
    return outcomes(models, loaders.dataset(path).given, label_sets(path, asked), k=asked.k)
