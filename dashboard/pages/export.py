"""Export: first what changes and why, then the format, then download it or write it into a folder."""

from __future__ import annotations

import streamlit as st

from analysis.review.exporter import Export
from dashboard import loaders, state
from dashboard.widgets.changes import changes_table, conflicts_table, problems_table
from dashboard.widgets.export_part import export_part
from dashboard.widgets.formats import format_choice, options_form, why_not
from dashboard.widgets.frame import finished_run
from dashboard.widgets.policies import headline, policy_choice
from dashboard.widgets.take_away import buttons
from dashboard.widgets.text import for_markdown


def take_away(export: Export, path: str) -> None:
    """The format with its options, what its files mean, and where it goes."""
    st.subheader("Take it away", anchor=False)
    spec = format_choice()
    options = options_form(spec)
    with st.expander("What the files mean"):
        st.text(spec.reading)
    reason = why_not(spec, export, options)
    if reason:
        st.warning(for_markdown(reason, limit=900))
        return
    buttons(export, spec, options, path)


def main() -> None:
    """Draw the page."""
    st.title("Export", anchor=False)
    st.caption(
        "The given labels with your decisions applied: what changes, by whom and why, before anything is written."
    )
    path = str(state.workspace())
    run = finished_run(path)
    state.sync_url("export")
    part = export_part(path, run)
    summary = st.container()
    policy = policy_choice()
    export = loaders.export(path, run.run_id if run else None, policy, part)
    with summary:
        headline(export)
        changes_table(export, path)
    problems_table(export)
    conflicts_table(export)
    take_away(export, path)


main()
