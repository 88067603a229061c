"""Which images are taken away: all of the data set, or those that pass the filter of all pages."""

from __future__ import annotations

import streamlit as st

from analysis.runs.run import Run
from dashboard.selection import Filter
from dashboard.widgets.frame import chips, look_at
from dashboard.widgets.text import count


def export_part(path: str, run: Run | None) -> Filter:
    """The filter with its chips, and what of it counts here: an empty filter means all images."""
    if run is None:
        return Filter()
    seen = look_at(path, run)
    chips(seen)
    n, total = len(seen.rows), len(seen.columns)
    if seen.chosen.is_empty:
        st.caption(f"All {count(total, 'image')} are taken away. With a filter, its images alone can be taken.")
        return Filter()
    only = st.checkbox(f"Take only the {count(n, 'image')} of this filter away", key="export.only", disabled=not n)
    if only and n:
        st.caption(f"{n:,} of {count(total, 'image')}: the filter applies to everything below.")
        return seen.chosen
    st.caption(f"All {count(total, 'image')} are taken away: the filter does not apply to anything below.")
    return Filter()
