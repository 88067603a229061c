"""One line on what of a link was not understood."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.widgets.text import for_markdown


def say_left_out() -> None:
    """Say it until the visitor goes on; to be drawn when the page has read the link."""
    said = state.left_out()
    if said:
        st.warning(f"Left out of this link, because it means nothing here: {', '.join(map(for_markdown, said))}")
