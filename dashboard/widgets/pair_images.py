"""The images behind a cell of the matrix: both directions side by side, grouped by the label they were given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.ordering import most_suspicious
from dashboard.selection import rows_of
from dashboard.widgets.gallery import STYLE, cards, gallery
from dashboard.widgets.pair import both_directions
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import community_name, count, for_html

GROUPS = 8  # given classes shown in one direction
EACH = 5  # images of each of them
SIDE = 72  # pixels of a thumbnail


def pair_images(seen: Seen) -> None:
    """The images of the filter: of a pair of classes or of communities in both directions, else page by page."""
    chosen = seen.chosen
    if chosen.pair is not None and chosen.given != chosen.predicted:
        both_directions(seen, chosen)
    elif chosen.community is not None and chosen.into is not None:
        _communities(seen, chosen.community, chosen.into)
    else:
        gallery(seen, seen.rows, key="confusion")


def _communities(seen: Seen, one: int, other: int) -> None:
    ways = [(one, other), (other, one)] if one != other else [(one, one)]
    for column, (given, into) in zip(st.columns(len(ways), gap="large"), ways, strict=True):
        with column:
            rows = rows_of(replace(seen.chosen, community=given, into=into), seen.columns)
            names = community_name(given), community_name(into)
            heading = f"Given in {names[0]}, predicted in {names[1]}" if given != into else f"Confused in {names[0]}"
            st.html(f'<h4 style="margin:0;padding:0">{heading}: {len(rows):,}</h4>')
            _by_given(seen, rows)


def _by_given(seen: Seen, rows: NDArray[np.integer]) -> None:
    """A few of the most suspicious images of each given class, the class with most images first."""
    if not len(rows):
        st.caption("No image in this direction.")
        return
    given = seen.columns.given[rows]
    number = np.bincount(given, minlength=len(seen.classes))
    order = np.argsort(-number, kind="stable")[: min(GROUPS, int((number > 0).sum()))]
    names = seen.classes
    parts = [STYLE + '<div style="display:flex;flex-wrap:wrap;gap:4px 24px">']
    for k in order.tolist():
        own = most_suspicious(rows[given == k], seen.columns.suspicion, EACH)
        heading = f'<h5 style="margin:12px 0 4px;padding:0">{for_html(names[k])}: {number[k]:,}</h5>'
        wide = f"width:{max(2, len(own)) * (SIDE + 12)}px;max-width:100%"
        parts.append(f'<div style="{wide}">{heading}{cards(seen, own.tolist(), side=SIDE)}</div>')
    st.html("".join(parts) + "</div>")
    left = int((number > 0).sum()) - len(order)
    more = f" {count(left, 'more class', 'more classes')} with fewer images: Review holds them all." if left > 0 else ""
    st.caption(f"The {EACH} most suspicious images of each given class.{more}")


def without_images(seen: Seen) -> None:
    """Say which views need pixels, where there are none."""
    if not seen.has_images:
        st.caption(
            "This data set has labels and predictions, but no images. Matrix, communities, tables and verdicts work "
            "without; thumbnails, the large view, problems of image files and folders of images on export need them."
        )
