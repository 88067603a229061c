"""Every image on a page leads to its large view: the address of that view, and the list it stands in."""

from __future__ import annotations

import html
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard import state
from dashboard.widgets.seen import Seen

LISTS = "detail.lists"  # dict, by name: a part of every list of images on the page
REACH = 500  # images before and after those on the page that the large view can go on to


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a list of images: its rows, where in the list the first one stands, how long the whole list is."""

    rows: NDArray[np.integer]
    first: int
    total: int


def keep_list(name: str, rows: NDArray[np.integer], *, at: int = 0, total: int | None = None) -> None:
    """Keep the list around position `at`, so that the large view can go through it. Never all of a million rows.

    `total`: how long the list is, where `rows` are only its first ones.
    """
    first = max(0, at - REACH)
    lists: dict[str, Part] = st.session_state.setdefault(LISTS, {})
    lists.pop(name, None)  # the one shown last stands last
    lists[name] = Part(rows[first : at + REACH].copy(), first, len(rows) if total is None else total)


def kept_list(row: int, name: str = "") -> tuple[str, Part] | None:
    """The list that the image in `row` stands in: the one of that name, else the one that was shown last."""
    lists: dict[str, Part] = st.session_state.get(LISTS, {})
    for found in (name, *reversed(lists)):
        if found in lists and row in lists[found].rows:
            return found, lists[found]
    return None


def row_at(name: str, place: int) -> int | None:
    """The row at a place of the list of that name, counted from 0; None where it is not kept."""
    part = st.session_state.get(LISTS, {}).get(name)
    if part is None or not part.first <= place < part.first + len(part.rows):
        return None
    return int(part.rows[place - part.first])


def image_link(seen: Seen, row: int, among: str = "") -> str:
    """The attributes of an HTML link to the large view of the image in that row.

    A plain click is taken by the page itself (components/image_opener); the address is for a new tab, and holds what
    the present one holds.
    """
    image_id = str(seen.opened.dataset.table["image_id"].iat[row])
    address = "?" + urlencode({**st.query_params.to_dict(), state.IMAGE: image_id})
    name = f' data-among="{html.escape(among, quote=True)}"' if among else ""
    return f'href="{html.escape(address, quote=True)}" data-image="{int(row)}"{name}'
