"""Did cleaning help? What `retrain` found when it trained on the original and on the cleaned labels."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import streamlit as st

from analysis.base.errors import UserError
from analysis.evaluate.before_after import points
from analysis.runs.before_after import kept_result
from dashboard import loaders, retraining
from dashboard.widgets.start import say_error, say_problem
from dashboard.widgets.text import count, for_markdown, interval, percent

LEAD = (
    "Train the same probe on the original and on the cleaned labels, several times, and compare what both get right "
    "on images whose labels can be trusted. Here, or in a terminal, where there are options:"
)
COMMAND = "python -m analysis retrain WORKSPACE"
WATCHED = "models.retrain.pid"  # session: the training whose end this page waits for
EVERY = 1.5  # seconds


def before_after(path: str) -> None:
    """The newest result of a workspace with its interval and its limits, or how to get one."""
    st.subheader("Did cleaning help?", anchor=False)
    try:
        found = kept_result(loaders.workspace(path))
    except UserError as error:
        st.warning(for_markdown(error, limit=400))
        found = None
    if found is None:
        st.caption(LEAD)
        st.code(COMMAND, language=None)
        _train(path, "Train on both", since=0.0)
        return
    st.markdown(f"**{for_markdown(found['sentence'], limit=400)}**")
    st.dataframe(table_of(found), hide_index=True, width="content")
    st.caption(facts_of(found))
    for caution in found["cautions"]:
        st.warning(for_markdown(caution, limit=600), icon=":material/warning:")
    if loaders.decision_store(path).last_seq() != found["last_event"]:
        st.info(f"Decisions were made since. Train again to see what they bring, here or with {COMMAND}")
    _train(path, "Train again", since=float(found["made_at"]))


def _train(path: str, words: str, *, since: float) -> None:
    """The button that starts it, how far it is, or why it failed; `since`: when the newest result was made."""
    job = retraining.find(path)
    if job is not None and job.running():
        st.session_state[WATCHED] = job.pid
        st.fragment(_watch, run_every=EVERY)(path)
        return
    told = retraining.failure(job, since=since)
    if told is not None:
        say_problem(*told)
    if st.button(words, key="models.retrain", help="Takes seconds to minutes and goes on when this page is left."):
        try:
            retraining.start(path)
        except UserError as error:
            say_error(error)
            return
        st.rerun()


def _watch(path: str) -> None:
    """The last line it printed; the whole page is drawn anew when it has ended."""
    job = retraining.find(path)
    if job is None or not job.running():
        if st.session_state.pop(WATCHED, None) is not None:
            st.rerun()
        return
    line = next((line for line in reversed(job.tail().splitlines()) if line.strip()), "starting")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_top: **Training on both** · {for_markdown(line, limit=200)}")
        if st.button("Stop", key="models.retrain.stop"):
            retraining.stop(job)


def table_of(found: dict[str, Any]) -> pd.DataFrame:
    """Before, after and the difference, with the range over seeds or the interval."""
    change = found["difference"]
    seeds = [[pair[side] for pair in found["per_seed"]] for side in (0, 1)]
    ranges = [f"{interval(min(values), max(values))} over seeds" for values in seeds]
    between = f"95 % interval {points(change['low'])} to {points(change['high'])}"
    return pd.DataFrame(
        {
            "Trained on": ["Original labels", "Cleaned labels", "Difference"],
            "Right": [percent(found["before"]), percent(found["after"]), f"{points(change['value'])} points"],
            "How sure": [*ranges, between],
        }
    )


def facts_of(found: dict[str, Any]) -> str:
    """On what it was measured, and what was cleaned; Markdown."""
    on = found["trusted"]
    turns = "never trained on" if on["n_folds"] == 1 else f"predicted in {on['n_folds']} turns by probes without them"
    cleaned = f"{count(found['changed'], 'label')} changed, {count(found['dropped'], 'image')} left out"
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(found["made_at"]))
    return (
        f"Measured on {on['n']:,} {for_markdown(on['said'], limit=200)}, {turns}. Cleaned: {cleaned}. "
        f"{count(found['n_seeds'], 'seed')}, the same for both; linear probe on the features of "
        f"{for_markdown(found['model'])}; {day}."
    )
