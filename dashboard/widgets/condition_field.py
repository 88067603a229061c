"""The filter's conditions as text that can be written and edited, with errors that mark the place."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.base.condition_rows import check
from analysis.base.condition_text import LONGEST, parse
from analysis.base.conditions import BadCondition
from dashboard import state
from dashboard.conditions import where_of, where_text
from dashboard.selection import Columns
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_markdown

EXAMPLE = 'suspicion > 0.9 and not (kind == "cross" or decision in ("kept", "unsure"))'
HEIGHT = 80  # pixels: two lines
HELP = (
    "A key, one of == != < <= > >= in, not in, contains, and a value; join them with and, or, not and parentheses. "
    "Text stands in quotes, a key with blanks in backquotes."
)


def condition_field(seen: Seen) -> None:
    """The conditions in force as one text; applying another puts it in their place."""
    key = f"chips.condition.{state.changes()}"
    above = st.container()  # what is wrong with the text stands over it: below, a small popover would cut it off
    with st.form(f"{key}.form", border=False):
        text = st.text_area(
            "Condition",
            where_text(seen.chosen.where),
            height=HEIGHT,
            key=key,
            max_chars=LONGEST,
            placeholder=EXAMPLE,
            help=HELP,
        )
        applied = st.form_submit_button("Apply condition")
    st.caption("Keys: " + ", ".join(for_markdown(name, limit=40) for name in seen.columns.keys))
    if not applied:
        return
    problem = problem_of(text, seen.columns)
    if problem is None:
        state.set_filter(replace(seen.chosen, where=where_of(text)))
        st.rerun()
    above.error(for_markdown(problem, limit=400))
    if problem.detail:
        above.code(problem.detail, language=None)


def problem_of(text: str, columns: Columns) -> BadCondition | None:
    """Why a text is no condition on these images; None where it is one, or empty."""
    if not text.strip():
        return None
    try:
        check(parse(text), columns.field, columns.keys, text=text)
    except BadCondition as error:
        return error
    return None
