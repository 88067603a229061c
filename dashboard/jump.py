"""Which image is marked on the map, and how other pages lead there. The link holds its row: `?near=12`."""

from __future__ import annotations

import time

import streamlit as st

from dashboard import state
from dashboard.selection import to_params
from dashboard.server.opened import Opened

NEAR = "near"
JUMPED = "map.jumped"  # (row, when): a map that is being drawn sends the address from before the jump along
JUST_NOW = 3.0  # seconds
MAP = "dashboard/pages/map.py"


def row_named(opened: Opened, text: str) -> int | None:
    """The row that a link names, by its number or by the id of an image; None where there is no such image."""
    if text.isascii() and text.isdigit() and len(text) <= 9 and str(int(text)) == text:
        row = int(text)
        return row if row < len(opened.dataset) else None
    return opened.row_of.get(text)


def marked(opened: Opened) -> int | None:
    """The row of the image that is marked on the map, or None."""
    row, at = st.session_state.get(JUMPED, (None, 0.0))
    if row is not None and not state.kept(NEAR) and time.monotonic() - at < JUST_NOW:
        return row_named(opened, str(row))
    return row_named(opened, state.kept(NEAR))


def mark(row: int | None) -> None:
    """Mark another image, or none: for callbacks."""
    st.session_state.pop(JUMPED, None)
    st.session_state.setdefault(state.OPTIONS, {})[NEAR] = "" if row is None else str(row)


def write_link(row: int | None) -> None:
    """Put what is marked into the address; the map does it once in every run."""
    state.keep(NEAR, "" if row is None else str(row))


def show_on_map(row: int) -> None:
    """Go to the map, at the place of the image in that row of the data set; not for callbacks.

    The whole link goes along: a page that switches to itself with an empty one has gone back to before the filter.
    """
    mark(row)
    st.session_state[JUMPED] = (row, time.monotonic())
    options = {name: value for name, value in st.session_state[state.OPTIONS].items() if value}
    st.switch_page(MAP, query_params={**options, **to_params(state.current())})
