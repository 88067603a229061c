"""Who is judging right now, who judged how much and when, and how a team works on one database."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.base.errors import StoreFailure
from analysis.review.checks import DAYS
from analysis.review.leases import Holder
from analysis.review.opening import VARIABLE
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, for_markdown

EVERY = 20  # seconds between two looks at who is judging
QUEUES = {
    "suspects": "everything suspicious",
    "filter": "a filter",
    "disagreements": "the disagreements",
    "saved": "a saved queue",
    "audit": "a random audit",
}


@st.fragment(run_every=EVERY)
def right_now(seen: Seen) -> None:
    """Who has images on the screen at this moment, and in which queue; nothing where nobody has."""
    try:
        holders = seen.opened.leases.holders()
    except StoreFailure as error:  # at the next look it may be there again
        st.caption(f"Who is judging right now is not known: {for_markdown(error.found, limit=200)}")
        return
    if holders:
        said = "; ".join(say_holder(seen, one) for one in holders)
        st.markdown(f":material/visibility: Judging right now: {said}.")


def say_holder(seen: Seen, holder: Holder) -> str:
    """ "**Ada** in community 3", in Markdown."""
    return f"**{for_markdown(holder.reviewer)}** in {say_queue_tag(seen, holder.queue)}"


def say_queue_tag(seen: Seen, tag: str) -> str:
    """The tag of a queue in words, in Markdown."""
    kind, _, which = tag.partition(":")
    if kind == "community" and which.isdigit():
        return community_name(int(which))
    given, _, suggested = which.partition(">")
    if kind == "pair" and given.isdigit() and suggested.isdigit():
        names = [seen.classes[int(k)] if int(k) < len(seen.classes) else "?" for k in (given, suggested)]
        return " → ".join(for_markdown(name, limit=32) for name in names)
    return QUEUES.get(kind, "another queue")


def who_judged(figures: pd.DataFrame) -> None:
    """One line per reviewer: how much, when, how fast, how often in doubt."""
    st.subheader("Who judged how much, and when?", anchor=False)
    share = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        work_table(figures),
        hide_index=True,
        placeholder="–",
        column_config={
            "Decisions": st.column_config.NumberColumn(
                format="localized", help="That stand; checking items not counted"
            ),
            "By day": st.column_config.BarChartColumn(
                f"Last {DAYS} days", help="Decisions a day, up to the day of the newest one of all", y_min=0
            ),
            "First": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Last": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Median time": st.column_config.NumberColumn(
                format="%.1f s", help="From seeing an image to deciding on it, in single view"
            ),
            "Unsure": share,
            "Skipped": share,
            "Taken back": st.column_config.NumberColumn(format="localized", help="Decisions undone"),
        },
    )
    st.caption("Times are UTC. In grid view nobody can say how long one image was looked at, so it has no median time.")


def work_table(figures: pd.DataFrame) -> pd.DataFrame:
    """The figures of `reviewer_figures` as columns for people, whoever judged most first."""
    ordered = figures.sort_values(["decisions", "reviewer"], ascending=[False, True])
    return pd.DataFrame(
        {
            "Reviewer": [clean(name) for name in ordered["reviewer"]],
            "Decisions": ordered["decisions"].to_numpy(),
            "By day": ordered["by_day"].to_numpy(),
            "First": pd.to_datetime(ordered["first_at"].to_numpy(), unit="s"),
            "Last": pd.to_datetime(ordered["last_at"].to_numpy(), unit="s"),
            "Median time": ordered["seconds"].to_numpy(),
            "Unsure": ordered["unsure"].to_numpy() * 100,
            "Skipped": ordered["skipped"].to_numpy() * 100,
            "Taken back": ordered["undone"].to_numpy(),
        }
    )


def how_a_team_works(figures: pd.DataFrame) -> None:
    """What this page will show once a second person judges, and how to get there."""
    alone = (
        f"Only **{for_markdown(figures['reviewer'].iloc[0])}** has judged here so far."
        if len(figures)
        else ("Nobody has judged anything here yet.")
    )
    with st.container(border=True):
        st.markdown(
            f"{alone} Once two people have judged the same images, this page shows how far they agree – in all, two by "
            "two, by community and by pair of classes – with the images on which they differ, to be settled.\n\n"
            "**To work as a team**\n"
            "- Several people can use this dashboard from their own browsers, each under a name of their own. Nobody "
            "gets an image that somebody else has on the screen.\n"
            f"- Or everybody runs the dashboard on the same data set with one shared database: set `{VARIABLE}` to "
            "its address, such as `postgresql://user:password@server/database`, before starting it.\n"
            "- To measure agreement, ask for two opinions per image: on the Review page, under *Options*."
        )
