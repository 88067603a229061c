"""What the filter asks of decisions and of the data set's own columns, kept in memory.

As in `loaders`, cached functions take paths and stamps. What is cached is shared by all visitors.
"""

from __future__ import annotations

import json

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.conditions import INTERNAL, Field, field_of, states_of
from dashboard.selection import Filter, to_params
from dashboard.server import opened


def fields(path: str) -> list[str]:
    """The columns of the data set that can be asked for, by name; hostile."""
    return [str(name) for name in opened.open_workspace(path).dataset.table.columns if name not in INTERNAL]


def field(path: str, name: str) -> Field | None:
    """One of these columns, or None."""
    return _field(path, opened.open_workspace(path).fingerprint, name) if name in fields(path) else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _field(path: str, fingerprint: str, name: str) -> Field:  # noqa: ARG001  # part of the cache key
    return field_of(opened.open_workspace(path).dataset.table[name])


def states(path: str) -> NDArray[np.int8]:
    """What people said of every image, (N,); made again whenever a decision was booked."""
    return _states(path, opened.open_workspace(path).decisions.last_seq())


@st.cache_resource(max_entries=4, show_spinner=False)
def _states(path: str, last_event: int) -> NDArray[np.int8]:  # noqa: ARG001  # part of the cache key
    found = opened.open_workspace(path)
    current, marked = found.decisions.in_force(), found.decisions.excluded()
    rows, excluded = (found.row_of.index.get_indexer(frame["image_id"]) for frame in (current, marked))
    given = np.asarray(current["verdict"] == "relabel") & np.asarray(current["new_label"] == current["given"])
    made = states_of(current["verdict"].mask(given, "keep"), rows, excluded, len(found.dataset))
    made.setflags(write=False)
    return made


def key_of(path: str, chosen: Filter) -> str:
    """The same text for filters that let the same images of a run pass: the rule, and what was said where it counts."""
    said = opened.open_workspace(path).decisions.last_seq() if chosen.decision else 0
    return json.dumps([to_params(chosen), said], sort_keys=True)
