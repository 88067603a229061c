"""Who is judging: from the sign-in where one is set up, else asked once and kept in a cookie of this browser."""

from __future__ import annotations

import getpass
import ipaddress
from urllib.parse import unquote

import streamlit as st

from dashboard.server.proofs import issue
from dashboard.widgets.text import for_markdown

NAME = "review.name"
COOKIE = "lookalike_reviewer"  # written by the deck
LONGEST = 80


def reviewer_name() -> str:
    """The reviewer's name; '' while there is none. With a sign-in (OIDC) it is the account's and cannot be typed."""
    if "is_logged_in" in st.user:  # only there when secrets.toml has an [auth] section
        return _account()
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


def _account_name() -> str:
    return tidy(str(st.user.get("email") or st.user.get("name") or st.user.get("sub") or ""))


def _account() -> str:
    """The signed-in account: its e-mail address, which is one person's, else its name; a button while signed out."""
    with st.sidebar:
        if not st.user.is_logged_in:
            for provider in _providers():
                words = "Sign in" if provider is None else f"Sign in with {for_markdown(provider)}"
                st.button(words, on_click=st.login, args=(provider,), key=f"review.login.{provider}", type="primary")
            return ""
        account = _account_name()
        st.caption(f"Reviewer: {for_markdown(account)}")
        st.button("Sign out", on_click=st.logout, key="review.logout")
    return account


def _providers() -> list[str | None]:
    """The names of the sign-in services in secrets.toml; None is the only, unnamed one."""
    section = st.secrets.get("auth", {})
    named = [str(name) for name, value in section.items() if hasattr(value, "items") and "client_id" in value]
    return [*named] if named else [None]


def tidy(name: str) -> str:
    """One line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:LONGEST]


def sign_in_proof(workspace: str) -> str | None:
    """The proof that the signed-in account is who is judging, for the workspace of that key; None without a sign-in."""
    if not known_reviewer() or "is_logged_in" not in st.user:
        return None
    return issue(workspace, _account_name())


def known_reviewer() -> str:
    """The reviewer's name as far as it is known, without asking for it; '' where it is not."""
    if "is_logged_in" in st.user:
        return _account_name() if st.user.is_logged_in else ""
    return str(st.session_state.get(NAME) or _known())


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
