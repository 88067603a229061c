"""Which image is marked on the map, and how other pages lead there. The link holds its row: `?near=12`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import streamlit as st

from dashboard import state
from dashboard.server.opened import Opened

NEAR = "near"
NONE = "none"  # no image is marked: the usual, which the link leaves out
MAP = "dashboard/pages/map.py"


class _Images(Sequence[str]):
    """What a link may name: nothing, a row, or an image by its id, of a data set that is too large to list."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened

    def __contains__(self, text: object) -> bool:
        return text == NONE or (isinstance(text, str) and row_named(self.opened, text) is not None)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return [NONE, *map(str, range(len(self) - 1))][at]

    def __len__(self) -> int:
        return len(self.opened.dataset) + 1


def row_named(opened: Opened, text: str) -> int | None:
    """The row that a link names, by its number or by the id of an image; None where there is no such image."""
    if text.isascii() and text.isdigit() and len(text) <= 9 and str(int(text)) == text:
        row = int(text)
        return row if row < len(opened.dataset) else None
    row = opened.row_of.get(text)
    return None if row is None else int(row)


def marked(opened: Opened) -> int | None:
    """The row of the image that is marked on the map, or None."""
    text = state.option(NEAR, _Images(opened))
    return None if text == NONE else row_named(opened, text)


def mark(row: int | None) -> None:
    """Mark another image, or none: for callbacks."""
    st.session_state.setdefault(state.OPTIONS, {})[NEAR] = NONE if row is None else str(row)


def write_link(opened: Opened, row: int | None) -> None:
    """Put what is marked into the address; the map does it once in every run."""
    state.set_option(NEAR, NONE if row is None else str(row), _Images(opened))


def show_on_map(row: int) -> None:
    """Go to the map, at the place of the image in that row of the data set; not for callbacks."""
    mark(row)
    st.switch_page(MAP)
