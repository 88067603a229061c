"""Decisions made elsewhere: a file is looked at first, then booked; what could not be used is listed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analysis.base.errors import UserError
from analysis.review.importer import IMPORTERS
from analysis.review.importing import ImportReport, import_file
from dashboard.widgets.seen import Seen
from dashboard.widgets.start import say_error
from dashboard.widgets.text import clean, count, for_markdown

ANY = ""
SHOWN = 200  # lines that could not be used
SEEN = "team.import.seen"  # what was looked at last, and the ImportReport of it


def bring_in(seen: Seen) -> None:
    """The form; nothing is booked before the person has seen what would be."""
    with st.expander("Bring decisions in from a file", icon=":material/upload:"):
        st.caption(
            "A label patch or an export of this program, a table of corrected labels, annotations from Label Studio, "
            "or columns as cleanlab names them. The same file brought in twice books nothing twice."
        )
        file = st.file_uploader("File", key="team.import.file", label_visibility="collapsed")
        left, right = st.columns(2)
        titles = {ANY: "found from the file"} | {name: spec.title for name, spec in IMPORTERS.items()}
        name = left.selectbox("Format", list(titles), format_func=titles.__getitem__, key="team.import.format")
        reviewer = right.text_input("Who decided, where the file does not say", max_chars=80, key="team.import.who")
        if name:
            st.caption(IMPORTERS.get(name).reading)
        if file is None:
            return
        found = _looked_at(seen, file, name=name, reviewer=reviewer)
        if found is None:
            return
        say_report(found)
        if st.button("Book them", type="primary", disabled=not found.booked, key="team.import.book"):
            booked = _import(seen, file, name=name, reviewer=reviewer, dry_run=False)
            if booked is not None:
                st.success(f"{count(booked.booked, 'decision')} booked.")


def _looked_at(seen: Seen, file: UploadedFile, *, name: str, reviewer: str) -> ImportReport | None:
    """What the file would come to; kept, because whatever is pressed on the page runs this again."""
    what = seen.path, file.file_id, name, reviewer, seen.opened.decisions.last_seq()
    kept: tuple[object, ImportReport | None] = st.session_state.get(SEEN, (None, None))
    if kept[0] == what and kept[1] is not None:  # a problem is said every time
        return kept[1]
    found = _import(seen, file, name=name, reviewer=reviewer, dry_run=True)
    st.session_state[SEEN] = what, found
    return found


def _import(seen: Seen, file: UploadedFile, *, name: str, reviewer: str, dry_run: bool) -> ImportReport | None:
    with tempfile.TemporaryDirectory(prefix="lookalike-import-") as folder:
        path = Path(folder) / re.sub(r"[^\w.-]+", "_", file.name)[-80:].lstrip(".")
        path.write_bytes(file.getvalue())
        try:
            return import_file(
                seen.opened.workspace,
                seen.opened.decisions,
                path,
                format=name or None,
                reviewer=reviewer.strip() or None,
                dry_run=dry_run,
            )
        except UserError as error:
            say_error(error)
            return None


def say_report(report: ImportReport) -> None:
    """What the file comes to, and the lines that could not be used."""
    st.markdown(for_markdown(report.summary(), limit=1000))
    if not report.problems:
        return
    st.warning(f"{count(len(report.problems), 'line')} could not be used.")
    st.dataframe(
        pd.DataFrame(
            {
                "Line": [one.line for one in report.problems[:SHOWN]],
                "Image": [clean(one.image, limit=120) for one in report.problems[:SHOWN]],
                "Problem": [clean(one.problem, limit=200) for one in report.problems[:SHOWN]],
            }
        ),
        hide_index=True,
    )
