"""The form that adds conditions to the filter. Its keys change with the filter, so it never shows an old one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import loaders_filter, state
from dashboard.conditions import LONGEST, MOST_WHERE, Decided, Where, range_of, range_text
from dashboard.selection import Only
from dashboard.widgets.class_names import ask_part, class_choice, too_many
from dashboard.widgets.text import clean, community_name

if TYPE_CHECKING:
    from dashboard.widgets.frame import Seen

FEW = 200  # values that a list to choose from may hold
ONLY: dict[Only, str] = {
    "": "all images",
    "errors": "predicted is not given",
    "suspects": "suspected wrong labels",
    "cross": "suspects across communities",
    "within": "suspects within a community",
}
DECISION: dict[Decided, str] = {
    "": "any",
    "open": "not judged",
    "kept": "label kept",
    "changed": "label changed",
    "several": "several labels",
    "none_fits": "no label fits",
    "unsure": "unsure",
    "excluded": "excluded",
}


def filter_form(seen: Seen) -> None:
    """Every condition except the lasso, behind one button."""
    with st.popover("Filter", icon=":material/filter_list:"):
        pair = (
            _pair(seen) if too_many(len(seen.classes)) else None
        )  # a form would tell the server what is looked for at its end only
        with st.form(_key("form"), border=False):
            _conditions(seen, pair)
        _column(seen)


def _key(name: str) -> str:
    return f"chips.{name}.{state.changes()}"


def _pair(seen: Seen) -> tuple[int | None, int | None]:
    """Given label and predicted class."""
    chosen, classes = seen.chosen, seen.classes
    part = ask_part(classes, key=_key("part"))
    given = class_choice("Given label", classes, chosen.given, part=part, key=_key("given"))
    return given, class_choice("Predicted class", classes, chosen.predicted, part=part, key=_key("predicted"))


def _community(seen: Seen) -> int | None:
    """A community by its name, or by its number where there are too many to list."""
    label, n, chosen = "Community of the given label", seen.n_communities, seen.chosen.community
    if not too_many(n):
        return st.selectbox(label, range(n), chosen, community_name, _key("community"), placeholder="any")
    usual = None if chosen is None else chosen + 1
    number = st.number_input(f"{label} (1 to {n:,})", 1, n, usual, 1, key=_key("community"), placeholder="any")
    return None if number is None else number - 1


def _conditions(seen: Seen, pair: tuple[int | None, int | None] | None) -> None:
    chosen, kinds, said = seen.chosen, list(ONLY), list(DECISION)
    given, predicted = _pair(seen) if pair is None else pair
    both = st.checkbox("Also the opposite direction", chosen.both, _key("both"))
    community = _community(seen)
    only = st.selectbox("Which images", kinds, kinds.index(chosen.only), ONLY.__getitem__, _key("only"))
    decision = st.selectbox(
        "Decision so far", said, said.index(chosen.decision), DECISION.__getitem__, _key("decision")
    )
    suspicion = st.slider("Suspicion", 0.0, 1.0, chosen.suspicion or (0.0, 1.0), 0.01, key=_key("suspicion"))
    if st.form_submit_button("Apply", type="primary"):
        state.set_filter(
            replace(
                chosen,
                given=given,
                predicted=predicted,
                both=both,
                community=community,
                only=only,
                decision=decision,
                suspicion=range_of(range_text(suspicion)),
            )
        )
        st.rerun()


def _column(seen: Seen) -> None:
    """A condition on a column: one of its values, or a part of its text where it has too many."""
    st.divider()
    column = st.selectbox(
        "Column of the data set",
        loaders_filter.fields(seen.path),
        None,
        clean,
        _key("column"),
        placeholder="none",
    )
    field = loaders_filter.field(seen.path, column) if column is not None else None
    if column is None or field is None:
        return
    is_few = len(field.values) <= FEW
    if is_few:
        value = st.selectbox("is", sorted(field.values.to_pylist()), None, clean, _key("value"), placeholder="choose")
    else:
        value = st.text_input("contains", max_chars=LONGEST, key=_key("text"))
    old = tuple(condition for condition in seen.chosen.where if condition.column != column)
    if st.button("Add", key=_key("add"), disabled=not value or len(old) >= MOST_WHERE):
        state.set_filter(replace(seen.chosen, where=(*old, Where(column, str(value), not is_few))))
        st.rerun()
