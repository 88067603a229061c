"""Map: images that look alike to the model lie side by side; a lasso leads to its images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard import state
from dashboard.charts.scatter import map_figure, sample_points
from dashboard.selection import polygon
from dashboard.widgets.colouring import colouring, drawn_part, hover_texts
from dashboard.widgets.frame import Seen, colours, enter
from dashboard.widgets.gallery import gallery, review_button

CHART = "map.points"
COLOURS = ("given", "predicted", "community", "suspicion", "decision")


def lassoed() -> None:
    """Take a lasso or box into the filter; a chart drawn anew reports nothing and changes nothing."""
    selection = st.session_state[CHART]["selection"]
    for shape in selection["lasso"]:
        state.set_filter(replace(state.current(), lasso=polygon(np.c_[shape["x"], shape["y"]])))
    for shape in selection["box"]:
        (left, right), (low, high) = shape["x"], shape["y"]
        corners = [(left, low), (right, low), (right, high), (left, high)]
        state.set_filter(replace(state.current(), lasso=polygon(corners)))


def draw(seen: Seen, xy: NDArray[np.floating], by: str) -> None:
    """The map with the sentence on what it shows."""
    sample = sample_points(len(xy), seen.columns.is_suspect)
    meant = np.zeros(len(xy), bool)
    meant[seen.rows] = True
    figure = map_figure(
        np.asarray(xy[sample.rows]),
        drawn_part(colouring(seen, by), sample.rows),
        colours(),
        hover=hover_texts(seen, sample.rows),
        meant=meant[sample.rows],
        outline=seen.chosen.lasso,
    )
    config = {"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["autoScale2d"]}
    st.plotly_chart(
        figure, key=CHART, on_select=lassoed, selection_mode=("lasso", "box"), config=config, alt="Map of all images"
    )
    st.caption(
        f"{sample.sentence} A lasso takes every image inside it, drawn or not. Position: UMAP of the model's "
        "features; only neighbourhoods mean something. Under the pointer: given → predicted (suspicion)."
    )


def main() -> None:
    """Draw the page."""
    seen = enter("map", "Which images look alike to the model?", "Draw a lasso around points to see their images.")
    if seen is None:
        return
    xy = seen.columns.xy
    if xy is None:
        st.info("This analysis has no map: a map needs features, and the predictions came without any.")
        return
    usual = state.option("colour", COLOURS)
    by = st.segmented_control("Colour by", COLOURS, default=usual, required=True, key=f"map.colour.{state.changes()}")
    state.set_option("colour", by, COLOURS)
    left, right = st.columns([3, 2], gap="large")
    with left:
        draw(seen, xy, by)
    with right:
        st.subheader("Which images are these?", anchor=False)
        review_button(seen, key="map.review")
        gallery(seen, seen.rows, key="map")


main()
