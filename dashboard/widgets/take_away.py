"""Taking an export away: as a download, into the workspace, or into a folder on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from analysis.base.config import Settings
from analysis.base.errors import UserError
from analysis.review.exporter import Export, Exporter, new_export, write_export, zip_export
from dashboard import loaders
from dashboard.widgets.formats import why_no_download
from dashboard.widgets.text import for_markdown

WRITTEN = "export.written"
LOCAL = ("127.0.0.1", "localhost", "::1")
EVERY = 0.2  # seconds between two looks of the progress bar


class ScreenProgress:
    """A `Progress` that draws a bar on the page. A click elsewhere ends the writing, and nothing is left behind."""

    def __init__(self) -> None:
        self._bar = st.empty()
        self._what, self._total, self._done, self._drawn = "", 1, 0, 0.0

    def start(self, what: str, total: int) -> None:
        """Begin a bar."""
        self._what, self._total, self._done = what, max(1, total), 0

    def advance(self, n: int = 1) -> None:
        """Move the bar, not more often than anyone can see."""
        self._done += n
        now = time.monotonic()
        if now - self._drawn > EVERY:
            self._drawn = now
            said = f"{self._done:,} of {self._total:,} {self._what}"
            self._bar.progress(min(1.0, self._done / self._total), text=said)

    def note(self, message: str) -> None:
        """Say it below the bar."""
        st.caption(for_markdown(message, limit=400))

    def close(self) -> None:
        """Remove the bar."""
        self._bar.empty()


def buttons(export: Export, spec: Exporter, options: Settings, path: str) -> None:
    """Download, write into the workspace, or write into a folder the person names."""
    workspace = loaders.workspace(path)
    reason = why_no_download(spec, export, options)
    with st.container(horizontal=True):
        if not reason:
            st.download_button(
                "Download (zip)",
                data=lambda: zip_export(export, spec.name, options=options),
                file_name=f"{workspace.path.name}_{spec.name}.zip",
                mime="application/zip",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
                key="export.download",
            )
        into_workspace = st.button("Write into the workspace", icon=":material/folder:", key="export.write")
    if reason:
        st.caption(reason)
    folder = _folder()
    if into_workspace:
        _written(lambda to: new_export(export, spec.name, workspace.path / "exports", options=options, progress=to))
    elif folder:
        _written(lambda to: write_export(export, spec.name, folder, options=options, progress=to))
    if WRITTEN in st.session_state:
        st.success("Written to this folder:")
        st.code(st.session_state[WRITTEN], language=None)


def _folder() -> str:
    """The folder the person asks to be written; "" while nobody does, or where others may reach this server."""
    if st.get_option("server.address") not in LOCAL:
        return ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Or a new folder on this machine", key="export.folder", placeholder="/home/me/cleaned", max_chars=1000
        )
        asked = st.button("Write to this folder", key="export.write_folder", disabled=not name.strip())
    if asked and not Path(name.strip()).expanduser().is_absolute():
        st.error("Name the whole path of the folder, from the root or from ~.")
        return ""
    return name.strip() if asked else ""


def _written(write: Callable[[ScreenProgress], Path]) -> None:
    st.session_state.pop(WRITTEN, None)
    progress = ScreenProgress()
    try:
        st.session_state[WRITTEN] = str(write(progress))
    except UserError as error:
        st.error(for_markdown(error, limit=900))
    finally:
        progress.close()
