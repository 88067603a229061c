"""Which images to judge: the choice of a queue and of its order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from analysis.base.errors import UserError
from analysis.review.audit import AuditRule
from analysis.review.named import NamedQueue
from analysis.review.queue import Order
from dashboard import loaders, loaders_queue, state
from dashboard.queues import Choice, Kind, pairs
from dashboard.selection import Columns, fitting, from_params
from dashboard.server import opened
from dashboard.widgets.audits import choose_audit, draw_audit
from dashboard.widgets.class_names import MOST_NAMES
from dashboard.widgets.queue_options import Options, queue_options
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count, for_markdown

NAMES: dict[Kind, str] = {
    "suspects": "Everything suspicious",
    "filter": "This filter",
    "community": "One community",
    "pair": "One pair of classes",
    "saved": "Saved",
    "disagreements": "Disagreements",
    "audit": "Random audit",
}
ORDERS: dict[Order, str] = {"by_pair": "Pair by pair", "suspicion": "Most suspicious first"}
PLAIN: tuple[Kind, ...] = ("suspects", "filter", "disagreements")  # nothing more to choose
ASKED = "review.kind"  # another page asks for a kind of queue, once


def choose_queue(seen: Seen, reviewer: str) -> tuple[Choice | None, Options]:
    """Draw the choice of a queue, its order and its options, and give them; None while there is nothing to choose."""
    kind = _kind(seen)
    left, middle, right = st.columns([10, 4, 3], vertical_alignment="center")
    with middle:
        order: Order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            key="review.order_by",
            label_visibility="collapsed",
            disabled=kind == "audit",
        )
    with left:
        choice = _chosen(seen, kind, order)
    with right:
        options = queue_options(seen, choice, reviewer) if choice else Options()
    if choice is not None and options.learnt:
        choice = replace(choice, learnt=options.learnt)
    if choice is None:
        if kind == "audit":
            draw_audit(seen, reviewer)
    else:
        with left if kind in PLAIN else st.container():
            _say(seen, choice)
    return choice, options


def _say(seen: Seen, choice: Choice) -> None:
    queue = loaders_queue.queue_rows(seen.path, seen.run.run_id, choice)
    if len(queue):
        st.caption(say_queue(seen.columns, queue))


def _kind(seen: Seen) -> Kind:
    kinds: list[Kind] = [kind for kind in NAMES if kind != "filter" or not seen.chosen.is_empty]
    key = f"review.kind.{state.changes()}"
    asked = st.session_state.pop(ASKED, None)
    if asked in kinds:
        st.session_state[key] = asked
    elif key not in st.session_state:
        st.session_state[key] = "suspects" if seen.chosen.is_empty else "filter"
    st.segmented_control(
        "Queue", kinds, format_func=NAMES.__getitem__, required=True, key=key, label_visibility="collapsed"
    )
    kind: Kind = st.session_state[key]
    return kind


def _chosen(seen: Seen, kind: Kind, order: Order) -> Choice | None:
    if kind == "community":
        return Choice("community", community=_community(seen), order=order)
    if kind == "pair":
        return Choice("pair", pair=_pair(seen), order=order)
    if kind == "filter":
        return Choice("filter", filter=seen.chosen, order=order)
    if kind == "saved":
        return _saved(seen, order)
    if kind == "audit":
        audit = choose_audit(seen)
        return Choice("audit", saved=audit.queue_id, audit=AuditRule.of(audit.rule)) if audit else None
    return Choice(kind, order=order)


def say_queue(columns: Columns, rows: NDArray[np.integer]) -> str:
    """What a queue holds: "166 images: 137 suspects and 29 more that the model would label differently"."""
    suspects = columns.is_suspect[rows]
    differ = ~suspects & (columns.predicted[rows] != columns.given[rows])
    parts = [count(int(suspects.sum()), "suspect")] if suspects.any() else []
    for more, what in (
        (differ, "that the model would label differently"),
        (~suspects & ~differ, "where the model agrees with the given label"),
    ):
        if more.any():
            parts.append(f"{int(more.sum()):,} {'more ' if parts else ''}{what}")
    return f"{count(len(rows), 'image')}: {' and '.join(parts)}."


def _saved(seen: Seen, order: Order) -> Choice | None:
    known = {queue.queue_id: queue for queue in seen.opened.queues.all() if queue.kind == "rule"}
    if not known:
        st.info(
            "No queue is saved yet. Set a filter on any page, choose “This filter” here, and save it under “Options”."
        )
        return None
    left, right = st.columns([5, 1], vertical_alignment="center")
    chosen = left.selectbox(
        "Saved queue",
        list(known),
        format_func=lambda key: f"{clean(known[key].name, limit=60)} (by {clean(known[key].created_by, limit=30)})",
        key="review.saved",
        label_visibility="collapsed",
    )
    right.button("Remove", key="review.saved.remove", on_click=_close, args=(seen.path, chosen), type="tertiary")
    return _of_rule(seen, known[chosen], order)


def _of_rule(seen: Seen, queue: NamedQueue, order: Order) -> Choice | None:
    said = queue.rule.get("filter", {})
    if queue.problem or not isinstance(said, dict):
        st.error("This saved queue cannot be read. Remove it and save it again.")
        return None
    wanted = from_params({str(name): str(value) for name, value in said.items()})
    chosen = fitting(
        wanted,
        n_classes=len(seen.classes),
        n_communities=seen.n_communities,
        has_map=seen.columns.xy is not None,
        columns=seen.columns,
    )
    if chosen != wanted:
        st.warning("A part of this rule means nothing in the run that is open and was left out.")
    return Choice("saved", saved=queue.queue_id, filter=chosen, order=order)


def _close(path: str, queue_id: str) -> None:
    try:
        opened.open_workspace(path).queues.close(queue_id)
    except UserError as error:
        st.error(for_markdown(error, limit=400))


def _community(seen: Seen) -> int | None:
    counts = seen.suspects_of_community
    order = np.argsort(-counts, kind="stable")[:MOST_NAMES].tolist()
    classes = seen.table("classes")
    names = classes.sort_values("n_images", ascending=False).groupby("community")["name"].apply(list)

    def say(number: int) -> str:
        members = ", ".join(clean(name, limit=24) for name in names[number][:3])
        more = f" and {len(names[number]) - 3} more" if len(names[number]) > 3 else ""
        return f"{community_name(number)}: {members}{more} – {count(int(counts[number]), 'suspect')}"

    chosen: int | None = st.selectbox(
        "Community", order, format_func=say, key="review.community", label_visibility="collapsed"
    )
    return chosen


def _pair(seen: Seen) -> tuple[int, int] | None:
    listed = loaders.listed(seen.path, seen.run.run_id)
    images = {(given, suggested): n for given, suggested, n in pairs(seen.columns, listed)}
    classes = seen.classes

    def say(pair: tuple[int, int]) -> str:
        given, suggested = (clean(classes[k], limit=28) for k in pair)
        return f"{given} → {suggested} – {count(images[pair], 'image')}"

    return st.selectbox(
        "Given label → suggestion", list(images), format_func=say, key="review.pair", label_visibility="collapsed"
    )
