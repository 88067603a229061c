"""The way in: which workspace this session looks at, and what to show while there is none."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from analysis.base.errors import UserError
from dashboard import recent, state
from dashboard.server import opened
from dashboard.server.sharing import is_shared
from dashboard.widgets.start import say_error, start_form, watch
from dashboard.widgets.text import for_markdown

VARIABLE = "LOOKALIKE_WORKSPACE"
PARAM = "workspace"  # in the URL: the workspace's key, never a path, so that a link opens nothing unseen before
OPEN = "door.open"  # key of the workspace that was remembered last
PROBLEM = "door.problem"  # UserError of the workspace that cannot be opened
LONG = 400  # characters of a path or message


def enter() -> bool:
    """Find and open the workspace of this session; False where there is none: then `choose` is to be shown."""
    if state.WORKSPACE not in st.session_state:
        state.set_workspace(_asked())
    st.session_state.pop(PROBLEM, None)
    path = state.workspace()
    if path is None:
        return False
    try:
        found = opened.open_workspace(path)
    except UserError as error:
        st.session_state[PROBLEM] = error
        return False
    default = os.environ.get(VARIABLE)
    is_default = default is not None and Path(default).expanduser().resolve() == found.workspace.path
    state.write_url({PARAM: None if is_default else found.key})
    if st.session_state.get(OPEN) != found.key:
        st.session_state[OPEN] = found.key
        recent.remember(found.workspace.path)
    return True


def _asked() -> Path | None:
    """What the link asks for among the workspaces known here, else what the environment names."""
    default = os.environ.get(VARIABLE)
    known = [*([Path(default)] if default else []), *([] if is_shared() else recent.recent())]
    key = st.query_params.get(PARAM)
    if key is None:
        return known[0] if default else None
    return next((path for path in known if _key(path) == key), None)


def _key(path: Path) -> str | None:
    try:
        return opened.open_workspace(path).key
    except UserError:
        return None  # not there any more: not the one asked for


def choose() -> None:
    """Ask for a workspace: those opened before, or a folder. Says why the one asked for cannot be opened."""
    problem: UserError | None = st.session_state.get(PROBLEM)
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Lookalike")
        st.write("See which classes are confused, find wrong labels, judge them fast, take clean labels away.")
        if is_shared():
            say_shared(problem)
            return
        watch(None)
        if problem is not None:
            say_error(problem)
        elif st.query_params.get(PARAM):
            st.warning("The workspace of this link is not known on this machine. Open it once by its folder.")
        known = recent.recent()
        if known:
            st.subheader("Opened before")
        for path in known:
            if st.button(
                for_markdown(path.name), key=f"door.{path}", help=for_markdown(path, limit=LONG), width="stretch"
            ):
                _open(path)
        st.subheader("Open a workspace folder")
        with st.form("door.form", border=False):
            typed = st.text_input("Folder", placeholder="/path/to/workspace", key="door.path")
            if st.form_submit_button("Open", type="primary"):
                _open_typed(typed)
        st.subheader("Or analyse your own images")
        start_form()
        st.caption("The same on a terminal:")
        st.code("python -m analysis run FOLDER_OF_IMAGES \\\n    --workspace NEW_FOLDER", language=None)


def say_shared(problem: UserError | None) -> None:
    """Visitors of other machines choose no folders of this one: who started the dashboard names the workspace."""
    if problem is not None:
        say_error(problem)
    st.info("This dashboard is shared with other machines, and no workspace was named when it was started.")
    st.code("python -m analysis open WORKSPACE --share HOST", language=None)


def _open_typed(typed: str) -> None:
    if not typed.strip():
        st.warning("Type the path of a workspace folder first.")
        return
    try:
        found = opened.open_workspace(typed.strip())
    except UserError as error:
        say_error(error)
        return
    _open(found.workspace.path)


def _open(path: Path) -> None:
    state.set_workspace(path)
    st.rerun()


def leave() -> None:
    """Back to the chooser; a callback."""
    state.set_workspace(None)


def style() -> None:
    """Less empty space above the pages, as the deck wants the height; a chosen segment in the colour of text."""
    st.html(
        "<style>.stMainBlockContainer { padding: 2.5rem 3rem 3rem; }"
        'button[data-selected="true"] { color: inherit !important; }'
        ".st-key-unseen { display: none; }</style>"
    )


def sidebar() -> None:
    """Which workspace this is, and the way to another one."""
    path = state.workspace()
    if path is None:
        return
    with st.sidebar, st.container(key="door-workspace"):
        facts = opened.open_workspace(path).workspace.facts()
        st.caption(
            f"Workspace **{for_markdown(path.name)}**  \n{facts['n_images']:,} images, {len(facts['classes'])} classes"
        )
        if is_shared():
            return
        st.button(
            "Open another workspace",
            on_click=leave,
            type="tertiary",
            key="door.leave",
            help=for_markdown(path, limit=LONG),
        )
