"""The map beside the deck: where the images of a queue lie among all images."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.charts.scatter import map_figure, sample_points
from dashboard.widgets.colouring import colouring, drawn_part, hover_texts
from dashboard.widgets.frame import Seen, colours

AT_MOST = 50_000  # points; nothing is selected here, so that no selection travels back


def queue_map(seen: Seen, rows: NDArray[np.integer]) -> None:
    """All images on the map, those of the queue (rows) in the colour of their given label, behind a switch."""
    xy = seen.columns.xy
    if xy is None or not st.toggle("Show the map beside", key="review.map", help="Where these images lie on the map"):
        return
    meant = np.zeros(len(xy), bool)
    meant[rows] = True
    sample = sample_points(len(xy), meant, at_most=AT_MOST, what="images of this queue")
    figure = map_figure(
        np.asarray(xy[sample.rows]),
        drawn_part(colouring(seen, "given"), sample.rows),
        colours(),
        hover=hover_texts(seen, sample.rows),
        meant=meant[sample.rows],
        height=420,
    )
    figure.update_layout(dragmode="pan")
    st.plotly_chart(
        figure,
        key="review.map.points",
        config={"displaylogo": False, "scrollZoom": True},
        alt="Map of all images; those of this queue stand out",
    )
    st.caption(f"{sample.sentence} The images of this queue stand out.")
