"""The large view of one image with all that is known of it, opened from anywhere; the link holds which image it is."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import loaders, loaders_detail, loaders_problems, state
from dashboard.components.image_opener.image_opener import Opened, image_opener
from dashboard.jump import show_on_map
from dashboard.selection import Filter
from dashboard.widgets import image_facts as html
from dashboard.widgets.exclude import exclude_button
from dashboard.widgets.frame import PAGES, finished_run
from dashboard.widgets.gallery import STYLE, grid
from dashboard.widgets.image_links import keep_list, kept_list, row_at
from dashboard.widgets.reviewer import known_reviewer
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import count, for_html

AMONG = "detail.among"  # str, the name of the list that the image was opened from
DECK = "deck"  # what the review deck calls its queue: it is gone through there, not in the large view
OPENED_HERE = "detail.here"
CLOSED = "detail.closed"  # (image ids, when): the browser sends an old address with whatever is clicked meanwhile
_DRAWN = "detail.drawn"  # the id of the image whose view was drawn last
JUST_NOW = 5.0  # seconds
_CALLED = "detail.called"  # "opened" or "closed", what callbacks have done since the view was drawn last
NEIGHBOURS = 12


def open_detail(seen: Seen, row: int, *, among: NDArray[np.integer] | None = None) -> None:
    """Show an image large, from a callback or before the page ends; `among` are the rows to go through from there.

    From a callback of a fragment `st.rerun()` is needed as well: the view is drawn by the page.
    """
    if among is not None:
        places = np.flatnonzero(among == row)
        keep_list(OPENED_HERE, among, at=int(places[0]) if len(places) else 0)
    st.session_state.pop(CLOSED, None)
    st.session_state[AMONG] = OPENED_HERE if among is not None else ""
    state.write_url({state.IMAGE: str(seen.opened.dataset.table["image_id"].iat[row])})


def close_detail() -> None:
    """Put the large view away; a callback."""
    if st.session_state.get(_CALLED) == "opened":
        return  # that view was closed before the click on the page behind it, though we hear of both at once
    st.session_state[_CALLED] = "closed"
    # a step just before may have led on from the image drawn last, and the browser does not know of it yet
    ids = {st.query_params.get(state.IMAGE), st.session_state.get(_DRAWN)} - {None}
    if ids:
        st.session_state[CLOSED] = (ids, time.monotonic())
    state.write_url({state.IMAGE: None})


def _asked() -> str | None:
    """The id of the image that the link names; not the one just closed, which a click may have sent along again.

    Who goes back to it with the Back button means it.
    """
    asked = st.query_params.get(state.IMAGE)
    if asked is None or asked not in _just_closed():
        return asked
    context = get_script_run_ctx()
    if context is not None and context.is_history_navigation:
        del st.session_state[CLOSED]
        return asked
    state.write_url({state.IMAGE: None})
    return None


def _just_closed() -> set[str]:
    """The ids of the images whose view was put away a moment ago, and none opened since."""
    ids, at = st.session_state.get(CLOSED, (set(), 0.0))
    return ids if time.monotonic() - at <= JUST_NOW else set()


@st.fragment
def image_detail() -> None:
    """Listen for clicks on images and draw the large view of the one that the link names; once, after every page."""
    path = state.workspace()
    run = finished_run(str(path)) if path else None
    if path is None or run is None:
        return
    seen = Seen(str(path), run, Filter())
    image_opener(key="detail.opener", on_open=lambda found: _take(seen, found))
    st.session_state.pop(_CALLED, None)
    asked = _asked()
    if asked is None:
        return
    row = seen.opened.row_of.get(asked)
    if row is None:
        st.toast("The image of this link is not in this data set.")
        close_detail()
        return
    st.session_state[_DRAWN] = asked
    _dialog(seen, int(row))


def _take(seen: Seen, found: Opened) -> None:
    """Open what was asked for; a step in a view that was closed right after it opens nothing."""
    if found.inside and st.session_state.get(_CALLED) == "closed":
        return
    if found.place is not None and _just_closed():
        return
    row = found.row if found.place is None else row_at(found.among, found.place)
    if row is None or row >= len(seen.columns):
        return
    open_detail(seen, row)
    # within the large view neighbours lead away from the list, and a click in a list to that list
    st.session_state[AMONG] = found.among
    if not found.inside:
        st.session_state[_CALLED] = "opened"


@st.dialog("Image", width="large", on_dismiss=close_detail)
def _dialog(seen: Seen, row: int) -> None:
    among = st.session_state.get(AMONG, "")
    found = kept_list(row, among) if among != DECK else None
    st.html(STYLE + html.STYLE + html.view(seen, row) + html.steps(seen, row, found))
    left, right = st.columns(2, gap="large")
    with left:
        st.html(html.large(seen, row))
        _actions(seen, row)
    with right:
        st.html(html.facts(html.labels(seen, row, truth=not _judging())))  # nobody judges with the answer in view
        source = loaders.review_source(seen.path, seen.run.run_id)
        item = source.items([row], 0)[0]
        st.html(html.choices(item.choices))
        st.html(f'<p style="margin:0">{for_html(item.reasons, limit=1000)}</p>')
    _more(seen, row)


def _actions(seen: Seen, row: int) -> None:
    image_id = str(seen.opened.dataset.table["image_id"].iat[row])
    out = image_id in loaders.known(seen.path).excluded
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _judge(row)
        if seen.columns.xy is not None and st.button(
            "Show on the map", key="detail.map", icon=":material/scatter_plot:"
        ):
            close_detail()
            show_on_map(row)
        exclude_button(
            seen,
            "Include in training again" if out else "Exclude from training",
            [row],
            key="detail.exclude",
            reviewer=known_reviewer(),
            verdict="include" if out else "exclude",
        )


def _judging() -> bool:
    """Does the image stand in front of the review deck?"""
    return state.here().page == "review"


def _judge(row: int) -> None:
    """The way to judge the image: over the deck the way back to it, where the queue has stayed in its place."""
    judging = _judging()
    if judging and st.button("Back to judging", type="primary", key="detail.back", icon=":material/arrow_back:"):
        close_detail()
        st.rerun()
    if st.session_state.get(AMONG) == DECK:
        return
    kind: Literal["primary", "secondary"] = "secondary" if judging else "primary"
    if st.button("Judge this image", type=kind, key="detail.judge", icon=":material/rule:"):
        state.set_filter(Filter(images=(row,)))
        st.switch_page(f"{PAGES}/review.py")


def _more(seen: Seen, row: int) -> None:
    """Below image and labels: what is alike, why it is suspicious, what people said, what else is known."""
    image_id = str(seen.opened.dataset.table["image_id"].iat[row])
    log = loaders_detail.history(seen.path, image_id)
    history = f"History ({len(log)})" if len(log) else "History"
    alike, doubts, said, data = st.tabs(["Similar images", "Suspicion", history, "Data"], key="detail.tabs")
    with alike:
        near = loaders_detail.neighbours(seen.path, seen.run.run_id, row, NEIGHBOURS)
        copies = loaders_problems.copies_of(seen.path, seen.run.run_id, row)
        if copies:
            st.caption("Copies of this image: the same pixels, or almost; a label in bold differs from the given one.")
            st.html(grid(html.alike(seen, row, copies), side=96))
        if near:
            st.caption("The most similar images by what the model sees; a label in bold differs from the given one.")
            st.html(grid(html.alike(seen, row, near), side=96))
        else:
            st.caption("This analysis has no features, so it is not known which images are alike.")
    with doubts:
        st.html(html.doubts(loaders_detail.doubts(seen.path, seen.run.run_id, row)))
    with said:
        if image_id in loaders.known(seen.path).excluded:
            st.caption("This image is marked as not to be trained on.")
        if len(log):
            st.html(html.log(log))
            st.caption(f"{count(len(log), 'event')}, newest first; what was undone is struck through.")
        else:
            st.caption("Nobody has said anything of this image yet.")
    with data:
        st.html(html.facts(html.metadata(seen, row, loaders_detail.file_size(seen.path, row))))
