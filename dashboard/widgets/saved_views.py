"""Views with a name that a team shares: the page, the rule of the filter and the options, never a list of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from analysis.base.errors import UserError
from analysis.review.named import NamedQueue
from dashboard import state
from dashboard.history import Step
from dashboard.selection import from_params, to_params
from dashboard.server import opened
from dashboard.widgets.reviewer import known_reviewer
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, for_markdown

LONGEST_NAME = 80
PAGES = Path(__file__).resolve().parents[1] / "pages"


def saved_views(seen: Seen) -> None:
    """Save what is on the screen under a name, open what somebody saved, or take it off the list."""
    with st.popover("Views", icon=":material/bookmark:"):
        views = [queue for queue in seen.opened.queues.all() if queue.kind == "view"]
        if not views:
            st.caption("No view is saved yet. A view keeps this page with its filter and options for the whole team.")
        for view in views:
            _row(seen, view)
        name = st.text_input("Save this view as", max_chars=LONGEST_NAME, key=f"views.name.{len(views)}")
        if st.button("Save", key="views.save", disabled=not name.strip()):
            _save(seen, name.strip())


def _row(seen: Seen, view: NamedQueue) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    step = step_of(view.rule)
    pressed = left.button(
        for_markdown(view.name, limit=LONGEST_NAME),
        key=f"views.open.{view.queue_id}",
        help=f"Saved by {clean(view.created_by)}: {tells(step)}" if step else "This view cannot be read: remove it.",
        disabled=step is None,
        width="stretch",
    )
    right.button(
        "Remove", key=f"views.remove.{view.queue_id}", type="tertiary", on_click=_close, args=(seen.path, view.queue_id)
    )
    if pressed and step is not None:
        state.go(step)


def tells(step: Step) -> str:
    """What a view holds, in plain words."""
    conditions = count(len(step.chosen.parts()), "condition")
    return f"page {step.page}, {conditions if not step.chosen.is_empty else 'all images'}"


def rule_of(step: Step) -> dict[str, Any]:
    """A view as it is stored."""
    return {"page": step.page, "filter": to_params(step.chosen), "options": dict(step.options)}


def step_of(rule: dict[str, Any]) -> Step | None:
    """The view of a stored rule; None where it leads nowhere, because anybody may have written it."""
    page, chosen, options = rule.get("page"), rule.get("filter"), rule.get("options")
    known = {path.stem for path in PAGES.glob("*.py")}
    if page not in known or not isinstance(chosen, dict) or not isinstance(options, dict):
        return None
    texts = sorted((str(name), str(value)) for name, value in options.items())
    return Step(str(page), from_params({str(k): str(v) for k, v in chosen.items()}), tuple(texts[: state.MOST_OPTIONS]))


def _save(seen: Seen, name: str) -> None:
    try:
        seen.opened.queues.add("view", name, rule_of(state.here()), known_reviewer() or "somebody")
    except UserError as error:
        st.error(for_markdown(error, limit=400))
    else:
        st.rerun()


def _close(path: str, queue_id: str) -> None:
    try:
        opened.open_workspace(path).queues.close(queue_id)
    except UserError as error:
        st.error(for_markdown(error, limit=400))
