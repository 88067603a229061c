"""Confusion: the matrix, ordered by community; a click on a cell shows the images of that pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from dashboard import state
from dashboard.cells import cells_in, filter_of
from dashboard.charts.folding import READABLE, Axis, Folded, by_class, by_community, folded
from dashboard.charts.matrix import MEASURES, Measure, matrix_figure, say_cell
from dashboard.widgets.frame import Seen, colours, enter
from dashboard.widgets.gallery import gallery, review_button
from dashboard.widgets.pair import say_pair
from dashboard.widgets.pair_verdict import pair_verdict

CHART = "confusion.matrix"


def axis_of(seen: Seen) -> Axis:
    """Rows of the matrix: all classes while they can be read, else communities or the classes with most errors."""
    classes = seen.table("classes")
    inside = [c for c in (seen.chosen.community, seen.chosen.into) if c is not None]
    if inside:
        return by_class(classes, among=np.isin(classes["community"].to_numpy(), inside))
    if len(classes) <= READABLE:
        return by_class(classes)
    rows = st.segmented_control(
        "Rows", ["communities", "classes with most errors"], default="communities", required=True, key="confusion.rows"
    )
    return by_community(classes) if rows == "communities" else by_class(classes)


def clicked(axis: Axis) -> None:
    """Take a click on the matrix into the filter."""
    points = st.session_state[CHART]["selection"]["points"]
    if points:
        cell = int(points[0]["y"]), int(points[0]["x"])
        if all(0 <= i < len(axis) for i in cell):
            state.set_filter(filter_of(cell, axis, state.current()))


def controls() -> dict[str, Any]:
    """How the matrix is drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        usual: Measure = state.option("show", MEASURES)  # type: ignore[assignment]  # one of MEASURES
        key = f"confusion.show.{state.changes()}"
        measure = st.segmented_control("Show", MEASURES, default=usual, required=True, key=key)
        state.set_option("show", measure, MEASURES)
        errors = st.toggle("Only errors", True, key="confusion.errors", help="Leave out images predicted as labelled.")
        log = st.toggle("Log colours", False, key="confusion.log", help="Makes rare confusions visible.")
    return {"measure": measure, "errors_only": errors, "log": log}


def right_side(seen: Seen, axis: Axis, matrix: Folded, *, errors_only: bool) -> None:
    """The sentence of the chosen cell and the images that pass the filter."""
    st.subheader("Which images are these?", anchor=False)
    if seen.chosen.pair is not None:
        said = say_pair(seen)
    else:
        said = [say_cell(matrix, axis, cell, errors_only=errors_only) for cell in cells_in(seen.chosen, axis)]
    for sentence in said:
        st.html(f'<p role="status" style="margin:0">{sentence}</p>')
    if seen.chosen.is_empty:
        st.caption("Click a cell of the matrix to see its images. Until then: the most suspicious of all.")
    if seen.chosen.pair is not None and not seen.chosen.both:
        st.button(
            "Also show the opposite direction",
            key="confusion.both",
            type="tertiary",
            icon=":material/swap_horiz:",
            on_click=state.set_filter,
            args=(replace(seen.chosen, both=True),),
        )
    pair_verdict(seen, key="confusion.pair")
    review_button(seen, key="confusion.review")
    gallery(seen, seen.rows, key="confusion")


def main() -> None:
    """Draw the page."""
    seen = enter("confusion", "Which classes are confused?", "Rows are given labels, columns predictions.")
    if seen is None:
        return
    drawn = controls()
    axis = axis_of(seen)
    matrix = folded(seen.table("confusion"), axis, errors_only=drawn["errors_only"])
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure = matrix_figure(matrix, axis, colours(), chosen=cells_in(seen.chosen, axis), **drawn)
        if drawn["errors_only"] and (seen.columns.predicted == seen.columns.given).all():
            st.info("No image was predicted as another class than its given label.")
        alt = f"Confusion matrix of {len(axis)} rows; the same numbers are in the table on the Communities page."
        st.plotly_chart(
            figure,
            key=CHART,
            on_select=lambda: clicked(axis),
            selection_mode="points",
            config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
            alt=alt,
        )
    with right:
        right_side(seen, axis, matrix, errors_only=drawn["errors_only"])


main()
