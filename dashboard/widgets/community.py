"""The report of one community: how weak it is, its worst pairs in both directions, and the way to judge it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import state
from dashboard.charts import sentences
from dashboard.components.class_graph.drawing import Drawing, edge_id, ends_of
from dashboard.selection import Filter
from dashboard.widgets.frame import PAGES, Seen
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.text import clean, community_name, count, for_html, percent

PAIRS = 5
LEGEND = 14
CHOICE = "communities.choice"
PAIR_TABLE = "communities.pairs"


def members(seen: Seen, community: int, *, at_most: int = 6) -> str:
    """ "cat, dog, deer and 4 more": the classes of a community as plain text, most errors first."""
    classes = seen.table("classes")
    own = classes[classes["community"] == community].sort_values("n_errors", ascending=False, kind="stable")
    names = [clean(name, limit=24) for name in own["name"]]
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more


def legend(seen: Seen, drawing: Drawing) -> None:
    """Which mark stands for which community."""
    known = drawing.legend()
    lines = [
        f'<span style="white-space:nowrap"><span style="color:{colour}" aria-hidden="true">{glyph}</span> '
        f"{community_name(community)}</span>"
        for glyph, colour, community in known[:LEGEND]
    ]
    if len(known) > LEGEND:
        lines.append(f"and {len(known) - LEGEND} more")
    single = int((seen.table("classes")["community"].value_counts() == 1).sum())
    if single:
        lines.append(f"{count(single, 'class', 'classes')} alone")
    st.html('<div style="display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px">' + "".join(lines) + "</div>")


def community_meant(seen: Seen) -> int | None:
    """The community of the filter: named, or that of the class or pair it names."""
    chosen = seen.chosen
    if chosen.community is not None:
        return chosen.community
    k = next((k for k in (chosen.class_id, chosen.given, chosen.predicted) if k is not None), None)
    return None if k is None else int(seen.columns.community[k])


def choose_community(seen: Seen) -> int:
    """The community of the filter, or one chosen here; the one with most errors comes first."""
    table = seen.table("communities").sort_values("n_errors", ascending=False, kind="stable")
    known = table["community"].tolist()
    at = position_of(known, community_meant(seen)) or 0

    def say(number: int) -> str:
        return f"{community_name(number)}: {members(seen, number, at_most=3)}"

    def chosen() -> None:
        state.set_filter(Filter(community=st.session_state[key]))

    key = f"{CHOICE}.{state.changes()}"
    number = st.selectbox("Community", known, at, say, key, on_change=chosen)
    return int(number)


def community_report(seen: Seen) -> None:
    """Figures, worst pairs and the review button of one community."""
    number = choose_community(seen)
    table = seen.table("communities").set_index("community")
    facts = table.loc[number]
    n_errors, n_images = int(facts["n_errors"]), int(facts["n_images"])
    one, two, three = st.columns(3)
    one.metric("Error rate", percent(facts["error_rate"]), help="Images of its classes predicted as another class.")
    two.metric("Stay inside", percent(facts["inside_share"]), help="Share of its errors that stay inside.")
    three.metric(
        "Headroom",
        percent(facts["headroom"]),
        help="The most that the accuracy over all images could rise if these classes were told apart perfectly. "
        "Part of it may be wrong labels.",
    )
    st.caption(
        f"{count(int(facts['n_classes']), 'class', 'classes')}, {count(n_images, 'image')}, "
        f"{count(n_errors, 'error')}, {percent(facts['mass_share'])} of all confusion. Stability "
        f"{facts['stability']:.2f} of 1: {_real(facts['stability'])}."
    )
    worst_pairs(seen, number)
    suspects = int(seen.suspects_of_community[number])
    label = f"Review this community ({count(suspects, 'suspect')})"
    if st.button(label, type="primary", disabled=not suspects, key="communities.judge"):
        state.set_filter(Filter(community=number, only="suspects"))
        st.switch_page(f"{PAGES}/review.py")


def _real(stability: float) -> str:
    if stability >= 0.9:
        return "the group is found again and again"
    return "the group is found most of the time" if stability >= 0.7 else "other runs group these classes otherwise"


def worst_pairs(seen: Seen, community: int) -> None:
    """The most confused pairs inside, both directions; a click chooses the pair."""
    pairs = pairs_inside(seen.table("edges"), seen.table("classes"), community)[:PAIRS]
    if pairs.empty:
        st.caption("No image of it was predicted as another of its classes.")
        return
    names = seen.classes

    ends = [edge_id(int(a), int(b)) for a, b in zip(pairs["source"], pairs["target"], strict=True)]

    def pick(row: int | None) -> None:
        pair = ends_of(ends[row]) if row is not None else None
        state.set_filter(Filter(given=pair[0], predicted=pair[1], both=True) if pair else Filter(community=community))

    shown = pd.DataFrame(
        {
            "One class": [clean(names[k], limit=28) for k in pairs["source"]],
            "→": pairs["count_source_as_target"],
            "←": pairs["count_target_as_source"],
            "Another class": [clean(names[k], limit=28) for k in pairs["target"]],
        }
    )
    pair = seen.chosen.pair
    pick_row(
        shown,
        key=PAIR_TABLE,
        chosen=position_of(ends, edge_id(*pair) if pair else None),
        on_pick=pick,
        columns={
            "→": st.column_config.NumberColumn(help="images of the one predicted as the other"),
            "←": st.column_config.NumberColumn(help="the opposite direction"),
        },
    )
    worst = pairs.iloc[0]
    two = names[int(worst["source"])], names[int(worst["target"])]
    counts = int(worst["count_source_as_target"]), int(worst["count_target_as_source"])
    st.html(f'<p style="margin:0">{sentences.edge(*counts, *two, say=for_html)}</p>')


def pairs_inside(edges: pd.DataFrame, classes: pd.DataFrame, community: int) -> pd.DataFrame:
    """The edges with both ends in a community and something counted, the most confused first."""
    of = classes["community"].to_numpy()
    total = edges["count_source_as_target"] + edges["count_target_as_source"]
    inside = (of[edges["source"]] == community) & (of[edges["target"]] == community) & (total > 0)
    return edges.assign(total=total)[inside].sort_values("total", ascending=False, kind="stable")
