"""Start an analysis from a page, and watch it: the process runs on its own and outlives page and browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from analysis.base.config import MapSettings
from analysis.base.errors import UserError
from analysis.base.maps import METHODS
from analysis.data.reader import READERS
from dashboard import launch, state
from dashboard.launch import Asked, Job, Standing
from dashboard.widgets.text import clean, duration, for_markdown

LONG = 400
MAP_HELP = "UMAP shows neighbourhoods; PCA is quick and keeps large distances. The map by PCA is always made as well."
MODES = {"auto": "auto: choose and say why", "probe": "probe: seconds to minutes", "finetune": "finetune: slow, better"}
WATCHED = "start.workspace"  # session: the workspace whose analysis this session has started and watches


def say_error(error: UserError) -> None:
    """Found, wanted, what to do."""
    say_problem(error.found, error.wanted, error.hint)


def say_problem(found: str, wanted: str = "", hint: str = "") -> None:
    """A problem in three lines, each plain text from wherever it came."""
    lines = [f"**{for_markdown(found, limit=LONG)}**"]
    lines += [f"Wanted: {for_markdown(wanted, limit=LONG)}"] if wanted else []
    lines += [for_markdown(hint, limit=LONG)] if hint else []
    st.error("  \n".join(lines))


def start_form(*, source: str = "", workspace: str = "") -> None:
    """The form; a good request starts at once and the page goes on to show its progress."""
    with st.form("start.form", border=False):
        left, right = st.columns(2, gap="large")
        with left:
            asked_source = st.text_input(
                "Images",
                source,
                placeholder="/path/to/folder, labels.csv, or digits",
                key="start.source",
                help="A folder on this machine with one folder per class, a list of images and labels, or a file of "
                "another kind that a reader on the right knows. digits needs no files: a small set to try it out.",
            )
            asked_workspace = st.text_input(
                "Folder for the results", workspace, placeholder="/path/to/new/folder", key="start.to"
            )
            predictions = st.text_input(
                "Your own predictions, if you have them",
                placeholder="/path/to/probabilities.npz, .npy, .parquet or .csv",
                key="start.predictions",
                help="One row per image, rows that sum to one. No model is run then.",
            )
        with right:
            titles = {"": "found from the source"} | {name: f"{name}: {spec.title}" for name, spec in READERS.items()}
            reader = st.selectbox("Reader", list(titles), format_func=titles.__getitem__, key="start.reader")
            model = st.text_input("Model", "auto", key="start.model", help="auto, or a network by name")
            mode = st.selectbox("Mode", list(MODES), format_func=MODES.__getitem__, key="start.mode")
            laid_out = map_method()
        if st.form_submit_button("Start the analysis", type="primary"):
            _start(
                Asked(
                    source=asked_source,
                    workspace=asked_workspace,
                    reader=reader,
                    model=model,
                    mode=mode,
                    predictions=predictions,
                    map=laid_out,
                )
            )


def map_method() -> str:
    """How the map is laid out: the methods that are installed, and what to install for the others."""
    lacking = [method for method in METHODS.values() if method.missing]
    there = [name for name, method in METHODS.items() if method not in lacking]
    usual = MapSettings().method
    chosen = st.selectbox(
        "Map", there, there.index(usual), lambda name: METHODS[name].title, key="start.map", help=MAP_HELP
    )
    if lacking:
        # inline code has too little contrast in a caption
        st.caption(" ".join(f"{m.title} needs: pip install {m.package}." for m in lacking))
    return chosen


def _start(asked: Asked) -> None:
    try:
        job = launch.start(asked)
    except UserError as error:
        say_error(error)
        return
    st.session_state[WATCHED] = job.workspace
    st.rerun()


def watch(workspace: str | None) -> None:
    """Progress of the analysis that this session started, or that goes on in `workspace`, if there is one."""
    watched = st.session_state.get(WATCHED)
    if watched is None and workspace is not None and launch.standing(*launch.latest(workspace)).goes_on:
        watched = workspace
    if watched is None and workspace is None:
        other = launch.going_on()
        watched = other.workspace if other is not None else None
    if watched is not None:
        st.session_state[WATCHED] = watched
        _progress(watched)


@st.fragment(run_every=1.0)
def _progress(workspace: str) -> None:
    job, run = launch.latest(workspace)
    now = launch.standing(job, run)
    name = for_markdown(Path(workspace).name, limit=60)
    with st.container(border=True):
        if now.goes_on:
            _going_on(name, now, job, workspace)
        else:
            _ended(name, now, job, workspace)


def _going_on(name: str, now: Standing, job: Job | None, workspace: str) -> None:
    words, button = st.columns([5, 1], vertical_alignment="center")
    with words:
        if now.state == "running" and now.n_steps:
            st.markdown(f"**Analysing {name}** · step {now.number + 1} of {now.n_steps}: {for_markdown(now.step)}")
        else:
            st.markdown(f"**Analysing {name}** · reading the images")
        left = f", about {duration(now.seconds_left)} left in this step" if now.seconds_left else ""
        doing = clean(now.what) if now.what else (_last_line(job) or "starting")
        st.progress(now.share or 0.0, text=for_markdown(doing, limit=LONG) + left)
        if now.stopping:
            st.caption("It stops as soon as what it is at can be left; finished parts are kept.")
    with button:
        label = "Stopping" if now.stopping else "Cancel"
        st.button(
            label, key="start.cancel", on_click=_cancel, args=(workspace,), width="stretch", disabled=now.stopping
        )


def _last_line(job: Job | None) -> str:
    lines = job.tail().splitlines() if job is not None else []
    return lines[-1] if lines else ""


def _cancel(workspace: str) -> None:
    launch.cancel(*launch.latest(workspace))


def _ended(name: str, now: Standing, job: Job | None, workspace: str) -> None:
    if now.state == "done":
        st.markdown(f"**The analysis of {name} has finished.**")
        if st.button("Show it", type="primary", key="start.show"):
            st.session_state.pop(WATCHED, None)
            state.set_workspace(workspace)
            state.set_run(None)
            st.rerun()
        return
    if now.state == "cancelled":
        st.markdown(f"**The analysis of {name} was stopped.** Start it again to go on where it stopped.")
    else:
        say_problem(now.error or "The analysis failed", now.wanted, now.hint)
        if job is not None and (tail := job.tail()):
            with st.expander("The last lines of its log"):
                st.code(tail, language=None)
    if st.button("Close", key="start.close"):
        st.session_state.pop(WATCHED, None)
        st.rerun()
