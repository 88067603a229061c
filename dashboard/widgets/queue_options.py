"""How a queue is worked: opinions per image, items that measure the reviewer, what may remain, saving it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis.base.errors import UserError
from analysis.review.learning import AGAIN, EACH, ENOUGH
from dashboard import loaders_learning, state
from dashboard.queues import Choice
from dashboard.selection import to_params
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_markdown

SHARES = (0.0, 0.02, 0.05, 0.1)
ACCEPTED = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05)
LONGEST_NAME = 80
DRAWN = ("disagreements", "audit")  # judged whole, or in drawn order: nothing to learn an order for


@dataclass(frozen=True)
class Options:
    """opinions: how many different people judge an image. known, repeat: shares of items with a settled answer and of
    items judged before, both in 0..1. accepted: the share of wrong labels that may remain. learnt: on how many verdicts
    the order is learnt anew, 0 = not at all."""

    opinions: int = 1
    known: float = 0.0
    repeat: float = 0.0
    accepted: float = 0.01
    learnt: int = 0


def queue_options(seen: Seen, choice: Choice, reviewer: str) -> Options:
    """Draw the options of the queue behind one button, and give them."""
    settles = choice.kind == "disagreements"
    with st.popover("Options", icon=":material/tune:", width="stretch"):
        opinions = st.number_input(
            "Opinions per image",
            min_value=1,
            max_value=9,
            key="review.opinions",
            disabled=settles,
            help="An image leaves the queue when so many different people have judged it. Nobody is asked twice.",
        )
        known = _share(
            "Items with a known answer",
            "review.known",
            "Images whose label is settled, mixed in at random places: they measure how reliable each reviewer is.",
        )
        repeat = _share(
            "Repeated items",
            "review.repeat",
            "Images that the same reviewer judged before: they measure whether the same eyes say the same again.",
        )
        accepted = st.select_slider(
            "Wrong labels that may remain",
            ACCEPTED,
            value=0.01,
            format_func=_percent,
            key="review.accepted",
            help="The recommendation to stop depends on it.",
        )
        learnt = 0 if choice.kind in DRAWN else learn_option(seen)
        if choice.kind == "filter":
            save_queue(seen, choice, reviewer)
    if settles:
        return Options(accepted=float(accepted))
    return Options(int(opinions), known, repeat, float(accepted), learnt)


def learn_option(seen: Seen) -> int:
    """Whether verdicts may change the order: off until it is asked for, with what it gains measured; gives `learnt`."""
    stage = loaders_learning.stage(seen.path)
    wanted = st.toggle(
        "Learn from verdicts",
        key="review.learn",
        disabled=stage == 0,
        help="Images of classes, pairs and communities where verdicts found more wrong labels than expected come "
        f"earlier. The order changes after every {AGAIN} further verdicts; no image enters or leaves the queue.",
    )
    if stage == 0:
        st.caption(f"Possible after {ENOUGH} verdicts, at least {EACH} of them wrong and {EACH} right.")
        return 0
    if not wanted:
        return 0
    found = loaders_learning.learned(seen.path, seen.run.run_id, stage)
    if found is None:
        return 0
    st.caption(found.sentence())
    return stage


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _share(label: str, key: str, help_text: str) -> float:
    return float(st.select_slider(label, SHARES, format_func=_percent, key=key, help=help_text))


def save_queue(seen: Seen, choice: Choice, reviewer: str) -> None:
    """Give the filter's queue a name: the rule is kept, so that later suspects belong to it too."""
    st.divider()
    name = st.text_input("Save this queue as", max_chars=LONGEST_NAME, key=f"review.save.name.{state.changes()}")
    if not st.button("Save", key="review.save", disabled=not (name.strip() and reviewer)):
        return
    rule = {"filter": to_params(choice.filter), "order": choice.order}
    try:
        seen.opened.queues.add("rule", name.strip(), rule, reviewer)
    except UserError as error:
        st.error(for_markdown(error, limit=400))
    else:
        st.success("Saved: choose it under “Saved”.")
