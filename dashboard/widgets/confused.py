"""Tables beside the matrix: its heaviest cells, and all that a class is confused with; a row leads to its images."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.confusion.report import heaviest_pairs
from dashboard import loaders_confusion, state
from dashboard.cells import rest_of
from dashboard.charts import sentences
from dashboard.per_class import partners
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean

MOST = 500  # cells listed; every other is found through one of its classes
HEIGHT = 320
NAME = st.column_config.TextColumn(width=98)
NUMBER = st.column_config.NumberColumn(width=62)
SHARE = st.column_config.NumberColumn(width=66, format="%.1f %%", help="of the images given that label")


def cells_table(seen: Seen) -> None:
    """The wrong cells with most images: the way to a cell without a mouse."""
    cells, wrong = loaders_confusion.heaviest_of(seen.path, seen.run.run_id, rest_of(seen.chosen), limit=MOST)
    if cells.empty:
        st.info("No image was predicted as another class than its given label.")
        return
    ways = list(zip(cells["given"].tolist(), cells["predicted"].tolist(), strict=True))
    names = seen.classes
    shown = pd.DataFrame(
        {
            "Given": [clean(names[g]) for g, _ in ways],
            "Predicted": [clean(names[p]) for _, p in ways],
            "Images": cells["count"],
            "Share": cells["share"] * 100,
        }
    )

    def pick(row: int | None) -> None:
        given, predicted = ways[row] if row is not None else (None, None)
        state.set_filter(replace(rest_of(seen.chosen), given=given, predicted=predicted))

    pick_row(
        shown,
        key="confusion.cells",
        chosen=position_of(ways, seen.chosen.pair),
        on_pick=pick,
        columns={"Given": NAME, "Predicted": NAME, "Images": NUMBER, "Share": SHARE},
        height=HEIGHT,
    )
    keys = "A row is chosen by its box, or with the arrow keys and Shift+Space."
    more = f"The {len(cells):,} heaviest of {wrong:,} cells; the others are listed by class: find it above. "
    st.caption((more if wrong > len(cells) else "") + keys)


def partners_table(seen: Seen, confusion: pd.DataFrame, class_id: int) -> None:
    """Everything one class is confused with, both directions, the worst first."""
    mine = confusion[(confusion["given"] == class_id) | (confusion["predicted"] == class_id)]
    own = mine[mine["given"] == class_id]
    n_images = int(own["count"].sum())
    wrong = own[own["predicted"] != class_id]
    worst = wrong.loc[wrong["count"].idxmax(), "predicted"] if wrong["count"].any() else None
    said = sentences.node(
        seen.classes[class_id],
        n_images=n_images,
        n_errors=int(wrong["count"].sum()),
        partner=seen.classes[int(worst)] if worst is not None else None,
    )
    st.html(f'<p role="status" style="margin:0">{said}</p>')
    found = partners(heaviest_pairs(mine, seen.columns.community))
    found = found[found["class_id"] == class_id].reset_index(drop=True)
    if found.empty:
        st.info("This class is not confused with any other.")
        return
    others, names = found["partner"].tolist(), seen.classes
    shown = pd.DataFrame(
        {
            "Confused with": [clean(names[k]) for k in others],
            "Predicted so": found["as_partner"],
            "Other way": found["from_partner"],
        }
    )

    def pick(row: int | None) -> None:
        if row is not None:
            state.set_filter(replace(rest_of(seen.chosen), given=class_id, predicted=others[row], both=True))

    pick_row(shown, key=f"confusion.partners.{class_id}", chosen=None, on_pick=pick, height=HEIGHT)
