"""What verdicts teach of the images nobody has judged yet, kept in memory."""

from __future__ import annotations

import streamlit as st

from analysis.review import learning
from analysis.review.learning import Images, Learned
from dashboard import loaders


def stage(path: str) -> int:
    """On how many verdicts an order would be learnt now, in whole steps; 0 where there are too few."""
    return learning.stage(loaders.said(path).verdict)


def learned(path: str, run_id: str, verdicts: int) -> Learned | None:
    """What was learnt when there were about `verdicts` verdicts: the same for all visitors until the next step.

    Made anew, with the verdicts of that moment, after a start of the server.
    """
    return _learned(path, run_id, loaders.stamp_of(path, run_id), verdicts)


@st.cache_resource(max_entries=4, show_spinner="Learning from the verdicts …")
def _learned(path: str, run_id: str, stamp: str, verdicts: int) -> Learned | None:  # noqa: ARG001  # the cache key
    columns = loaders.run_columns(path, run_id)
    images = Images(columns.given, columns.suggested, columns.suspicion, columns.community)
    found = learning.learn(images, loaders.said(path).verdict)
    if found is not None:
        loaders.read_only(found.order)
    return found
