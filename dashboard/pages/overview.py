"""Overview: what was analysed, what matters, and the next best thing to do; the place to start an analysis."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import loaders, state
from dashboard.advice import Advice
from dashboard.selection import Filter
from dashboard.server.sharing import is_shared
from dashboard.widgets.community import members
from dashboard.widgets.figures import detection, figures, how_made, reviewed, set_aside, what_was_analysed
from dashboard.widgets.frame import PAGES, enter
from dashboard.widgets.next_best import advice, hand_over, newest_audit
from dashboard.widgets.picker import pick_row
from dashboard.widgets.seen import Seen
from dashboard.widgets.start import start_form, watch
from dashboard.widgets.text import community_name, for_markdown

WORST = "overview.worst"
GO = "overview.go"  # session: a community was just chosen
LONG = 400


def next_thing(found: Advice) -> None:
    """The advice with the button that follows it."""
    with st.container(border=True):
        words, button = st.columns([3, 1], vertical_alignment="center")
        words.markdown(f"**The next best thing to do**  \n{for_markdown(found.why, limit=LONG)}")
        if button.button(found.button, type="primary", width="stretch", key="overview.next"):
            if found.chosen is not None:
                state.set_filter(found.chosen)
            st.switch_page(f"{PAGES}/{found.page}.py")


def worst_communities(seen: Seen) -> None:
    """The three communities with most errors; a click opens one."""
    st.subheader("Where does the model fail most?", anchor=False)
    table = seen.table("communities")
    worst = table[table["n_errors"] > 0].sort_values("n_errors", ascending=False, kind="stable")[:3]
    if worst.empty:
        st.caption("No image was predicted as another class.")
        return

    numbers = worst["community"].tolist()
    shown = pd.DataFrame(
        {
            "Community": [community_name(k) for k in numbers],
            "Classes": [members(seen, k) for k in numbers],
            "Errors": worst["n_errors"].to_numpy(),
            "Error rate": worst["error_rate"].to_numpy() * 100,
            "Suspects": seen.suspects_of_community[numbers],
        }
    )
    rate = st.column_config.NumberColumn(format="%.1f %%")

    def pick(row: int | None) -> None:
        state.set_filter(Filter() if row is None else Filter(community=int(numbers[row])))
        st.session_state[GO] = row is not None

    pick_row(
        shown,
        key=WORST,
        chosen=None,
        on_pick=pick,
        columns={"Error rate": rate, "Classes": st.column_config.TextColumn(width="large")},
    )
    if st.session_state.pop(GO, False):
        st.switch_page(f"{PAGES}/communities.py")


def found_out(seen: Seen) -> None:
    """Everything about a finished run."""
    summary: dict[str, Any] = seen.json("summary")
    st.caption(what_was_analysed(seen, summary))
    done = reviewed(seen)
    figures(summary, done, newest_audit(seen))
    next_thing(advice(seen, done))
    hand_over(seen)
    worst_communities(seen)
    detection(seen, summary)
    set_aside(seen)
    how_made(seen, summary)


def main() -> None:
    """Draw the page."""
    path = state.workspace()
    watch(str(path) if path else None)
    name = loaders.workspace(str(path)).facts()["name"] if path else "Lookalike"
    seen = enter("overview", for_markdown(name))
    if seen is not None:
        found_out(seen)
    if is_shared():  # an analysis reads any folder of this machine
        return
    with st.expander("Start an analysis", expanded=seen is None, icon=":material/play_arrow:"):
        st.caption("It runs on this machine as a process of its own and goes on when this page is closed.")
        start_form()


main()
