"""The report of one community (METHODS 1.4): how weak it is, its worst pairs in both directions, how to judge it."""

from __future__ import annotations

import math
from typing import cast

import pandas as pd
import streamlit as st

from analysis.base.arrays import wilson
from analysis.review.edges import EdgeVerdict
from dashboard import loaders, loaders_communities, state
from dashboard.charts import sentences
from dashboard.components.class_graph.drawing import Drawing
from dashboard.components.class_graph.scene import edge_id, ends_of
from dashboard.loaders_communities import work
from dashboard.selection import Filter
from dashboard.widgets.edge_reasons import facts_of
from dashboard.widgets.frame import PAGES
from dashboard.widgets.levels import real
from dashboard.widgets.pair_verdict import VERDICTS
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count, for_html, interval, percent
from dashboard.widgets.work import first_names, state_of

PAIRS = 5
WAYS = "→ / ←"
LEGEND = 14
CHOICES = 100
CHOICE = "communities.choice"
PAIR_TABLE = "communities.pairs"


def members(seen: Seen, community: int, *, at_most: int = 6) -> str:
    """ "cat, dog, deer and 4 more": the classes of a community as plain text, most errors first."""
    return first_names(seen.table("classes"), [community], at_most=at_most)[0]


def legend(seen: Seen, drawing: Drawing, *, own: bool) -> None:
    """Which mark stands for which community, or, at another resolution than the run's, for which group."""
    known = drawing.legend()
    lines = [
        f'<span style="white-space:nowrap"><span style="color:{colour}" aria-hidden="true">{glyph}</span> '
        f"{community_name(group) if own else f'group {group + 1}'}</span>"
        for glyph, colour, group in known[:LEGEND]
    ]
    if len(known) > LEGEND:
        lines.append(f"and {len(known) - LEGEND} more")
    single = int((seen.table("communities")["n_classes"] == 1).sum())
    if single and own:
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
    table = seen.table("communities").sort_values(["n_errors", "community"], ascending=[False, True])
    known = table["community"].tolist()[:CHOICES]
    meant = community_meant(seen)
    if meant is not None and meant not in known:
        known.append(meant)
    names = dict(zip(known, first_names(seen.table("classes"), known), strict=True))

    def say(number: int) -> str:
        return f"{community_name(number)}: {names[number]}"

    def chosen() -> None:
        state.set_filter(Filter(community=st.session_state[key]))

    key = f"{CHOICE}.{state.changes()}"
    number = st.selectbox("Community", known, position_of(known, meant) or 0, say, key, on_change=chosen)
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
    done = work(seen.path, seen.run.run_id)
    suspects, judged = int(done.suspects[number]), int(done.judged[number])
    st.caption(
        f"{count(int(facts['n_classes']), 'class', 'classes')}, {count(n_images, 'image')}, "
        f"{count(n_errors, 'error')}, {percent(facts['mass_share'])} of all confusion. Stability "
        f"{facts['stability']:.2f} of 1: {real(facts['stability'])}. {count(int(done.wrong[number]), 'wrong label')} "
        "confirmed by people."
    )
    if suspects:
        st.progress(judged / suspects, f"{judged:,} of {count(suspects, 'suspect')} judged: {state_of(done, number)}")
        if judged:
            st.caption(hit_rate(int(done.caught[number]), judged, left=suspects - judged))
    worst_pairs(seen, number)
    label = f"Review this community ({count(suspects - judged, 'suspect')} left)"
    if st.button(label, type="primary", disabled=not suspects, key="communities.judge"):
        state.set_filter(Filter(community=number, only="suspects"))
        st.switch_page(f"{PAGES}/review.py")


def hit_rate(wrong: int, judged: int, *, left: int) -> str:
    """What judging has brought so far, with its interval, and what that says of the rest."""
    low, high = wilson(wrong, judged)
    found = f"{wrong:,} of the {count(judged, 'judged suspect')} had a wrong label ({interval(low, high)})."
    if not left:
        return f"{found} None is left."
    most = min(left, math.ceil(high * left))
    return f"{found} If those left are no more suspicious, at most about {most:,} of the {left:,} have one too."


def worst_pairs(seen: Seen, community: int) -> None:
    """The most confused pairs inside, both directions, with what people said of them; a click chooses the pair."""
    pairs = loaders_communities.worst_pairs(seen.path, seen.run.run_id, community, PAIRS)
    if pairs.empty:
        st.caption("No image of it was predicted as another of its classes.")
        return
    names = seen.classes
    ends = [edge_id(int(a), int(b)) for a, b in zip(pairs["source"], pairs["target"], strict=True)]

    def pick(row: int | None) -> None:
        pair = ends_of(ends[row]) if row is not None else None
        state.set_filter(Filter(given=pair[0], predicted=pair[1], both=True) if pair else Filter(community=community))

    pair = seen.chosen.pair
    pick_row(
        pair_frame(seen, pairs),
        key=PAIR_TABLE,
        chosen=position_of(ends, edge_id(*pair) if pair else None),
        on_pick=pick,
        columns={
            WAYS: st.column_config.TextColumn(
                help="Images of the one predicted as the other, and the opposite; > 2:1 marks a lopsided pair."
            ),
            "Wrong labels": st.column_config.TextColumn(help="of the confusions of this pair that were judged"),
            "Look alike": st.column_config.TextColumn(help="judged confusions whose given label is right"),
            "Team says": st.column_config.TextColumn(help="what people said of the two classes"),
        },
    )
    worst = pairs.iloc[0]
    two = names[int(worst["source"])], names[int(worst["target"])]
    counts = int(worst["count_source_as_target"]), int(worst["count_target_as_source"])
    st.html(f'<p style="margin:0">{sentences.edge(*counts, *two, say=for_html)}</p>')


def pair_frame(seen: Seen, pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs as columns for people; why they are confused and what was said of them only where that is known."""
    names, split = seen.classes, loaders_communities.mended_edges(seen.path, seen.run.run_id).split
    ends = list(zip(pairs["source"].tolist(), pairs["target"].tolist(), strict=True))
    facts = [facts_of(split, *pair) for pair in ends]
    verdicts = loaders.guidelines(seen.path)
    said = [verdicts.get((names[a], names[b]), ("", ""))[0] for a, b in ends]
    columns: dict[str, list[object]] = {
        "One class": [clean(names[a], limit=28) for a, _ in ends],
        "Another class": [clean(names[b], limit=28) for _, b in ends],
        WAYS: [
            f"{there:,} / {back:,}{' (> 2:1)' * int(lopsided)}"
            for there, back, lopsided in zip(
                pairs["count_source_as_target"], pairs["count_target_as_source"], pairs["lopsided"], strict=True
            )
        ],
    }
    if any(fact["judged"] for fact in facts):
        for title, kind in (("Wrong labels", "noise"), ("Look alike", "overlap")):
            columns[title] = [f"{f[kind]:,} of {f['judged']:,}" if f["judged"] else "" for f in facts]
    if any(said):
        columns["Team says"] = [VERDICTS[cast("EdgeVerdict", verdict)] if verdict else "" for verdict in said]
    return pd.DataFrame(columns)
