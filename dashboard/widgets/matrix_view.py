"""The matrix on the page, one or two with their difference; a click on any of them becomes the filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from dashboard import loaders_confusion, state
from dashboard.cells import cell_meant, filter_of, marks_of, rest_of
from dashboard.charts import sentences
from dashboard.charts.difference import difference_figure, say_change
from dashboard.charts.folding import FOLDED, Axis, Folded, folded
from dashboard.charts.matrix import Drawn, matrix_figure, say_cell
from dashboard.components.matrix_keys.matrix_keys import Gestures, matrix_keys
from dashboard.widgets.frame import colours
from dashboard.widgets.matrix_controls import open_too
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import community_name, for_markdown

CHART = "confusion.matrix"
VIEWS = ("side by side", "difference")


@dataclass(frozen=True, eq=False)
class View:
    """What is drawn: one axis for all matrices, the matrix of the run and, where there is one, that of the other."""

    axis: Axis
    drawn: Drawn
    one: Folded
    other: Folded | None = None
    names: tuple[str, str] = ("", "")


def view_of(seen: Seen, axis: Axis, drawn: Drawn, *, other: Seen | None, names: tuple[str, str]) -> View:
    """Fold the confusion of both runs into the same rows."""
    rest = rest_of(seen.chosen)
    ids = seen.path, seen.run.run_id
    one = folded(loaders_confusion.confusion_of(*ids, rest), axis, errors_only=drawn.errors_only)
    if other is None:
        return View(axis, drawn, one)
    beside = loaders_confusion.confusion_beside(*ids, other.run.run_id, rest)
    return View(axis, drawn, one, folded(beside, axis, errors_only=drawn.errors_only), names)


def show(seen: Seen, view: View) -> None:
    """Draw one matrix, or two in the way that the link says, and take their keys and clicks."""
    _charts(view)
    matrix_keys(
        view.axis.labels,
        closed_blocks(view.axis).tolist(),
        at=cell_meant(seen.chosen, view.axis),
        marks=marks_of(seen.chosen, view.axis),
        chosen=rest_of(seen.chosen) != seen.chosen,
        colour=colours().accent,
        key="confusion.keys",
        on=Gestures(
            pick=lambda cell: picked(seen, view.axis, cell),
            drill=lambda cell: drilled(seen, view.axis, cell),
            clear=lambda: state.change(rest_of),
        ),
    )


def _charts(view: View) -> None:
    if view.one.count.sum() == 0:
        st.info("No image was predicted as another class than its given label.")
    if view.other is None:
        _chart(view, matrix_figure(view.one, view.axis, colours(), drawn=view.drawn), key=CHART)
        return
    way = state.option("two", VIEWS)
    way = st.segmented_control(
        "Two runs",
        VIEWS,
        default=way,
        required=True,
        key=f"confusion.two.{state.changes()}",
        label_visibility="collapsed",
    )
    state.set_option("two", way, VIEWS)
    if way == "difference":
        _difference(view, view.other)
        return
    pair = view.one, view.other
    for column, matrix, beside, name, key in zip(
        st.columns(2), pair, pair[::-1], view.names, (CHART, f"{CHART}.other"), strict=True
    ):
        with column:
            st.markdown(f"**{for_markdown(name)}**")
            figure = matrix_figure(matrix, view.axis, colours(), drawn=view.drawn, beside=beside)
            _chart(view, figure, key=key)


def _difference(view: View, other: Folded) -> None:
    one, two = (for_markdown(name) for name in view.names)
    st.markdown(f"**{two} minus {one}**: orange where {two} has more images, blue where it has fewer")
    figure = difference_figure(view.one, other, view.axis, colours(), drawn=view.drawn, names=view.names)
    _chart(view, figure, key=f"{CHART}.difference")


def _chart(view: View, figure: go.Figure, *, key: str) -> None:
    """One matrix. It has no selection of its own: `matrix_keys` takes the clicks and frames the choice."""
    st.plotly_chart(
        figure,
        key=key,
        config={
            "displaylogo": False,
            "doubleClick": False,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        },
        alt=f"Confusion matrix of {len(view.axis)} rows; the heaviest cells and all classes are in the tables here.",
    )


def picked(seen: Seen, axis: Axis, cell: tuple[int, int]) -> None:
    """Choose a cell; the rows stay as they are, because a second click may follow."""
    open_too(seen, [])
    state.set_filter(filter_of(cell, axis, state.current()))


def drilled(seen: Seen, axis: Axis, cell: tuple[int, int]) -> None:
    """Choose a cell, and open the closed blocks that it meets."""
    open_too(seen, [int(axis.community[i]) for i in cell if closed_blocks(axis)[i]])
    state.set_filter(filter_of(cell, axis, state.current()))


def closed_blocks(axis: Axis) -> NDArray[np.bool_]:
    """Which rows (M,) are communities that can be opened into their classes."""
    return np.asarray((axis.class_id == FOLDED) & (axis.community != FOLDED) & ~axis.rest)


def said(seen: Seen, view: View) -> list[str]:
    """The sentence of the chosen cell, and what the other run has there; nothing where the filter means no one cell."""
    cell = cell_meant(seen.chosen, view.axis)
    if cell is None:
        return _say_block(seen, view)
    told = [say_cell(view.one, view.axis, cell, view.drawn)]
    if seen.chosen.both and cell[0] != cell[1]:
        told.append(say_cell(view.one, view.axis, cell[::-1], view.drawn))
    if view.other is not None:
        told.append(say_change(view.one, view.other, view.axis, cell, names=view.names))
    return told


def _say_block(seen: Seen, view: View) -> list[str]:
    """The sentence of a pair of communities whose classes have rows of their own."""
    community, into = seen.chosen.community, seen.chosen.into
    if community is None or into is None:
        return []
    rows, columns = (view.axis.rows_of(c) for c in (community, into))
    n = int(view.one.count[np.ix_(rows, columns)].sum())
    total = max(1, int(view.one.given_total[rows].sum()))
    names = community_name(community), community_name(into)
    return [sentences.group_cell(n, *names, share=n / total, errors_only=view.drawn.errors_only)]
