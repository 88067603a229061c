"""What the Confusion page reads, kept in memory: confusion of some images, figures per class, what two runs change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.evaluate.paired import changed_classes, changed_pairs
from dashboard import loaders
from dashboard.charts.folding import counted
from dashboard.loaders_filter import key_of
from dashboard.per_class import class_figures, heaviest_cells
from dashboard.selection import Filter, rows_of


def confusion_of(path: str, run_id: str, rest: Filter) -> pd.DataFrame:
    """given, predicted, count of the images that pass `rest`; the whole table of the run while nothing is left out."""
    if rest.is_empty:
        return loaders.run_table(path, run_id, "confusion")
    return _counted(path, run_id, loaders.stamp_of(path, run_id), key=key_of(path, rest), _rest=rest).copy(deep=False)


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(path: str, run_id: str, stamp: str, *, key: str, _rest: Filter) -> pd.DataFrame:  # noqa: ARG001  # the key
    columns = loaders.run_columns(path, run_id)
    rows = rows_of(_rest, columns)
    return counted(columns.given[rows], columns.predicted[rows], len(columns.community))


def figures_of(path: str, run_id: str, rest: Filter) -> pd.DataFrame:
    """`class_figures` of the images that pass `rest`."""
    return _figures(path, run_id, loaders.stamp_of(path, run_id), key=key_of(path, rest), _rest=rest).copy(deep=False)


@st.cache_resource(max_entries=16, show_spinner=False)
def _figures(path: str, run_id: str, stamp: str, *, key: str, _rest: Filter) -> pd.DataFrame:  # noqa: ARG001  # the key
    return class_figures(confusion_of(path, run_id, _rest), len(loaders.dataset(path).classes))


def heaviest_of(path: str, run_id: str, rest: Filter, *, limit: int) -> tuple[pd.DataFrame, int]:
    """`heaviest_cells` of the images that pass `rest`, and how many wrong cells there are in all."""
    key = key_of(path, rest)
    found, n_wrong = _heaviest(path, run_id, loaders.stamp_of(path, run_id), limit=limit, key=key, _rest=rest)
    return found.copy(deep=False), n_wrong


@st.cache_resource(max_entries=16, show_spinner=False)
def _heaviest(
    path: str,
    run_id: str,
    stamp: str,  # noqa: ARG001  # part of the cache key
    *,
    limit: int,
    key: str,  # noqa: ARG001  # part of the cache key
    _rest: Filter,
) -> tuple[pd.DataFrame, int]:
    confusion = confusion_of(path, run_id, _rest)
    n_wrong = int(((confusion["given"] != confusion["predicted"]) & (confusion["count"] > 0)).sum())
    return heaviest_cells(confusion, limit=limit), n_wrong


def changes(path: str, run_id: str, other_id: str, rest: Filter) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(pairs, classes) that two runs treat differently, over the images that pass `rest` in the first run."""
    stamps = f"{loaders.stamp_of(path, run_id)}|{loaders.stamp_of(path, other_id)}"
    pairs, classes = _changes(path, run_id, other_id, stamps=stamps, key=key_of(path, rest), _rest=rest)
    return pairs.copy(deep=False), classes.copy(deep=False)


@st.cache_resource(max_entries=8, show_spinner="Comparing the two runs …")
def _changes(
    path: str,
    run_id: str,
    other_id: str,
    *,
    stamps: str,  # noqa: ARG001  # part of the cache key
    key: str,  # noqa: ARG001  # part of the cache key
    _rest: Filter,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    one, other = (loaders.run_columns(path, run) for run in (run_id, other_id))
    rows = rows_of(_rest, one)
    parts = one.given[rows], one.predicted[rows], other.predicted[rows]
    n_classes = len(one.community)
    return changed_pairs(*parts, n_classes), changed_classes(*parts, n_classes)


def noise_of(path: str, run_id: str) -> np.ndarray | None:
    """The estimated share of wrong labels of every class, (K,), NaN without images; None for a run that lacks it."""
    card = loaders.workspace(path).run(run_id).card("estimate")
    return _noise(path, run_id, f"{card['key']}@{card['at']}") if card else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _noise(path: str, run_id: str, stamp: str) -> np.ndarray | None:  # noqa: ARG001  # part of the cache key
    shares = loaders.run_json(path, run_id, "estimate").get("classes")
    if shares is None:
        return None
    return loaders.read_only(np.array([np.nan if s is None else s for s in shares], np.float64))


def confusion_beside(path: str, run_id: str, other_id: str, rest: Filter) -> pd.DataFrame:
    """given, predicted, count of another run, over the images that pass `rest` in the run looked at."""
    if rest.is_empty:
        return loaders.run_table(path, other_id, "confusion")
    stamps = f"{loaders.stamp_of(path, run_id)}|{loaders.stamp_of(path, other_id)}"
    return _counted_beside(path, run_id, other_id, stamps=stamps, key=key_of(path, rest), _rest=rest).copy(deep=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def _counted_beside(
    path: str,
    run_id: str,
    other_id: str,
    *,
    stamps: str,  # noqa: ARG001  # part of the cache key
    key: str,  # noqa: ARG001  # part of the cache key
    _rest: Filter,
) -> pd.DataFrame:
    one, other = (loaders.run_columns(path, run) for run in (run_id, other_id))
    rows = rows_of(_rest, one)
    return counted(one.given[rows], other.predicted[rows], len(one.community))
