"""How far a queue is, what it has shown so far, what may remain, and whether to go on."""

from __future__ import annotations

import streamlit as st

from analysis.review.audit import AuditResult, AuditRule, audit_result
from analysis.review.queue import QueueProgress, bias_sentence, progress
from analysis.review.stopping import Advice, advise
from dashboard import loaders, loaders_queue
from dashboard.queues import Choice, tag
from dashboard.widgets.audits import audits
from dashboard.widgets.queue_choice import ASKED
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, duration, for_markdown, interval, percent

TITLES = {
    "begin": "Begin",
    "go_on": "Go on",
    "audit": "Audit a random sample",
    "stop": "You can stop",
    "open": "Not yet known",
}
ICONS = {"stop": ":material/check_circle:", "audit": ":material/casino:"}


def queue_standing(seen: Seen, choice: Choice, *, accepted: float) -> None:
    """All figures of a queue under the deck."""
    queue = loaders_queue.queue_rows(seen.path, seen.run.run_id, choice)
    said = loaders.said(seen.path)
    reached = progress(queue, said, tag=tag(choice))
    audited = latest_audit(seen, choice)
    n_images = len(seen.columns)
    st.subheader("What this queue has shown so far", anchor=False)
    if choice.kind != "disagreements":
        show_advice(advise(reached, audited, n_images=n_images, accepted=accepted))
    show_progress(reached, n_images, random=choice.kind == "audit")
    if audited is not None:
        show_audit(audited)
    show_others(seen)


def latest_audit(seen: Seen, choice: Choice) -> AuditResult | None:
    """What the audit of this queue says, or else the newest one; None without any."""
    rule = choice.audit
    if rule is None:
        known = audits(seen)
        if not known:
            return None
        rule = AuditRule.of(known[0].rule)
    return audit_result(loaders.audit(seen.path, rule), loaders.said(seen.path).verdict)


def show_advice(advice: Advice) -> None:
    """Whether to go on, with the reason in numbers."""
    with st.container(border=True):
        left, right = st.columns([6, 1], vertical_alignment="center")
        icon = ICONS.get(advice.verdict, ":material/arrow_forward:")
        left.markdown(f"{icon} **{TITLES[advice.verdict]}.** {for_markdown(advice.sentence, limit=1000)}")
        if advice.verdict == "audit":
            right.button("Draw one", key="review.draw", on_click=_ask_for_audit, width="stretch")


def _ask_for_audit() -> None:
    st.session_state[ASKED] = "audit"


def show_progress(reached: QueueProgress, n_images: int, *, random: bool) -> None:
    """Judged, found wrong, precision with its interval and what it does not say, time left."""
    judged = reached.wrong + reached.right
    if reached.precision is None:
        st.caption("Nothing is judged yet. The share of wrong labels, with its interval, appears with your decisions.")
        return
    one, two, three, four = st.columns(4)
    one.metric("Judged", f"{judged:,}")
    parts = [f"of {count(reached.total, 'image')}"]
    parts += [f"{reached.open_verdicts:,} unsure or skipped"] if reached.open_verdicts else []
    parts += [f"{reached.elsewhere:,} judged elsewhere"] if reached.elsewhere else []
    one.caption(", ".join(parts))
    two.metric("Labels found wrong", f"{reached.wrong:,}")
    two.caption("changed, several labels fit, or none fits")
    three.metric("Share wrong" if random else "Precision so far", percent(reached.precision, digits=0))
    three.caption(f"95 % interval {interval(reached.low, reached.high)}")
    four.metric("Time left", duration(reached.time_left) if reached.time_left is not None else "–")
    if reached.seconds is not None:
        four.caption(f"at {reached.seconds:.1f} s a decision")
    if not random:
        st.caption(bias_sentence(reached, n_images=n_images, method="the combined suspicion"))


def show_audit(result: AuditResult) -> None:
    """What the random sample says of the whole data set."""
    st.markdown(f"**Random audit.** {for_markdown(result.sentence(), limit=1200)}")


def show_others(seen: Seen) -> None:
    """Who else is judging right now."""
    holders = seen.opened.leases.holders()
    if len(holders) < 2:
        return
    who = ", ".join(f"{clean(one.reviewer, limit=40)} ({count(one.images, 'image')})" for one in holders)
    st.caption(f"Judging right now: {for_markdown(who, limit=400)}")
