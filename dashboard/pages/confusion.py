"""Confusion: the matrix, ordered by community; a click on a cell shows the images of that pair."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import loaders_confusion, state
from dashboard.cells import rest_of
from dashboard.widgets.class_table import class_table
from dashboard.widgets.confused import cells_table, partners_table
from dashboard.widgets.frame import enter
from dashboard.widgets.gallery import review_button
from dashboard.widgets.matrix_controls import axis_of, breadcrumbs, class_search, controls, words
from dashboard.widgets.matrix_view import View, said, show, view_of
from dashboard.widgets.pair import say_pair
from dashboard.widgets.pair_images import pair_images, without_images
from dashboard.widgets.pair_verdict import pair_verdict
from dashboard.widgets.second_run import second_run, short_names
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_markdown
from dashboard.widgets.two_runs import what_changed


def chosen_cell(seen: Seen, view: View) -> None:
    """The sentence of the chosen cell and what can be done with it."""
    for sentence in said(seen, view) or (say_pair(seen) if seen.chosen.pair else []):
        st.html(f'<p role="status" style="margin:0">{sentence}</p>')
    if seen.chosen.pair is not None and not seen.chosen.both:
        st.button(
            "Also choose the opposite direction",
            key="confusion.both",
            type="tertiary",
            icon=":material/swap_horiz:",
            on_click=state.set_filter,
            args=(replace(seen.chosen, both=True),),
        )
    pair_verdict(seen, key="confusion.pair")
    review_button(seen, key="confusion.review")


def beside(seen: Seen, view: View) -> None:
    """The chosen cell, and the cells or partners as a table."""
    if seen.chosen.is_empty:
        st.caption("Click a cell of the matrix, or a row of the table, to see its images.")
    chosen_cell(seen, view)
    k = seen.chosen.class_id
    if k is not None:
        confusion = loaders_confusion.confusion_of(seen.path, seen.run.run_id, rest_of(seen.chosen))
        st.markdown(f"**What {for_markdown(seen.classes[k])} is confused with**")
        partners_table(seen, confusion, k)
    else:
        st.markdown("**The heaviest cells**")
        cells_table(seen)


def main() -> None:
    """Draw the page."""
    seen = enter("confusion", "Which classes are confused?", "Rows are given labels, columns predictions.")
    if seen is None:
        return
    without_images(seen)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        drawn = controls()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        class_search(seen)
        other = second_run(seen, key="confusion")
        breadcrumbs(seen)
    names = short_names(seen, other) if other is not None else ("", "")
    axis = axis_of(seen)
    words(seen, axis)
    view = view_of(seen, axis, drawn, other=other, names=names)
    if other is None:
        left, right = st.columns([3, 2], gap="medium")
    else:
        left, right = st.container(), st.container()
    with left:
        show(seen, view)
    with right:
        beside(seen, view)
    if not seen.chosen.is_empty:
        with st.container(key="confusion.images"):  # where a double-click leads
            st.subheader("Which images are these?", anchor=False)
            pair_images(seen)
    if other is not None:
        what_changed(seen, other, names)
    st.subheader("How does every class do?", anchor=False)
    class_table(seen)


main()
