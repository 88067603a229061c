"""What the Overview says of a run and its reviewer: the newest audit, what to do next, the report to hand over."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.base.errors import UserError
from analysis.review.audit import AuditResult, AuditRule, audit_result
from analysis.review.report import report
from dashboard import loaders
from dashboard.advice import Advice, Reviewed, candidates, next_best
from dashboard.selection import Filter
from dashboard.widgets.audits import audits
from dashboard.widgets.community import members
from dashboard.widgets.reviewer import known_reviewer
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, for_markdown


def newest_audit(seen: Seen) -> AuditResult | None:
    """What the newest random audit with a judgement says; None without any."""
    for queue in audits(seen):
        found = audit_result(loaders.audit(seen.path, AuditRule.of(queue.rule)), loaders.said(seen.path).verdict)
        if found.rate is not None:
            return found
    return None


def advice(seen: Seen, done: Reviewed) -> Advice:
    """The next best thing to do, from what is judged, what waits, and how quick this reviewer is."""
    said = loaders.said(seen.path)
    mine = said.seconds[(said.reviewer == known_reviewer()) & np.isfinite(said.seconds)]
    queues = candidates(seen.columns, said.queued, lambda chosen: _name(seen, chosen))
    return next_best(done, queues, seconds=float(np.median(mine)) if len(mine) and np.median(mine) > 0 else None)


def _name(seen: Seen, chosen: Filter) -> str:
    if chosen.pair is not None:
        given, predicted = (clean(seen.classes[k], limit=28) for k in chosen.pair)
        return f"Labelled {given}, predicted {predicted}"
    if chosen.community is not None:
        return f"{community_name(chosen.community).capitalize()} ({members(seen, chosen.community, at_most=3)})"
    return "All suspects"


def hand_over(seen: Seen) -> None:
    """The button that makes the one-page report when it is pressed."""
    path, run = seen.path, seen.run

    def page() -> str:
        found = seen.opened
        return report(found.workspace, found.decisions, run, images=loaders.images(path) if seen.has_images else None)

    try:
        st.download_button(
            "Report for a colleague",
            data=page,
            file_name="report.html",
            mime="text/html",
            icon=":material/description:",
            key="overview.report",
            help="One HTML page that needs no network: figures, worst pairs, decisions, changes.",
            on_click="ignore",
        )
    except UserError as error:
        st.error(for_markdown(error, limit=400))
