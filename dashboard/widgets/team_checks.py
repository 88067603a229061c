"""What known-answer and repeat items say of every reviewer, with intervals and without a ranking."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.review.checks import ENOUGH, GAP
from dashboard.widgets.text import clean, interval, percent

FEW = f", under {ENOUGH} items"


def checks(figures: pd.DataFrame) -> None:
    """One line per reviewer who got such items; a word on how to get them where nobody did."""
    st.subheader("How reliable are the answers?", anchor=False)
    asked = figures[(figures["n_known"] > 0) | (figures["n_repeats"] > 0)]
    if asked.empty:
        st.caption(
            "Not measured yet. Images with a known answer, and images that the same person judged before, can be mixed "
            "into a queue at random places: on the Review page, under *Options*."
        )
        return
    st.dataframe(
        checks_table(asked),
        hide_index=True,
        placeholder="–",
        column_config={
            "Known answers": st.column_config.NumberColumn(help="Images whose answer is settled; skips are left out"),
            "Other class": st.column_config.NumberColumn(
                help="Saw that the label is wrong, but named another class than the known answer; not counted as right"
            ),
            "Repeats": st.column_config.NumberColumn(help=f"Images judged again after at least {GAP} others"),
        },
    )
    st.caption(
        f"By name, not by score: below {ENOUGH} items nobody can be compared with anybody, and intervals that overlap "
        "tell no two people apart. These answers never count as verdicts on the images."
    )


def checks_table(asked: pd.DataFrame) -> pd.DataFrame:
    """The figures of `reviewer_figures` as columns for people, by name."""
    return pd.DataFrame(
        {
            "Reviewer": [clean(name) for name in asked["reviewer"]],
            "Known answers": asked["n_known"].to_numpy(),
            "Right (95 % interval)": _shares(asked, "known"),
            "Other class": asked["known_partly"].to_numpy(),
            "Repeats": asked["n_repeats"].to_numpy(),
            "Same as before (95 % interval)": _shares(asked, "repeats"),
        }
    )


def _shares(asked: pd.DataFrame, what: str) -> list[str | None]:
    """ "87 % (67.9 to 95.5 %)"; None where nothing was asked."""
    columns = [asked[f"{name}{what}{end}"] for name, end in (("n_", ""), ("", "_share"), ("", "_low"), ("", "_high"))]
    return [
        None if n == 0 else f"{percent(share, digits=0)} ({interval(low, high)}){'' if n >= ENOUGH else FEW}"
        for n, share, low, high in zip(*columns, strict=True)
    ]
