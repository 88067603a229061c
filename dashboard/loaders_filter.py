"""What the filter asks of decisions, kept in memory.

As in `loaders`, cached functions take paths and stamps. What is cached is shared by all visitors.
"""

from __future__ import annotations

import json

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from analysis.review.states import states_now
from dashboard.selection import Filter, to_params
from dashboard.server import opened


def states(path: str) -> NDArray[np.int8]:
    """What people said of every image, (N,); made again whenever a decision was booked."""
    return _states(path, opened.open_workspace(path).decisions.last_seq())


@st.cache_resource(max_entries=4, show_spinner=False)
def _states(path: str, last_event: int) -> NDArray[np.int8]:  # noqa: ARG001  # part of the cache key
    found = opened.open_workspace(path)
    made = states_now(found.decisions, found.row_of)
    made.setflags(write=False)
    return made


def key_of(path: str, chosen: Filter) -> str:
    """The same text for filters that let the same images of a run pass: the rule, and what was said where it counts."""
    said = opened.open_workspace(path).decisions.last_seq() if chosen.asks_what_was_said else 0
    return json.dumps([to_params(chosen), said], sort_keys=True)
