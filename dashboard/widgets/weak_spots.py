"""The weak-spot table: every class with its accuracy, its worst partner and its suspects; a row leads to its images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import state
from dashboard.selection import Filter
from dashboard.widgets.frame import Seen
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.text import clean, community_name

TABLE = "communities.classes"


def weak_spots(seen: Seen) -> None:
    """The classes as a table: the same facts as the graph, by keyboard too."""
    classes = seen.table("classes")
    names = [clean(name) for name in classes["name"]]
    shown = pd.DataFrame(
        {
            "Class": names,
            "Community": [community_name(c) for c in classes["community"]],
            "Images": classes["n_images"],
            "Errors": classes["n_errors"],
            "Accuracy": classes["accuracy"] * 100,
            "Confused most with": [names[k] if k >= 0 else "" for k in classes["worst_partner"]],
            "Errors leaving": classes["share_leaving"] * 100,
            "Suspects": seen.suspects_of_class,
            "Stability": classes["stability"],
        }
    ).sort_values("Errors", ascending=False, kind="stable")

    order = shown.index.tolist()

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
            "Stability": st.column_config.NumberColumn(
                format="%.2f", help="How reliably the class stays with its community over random seeds, 0 to 1"
            ),
        },
    )
