"""The shared filter as chips that read as sentences, removable one by one; the ways back, forth and to saved views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from analysis.base.conditions import text_of
from dashboard import state
from dashboard.layouts import title_of
from dashboard.selection import WHERE, Filter
from dashboard.widgets.condition_words import in_words
from dashboard.widgets.filter_form import DECISION, ONLY, filter_form
from dashboard.widgets.saved_views import saved_views
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import community_name, count, for_markdown


def sentence(part: str, chosen: Filter, classes: Sequence[str], *, n_lasso: int | None = None) -> str:
    """What one condition says, in Markdown with the names escaped: "given: lynx → predicted: tabby"."""

    def name(k: int | None) -> str:
        return for_markdown(classes[k] if k is not None else "", limit=32)

    if part.startswith(WHERE):
        return in_words(next(c for c in chosen.where if WHERE + text_of(c) == part))
    arrow = "↔" if chosen.both else "→"
    low, high = chosen.suspicion or (0.0, 1.0)
    lasso = f"lasso on {title_of(chosen.lasso_on)}" if chosen.lasso_on else "lasso"
    says: dict[str, Callable[[], str]] = {
        "pair": lambda: f"given: {name(chosen.given)} {arrow} predicted: {name(chosen.predicted)}",
        "given": lambda: f"given: {name(chosen.given)}",
        "predicted": lambda: f"predicted: {name(chosen.predicted)}",
        "class": lambda: f"given or predicted: {name(chosen.class_id)}",
        "community": lambda: f"given in {community_name(chosen.community or 0)}",
        "into": lambda: f"predicted in {community_name(chosen.into or 0)}",
        "lasso": lambda: lasso if n_lasso is None else f"{lasso}: {count(n_lasso, 'image')}",
        "only": lambda: ONLY[chosen.only],
        "images": lambda: count(len(chosen.images), "chosen image"),
        "decision": lambda: f"decision: {DECISION[chosen.decision]}",
        "suspicion": lambda: f"suspicion {low:g} to {high:g}",
    }
    return says[part]()


def show_chips(seen: Seen, *, n_lasso: int) -> None:
    """The chips of the filter in force, how many images pass, and the way to add a condition."""
    chosen = seen.chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chips"):
        for part in chosen.parts():
            st.button(
                sentence(part, chosen, seen.classes, n_lasso=n_lasso),
                key=f"chip.{part}",
                icon=":material/close:",
                icon_position="right",
                help="Remove this condition",
                on_click=state.change,
                args=(lambda f, part=part: f.without(part),),
            )
        filter_form(seen)
        saved_views(seen)
        if len(chosen.parts()) > 1:
            st.button("Clear all", key="chips.clear", type="tertiary", on_click=state.set_filter, args=(Filter(),))
        _back_and_forth()
        n_found = len(seen.rows)
        found = count(n_found, "image")
        st.caption(f"{found} match" + ("es" if n_found == 1 else "") if not chosen.is_empty else f"All {found}")


def _back_and_forth() -> None:
    """Two buttons that undo and redo the steps of looking; decisions are not touched."""
    steps = state.steps()
    for by, label, icon, text in (
        (-1, "Back", ":material/undo:", "Undo the last change of filter, options or page"),
        (1, "Forward", ":material/redo:", "Redo what was undone"),
    ):
        key = f"steps.{label.lower()}"
        if st.button(label, key=key, icon=icon, help=text, type="tertiary", disabled=not steps.can(by)):
            state.go(steps.move(by))
