"""How far reviewers agree: in all, one by one, two by two, by community and by pair of classes, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.review.agreement import Agreement, View
from dashboard import loaders
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count, interval, percent

VIEWS: dict[View, str] = {"outcome": "The label they chose", "verdict": "Right, wrong, or cannot tell"}
SHOWN = 100
BEYOND = "Beyond chance (95 %)"
TOO_FEW = "too few images"
NOTES = {"one category only": "one answer only"}
READ = (
    "Worst first. *Beyond chance* is what is left when the agreement that chance would give is taken off: 1 is always "
    "the same, 0 is as by chance. Where nearly all answers are the same, chance alone agrees often, and this is low "
    "though people agree: read it together with *Same*."
)


def agreement(seen: Seen) -> None:
    """All of it, for one way of comparing two answers."""
    head, choice = st.columns([3, 2], vertical_alignment="center")
    head.subheader("How far do they agree?", anchor=False)
    with choice:
        view: View = st.segmented_control(
            "Compared is", list(VIEWS), format_func=VIEWS.__getitem__, default="outcome", required=True, key="team.view"
        )
    found = loaders.agreement(seen.path, seen.run.run_id, view)
    if found.overall.found.n_images == 0:
        st.caption(
            "No image was judged by two people yet. To measure agreement, ask for two opinions per image: on the "
            "Review page, under *Options*."
        )
        return
    overall(found.overall)
    left, right = st.columns(2, gap="large")
    with left:
        table("Each with all others", found.reviewers, {"Reviewer": lambda of: clean(of[0])})
        table("By community of the given label", found.communities, {"Community": lambda of: community_name(of[0])})
    with right:
        pair: dict[str, Callable[[Any], str]] = {"One": lambda of: clean(of[0]), "Another": lambda of: clean(of[1])}
        table("Two by two", found.pairs, pair)
        classes: dict[str, Callable[[Any], str]] = {
            "Given": lambda of: clean(of[0], limit=32),
            "Suggested": lambda of: clean(of[1], limit=32),
        }
        table("By pair of classes", found.class_pairs, classes)
    st.caption(READ)


def overall(all_of_them: Agreement) -> None:
    """Three figures, each with how sure it is."""
    found = all_of_them.found
    one, two, three = st.columns(3)
    one.metric("Judged by two or more", count(found.n_images, "image"))
    one.caption(f"by {count(all_of_them.n_reviewers, 'reviewer')}")
    two.metric("Same answer", percent(found.raw, digits=0) if found.raw is not None else "–")
    low, high = found.raw_low, found.raw_high
    two.caption(f"No interval: {TOO_FEW}" if low is None or high is None else f"95 % interval {interval(low, high)}")
    three.metric("Agreement beyond chance", number(found.kappa), help="1: always the same; 0: as often as by chance.")
    sure = "No interval" if found.low is None else "95 % interval"
    three.caption(f"{sure}: {spread(all_of_them)}. {all_of_them.why}.")


def spread(one: Agreement) -> str:
    """The interval, "0.52 to 0.81", or why there is none."""
    low, high, note = one.found.low, one.found.high, one.found.note
    return NOTES.get(note, note) if low is None or high is None else f"{number(low)} to {number(high)}"


def number(value: float | None) -> str:
    """Two digits, or a dash where nothing is defined."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}"


def table(title: str, found: Sequence[Agreement], names: dict[str, Callable[[Any], str]]) -> None:
    """Parts, the worst first; nothing where there are none."""
    if not found:
        return
    st.markdown(f"**{title}**")
    st.dataframe(
        parts_table(found[:SHOWN], names),
        hide_index=True,
        placeholder="–",
        height="content" if len(found) <= 8 else 320,
        column_config={
            "Images": st.column_config.NumberColumn(format="localized", help="Judged by two or more of them"),
            "Same": st.column_config.NumberColumn(format="%.0f %%", help="Share of the same answers"),
            BEYOND: st.column_config.TextColumn(help="1: always the same, 0: as by chance"),
        },
    )
    if len(found) > SHOWN:
        st.caption(f"The worst {SHOWN} of {len(found):,} are shown.")


def parts_table(found: Sequence[Agreement], names: dict[str, Callable[[Any], str]]) -> pd.DataFrame:
    """The parts as columns for people."""
    columns: dict[str, Any] = {name: [say(one.of) for one in found] for name, say in names.items()}
    columns["Images"] = [one.found.n_images for one in found]
    columns["Same"] = [None if one.found.raw is None else one.found.raw * 100 for one in found]
    columns[BEYOND] = [f"{number(one.found.kappa)} ({spread(one)})" for one in found]
    return pd.DataFrame(columns)
