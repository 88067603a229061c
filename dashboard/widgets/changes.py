"""What an export changes, as tables: the changes with thumbnails, disagreements, decisions that did not apply."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.review.exporter import Export
from dashboard.server import opened, urls
from dashboard.widgets.text import clean, count

SHOWN = 500
WORDS = {"none_fits": "no label fits", "exclude": "excluded"}
ACTIONS = {"relabel": "new label", "mark": "marked", "drop": "left out"}


def changes_table(export: Export, path: str) -> None:
    """Every change: the image, old → new, by whom, when and why."""
    everything = export.tables["changes"]
    changes = everything[everything["verdict"] != ""]  # what nobody has looked at has no story to tell
    if len(changes) == 0:
        return
    if len(changes) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(changes):,} changes are shown; the export holds all.")
    st.dataframe(
        changes_frame(changes.head(SHOWN), opened.open_workspace(path)),
        hide_index=True,
        row_height=56,
        height=min(410, 40 + 57 * len(changes)),
        column_config={
            "Image": st.column_config.ImageColumn("Image", width=72),
            "When": st.column_config.DatetimeColumn("When", format="YYYY-MM-DD HH:mm"),
            "Suspicion": st.column_config.NumberColumn("Suspicion", format="%.2f"),
            "Why": st.column_config.TextColumn("Why", width="large"),
        },
        key="export.changes",
    )


def changes_frame(changes: pd.DataFrame, found: opened.Opened) -> pd.DataFrame:
    """The table of changes as people read it."""
    rows = found.row_of.get_indexer(changes["image_id"])
    pictured = found.dataset.pixels.kind != "none"
    new = [
        " + ".join(clean(name) for name in labels) if labels else clean(label) if label else "–"
        for label, labels in zip(changes["new"], changes["labels"], strict=True)
    ]
    said = [WORDS.get(verdict, text) for verdict, text in zip(changes["verdict"], new, strict=True)]
    return pd.DataFrame(
        {
            "Image": [urls.thumb_url(found, int(row)) if pictured else None for row in rows],
            "Old label": [clean(name) for name in changes["old"]],
            "Now": said,
            "What happens": changes["action"].map(ACTIONS).to_numpy(),
            "By": [clean(name) for name in changes["reviewer"]],
            "When": pd.to_datetime(changes["decided_at"].to_numpy()),
            "Why": [clean(text, limit=400) if text else "" for text in changes["reason"]],
            "Suspicion": changes["suspicion"].to_numpy(),
            "Image id": [clean(text, limit=120) for text in changes["image_id"]],
        }
    )


def conflicts_table(export: Export) -> None:
    """Images on which reviewers disagree; what most say counts."""
    conflicts = export.tables["conflicts"]
    n = conflicts["image_id"].nunique()
    if n == 0:
        return
    with st.expander(f"Reviewers disagree on {count(n, 'image')}: what most of them say counts"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Image id": [clean(text, limit=120) for text in conflicts["image_id"]],
                    "Given label": [clean(text) for text in conflicts["given"]],
                    "Said": [
                        " + ".join(clean(name) for name in labels) if labels else verdict.replace("_", " ")
                        for labels, verdict in zip(conflicts["labels"], conflicts["verdict"], strict=True)
                    ],
                    "By": [clean(text) for text in conflicts["reviewer"]],
                    "Counts": conflicts["in_force"].to_numpy(),
                }
            ),
            hide_index=True,
        )


def problems_table(export: Export) -> None:
    """Decisions that do not fit this data set any more."""
    problems = export.tables["problems"]
    if len(problems) == 0:
        return
    st.warning(f"{count(len(problems), 'decision')} could not be applied and changed nothing.")
    with st.expander("Which ones, and why"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Image id": [clean(text, limit=120) for text in problems["image_id"]],
                    "Problem": problems["problem"].to_numpy(),
                    "Decision": problems["verdict"].to_numpy(),
                    "By": [clean(text) for text in problems["reviewer"]],
                }
            ),
            hide_index=True,
        )
