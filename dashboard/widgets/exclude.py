"""Buttons that mark images as not to be trained on, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import streamlit as st

from analysis.base.errors import UserError
from dashboard.excluding import Marked, mark, take_back
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import count, for_markdown

LAST = "exclude.last"  # Marked, what was booked last in this session
PROBLEM = "exclude.problem"  # str, why nothing was booked
NAMELESS = "Enter your name in the sidebar first, or sign in: it is stored with every decision."


def exclude_button(
    seen: Seen,
    label: str,
    rows: Iterable[int],
    *,
    key: str,
    reviewer: str,
    queue: str = "",
    verdict: Literal["exclude", "include"] = "exclude",
) -> None:
    """A button that books the mark for all of `rows` at once, under the reviewer's name."""
    st.button(
        label,
        key=key,
        disabled=not reviewer,
        help=None if reviewer else NAMELESS,
        on_click=_book,
        args=(seen, tuple(int(row) for row in rows)),
        kwargs={"verdict": verdict, "reviewer": reviewer, "queue": queue},
    )


def _book(
    seen: Seen, rows: tuple[int, ...], *, verdict: Literal["exclude", "include"], reviewer: str, queue: str
) -> None:
    try:
        done = mark(seen.opened, rows, verdict=verdict, reviewer=reviewer, run_id=seen.run.run_id, queue=queue)
    except UserError as error:
        st.session_state[PROBLEM] = str(error)
        return
    st.session_state[LAST] = done


def _undo(seen: Seen, done: Marked, queue: str) -> None:
    try:
        take_back(seen.opened, done, run_id=seen.run.run_id, queue=queue)
    except UserError as error:
        st.session_state[PROBLEM] = str(error)
        return
    st.session_state.pop(LAST, None)


def what_was_done(seen: Seen, *, queue: str = "") -> None:
    """What the last press booked, and the button that takes it back."""
    problem = st.session_state.pop(PROBLEM, None)
    if problem:
        st.error(for_markdown(problem, limit=400))
    done: Marked | None = st.session_state.get(LAST)
    if done is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = "excluded from" if done.verdict == "exclude" else "taken back into"
        st.markdown(f"{count(len(done.rows), 'image')} {words} training. Labels stay as they are.")
        st.button("Undo", key="exclude.undo", icon=":material/undo:", on_click=_undo, args=(seen, done, queue))
