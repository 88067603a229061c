"""Data problems: copies, outliers, blank, dark, bright, small, odd and broken images, each kind as a list to act on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.problems.kinds import KINDS, Kind, KindName, rows_beyond
from dashboard import loaders, loaders_problems, state
from dashboard.widgets.exclude import what_was_done
from dashboard.widgets.frame import enter
from dashboard.widgets.problem_lists import broken_list, copies_list, single_list
from dashboard.widgets.problem_threshold import threshold
from dashboard.widgets.reviewer import reviewer_name
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import count

NEEDS = {
    "pixels": "This list needs pixels, and this data set holds labels only.",
    "features": "This list needs what a model sees (features), and the predictions came without any.",
}


def lacks(kind: Kind, seen: Seen) -> str:
    """Why a kind cannot be looked for in this run, or ""."""
    return NEEDS[kind.needs] if kind.needs and not seen.json("problems")["has"][kind.needs] else ""


def listed(kind: Kind, seen: Seen, at: float) -> np.ndarray | loaders_problems.Copies:
    """What a kind lists at a threshold, within the filter."""
    mask = np.zeros(len(seen.columns), bool)
    mask[seen.rows] = True
    if kind.name in ("exact", "near"):
        found = loaders_problems.copies(seen.path, seen.run.run_id, at if kind.name == "near" else None)
        return found if seen.chosen.is_empty else found.with_any(mask)
    rows = rows_beyond(kind, seen.table("image_facts"), at)
    return rows[mask[rows]]


def counts(seen: Seen, aside: pd.DataFrame) -> dict[KindName, str]:
    """How many images every kind lists within the filter at its first threshold; "–" where nobody could look."""
    first = seen.json("problems")["thresholds"]
    made: dict[KindName, str] = {}
    for name, kind in KINDS.items():
        if name == "broken":
            made[name] = f"{len(aside):,}"
        elif lacks(kind, seen):
            made[name] = "–"
        else:
            found = listed(kind, seen, first.get(name, 0.0))
            made[name] = f"{len(found.groups.rows if isinstance(found, loaders_problems.Copies) else found):,}"
    return made


def chosen_kind(n: dict[KindName, str]) -> Kind:
    """The kind that is looked at, with the counts of all."""
    kinds: list[str] = list(KINDS)
    names = {str(kind.name): f"{kind.title} {n[kind.name]}" for kind in KINDS.values()}
    first = next((kind for kind in KINDS if n[kind] not in ("0", "–")), kinds[0])  # a list that holds something
    usual, key = state.option("problem", [first, *kinds]), f"problems.kind.{state.changes()}"
    name = st.pills("Problem", kinds, format_func=names.__getitem__, default=usual, required=True, key=key)
    state.set_option("problem", name, [first, *kinds])
    return next(kind for kind in KINDS.values() if kind.name == name)


def main() -> None:
    """Draw the page."""
    seen = enter("problems", "Which images are a problem in themselves?", "Whatever their labels say.")
    if seen is None:
        return
    if not seen.run.has("problems"):
        st.info("This analysis was made by an earlier version: run it again to see the problems of the images.")
        return
    reviewer = reviewer_name()
    aside = loaders.workspace(seen.path).set_aside()
    n = counts(seen, aside)
    kind = chosen_kind(n)
    st.markdown(kind.plain)
    if why := lacks(kind, seen):
        st.info(why)
        return
    if kind.name == "broken":
        broken_list(aside)
        return
    if seen.json("problems")["n_gone"]:
        st.caption(f"{count(seen.json('problems')['n_gone'], 'image')} could not be read any more and are in no list.")
    found = listed(kind, seen, threshold(kind, seen))
    what_was_done(seen, queue=f"problems:{kind.name}")
    if isinstance(found, loaders_problems.Copies):
        copies_list(seen, kind, found, reviewer=reviewer)
    else:
        single_list(seen, kind, found, values=seen.table("image_facts")[kind.measure].to_numpy(), reviewer=reviewer)


main()
