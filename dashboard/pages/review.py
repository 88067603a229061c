"""Review: the deck does the judging; this page chooses the queue and shows how far it is."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from analysis.review.queue import QueueProgress, bias_sentence, progress, undecided
from analysis.review.standing import JUDGEMENTS
from dashboard import loaders
from dashboard.components.review_deck.review_deck import Window, review_deck, wanted
from dashboard.queues import Choice, queue_of
from dashboard.widgets.frame import PAGES, Seen, enter
from dashboard.widgets.queue_choice import choose_queue, say_queue, suspects_table
from dashboard.widgets.reviewer import reviewer_name
from dashboard.widgets.text import interval, percent

DECK = "review.deck"
ORDER = "review.order"
WINDOW = 40


def order(choice: Choice, seen: Seen) -> dict[str, Any]:
    """The queue in a fixed order: made once per choice, so that windows never overlap and nothing comes twice."""
    known: dict[str, Any] | None = st.session_state.get(ORDER)
    if known and known["of"] == (choice, seen.path, seen.run.run_id):
        return known
    ids = loaders.dataset(seen.path).table["image_id"].to_numpy()
    queue = queue_of(choice, seen.table("suspects"), seen.columns, ids)
    decided = loaders.decision_store(seen.path).in_force()
    judged = decided.loc[decided["verdict"].isin(JUDGEMENTS), "image_id"]
    made = {
        "of": (choice, seen.path, seen.run.run_id),
        "name": secrets.token_hex(8),
        "queue": queue,
        "left": undecided(queue, decided)["row"].to_numpy(),
        "judged": int(queue["image_id"].isin(judged).sum()),
    }
    st.session_state[ORDER] = made
    return made


@st.fragment
def judge(made: dict[str, Any], seen: Seen, reviewer: str) -> None:
    """The deck on its present window, and what the queue has shown so far."""
    left = made["left"]
    want = wanted(DECK)
    start = int(want["start"]) if want and want.get("queue") == made["name"] else 0
    start = min(max(0, start), len(left))
    source = loaders.review_source(seen.path, seen.run.run_id)
    shown = Window(
        queue=made["name"],
        total=len(left),
        already=made["judged"],
        skipped=len(made["queue"]) - len(left) - made["judged"],
        items=source.items(left[start : start + WINDOW].tolist(), start),
    )
    review_deck(seen.opened, shown, reviewer=reviewer, run_id=seen.run.run_id, key=DECK)
    show_progress(progress(made["queue"], loaders.decision_store(seen.path).in_force()), len(seen.columns))


def show_progress(reached: QueueProgress, n_images: int) -> None:
    """How far the queue is, the measured precision with its interval, and what it does not say."""
    st.subheader("What this queue has shown so far", anchor=False)
    judged = reached.wrong + reached.right
    if reached.precision is None:
        st.caption("Nothing is judged yet. The share of wrong labels, with its interval, appears with your decisions.")
        return
    one, two, three = st.columns(3)
    skipped = f", {reached.open_verdicts:,} skipped" if reached.open_verdicts else ""
    one.metric("Judged", f"{judged:,}")
    one.caption(f"of {reached.total:,} images{skipped}")
    two.metric("Labels found wrong", f"{reached.wrong:,}")
    two.caption("changed, several labels fit, or none fits")
    three.metric("Precision so far", percent(reached.precision, digits=0))
    three.caption(f"95 % interval {interval(reached.low, reached.high)}")
    st.caption(bias_sentence(reached, n_images=n_images, method="the combined suspicion"))


def nothing_here(choice: Choice) -> None:
    """What to do where a queue is empty."""
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
    choice = choose_queue(seen)
    made = order(choice, seen)
    if choice.kind != "filter" and len(made["queue"]):  # what the filter means stands in the chips
        st.caption(say_queue(seen.columns, made["queue"]["row"].to_numpy()))
    if len(made["queue"]) == 0:
        nothing_here(choice)
    elif not reviewer:
        st.info("Enter your name in the sidebar first: it is stored with every decision.")
    else:
        judge(made, seen, reviewer)
        suspects_table(seen, made["queue"]["row"].to_numpy())


main()
