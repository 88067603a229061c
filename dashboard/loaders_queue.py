"""The rows of a queue, kept in memory."""

from __future__ import annotations

import streamlit as st

from analysis.review.queue import Queue
from dashboard import loaders, loaders_learning
from dashboard.queues import Choice, cache_key, queue_of


def queue_rows(path: str, run_id: str, choice: Choice) -> Queue:
    """The rows of a queue in its order, the same array for all visitors: what is judged is left out afterwards.

    What reviewers disagree on changes with every decision and is put in order anew.
    """
    columns, listed = loaders.run_columns(path, run_id), loaders.listed(path, run_id)
    if choice.kind == "disagreements":
        return queue_of(choice, columns, listed, rows=loaders.said(path).disagreeing)
    if choice.kind == "audit" and choice.audit is not None:
        return queue_of(choice, columns, listed, rows=loaders.audit(path, choice.audit).sample)
    event = loaders.decision_store(path).last_seq() if choice.filter.asks_what_was_said else 0
    stamp = f"{loaders.stamp_of(path, run_id)} {event}"
    return _queue_rows(path, run_id, stamp, key=cache_key(choice), _choice=choice)


@st.cache_resource(max_entries=32, show_spinner=False)
def _queue_rows(path: str, run_id: str, stamp: str, *, key: str, _choice: Choice) -> Queue:  # noqa: ARG001  # the key
    learnt = loaders_learning.learned(path, run_id, _choice.learnt) if _choice.learnt else None
    chance = learnt.order if learnt else None
    columns = loaders.run_columns(path, run_id)
    return loaders.read_only(queue_of(_choice, columns, loaders.listed(path, run_id), chance=chance))
