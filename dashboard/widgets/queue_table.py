"""The images of a queue as a table, with what was decided."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.review.limits import labels_of
from dashboard import loaders
from dashboard.server import urls
from dashboard.widgets.image_detail import open_detail
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean

TABLE_ROWS = 500


def queue_table(seen: Seen, rows: NDArray[np.integer]) -> None:
    """The first images of a queue (rows, in its order), folded away."""
    with st.expander(f"All images of this queue as a table ({len(rows):,})"):
        if len(rows) > TABLE_ROWS:
            st.caption(f"The first {TABLE_ROWS} of {len(rows):,} are shown.")
        st.caption("Tick a row to see all that is known of its image.")
        key = f"review.table.{len(rows)}"
        st.dataframe(
            table_of(seen, rows[:TABLE_ROWS]),
            key=key,
            on_select=lambda: _ticked(seen, rows[:TABLE_ROWS], key),
            selection_mode="single-row",
            hide_index=True,
            row_height=56,
            height=480,
            column_config={
                "image": st.column_config.ImageColumn("Image", width=72),
                "suspicion": st.column_config.NumberColumn("Suspicion", format="%.2f", help="0 to 1, higher = worse"),
                "reason": st.column_config.TextColumn("Reason", width="large"),
            },
        )


def _ticked(seen: Seen, rows: NDArray[np.integer], key: str) -> None:
    ticked = st.session_state[key]["selection"]["rows"]
    if ticked and ticked[0] < len(rows):
        open_detail(seen, int(rows[ticked[0]]), among=rows)


def table_of(seen: Seen, rows: NDArray[np.integer]) -> pd.DataFrame:
    """Image, labels, suspicion, reason and decision of these rows."""
    found = seen.opened
    source = loaders.review_source(seen.path, seen.run.run_id)
    classes, table = found.dataset.classes, found.dataset.table.iloc[rows]
    decided = found.decisions.in_force()
    decided = decided[decided["image_id"].isin(table["image_id"])].set_index("image_id")
    pictured = found.dataset.pixels.kind != "none"
    scores = source.scores.iloc[rows]
    return pd.DataFrame(
        {
            "image": [urls.thumb_url(found, int(row)) if pictured else None for row in rows],
            "Given label": [clean(classes[k]) for k in table["given"]],
            "Suggested": [clean(classes[k]) for k in scores["suggested"]],
            "suspicion": scores["suspicion"].to_numpy(),
            "Decision": [_said(decided, image_id) for image_id in table["image_id"]],
            "reason": [
                clean(source.reasons.get(int(row), ""), limit=400) if int(row) in source.reasons else "" for row in rows
            ],
            "Image id": [clean(image_id, limit=120) for image_id in table["image_id"]],
        }
    )


def _said(decided: pd.DataFrame, image_id: str) -> str:
    if image_id not in decided.index:
        return ""
    row = decided.loc[image_id]
    label = ", ".join(clean(name) for name in labels_of(row["new_label"]))
    words = {"relabel": f"→ {label}", "several": f"several: {label}", "none_fits": "none fits", "keep": "kept"}
    return f"{words.get(row['verdict'], row['verdict'])} ({clean(row['reviewer'])})"
