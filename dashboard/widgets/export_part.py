"""Which images are taken away: all of the data set, or those that pass the filter of all pages."""

from __future__ import annotations

import streamlit as st

from analysis.runs.run import Run
from dashboard.selection import Filter
from dashboard.widgets.chips import sentence
from dashboard.widgets.frame import look_at
from dashboard.widgets.text import count


def export_part(path: str, run: Run | None) -> Filter:
    """Ask for it where a filter is in force; the empty filter means all."""
    if run is None:
        return Filter()
    seen = look_at(path, run)
    if seen.chosen.is_empty:
        return Filter()
    n = len(seen.rows)
    only = st.checkbox(f"Only the {count(n, 'image')} of the filter in force", key="export.only", disabled=not n)
    st.caption("Filter: " + " · ".join(sentence(part, seen.chosen, seen.classes) for part in seen.chosen.parts()))
    return seen.chosen if only and n else Filter()
