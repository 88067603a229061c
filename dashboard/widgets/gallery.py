"""The images of a selection as thumbnails: what was given, what is suggested, how suspicious, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard import state
from dashboard.ordering import most_suspicious
from dashboard.server.urls import thumb_url
from dashboard.widgets.frame import PAGES
from dashboard.widgets.image_links import REACH, image_link, keep_list
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_html

PER_PAGE = 24
ONE_LINE = 7  # characters of both names that fit beside each other under a thumbnail

STYLE = """
<style>
.la-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--la-side), 1fr)); gap: 12px; }
.la-card { display: block; min-width: 0; color: inherit !important; text-decoration: none !important; }
.la-card img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 6px;
  background: color-mix(in srgb, currentColor 6%, transparent); image-rendering: auto; }
.la-card:hover img, .la-card:focus-visible img { outline: 2px solid currentColor; outline-offset: 1px; }
.la-card:hover .la-none, .la-card:focus-visible .la-none { outline: 2px solid currentColor; outline-offset: 1px; }
.la-none { display: grid; place-items: center; aspect-ratio: 1; border-radius: 6px; padding: 6px; font-size: 12px;
  overflow-wrap: anywhere; background: color-mix(in srgb, currentColor 6%, transparent); }
.la-names { display: flex; gap: 6px; justify-content: space-between; font-size: 13px; line-height: 1.35;
  margin-top: 4px; }
.la-names span { min-width: 0; }
.la-names span div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.la-names i { white-space: nowrap; flex: none; }
.la-said { font-size: 13px; line-height: 1.4; margin-top: 4px; overflow-wrap: anywhere; }
.la-names s, .la-names i { opacity: .72; font-style: normal; }
</style>
"""


def gallery(seen: Seen, rows: NDArray[np.integer], *, key: str, per_page: int = PER_PAGE, side: int = 88) -> None:
    """Thumbnails of `rows` (M,), most suspicious first, and the way to judge them."""
    if len(rows) == 0:
        st.info("No image matches. Remove a condition above to see more.")
        return
    pages = -(-len(rows) // per_page)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key=f"{key}.page.{state.changes()}") or 1
    start = (page - 1) * per_page
    ordered = most_suspicious(rows, seen.columns.suspicion, start + REACH)
    keep_list(key, ordered, at=start, total=len(rows))
    st.html(STYLE + cards(seen, ordered[start : start + per_page].tolist(), side=side, among=key))
    st.caption("Most suspicious first; the number is the suspicion, 0 to 1. A click shows all that is known of it.")


def review_button(seen: Seen, *, key: str) -> None:
    """Leads to the Review page with the filter in force."""
    n = len(seen.rows)
    label = (
        "Review the suspects" if seen.chosen.is_empty else f"Review {'this image' if n == 1 else f'these {n:,} images'}"
    )
    if st.button(
        label, type="primary", key=key, disabled=n == 0, icon=":material/arrow_forward:", icon_position="right"
    ):
        st.switch_page(f"{PAGES}/review.py")


def cards(seen: Seen, rows: Sequence[int], *, side: int, among: str = "") -> str:
    """The HTML of some rows: a link to the large view around a thumbnail, the labels as text, suspicion as a number.

    `among` is the name under which `keep_list` keeps the list that they stand in.
    """
    return grid((_card(seen, row, among) for row in rows), side=side)


def grid(made: Iterable[str], *, side: int) -> str:
    """Cards side by side, each at least `side` pixels wide."""
    return f'<div class="la-grid" style="--la-side:{side}px">{"".join(made)}</div>'


def _card(seen: Seen, row: int, among: str) -> str:
    c = seen.columns
    given = for_html(seen.classes[c.given[row]], limit=40)
    suggested = for_html(seen.classes[c.suggested[row]], limit=40)
    suspicion = float(c.suspicion[row])
    doubted = bool(c.is_suspect[row]) or c.predicted[row] != c.given[row]
    names = _names(given, suggested if doubted else None)
    says = f"labelled {given}" + (f", {suggested} suggested" if doubted else "") + f", suspicion {suspicion:.2f}"
    caption = f'<div class="la-names"><span>{names}</span><i title="suspicion, 0 to 1">{suspicion:.2f}</i></div>'
    return card(seen, row, caption, says=says, among=among)


def card(seen: Seen, row: int, caption: str, *, says: str, among: str = "") -> str:
    """The HTML of one image that opens its large view: the thumbnail, or the path where there are no pixels.

    `caption` is HTML; `says` describes the card to who cannot see it, escaped already.
    """
    if seen.has_images:
        shown = f'<img src="{thumb_url(seen.opened, row)}" alt="{says}" loading="lazy">'
    else:
        shown = f'<div class="la-none">{for_html(seen.opened.dataset.table["path"].iloc[row], limit=80)}</div>'
    return f'<a class="la-card" {image_link(seen, row, among)} title="{says}" aria-label="{says}">{shown}{caption}</a>'


def _names(given: str, suggested: str | None) -> str:
    """Given and suggested label, escaped already: in one line while both are short, else a line each."""
    if suggested is None:
        return f"<div>{given}</div>"
    if len(given) + len(suggested) <= ONE_LINE:
        return f"<div><s>{given}</s> → <b>{suggested}</b></div>"
    return f"<div><s>{given}</s></div><div>→ <b>{suggested}</b></div>"
