"""Map: images that look alike to the model lie side by side; a lasso leads to its images, a click to its neighbours."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import jump, state
from dashboard.layouts import title_of
from dashboard.selection import Polygon
from dashboard.widgets.colouring import choose_colours, choose_layout
from dashboard.widgets.frame import enter
from dashboard.widgets.gallery import gallery, review_button
from dashboard.widgets.image_map import MapView, image_map
from dashboard.widgets.seen import Seen

LASSO = "A lasso takes every image inside it, drawn or not."


def outlined(outline: Polygon, method: str) -> None:
    """Take a lasso or box on the layout by `method` into the filter."""
    state.set_filter(replace(state.current(), lasso=outline, lasso_on=method))


def outline_on(seen: Seen, method: str) -> Polygon:
    """The lasso in force, if it was drawn on this layout; old links do not name the run's own."""
    return seen.chosen.lasso if (seen.chosen.lasso_on or seen.columns.layouts[0]) == method else ()


def draw(seen: Seen) -> None:
    """The map with its choices and the sentence on what it shows."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = choose_colours(seen)
        method, layout = choose_layout(seen)
    row = jump.marked(seen.opened)
    if row is None:
        state.forget(jump.NEAR)
    jump.write_link(row)
    outline = outline_on(seen, method)
    view = MapView(seen, layout=layout, by=by, rows=seen.rows, marked=row, outline=outline)
    sentence = image_map(
        view, key="map.points", on_outline=lambda corners: outlined(corners, method), on_pick=jump.mark
    )
    elsewhere = "" if outline or not seen.chosen.lasso else " The lasso in force was drawn on another layout."
    only = "only large distances mean something" if method == "pca" else "only neighbourhoods mean something"
    st.caption(
        f"{sentence} {LASSO}{elsewhere} A click marks an image and shows the nearest ones. Position: "
        f"{title_of(method)} of the model's features; {only}. Under the pointer: given → predicted (suspicion)."
    )


def main() -> None:
    """Draw the page."""
    seen = enter("map", "Which images look alike to the model?", "Draw a lasso around points to see their images.")
    if seen is None:
        return
    if seen.columns.xy is None:
        st.info("This analysis has no map: a map needs features, and the predictions came without any.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        draw(seen)
    with right:
        st.subheader("Which images are these?", anchor=False)
        review_button(seen, key="map.review")
        gallery(seen, seen.rows, key="map")


main()
