"""Who is judging: asked once, kept in a cookie of this browser."""

from __future__ import annotations

import getpass
import ipaddress
from urllib.parse import unquote

import streamlit as st

NAME = "review.name"
COOKIE = "lookalike_reviewer"  # written by the deck
LONGEST = 80


def reviewer_name() -> str:
    """The reviewer's name from the field in the sidebar; '' while there is none."""
    if NAME not in st.session_state:
        st.session_state[NAME] = _known()
    with st.sidebar:
        typed = st.text_input(
            "Reviewer",
            value=st.session_state[NAME],
            max_chars=LONGEST,
            key="review.name.field",
            help="Stored with every decision.",
        )
    st.session_state[NAME] = tidy(typed or "")
    return str(st.session_state[NAME])


def tidy(name: str) -> str:
    """One line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:LONGEST]


def _known() -> str:
    """The name this browser gave before; on this machine itself else the name of the account."""
    said = tidy(unquote(st.context.cookies.get(COOKIE, "")))
    if said or not _is_local(st.context.ip_address):
        return said
    try:
        return tidy(getpass.getuser())
    except (OSError, KeyError):  # an account without a name
        return ""


def _is_local(address: str | None) -> bool:
    """Does the browser run on this machine? None is what Streamlit says of its own machine."""
    if address is None:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
