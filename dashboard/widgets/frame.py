"""What every page starts with: the run it looks at, the shared filter and its chips, or what to do without a run."""

from __future__ import annotations

import streamlit as st

from analysis.base.errors import NotFoundHere
from analysis.runs.run import DONE, Run
from dashboard import loaders, state
from dashboard.charts.palette import Palette, palette
from dashboard.links import dropped
from dashboard.selection import fitting, lassoed
from dashboard.widgets.chips import show_chips
from dashboard.widgets.seen import Seen

PAGES = "dashboard/pages"


def colours() -> Palette:
    """The colours that go with the theme the visitor has chosen."""
    return palette(st.context.theme.type)


def enter(page: str, title: str, lead: str = "", *, filtered: bool = True) -> Seen | None:
    """Title, chips, and what to look at; None, with a word on what to do, while there is no finished run.

    Without `filtered` the page looks at all images whatever the filter, and shows no chips.
    """
    st.title(title, anchor=False)
    if lead:
        st.caption(lead)
    path = state.workspace()
    run = finished_run(str(path)) if path else None
    if path is None or run is None:
        _nothing_yet(page)
        return None
    state.sync_url(page)
    seen = look_at(str(path), run)
    if filtered:
        chips(seen)
    else:
        state.record()
    return seen


def chips(seen: Seen) -> None:
    """Note where the visitor is, and show the filter in force with the ways back, forth and to saved views."""
    state.record()
    lasso, on = seen.chosen.lasso, seen.chosen.lasso_on
    show_chips(seen, n_lasso=int(lassoed(seen.columns, lasso, on).sum()) if lasso else 0)


def look_at(path: str, run: Run) -> Seen:
    """A run with the filter in force, as far as this run can answer it."""
    columns = loaders.run_columns(path, run.run_id)
    asked = state.current()
    chosen = fitting(
        asked,
        n_classes=len(columns.community),
        n_communities=int(columns.community.max()) + 1,
        has_map=columns.xy is not None,
        columns=columns,
    )
    state.leave_out(dropped(asked, chosen))
    state.set_filter(chosen)
    return Seen(path, run, chosen)


def finished_run(path: str) -> Run | None:
    """The run the link asks for while that one is there and finished, else the newest finished one, or None."""
    asked = state.run_id()
    if asked is not None:
        try:
            run = loaders.workspace(path).run(asked)
        except NotFoundHere:
            state.set_run(None)
            st.info("The run of this link is not in this workspace; this is the newest one.")
        else:
            if run.status().get("state") == DONE:
                return run
    newest = loaders.latest_run(path)
    state.set_run(newest.run_id if newest else None)
    return newest


def _nothing_yet(page: str) -> None:
    if page == "overview":
        return
    with st.container(border=True):
        st.subheader("There is no finished analysis yet", anchor=False)
        st.write(
            "This page shows what an analysis has found. Start one, or watch one that is running, on the Overview."
        )
        if st.button("Go to the Overview", type="primary"):
            st.switch_page(f"{PAGES}/overview.py")
