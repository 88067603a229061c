"""The shared filter as chips that read as sentences, removable one by one, and a form to add a condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from dashboard import state
from dashboard.selection import Filter, Only
from dashboard.widgets.text import community_name, count, for_markdown

ONLY: dict[Only, str] = {
    "": "all images",
    "errors": "predicted is not given",
    "suspects": "suspected wrong labels",
    "cross": "suspects across communities",
    "within": "suspects within a community",
}


def sentence(part: str, chosen: Filter, classes: Sequence[str], *, n_lasso: int | None = None) -> str:
    """What one condition says, in Markdown with the names escaped: "given: lynx → predicted: tabby"."""

    def name(k: int | None) -> str:
        return for_markdown(classes[k] if k is not None else "", limit=32)

    arrow = "↔" if chosen.both else "→"
    says: dict[str, Callable[[], str]] = {
        "pair": lambda: f"given: {name(chosen.given)} {arrow} predicted: {name(chosen.predicted)}",
        "given": lambda: f"given: {name(chosen.given)}",
        "predicted": lambda: f"predicted: {name(chosen.predicted)}",
        "class": lambda: f"given or predicted: {name(chosen.class_id)}",
        "community": lambda: f"given in {community_name(chosen.community or 0)}",
        "into": lambda: f"predicted in {community_name(chosen.into or 0)}",
        "lasso": lambda: "lasso" if n_lasso is None else f"lasso: {count(n_lasso, 'image')}",
        "only": lambda: ONLY[chosen.only],
        "images": lambda: count(len(chosen.images), "chosen image"),
    }
    return says[part]()


def show_chips(chosen: Filter, classes: Sequence[str], *, n_found: int, n_lasso: int, n_communities: int) -> None:
    """The chips of the filter in force, how many images pass, and the way to add a condition."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chips"):
        for part in chosen.parts():
            st.button(
                sentence(part, chosen, classes, n_lasso=n_lasso),
                key=f"chip.{part}",
                icon=":material/close:",
                icon_position="right",
                help="Remove this condition",
                on_click=state.change,
                args=(lambda f, part=part: f.without(part),),
            )
        _adder(chosen, classes, n_communities)
        if len(chosen.parts()) > 1:
            st.button("Clear all", key="chips.clear", type="tertiary", on_click=state.set_filter, args=(Filter(),))
        found = count(n_found, "image")
        st.caption(f"{found} match" + ("es" if n_found == 1 else "") if not chosen.is_empty else f"All {found}")


def _adder(chosen: Filter, classes: Sequence[str], n_communities: int) -> None:
    """A form with every condition except the lasso. Its keys change with the filter, so it never shows an old one."""
    version = state.changes()

    def key(name: str) -> str:
        return f"chips.{name}.{version}"

    with st.popover("Filter", icon=":material/filter_list:"), st.form(key("form"), border=False):
        numbers = list(range(len(classes)))
        label = classes.__getitem__
        given = st.selectbox("Given label", numbers, chosen.given, label, key("given"), placeholder="any")
        predicted = st.selectbox(
            "Predicted class", numbers, chosen.predicted, label, key("predicted"), placeholder="any"
        )
        both = st.checkbox("Also the opposite direction", chosen.both, key("both"))
        groups = list(range(n_communities))
        community = st.selectbox(
            "Community of the given label",
            groups,
            chosen.community,
            community_name,
            key("community"),
            placeholder="any",
        )
        kinds = list(ONLY)
        only = st.selectbox("Which images", kinds, kinds.index(chosen.only), lambda k: ONLY[k], key("only"))
        if st.form_submit_button("Apply", type="primary"):
            state.set_filter(
                replace(chosen, given=given, predicted=predicted, both=both, community=community, only=only)
            )
            st.rerun()
