"""A second finished run of the same workspace beside the one looked at: which one, and whether they can be compared."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from analysis.runs.run import DONE, Run
from dashboard import loaders, state
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, percent

BESIDE = "beside"  # URL parameter: the id of the second run
NEWEST = 30  # runs to choose from


def second_run(seen: Seen, *, key: str = "beside") -> Seen | None:
    """Let the visitor choose another finished run of the workspace; None without one, or where it cannot be compared.

    The choice is kept in the link; one that is not there is said to mean nothing. What is returned has the filter of
    `seen`, and its own columns and tables. Where the other run was made with other labels or classes, that is said
    here.
    """
    runs = {run.run_id: run for run in others(seen)}
    if state.kept(BESIDE) not in runs:
        state.forget(BESIDE)
    asked = state.kept(BESIDE)
    if not runs:
        return None
    ids = ["", *runs]

    def chosen() -> None:
        state.keep(BESIDE, st.session_state[widget])

    widget = f"{key}.second.{state.changes()}.{asked}"
    st.selectbox(
        "Compare with",
        ids,
        ids.index(asked),
        lambda i: run_name(seen, runs[i]) if i else "no other run",
        widget,
        on_change=chosen,
        width=280,
    )
    if not asked:
        return None
    state.keep(BESIDE, asked)  # a page switch has emptied the link
    other = Seen(seen.path, runs[asked], seen.chosen)
    problem, comparable = differences(seen.table("classes"), other.table("classes"))
    if problem:
        st.warning(problem)
    return other if comparable else None


def others(seen: Seen) -> list[Run]:
    """The other finished runs of the workspace, the newest first."""
    runs = loaders.workspace(seen.path).runs()[::-1]
    return [run for run in runs if run.run_id != seen.run.run_id and run.status().get("state") == DONE][:NEWEST]


def run_name(seen: Seen, run: Run) -> str:
    """ "resnet50.npz, 76.1 % right, 2026-11-21 04:01": the model, its accuracy, when it was made."""
    summary = loaders.run_json(seen.path, run.run_id, "summary")
    when = run.status().get("ended") or run.status().get("updated")
    day = f", {datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M}" if when else ""
    return f"{clean(summary['model'])}, {percent(summary['accuracy']['value'])} right{day}"


def short_names(seen: Seen, other: Seen) -> tuple[str, str]:
    """The models of two runs as short names; "this run" and "the other run" where they are of the same name."""
    names = [clean(loaders.run_json(s.path, s.run.run_id, "summary")["model"], limit=28) for s in (seen, other)]
    names = [name.removesuffix(".npz").removesuffix(".csv").removesuffix(".parquet") for name in names]
    return (names[0], names[1]) if names[0] != names[1] else ("this run", "the other run")


def differences(one: pd.DataFrame, other: pd.DataFrame) -> tuple[str, bool]:
    """(what differs in labels and classes of two runs, can they be compared), from their tables "classes"."""
    if one["name"].tolist() != other["name"].tolist():
        mine, theirs = set(one["name"]), set(other["name"])
        told = f"{count(len(theirs - mine), 'class', 'classes')} only there, {len(mine - theirs):,} only here"
        return f"The other run knows other classes ({told}): its matrix has other rows and cannot stand beside.", False
    if int(one["n_images"].sum()) != int(other["n_images"].sum()):
        return "The other run was made with another number of images: it cannot be compared image by image.", False
    moved = int((one["n_images"] != other["n_images"]).sum())
    if moved:
        return (
            f"The other run was made with other labels: {count(moved, 'class has', 'classes have')} another number of "
            "images. Part of what differs is the labels, not the model."
        ), True
    return "", True
