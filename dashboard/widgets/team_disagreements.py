"""The images on which reviewers differ, with what each one said, and the way to settle them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.review.limits import labels_of
from analysis.review.standing import disagreements
from dashboard import loaders
from dashboard.items import said
from dashboard.widgets.frame import PAGES
from dashboard.widgets.gallery import STYLE, card, grid
from dashboard.widgets.queue_choice import ASKED
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import count, for_html

SHOWN = 12
LINES = 4  # opinions shown under one image


def differing(seen: Seen) -> None:
    """The newest disagreements as cards, and the button that leads to settling them all."""
    st.subheader("Where do they disagree?", anchor=False)
    open_ones = seen.opened.dataset.table["image_id"].iloc[loaders.said(seen.path).disagreeing]
    current = loaders.decision_store(seen.path).current()
    here = disagreements(current[current["image_id"].isin(open_ones)])
    newest = here.groupby("image_id")["event_id"].max().sort_values(ascending=False)
    if newest.empty:
        st.caption("Nowhere: every image that several people judged has one answer, or was settled.")
        return
    words = count(len(newest), "disagreement")
    if st.button(f"Settle the {words}", type="primary", key="team.settle", icon=":material/gavel:"):
        st.session_state[ASKED] = "disagreements"
        st.switch_page(f"{PAGES}/review.py")
    shown = newest.index[:SHOWN]
    by_image = dict(iter(here[here["image_id"].isin(shown)].groupby("image_id")))
    made = (opinions_card(seen, int(seen.opened.row_of[image]), by_image[image]) for image in shown)
    st.html(STYLE + grid(made, side=130))
    more = f"The newest {SHOWN} of {len(newest):,}. " if len(newest) > SHOWN else ""
    st.caption(f"{more}What settles a disagreement stands above the reviewers' own words, which stay in the log.")


def opinions_card(seen: Seen, row: int, opinions: pd.DataFrame) -> str:
    """The HTML of one image: the thumbnail, the given label, and what each one said."""
    given = for_html(seen.classes[int(seen.columns.given[row])], limit=40)
    lines = [
        f"<div><b>{for_html(one.reviewer, limit=24)}</b>: {for_html(said(one.verdict, labels_of(one.new_label)))}</div>"
        for one in opinions.head(LINES).itertuples()
    ]
    if len(opinions) > LINES:
        lines.append(f"<div>and {len(opinions) - LINES} more</div>")
    words = f'<div class="la-said"><div>given {given}</div>{"".join(lines)}</div>'
    return card(seen, row, words, says=f"labelled {given}, reviewers disagree")
