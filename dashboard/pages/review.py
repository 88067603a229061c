"""Review: the deck does the judging; this page chooses the queue and shows how far it is."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import streamlit as st

from analysis.runs.run import Run
from dashboard import loaders, state
from dashboard.components.review_deck.review_deck import Window, review_deck, wanted
from dashboard.queues import Choice, Tally, bias_sentence, open_rows, rows_in, tally
from dashboard.server import opened
from dashboard.widgets.queue_choice import choose_queue, suspects_table
from dashboard.widgets.reviewer import reviewer_name
from dashboard.widgets.text import interval, percent

DECK = "review.deck"
ORDER = "review.order"
WINDOW = 40


def order(choice: Choice, path: str, run: Run) -> dict[str, Any]:
    """The queue in a fixed order: made once per choice, so that windows never overlap and nothing comes twice."""
    known: dict[str, Any] | None = st.session_state.get(ORDER)
    if known and known["of"] == (choice, path, run.run_id):
        return known
    suspects = loaders.run_table(path, run.run_id, "suspects")
    rows = rows_in(choice, suspects, loaders.run_columns(path, run.run_id))
    ids = loaders.dataset(path).table["image_id"].to_numpy()
    left = open_rows(rows, ids, loaders.decision_store(path).in_force())
    made = {"of": (choice, path, run.run_id), "queue": secrets.token_hex(8), "rows": rows, "left": left}
    st.session_state[ORDER] = made
    return made


@st.fragment
def judge(queue: dict[str, Any], path: str, run_id: str, reviewer: str) -> None:
    """The deck on its present window, and what the queue has shown so far."""
    left = queue["left"]
    want = wanted(DECK)
    start = int(want["start"]) if want and want.get("queue") == queue["queue"] else 0
    start = min(max(0, start), len(left))
    window = Window(
        queue=queue["queue"],
        total=len(left),
        already=len(queue["rows"]) - len(left),
        items=loaders.review_source(path, run_id).items(left[start : start + WINDOW].tolist(), start),
    )
    review_deck(opened.open_workspace(path), window, reviewer=reviewer, run_id=run_id, key=DECK)
    table = loaders.dataset(path).table
    counted = tally(queue["rows"], table["image_id"].to_numpy(), loaders.decision_store(path).in_force())
    show_tally(counted, len(table))


def show_tally(counted: Tally, n_images: int) -> None:
    """Progress, measured precision with its interval, and what it does not say."""
    st.subheader("What this queue has shown so far", anchor=False)
    one, two, three, _ = st.columns(4)
    one.metric("Judged", f"{counted.judged:,} of {counted.total:,}")
    two.metric("Labels found wrong", f"{counted.wrong:,}")
    low, high = counted.interval
    three.metric("Precision so far", percent(counted.share, digits=0), help="Wrong labels among the judged images.")
    if counted.judged:
        three.caption(f"95 % interval {interval(low, high)}")
        st.caption(bias_sentence(counted, n_images))
    else:
        st.caption("Nothing judged yet. The precision appears with the first decisions.")


def main() -> None:
    """Draw the page."""
    path = str(state.workspace())
    found = opened.open_workspace(path)
    run_id = state.run_id()
    run = found.workspace.run(run_id) if run_id else found.workspace.latest()
    st.title("Review", anchor=False)
    if run is None:
        st.info("There is nothing to judge yet: no analysis has finished. Start one on the Overview page.")
        return
    reviewer = reviewer_name()
    choice = choose_queue(path, run)
    queue = order(choice, path, run)
    if len(queue["rows"]) == 0:
        st.info("No image is in this queue. Choose another one, or widen the filter.")
    elif not reviewer:
        st.info("Enter your name in the sidebar first: it is stored with every decision.")
    else:
        judge(queue, path, run.run_id, reviewer)
        suspects_table(path, run, np.asarray(queue["rows"]))


main()
