"""The form that adds conditions to the filter. Its keys change with the filter, so it never shows an old one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.base.condition_rows import Field, Texts
from analysis.base.condition_text import LONGEST as LONGEST_CONDITION
from analysis.base.conditions import Compare, Op
from analysis.review.states import Decided
from dashboard import state
from dashboard.conditions import LONGEST, range_of, range_text, where_text
from dashboard.selection import Only
from dashboard.widgets.class_names import ask_part, class_choice, too_many
from dashboard.widgets.condition_field import condition_field
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name

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
        condition_field(seen)


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
        "Column of the data set", seen.columns.metadata, None, clean, _key("column"), placeholder="none"
    )
    field = seen.columns.field(column) if column is not None else None
    if column is None or field is None:
        return
    values = values_of(field)
    if values:
        op: Op = "=="
        value = st.selectbox("is", values, None, clean, _key("value"), placeholder="choose")
    elif isinstance(field, Texts):
        op, value = "contains", st.text_input("contains", max_chars=LONGEST, key=_key("text"))
    else:
        op, value = ">=", st.text_input("at least", max_chars=LONGEST, key=_key("number"))
    if st.button("Add", key=_key("add"), disabled=not value):
        _add(seen, Compare(column, op, str(value)))


def values_of(field: Field) -> list[str]:
    """The values of a column to choose from, as text; none where they are too many."""
    if isinstance(field, Texts):
        return sorted(field.values.to_pylist()) if len(field.values) <= FEW else []
    found = np.unique(field.values[field.values == field.values])  # NaN is unlike itself
    return [str(value).lower() for value in found.tolist()] if len(found) <= FEW else []


def _add(seen: Seen, condition: Compare) -> None:
    """Put the condition in the place of one of the same kind on the same column."""
    others = tuple(
        c for c in seen.chosen.where if not (isinstance(c, Compare) and (c.key, c.op) == (condition.key, condition.op))
    )
    where = (*others, condition)
    if not seen.columns.can_answer(condition) or len(where_text(where)) > LONGEST_CONDITION:
        st.error("This is no value of the column, or the filter holds too many conditions.")
        return
    state.set_filter(replace(seen.chosen, where=where))
    st.rerun()
