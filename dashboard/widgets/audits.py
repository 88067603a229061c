"""Random audits: drawing a sample that ignores every score, and choosing one to judge."""

from __future__ import annotations

import secrets
import time

import streamlit as st

from analysis.base.errors import UserError
from analysis.review.audit import AuditRule
from analysis.review.named import NamedQueue
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, for_markdown

NEW = "new"
USUAL = 200
POPULATIONS = {"unjudged": "images nobody has judged yet", "all": "all images"}
CHOSEN = "review.audit"  # the audit chosen; "new" draws another one
DRAWN = "review.audit.drawn"  # one that was drawn in the rerun before


def audits(seen: Seen) -> list[NamedQueue]:
    """All audits of the workspace that are not closed, the newest first; without its rule one is no sample any more."""
    return [queue for queue in seen.opened.queues.all() if queue.kind == "audit" and not queue.problem]


def choose_audit(seen: Seen) -> NamedQueue | None:
    """The audit to judge, or None while a new one is being set up."""
    known = {queue.queue_id: queue for queue in audits(seen)}
    drawn = st.session_state.pop(DRAWN, None)
    if drawn is not None:
        st.session_state[CHOSEN] = drawn
    if st.session_state.get(CHOSEN) not in (*known, NEW):
        st.session_state[CHOSEN] = next(iter(known), NEW)
    st.selectbox(
        "Audit",
        [*known, NEW],
        format_func=lambda key: "Draw a new sample …" if key == NEW else clean(known[key].name, limit=90),
        key=CHOSEN,
        label_visibility="collapsed",
    )
    chosen = st.session_state[CHOSEN]
    return known.get(chosen)


def draw_audit(seen: Seen, reviewer: str) -> None:
    """The form for a new sample."""
    st.write(
        "A random audit looks at images that no score has chosen. Only such a sample tells how many labels are wrong "
        "in all, how many are still unfound, and when it is time to stop."
    )
    n_images = len(seen.columns)
    with st.form("review.audit.form", border=False):
        left, right = st.columns(2)
        m = left.number_input("Images to draw", 1, n_images, min(USUAL, n_images), key="review.audit.m")
        population = right.radio(
            "Drawn from", list(POPULATIONS), format_func=POPULATIONS.__getitem__, key="review.audit.population"
        )
        drawn = st.form_submit_button("Draw the sample", type="primary", disabled=not reviewer)
    if not drawn:
        return
    rule = AuditRule(
        m=int(m), seed=secrets.randbelow(2**31), as_of=seen.opened.decisions.last_seq(), population=population
    )
    day = time.strftime("%Y-%m-%d %H:%M")
    name = f"{int(m):,} of {POPULATIONS[population]}, drawn {day} by {reviewer}"[:200]
    try:
        made = seen.opened.queues.add("audit", name, rule.as_rule(), reviewer)
    except UserError as error:
        st.error(for_markdown(error, limit=400))
        return
    st.session_state[DRAWN] = made
    st.rerun()
