"""The resolution slider of the graph: how many groups there are at each resolution, and whether they are real."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import state
from dashboard.loaders_communities import Levels
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, percent

RESOLUTION = "resolution"  # URL parameter, absent for the run's own
GROUPS = 100  # rows of the table of groups
SURE, LIKELY = 0.9, 0.7


def choose_level(found: Levels | None) -> int | None:
    """The slider; the level chosen, or None for a run that an earlier version made."""
    if found is None:
        state.forget(RESOLUTION)
        st.caption("This run was made by an earlier version: run it again to see its groups at other resolutions.")
        return None
    said = [f"{r:g}" for r in found.table["resolution"]]
    if state.kept(RESOLUTION) not in said:
        state.forget(RESOLUTION)
    asked = state.kept(RESOLUTION)
    at = said.index(asked) if asked in said else found.own
    key = f"communities.level.{state.changes()}.{said[at]}"

    def chosen() -> None:
        value = st.session_state[key]
        state.keep(RESOLUTION, "" if value == said[found.own] else value)

    if len(said) > 1:
        st.select_slider(
            "Resolution: few large groups, or many small ones?",
            said,
            said[at],
            key=key,
            on_change=chosen,
            help="The places of the classes stay; colour, shape and border show the groups found at this resolution.",
        )
    if asked:
        state.keep(RESOLUTION, "" if at == found.own else said[at])  # a page switch has emptied the link
    st.caption(say_level(found, at))
    return at


def say_level(found: Levels, at: int) -> str:
    """One level in words."""
    row = found.table.iloc[at]
    alone = f" and {count(int(row['n_alone']), 'class', 'classes')} alone" if row["n_alone"] else ""
    groups = f"{count(int(row['n_communities']), 'group')}{alone}, modularity {row['modularity']:.2f}."
    if np.isnan(row["stability"]):
        return f"{groups} No class has companions at this resolution."
    return (
        f"{groups} Other seeds keep {percent(row['stability'], digits=0)} of a class's companions "
        f"({real(row['stability'])}), the next resolutions {percent(row['persistence'], digits=0)}."
    )


def say_own(found: Levels, at: int) -> str:
    """What the groups of another resolution than the run's are good for; nothing at the run's own."""
    if at == found.own:
        return ""
    own, here = (f"{found.table['resolution'].iloc[i]:g}" for i in (found.own, at))
    return (
        f"These groups are for looking. Filter, figures and queues keep to the communities of this run (resolution "
        f"{own}); to work with these, run the analysis again with `--resolution {here}`."
    )


def real(stability: float) -> str:
    """Is this group real? In words."""
    if stability >= SURE:
        return "found again and again"
    return "found most of the time" if stability >= LIKELY else "other runs group these classes otherwise"


def level_tables(seen: Seen, found: Levels | None, at: int | None) -> None:
    """All resolutions beside each other, and the groups of the chosen one."""
    if found is None or at is None:
        return
    with st.expander("Are these groups real? All resolutions, and every group of the chosen one"):
        table = found.table
        shown = pd.DataFrame(
            {
                "Resolution": [
                    f"{r:g}{' (this run)' * int(own)}" for r, own in zip(table["resolution"], table["own"], strict=True)
                ],
                "Groups": table["n_communities"],
                "Classes alone": table["n_alone"],
                "Modularity": table["modularity"],
                "Kept over seeds": table["stability"] * 100,
                "Kept over resolutions": table["persistence"] * 100,
            }
        )
        share = st.column_config.NumberColumn(format="%.0f %%")
        columns = {"Kept over seeds": share, "Kept over resolutions": share}
        columns["Modularity"] = st.column_config.NumberColumn(format="%.2f")
        st.dataframe(shown, hide_index=True, column_config=columns)
        st.caption(
            "Kept: the share of a class's companions that are its companions again. Modularity is highest near "
            "resolution 1 by its definition: it does not say which resolution is right."
        )
        groups = group_table(seen.table("classes"), found, at)
        columns.pop("Modularity")
        st.dataframe(groups[:GROUPS], hide_index=True, column_config=columns)
        if len(groups) > GROUPS:
            st.caption(f"The {GROUPS} groups of most errors of {len(groups):,}.")


def group_table(classes: pd.DataFrame, found: Levels, at: int) -> pd.DataFrame:
    """The groups of more than one class at a level, those of most errors first."""
    facts = classes[["name", "n_errors"]].assign(
        group=found.community[:, at], steady=found.stability[:, at], lasting=found.persistence[:, at]
    )
    ordered = facts.sort_values("n_errors", ascending=False, kind="stable")
    grouped = ordered.groupby("group")
    table = grouped.agg(n=("name", "size"), errors=("n_errors", "sum"), s=("steady", "mean"), p=("lasting", "mean"))
    table = table[table["n"] > 1].sort_values("errors", ascending=False, kind="stable")
    names: dict[int, list[str]] = {group: [] for group in table.index}
    first = ordered[ordered["group"].isin(table.index)].groupby("group").head(5)
    for group, name in zip(first["group"].tolist(), first["name"].tolist(), strict=True):
        names[group].append(clean(name, limit=24))
    return pd.DataFrame(
        {
            "Group": [f"group {number + 1}" for number in table.index],
            "Classes": table["n"].to_numpy(),
            "Such as": [", ".join(names[group]) for group in table.index],
            "Errors": table["errors"].to_numpy(),
            "Kept over seeds": table["s"].to_numpy() * 100,
            "Kept over resolutions": table["p"].to_numpy() * 100,
            "Is it real?": [real(s) for s in table["s"]],
        }
    )
