"""Communities as pieces of work: how weak each is, how far it is judged, what was found; a row leads to it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import state
from dashboard.loaders_communities import Work, work
from dashboard.selection import Filter
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count

TABLE = "communities.work"
ROWS = 300


def work_table(seen: Seen) -> None:
    """The communities of more than one class, those of most errors first."""
    table = seen.table("communities")
    together = table[table["n_classes"] > 1].sort_values("n_errors", ascending=False, kind="stable")
    shown = together[:ROWS]
    if shown.empty:
        st.caption("Every class stands alone: no two are confused often enough.")
        return
    order = shown["community"].tolist()
    done = work(seen.path, seen.run.run_id)

    def pick(row: int | None) -> None:
        state.set_filter(Filter() if row is None else Filter(community=int(order[row])))

    share = st.column_config.NumberColumn(format="%.1f %%")
    pick_row(
        frame_of(shown, done, first_names(seen.table("classes"), order)),
        key=TABLE,
        chosen=position_of(order, seen.chosen.community),
        on_pick=pick,
        columns={
            "Error rate": share,
            "Stay inside": st.column_config.NumberColumn(format="%.0f %%", help="Share of its errors that stay inside"),
            "Of all confusion": share,
            "Headroom": st.column_config.NumberColumn(
                format="%.1f %%", help="The most that the accuracy over all images could rise if it were resolved"
            ),
            "Stability": st.column_config.NumberColumn(format="%.2f"),
            "Judged": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100),
        },
    )
    rest = f" The {ROWS} of most errors of {len(together):,} are listed." if len(together) > ROWS else ""
    finished = sum(state_of(done, c) == "done" for c in order)
    st.caption(
        f"{count(finished, 'community is', 'communities are')} done: all suspects judged. Wrong labels: confirmed by "
        f"people; part of a weakness may be label noise.{rest}"
    )


def frame_of(shown: pd.DataFrame, done: Work, names: list[str]) -> pd.DataFrame:
    """The table that people read; `shown` are rows of the table "communities"."""
    order = shown["community"].to_numpy()
    return pd.DataFrame(
        {
            "Community": [community_name(int(c)) for c in order],
            "Such as": names,
            "Classes": shown["n_classes"].to_numpy(),
            "Errors": shown["n_errors"].to_numpy(),
            "Error rate": shown["error_rate"].to_numpy() * 100,
            "Stay inside": shown["inside_share"].to_numpy() * 100,
            "Of all confusion": shown["mass_share"].to_numpy() * 100,
            "Headroom": shown["headroom"].to_numpy() * 100,
            "Stability": shown["stability"].to_numpy(),
            "Suspects": done.suspects[order],
            "Judged": [100 * share_judged(done, int(c)) for c in order],
            "Wrong labels": done.wrong[order],
            "Work": [state_of(done, int(c)) for c in order],
        }
    )


def share_judged(done: Work, community: int) -> float:
    """Judged suspects of all, 0..1; 1 where there is nothing to judge."""
    suspects = int(done.suspects[community])
    return float(done.judged[community]) / suspects if suspects else 1.0


def state_of(done: Work, community: int) -> str:
    """ "done", "begun", "open", or "no suspects"."""
    suspects, judged = int(done.suspects[community]), int(done.judged[community])
    if not suspects:
        return "no suspects"
    return "done" if judged >= suspects else "begun" if judged else "open"


def first_names(classes: pd.DataFrame, communities: list[int], *, at_most: int = 3) -> list[str]:
    """ "cat, dog, deer and 4 more" of each community as plain text, most errors first."""
    own = classes[classes["community"].isin(communities)].sort_values("n_errors", ascending=False, kind="stable")
    head: dict[int, list[str]] = {c: [] for c in communities}
    first = own.groupby("community").head(at_most)
    for c, name in zip(first["community"].tolist(), first["name"].tolist(), strict=True):
        head[c].append(clean(name, limit=24))
    size = own["community"].value_counts()
    more = [int(size[c]) - len(head[c]) for c in communities]
    return [", ".join(head[c]) + (f" and {n:,} more" if n > 0 else "") for c, n in zip(communities, more, strict=True)]
