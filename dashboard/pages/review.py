"""Review: the deck does the judging; this page chooses the queue and shows how far it is."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from analysis.review.queue import undecided, window
from dashboard import loaders, loaders_queue
from dashboard.components.review_deck.review_deck import Window, review_deck, wanted
from dashboard.queues import Choice, tag
from dashboard.widgets.beside import queue_map
from dashboard.widgets.frame import PAGES, enter
from dashboard.widgets.queue_choice import choose_queue
from dashboard.widgets.queue_extras import extras_of, mixed
from dashboard.widgets.queue_options import Options
from dashboard.widgets.queue_standing import queue_standing
from dashboard.widgets.queue_table import queue_table
from dashboard.widgets.reviewer import reviewer_name, sign_in_proof
from dashboard.widgets.seen import Seen

DECK = "review.deck"
ORDER = "review.order"
SIZE = 60  # images in a window


def order(choice: Choice, seen: Seen, *, options: Options, reviewer: str) -> dict[str, Any]:
    """The queue in a fixed order: made once per choice, so that windows never overlap and nothing comes twice."""
    known: dict[str, Any] | None = st.session_state.get(ORDER)
    options = replace(options, accepted=0.0)  # what may remain makes no other queue
    of = (choice, seen.path, seen.run.run_id, reviewer, options)
    if known and known["of"] == of:
        return known
    queue = loaders_queue.queue_rows(seen.path, seen.run.run_id, choice)
    settles = choice.kind == "disagreements"
    decided, skipped = loaders.said(seen.path).done(reviewer, opinions=options.opinions, adjudicate=settles)
    left = undecided(queue, decided, skipped)
    rows, purposes = mixed(seen, left, options=options, reviewer=reviewer)
    made = {
        "of": of,
        "name": secrets.token_hex(8),
        "rows": rows,
        "purposes": purposes,
        "already": len(queue) - len(left),
        "skipped": int(np.isin(left, skipped).sum()),
    }
    st.session_state[ORDER] = made
    return made


@st.fragment
def judge(made: dict[str, Any], seen: Seen, *, choice: Choice, options: Options, reviewer: str) -> None:
    """The deck on its present window, and what the queue has shown so far."""
    rows = made["rows"]
    want = wanted(DECK)
    start = int(want["start"]) if want and want.get("queue") == made["name"] else 0
    start = min(max(0, start), max(0, len(rows) - 1))
    shown = window(rows, start, SIZE).tolist()
    source = loaders.review_source(seen.path, seen.run.run_id)
    extras = extras_of(seen, shown, start, purposes=made["purposes"], settles=choice.kind == "disagreements")
    deck = Window(
        queue=made["name"],
        tag=tag(choice),
        total=len(rows),
        already=made["already"],
        skipped=made["skipped"],
        opinions=options.opinions,
        adjudicate=choice.kind == "disagreements",
        items=source.items(shown, start, known=loaders.known(seen.path), extras=extras),
    )
    proof = sign_in_proof(seen.opened.key)
    review_deck(seen.opened, deck, reviewer=reviewer, proof=proof, run_id=seen.run.run_id, key=DECK)
    queue_standing(seen, choice, accepted=options.accepted)


def nothing_here(choice: Choice) -> None:
    """What to do where a queue is empty."""
    if choice.kind == "disagreements":
        st.info("Nobody disagrees: every image that several people judged has one answer, or was settled.")
        return
    if choice.kind != "suspects":
        st.info("No image is in this queue. Choose another one, or remove a condition of the filter above.")
        return
    st.info("No label looks wrong: there is nothing to judge. What the model confuses is still worth a look.")
    if st.button("See the communities", type="primary", key="review.communities"):
        st.switch_page(f"{PAGES}/communities.py")


def main() -> None:
    """Draw the page."""
    seen = enter("review", "Review")
    if seen is None:
        return
    reviewer = reviewer_name()
    choice, options = choose_queue(seen, reviewer)
    if choice is None:
        return
    queue = loaders_queue.queue_rows(seen.path, seen.run.run_id, choice)
    if len(queue) == 0:
        nothing_here(choice)
        return
    if not reviewer:
        st.info("Enter your name in the sidebar first, or sign in: it is stored with every decision.")
        return
    made = order(choice, seen, options=options, reviewer=reviewer)
    judge(made, seen, choice=choice, options=options, reviewer=reviewer)
    queue_map(seen, queue)
    queue_table(seen, queue)


main()
