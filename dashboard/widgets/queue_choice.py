"""Which images to judge: the choice of a queue, and its images as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.review.limits import labels_of
from analysis.review.queue import Order
from dashboard import loaders, state
from dashboard.queues import Choice, Kind, pairs
from dashboard.selection import Columns
from dashboard.server import urls
from dashboard.widgets.frame import Seen
from dashboard.widgets.text import clean, community_name, count

NAMES: dict[Kind, str] = {
    "suspects": "Everything suspicious",
    "filter": "This filter",
    "community": "One community",
    "pair": "One pair of classes",
}
ORDERS: dict[Order, str] = {"by_pair": "Pair by pair", "suspicion": "Most suspicious first"}
TABLE_ROWS = 500
PAIRS_SHOWN = 400


def choose_queue(seen: Seen) -> Choice:
    """Draw the choice of a queue and of its order, and give both."""
    chosen = seen.chosen
    kinds: list[Kind] = ["suspects", "community", "pair"] if chosen.is_empty else list(NAMES)
    left, middle, right = st.columns([5, 4, 2], vertical_alignment="center")
    with left:
        kind = st.segmented_control(
            "Queue",
            kinds,
            format_func=NAMES.__getitem__,
            default="suspects" if chosen.is_empty else "filter",
            required=True,
            key=f"review.kind.{state.changes()}",
            label_visibility="collapsed",
        )
    with right:
        order: Order = st.selectbox(
            "Order", list(ORDERS), format_func=ORDERS.__getitem__, key="review.order_by", label_visibility="collapsed"
        )
    with middle:
        if kind == "community":
            return Choice("community", community=_community(seen), order=order)
        if kind == "pair":
            return Choice("pair", pair=_pair(seen), order=order)
    return Choice("filter", filter=chosen, order=order) if kind == "filter" else Choice(order=order)


def say_queue(columns: Columns, rows: NDArray[np.int64]) -> str:
    """What a queue holds: "166 images: 137 suspects and 29 more that the model would label differently"."""
    suspects = columns.is_suspect[rows]
    differ = ~suspects & (columns.predicted[rows] != columns.given[rows])
    parts = [count(int(suspects.sum()), "suspect")] if suspects.any() else []
    for more, what in (
        (differ, "that the model would label differently"),
        (~suspects & ~differ, "in which the model puts little trust"),
    ):
        if more.any():
            parts.append(f"{int(more.sum()):,} {'more ' if parts else ''}{what}")
    return f"{count(len(rows), 'image')}: {' and '.join(parts)}."


def _community(seen: Seen) -> int | None:
    counts = seen.suspects_of_community
    order = np.argsort(-counts, kind="stable").tolist()
    classes = seen.table("classes")
    names = classes.sort_values("n_images", ascending=False).groupby("community")["name"].apply(list)

    def say(number: int) -> str:
        members = ", ".join(clean(name, limit=24) for name in names[number][:3])
        more = f" and {len(names[number]) - 3} more" if len(names[number]) > 3 else ""
        return f"{community_name(number)}: {members}{more} – {count(int(counts[number]), 'suspect')}"

    chosen: int | None = st.selectbox(
        "Community", order, format_func=say, key="review.community", label_visibility="collapsed"
    )
    return chosen


def _pair(seen: Seen) -> tuple[int, int] | None:
    known = pairs(seen.table("suspects"))[:PAIRS_SHOWN]
    classes = seen.classes
    images = {(given, suggested): n for given, suggested, n in known}

    def say(pair: tuple[int, int]) -> str:
        given, suggested = (clean(classes[k], limit=28) for k in pair)
        return f"{given} → {suggested} – {count(images[pair], 'image')}"

    return st.selectbox(
        "Given label → suggestion", list(images), format_func=say, key="review.pair", label_visibility="collapsed"
    )


def suspects_table(seen: Seen, rows: NDArray[np.int64]) -> None:
    """The first images of a queue as a table, with what was decided."""
    with st.expander(f"All images of this queue as a table ({len(rows):,})"):
        if len(rows) > TABLE_ROWS:
            st.caption(f"The first {TABLE_ROWS} of {len(rows):,} are shown.")
        st.dataframe(
            table_of(seen, rows[:TABLE_ROWS]),
            hide_index=True,
            row_height=56,
            height=480,
            column_config={
                "image": st.column_config.ImageColumn("Image", width=72),
                "suspicion": st.column_config.NumberColumn("Suspicion", format="%.2f", help="0 to 1, higher = worse"),
                "reason": st.column_config.TextColumn("Reason", width="large"),
            },
        )


def table_of(seen: Seen, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Image, labels, suspicion, reason and decision of these rows."""
    found = seen.opened
    source = loaders.review_source(seen.path, seen.run.run_id)
    classes, table = found.dataset.classes, found.dataset.table.iloc[rows]
    decided = found.decisions.in_force().set_index("image_id")
    said = [_said(decided, image_id) for image_id in table["image_id"]]
    pictured = found.dataset.pixels.kind != "none"
    scores = source.scores.iloc[rows]
    return pd.DataFrame(
        {
            "image": [urls.thumb_url(found, int(row)) if pictured else None for row in rows],
            "given": [clean(classes[k]) for k in table["given"]],
            "suggested": [clean(classes[k]) for k in scores["suggested"]],
            "suspicion": scores["suspicion"].to_numpy(),
            "decision": said,
            "reason": [
                clean(source.reasons.get(int(row), ""), limit=400) if int(row) in source.reasons else "" for row in rows
            ],
            "id": [clean(image_id, limit=120) for image_id in table["image_id"]],
        }
    ).rename(columns={"given": "Given label", "suggested": "Suggested", "decision": "Decision", "id": "Image id"})


def _said(decided: pd.DataFrame, image_id: str) -> str:
    if image_id not in decided.index:
        return ""
    row = decided.loc[image_id]
    label = ", ".join(clean(name) for name in labels_of(row["new_label"]))
    words = {"relabel": f"→ {label}", "several": f"several: {label}", "none_fits": "none fits", "keep": "kept"}
    return f"{words.get(row['verdict'], row['verdict'])} ({clean(row['reviewer'])})"
