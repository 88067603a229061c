"""Two models' graphs beside each other: pairs gained and lost, stronger and weaker, communities that match."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.confusion.compare import CHANGES
from dashboard import state
from dashboard.components.class_graph.scene import edge_id
from dashboard.loaders_communities import comparison
from dashboard.selection import Filter
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.second_run import short_names
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count, for_markdown, percent

ROWS = 200
TABLE = "communities.difference"


def model_difference(seen: Seen, other: Seen) -> None:
    """What this model confuses more and less than the other one."""
    found = comparison(seen.path, seen.run.run_id, other.run.run_id)
    names = short_names(seen, other)
    st.subheader("What do the two models confuse differently?", anchor=False)
    st.markdown(say_difference(found.pairs, *(for_markdown(name) for name in names)))
    shown = found.pairs[found.pairs["change"] != "alike"][:ROWS]
    ends = list(zip(shown["source"].tolist(), shown["target"].tolist(), strict=True))
    pair = seen.chosen.pair

    def pick(row: int | None) -> None:
        one, two = ends[row] if row is not None else (None, None)
        state.set_filter(Filter(given=one, predicted=two, both=one is not None))

    pick_row(
        pair_frame(shown, seen.classes, names),
        key=TABLE,
        chosen=position_of([edge_id(*e) for e in ends], edge_id(*pair) if pair else None),
        on_pick=pick,
        height=320,
    )
    n = int((found.pairs["change"] != "alike").sum())
    rest = f"The {ROWS} greatest differences of {n:,}. " if n > ROWS else ""
    st.caption(
        f"{rest}Images in both directions. Clear: more than chance alone would give if both models confused the two "
        "equally often."
    )
    with st.expander("Which communities of the two models belong together?"):
        st.dataframe(community_frame(found.communities, names), hide_index=True)


def say_difference(pairs: pd.DataFrame, here: str, there: str) -> str:
    """How many pairs changed, and how many of them clearly; `here` and `there` are escaped."""
    n = pairs["change"].value_counts()
    clear = pairs[pairs["clear"]]["change"].value_counts()
    gained, lost, stronger, weaker = (
        f"{count(int(n.get(kind, 0)), 'pair')} ({int(clear.get(kind, 0)):,} clearly)" for kind in CHANGES[:4]
    )
    return (
        f"Only **{here}** confuses {gained}; only **{there}** confuses {lost}. {here} confuses {stronger} more often "
        f"and {weaker} less often than {there}; {count(int(n.get('alike', 0)), 'pair')} equally often."
    )


def pair_frame(pairs: pd.DataFrame, classes: tuple[str, ...], names: tuple[str, str]) -> pd.DataFrame:
    """Pairs as columns for people."""
    return pd.DataFrame(
        {
            "One class": [clean(classes[k], limit=28) for k in pairs["source"]],
            "Another class": [clean(classes[k], limit=28) for k in pairs["target"]],
            f"In {names[0]}": pairs["here"].to_numpy(),
            f"In {names[1]}": pairs["there"].to_numpy(),
            "Difference": pairs["difference"].to_numpy(),
            "Change": pairs["change"].to_numpy(),
            "Clear": pairs["clear"].to_numpy(),
        }
    )


def community_frame(table: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """Matched communities as columns for people."""
    return pd.DataFrame(
        {
            f"In {names[0]}": [community_name(c) for c in table["community"]],
            f"In {names[1]}": [community_name(c) if c >= 0 else "every class alone" for c in table["other"]],
            "Classes here": table["n_here"].to_numpy(),
            "Classes there": table["n_there"].to_numpy(),
            "In both": table["shared"].to_numpy(),
            "Overlap": [percent(share, digits=0) for share in table["overlap"]],
        }
    )
