"""Clicks on cards with an image, wherever they stand on the page, come back to Python as (row, list)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "lookalike_image_opener",
    js=(_HERE / "image_opener.js").read_text(encoding="utf-8"),
)


class Opened(NamedTuple):
    """The image that was clicked: its row in the data set, and the name of the list it stands in, or ""."""

    row: int
    among: str


def read_opened(value: Any) -> Opened | None:
    """What the browser says was clicked, or None where it makes no sense."""
    row, among = (value.get("row"), value.get("among")) if isinstance(value, dict) else (None, None)
    if not isinstance(row, int) or isinstance(row, bool) or row < 0 or not isinstance(among, str):
        return None
    return Opened(row, among)


def image_opener(*, key: str, on_open: Callable[[Opened], None]) -> None:
    """Listen on the whole page; `on_open` is called, before this fragment runs again, with what was clicked."""

    def opened() -> None:
        found = read_opened((st.session_state.get(key) or {}).get("opened"))
        if found is not None:
            on_open(found)

    _mount(key=key, data={}, height=1, on_opened_change=opened)
