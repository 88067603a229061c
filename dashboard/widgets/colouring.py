"""What the points of a map can be coloured by, and where they can lie: the choices of its page."""

from __future__ import annotations

import streamlit as st

from dashboard import loaders_map, state
from dashboard.layouts import title_of
from dashboard.loaders_map import COLUMN
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_markdown

COLOURS = ("given", "predicted", "community", "suspicion", "decision")


def choose_colours(seen: Seen) -> str:
    """What to colour by: labels, the analysis, decisions, or a column of the data set; kept in the link."""
    allowed = [*COLOURS, *(COLUMN + name for name in loaders_map.columns_to_colour(seen.path))]
    usual = state.option("colour", allowed)
    by = st.selectbox(
        "Colour by",
        allowed,
        allowed.index(usual),
        lambda name: for_markdown(name.removeprefix(COLUMN), limit=32),
        f"map.colour.{state.changes()}",
    )
    state.set_option("colour", by, allowed)
    return by


def choose_layout(seen: Seen) -> tuple[str, str]:
    """Which of the layouts that the run holds: the name of its method and its array; kept in the link.

    With one layout there is nothing to choose.
    """
    found = loaders_map.layouts(seen.path, seen.run.run_id)
    methods = list(found)
    if len(methods) == 1:
        return methods[0], found[methods[0]]
    usual = state.option("layout", methods)
    method = st.segmented_control(
        "Positions by",
        methods,
        default=usual,
        format_func=title_of,
        required=True,
        key=f"map.layout.{state.changes()}",
    )
    state.set_option("layout", method, methods)
    return method, found[method]
