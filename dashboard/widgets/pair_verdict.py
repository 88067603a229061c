"""What people say of a pair of classes: the verdict, a guideline for those who label, and who said it when."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pandas as pd
import streamlit as st

from analysis.base.errors import BadInput, UserError
from analysis.review.edges import MAX_GUIDELINE, EdgeDecision, Edges, EdgeVerdict
from dashboard import loaders
from dashboard.widgets.reviewer import reviewer_name
from dashboard.widgets.seen import Seen
from dashboard.widgets.start import say_error
from dashboard.widgets.text import clean, for_markdown

VERDICTS: dict[EdgeVerdict, str] = {
    "overlap": "They overlap: both labels can be right",
    "same": "They are the same thing",
    "both": "Images often hold both things",
    "distinct": "They are clearly different",
    "withdrawn": "Nothing yet",
}
EXPLAINED: dict[EdgeVerdict, str] = {
    "overlap": "a disagreement need not be an error",
    "same": "they could be merged",
    "both": "several labels fit such an image",
    "distinct": "a disagreement is an error",
    "withdrawn": "takes back what was said before",
}
SESSION = "pair.session"  # session state: (name of this session in the log of pairs, its last number)
PROBLEM = "pair.problem"  # session state: why the last verdict was not stored
LONG = 400


def pair_verdict(seen: Seen, *, key: str) -> None:
    """What stands of the two classes of the filter, who said so, and a form to say something else."""
    one, other = seen.chosen.pair or (0, 0)
    if one == other:
        return
    names = seen.classes[one], seen.classes[other]
    history = history_of(seen.path, *names)
    standing = history.iloc[-1] if len(history) and history["verdict"].iloc[-1] != "withdrawn" else None
    problem: UserError | None = st.session_state.pop(PROBLEM, None)
    with st.container(border=True, key=f"{key}.box"):
        st.markdown(say_standing(standing))
        if problem is not None:
            say_error(problem)
        label = "Say what these two classes are to each other" if standing is None else "Change it, or see the history"
        with st.expander(label, expanded=problem is not None):
            _form(seen, names, standing, key=f"{key}.{one}.{other}.{0 if history.empty else history['event_id'].max()}")
            if len(history):
                _history(history)


def say_standing(standing: pd.Series | None) -> str:
    """Verdict, guideline, who and when, in Markdown."""
    if standing is None:
        return "**These two classes:** nobody has said yet what they are to each other."
    verdict = VERDICTS[cast("EdgeVerdict", standing["verdict"])]
    who = f"{for_markdown(standing['reviewer'])}, {day(standing['decided_at'])}"
    text = f"  \nGuideline: {for_markdown(standing['guideline'], limit=LONG)}" if standing["guideline"] else ""
    return f"**These two classes:** {verdict[0].lower() + verdict[1:]} ({who}).{text}"


def history_of(path: str, one: str, other: str) -> pd.DataFrame:
    """Everything that was said of a pair, oldest first."""
    log = Edges(loaders.decision_store(path)).log()
    first, second = sorted((one, other))
    return log[(log["class_a"] == first) & (log["class_b"] == second)]


def day(seconds: float) -> str:
    """The day, UTC, as 2026-03-31."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _form(seen: Seen, names: tuple[str, str], standing: pd.Series | None, *, key: str) -> None:
    reviewer = reviewer_name()
    if not reviewer:
        st.info("Enter your name in the sidebar first: it is stored with what you say.")
        return
    kinds = list(VERDICTS)
    at = kinds.index("withdrawn" if standing is None else standing["verdict"])
    with st.form(f"{key}.form", border=False):
        st.radio(
            "What are they to each other?",
            kinds,
            at,
            VERDICTS.__getitem__,
            f"{key}.verdict",
            captions=[EXPLAINED[kind] for kind in kinds],
        )
        st.text_area(
            "Guideline for those who judge such images",
            "" if standing is None else standing["guideline"],
            max_chars=MAX_GUIDELINE,
            key=f"{key}.guideline",
            placeholder="Such as: a husky has a marked face; without it, it is a malamute.",
        )
        st.form_submit_button("Save", type="primary", on_click=_save, args=(seen.path, names, key, reviewer))


def _save(path: str, names: tuple[str, str], key: str, reviewer: str) -> None:
    """Store what the form says. A callback may be cut short at any st.*: none stands between reading and booking."""
    verdict: EdgeVerdict = st.session_state[f"{key}.verdict"]
    guideline = str(st.session_state[f"{key}.guideline"]).strip()
    session, last = st.session_state.get(SESSION) or (f"pairs-{secrets.token_hex(8)}", 0)
    st.session_state[SESSION] = session, last + 1  # taken before it is used: no number ever stands for two verdicts
    problem = _book(path, EdgeDecision(*names, verdict, guideline, reviewer, session, last + 1, time.time()))
    if problem is not None:
        st.session_state[PROBLEM] = problem


def _book(path: str, said: EdgeDecision) -> UserError | None:
    """One short transaction, with nothing of Streamlit in it; what cannot be stored comes back."""
    edges = Edges(loaders.decision_store(path))
    try:
        if said.verdict != "withdrawn":
            edges.book([said])
        elif (edges.current()[["class_a", "class_b"]] == [said.class_a, said.class_b]).all(axis=1).any():
            edges.book([replace(said, guideline="")])
        elif said.guideline:
            return BadInput("A guideline came without a verdict", hint="say what the two classes are to each other")
    except UserError as error:
        return error
    return None


def _history(history: pd.DataFrame) -> None:
    st.caption("Everything that was said, newest first")
    newest = history.iloc[::-1]
    st.dataframe(verdict_table(newest), hide_index=True)


def verdict_table(said: pd.DataFrame) -> pd.DataFrame:
    """Verdicts on pairs as columns for people."""
    return pd.DataFrame(
        {
            "When": [day(at) for at in said["decided_at"]],
            "Who": [clean(name) for name in said["reviewer"]],
            "Verdict": [VERDICTS[cast("EdgeVerdict", verdict)] for verdict in said["verdict"]],
            "Guideline": [clean(text, limit=LONG) if text else "" for text in said["guideline"]],
        }
    )


def all_verdicts(seen: Seen) -> None:
    """What stands of pairs of classes, the newest first; nothing where nothing was said."""
    standing = Edges(loaders.decision_store(seen.path)).current().sort_values("event_id", ascending=False)
    if standing.empty:
        return
    st.subheader("What was said of pairs of classes?", anchor=False)
    names = {
        name: [clean(k) for k in standing[side]] for name, side in (("One class", "class_a"), ("Another", "class_b"))
    }
    st.dataframe(pd.concat([pd.DataFrame(names), verdict_table(standing)], axis=1), hide_index=True)
    st.caption(
        "Said on the Confusion and Communities pages, where a pair is looked at; shown while such images are judged."
    )
