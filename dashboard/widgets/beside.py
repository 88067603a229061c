"""The map beside the deck: where the images of a queue lie among all images."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.widgets.image_map import MapView, image_map
from dashboard.widgets.seen import Seen


def queue_map(seen: Seen, rows: NDArray[np.integer]) -> None:
    """All images on the map, those of the queue (rows) in the colour of their given label, behind a switch."""
    if seen.columns.xy is None:
        return
    if not st.toggle("Show the map beside", key="review.map", help="Where these images lie on the map"):
        return
    sentence = image_map(MapView(seen, rows=rows, tools="few", height=420), key="review.map.points")
    st.caption(f"{sentence} The images of this queue stand out.")
