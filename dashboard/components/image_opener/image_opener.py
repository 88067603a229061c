"""Clicks on cards with an image, wherever they stand on the page, and steps from one to another reach Python here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

_HERE = Path(__file__).parent
EARS = (_HERE / "ears.js").read_text(encoding="utf-8")

_mount = st.components.v2.component(
    "lookalike_image_opener",
    js=(_HERE / "image_opener.js").read_text(encoding="utf-8"),
)


class Opened(NamedTuple):
    """The image asked for: its row in the data set or its place in a list, from 0; the list's name, or "".

    `inside`: asked for in the large view of another image, not on the page.
    """

    row: int | None = None
    among: str = ""
    place: int | None = None
    inside: bool = False


def read_opened(value: Any) -> Opened | None:
    """What the browser says was asked for, or None where it makes no sense."""
    if not isinstance(value, dict) or not isinstance(value.get("among"), str):
        return None
    row, place = _natural(value.get("row")), _natural(value.get("place"))
    if (row is None) == (place is None):
        return None
    return Opened(row, value["among"], place, value.get("inside") is True)


def _natural(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def hear() -> None:
    """Listen on the whole page, from now until it is loaded anew; to be called before anything that is clicked."""
    st.html(f"<script>{EARS}</script>", unsafe_allow_javascript=True)


def image_opener(*, key: str, on_open: Callable[[Opened], None]) -> None:
    """Call `on_open`, before this fragment runs again, with what was asked for."""

    def opened() -> None:
        found = read_opened((st.session_state.get(key) or {}).get("opened"))
        if found is not None:
            on_open(found)

    _mount(key=key, data={}, height=1, on_opened_change=opened)
