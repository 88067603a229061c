"""What every page starts with: the run it looks at, the shared filter and its chips, or what to do without a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.base.errors import NotFoundHere
from analysis.runs.run import DONE, Run
from dashboard import loaders, state
from dashboard.charts.palette import Palette, palette
from dashboard.links import dropped
from dashboard.selection import Columns, Filter, fitting, lassoed, rows_of
from dashboard.server import opened
from dashboard.widgets.chips import show_chips

PAGES = "dashboard/pages"


@dataclass(frozen=True, eq=False)
class Seen:
    """What a page looks at: a workspace, one finished run of it, and the filter in force."""

    path: str
    run: Run
    chosen: Filter

    @cached_property
    def opened(self) -> opened.Opened:
        """The workspace as it is open in this process."""
        return opened.open_workspace(self.path)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The K class names, hostile until escaped."""
        return loaders.dataset(self.path).classes

    @cached_property
    def columns(self) -> Columns:
        """What the filter looks at, for all N images."""
        return loaders.run_columns(self.path, self.run.run_id)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows (M,) of the images that pass the filter, ascending."""
        return rows_of(self.chosen, self.columns)

    @cached_property
    def n_communities(self) -> int:
        """Communities of classes, classes without any confusion included."""
        return int(self.columns.community.max()) + 1

    @cached_property
    def suspects_of_class(self) -> NDArray[np.int64]:
        """Suspects by their given class, (K,): the images that `only suspects` leaves."""
        return np.bincount(self.columns.given[self.columns.is_suspect], minlength=len(self.classes))

    @cached_property
    def suspects_of_community(self) -> NDArray[np.int64]:
        """The same by community."""
        weights = self.suspects_of_class
        return np.bincount(self.columns.community, weights=weights, minlength=self.n_communities).astype(np.int64)

    @cached_property
    def has_images(self) -> bool:
        """Are there pixels to show?"""
        return loaders.dataset(self.path).pixels.kind != "none"

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run."""
        return loaders.run_table(self.path, self.run.run_id, name)

    def json(self, name: str) -> dict[str, Any]:
        """A JSON artifact of the run."""
        return loaders.run_json(self.path, self.run.run_id, name)


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
