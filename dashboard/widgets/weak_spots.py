"""The weak-spot table: every class with its accuracy, its worst partner and its suspects; a row leads to its images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import state
from dashboard.loaders_communities import mended_edges
from dashboard.selection import Filter
from dashboard.widgets.crumbs import community_drawn
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name

TABLE = "communities.classes"
ROWS = 500  # of the table; a hundred thousand would be megabytes, and nobody reads them


def weak_spots(seen: Seen) -> None:
    """The classes as a table: the same facts as the graph, by keyboard too."""
    table = seen.table("classes")
    inside = community_drawn(seen)
    meant = table if inside is None else table[table["community"] == inside]
    classes = meant.sort_values("n_errors", ascending=False, kind="stable")[:ROWS]
    order = classes["class_id"].tolist()
    known = table["name"]
    wrong = mended_edges(seen.path, seen.run.run_id).wrong
    shown = pd.DataFrame(
        {
            "Class": [clean(name) for name in classes["name"]],
            "Community": [community_name(c) for c in classes["community"]],
            "Images": classes["n_images"],
            "Errors": classes["n_errors"],
            "Accuracy": classes["accuracy"] * 100,
            "Confused most with": [clean(known.iloc[k]) if k >= 0 else "" for k in classes["worst_partner"]],
            "Errors leaving": classes["share_leaving"] * 100,
            "Suspects": seen.suspects_of_class[order],
            "Wrong labels": wrong[order],
            "Stability": classes["stability"],
        }
    )

    def pick(row: int | None) -> None:
        state.set_filter(Filter() if row is None else Filter(class_id=int(order[row]), only="errors"))

    share = st.column_config.NumberColumn(format="%.1f %%")
    pick_row(
        shown,
        key=TABLE,
        chosen=position_of(order, seen.chosen.class_id),
        on_pick=pick,
        columns={
            "Accuracy": share,
            "Errors leaving": st.column_config.NumberColumn(
                format="%.1f %%", help="Share of the errors that go to a class of another community"
            ),
            "Wrong labels": st.column_config.NumberColumn(help="Confirmed by people"),
            "Stability": st.column_config.NumberColumn(
                format="%.2f", help="How reliably the class stays with its community over random seeds, 0 to 1"
            ),
        },
    )
    if len(meant) > ROWS:
        st.caption(f"The {ROWS} classes of most errors of {len(meant):,}; a community above lists its own.")
