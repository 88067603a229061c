"""Two models beside each other: the images on which they differ, and the classes and communities where they do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.evaluate.flips import CHANCE
from analysis.evaluate.paired import adjusted, mcnemar
from analysis.evaluate.ranking import Ranking
from analysis.evaluate.reranking import WAYS, right_on
from dashboard import state
from dashboard.ordering import most_suspicious
from dashboard.selection import MOST_IMAGES, Filter
from dashboard.widgets.frame import PAGES
from dashboard.widgets.gallery import gallery
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count, for_html, for_markdown

PER_SIDE = 12
GROUPS = {"classes": "By class", "communities": "By community"}
MOST = 500
Bools = NDArray[np.bool_]
Rows = NDArray[np.integer]
NUMBER = st.column_config.NumberColumn


def say_pair(ranking: Ranking, way: str, pair: tuple[int, int]) -> str:
    """Which of two models is ahead in a way of scoring, by how much, and whether that is more than chance; Markdown."""
    one, other = pair
    found = ranking.scored[way]
    if not found.n:
        return "No image counts here."
    if found.n_right[one] < found.n_right[other]:
        one, other = other, one
    first, second = (for_markdown(ranking.names[m]) for m in (one, other))
    b, c = int(found.only[one, other]), int(found.only[other, one])
    p = float(mcnemar(np.array([b]), np.array([c]))[0])
    gap = (found.accuracy[one] - found.accuracy[other]) * 100
    verdict = "more than chance" if p <= CHANCE else "a tie: chance alone would do it"
    return (
        f"{WAYS[way].title}: **{first}** is {gap:.2f} points ahead of **{second}**. {count(b, 'image')} only {first} "
        f"gets right, {c:,} only {second} (McNemar's exact test, p = {p:.2g}): {verdict}."
    )


def differing(seen: Seen, ranking: Ranking, way: str, pair: tuple[int, int]) -> tuple[Rows, Rows]:
    """Rows of the data set that only the one, and that only the other, gets right in a way of scoring."""
    one, other = (right_on(ranking.found, WAYS[way], m)[0] for m in pair)
    rows = np.arange(len(seen.columns)) if ranking.rows is None else ranking.rows
    return rows[one & ~other], rows[other & ~one]


def pair_images(seen: Seen, ranking: Ranking, way: str, pair: tuple[int, int]) -> None:
    """The images on which the two differ, side by side, and the way to judge them."""
    sides = differing(seen, ranking, way, pair)
    both = most_suspicious(np.concatenate(sides), seen.columns.suspicion, MOST_IMAGES)
    if st.button(
        f"Review the {len(both):,} most suspicious of them"
        if len(both) == MOST_IMAGES
        else f"Review these {len(both):,}",
        key="models.review",
        type="primary",
        disabled=not len(both),
        icon=":material/arrow_forward:",
        icon_position="right",
    ):
        state.set_filter(Filter(images=tuple(both.tolist())))
        st.switch_page(f"{PAGES}/review.py")
    for column, m, rows, side in zip(st.columns(2, gap="large"), pair, sides, ("one", "other"), strict=True):
        with column:
            name = for_html(ranking.names[m])
            st.html(f'<h3 style="margin:0;padding:0;font-size:1.1rem">Only {name} is right: {len(rows):,}</h3>')
            if len(rows):
                gallery(seen, rows, key=f"models.{side}.{way}", per_page=PER_SIDE)
            else:
                st.caption("No image.")


def pair_groups(seen: Seen, ranking: Ranking, way: str, pair: tuple[int, int]) -> None:
    """Where the two differ most: a row per class or community of the given label."""
    by = st.segmented_control(
        "Where do they differ?",
        list(GROUPS),
        format_func=GROUPS.__getitem__,
        default="classes",
        required=True,
        key="models.by",
    )
    table = groups_of(seen, ranking, way, pair, by_class=by == "classes")
    names = [clean(ranking.names[m], limit=24) for m in pair]
    one, other = (for_markdown(name) for name in names)  # in the help, which is Markdown
    columns = {
        "name": st.column_config.TextColumn("Class" if by == "classes" else "Community", width=180),
        "images": NUMBER("Images", format="localized", width=80),
        "one": NUMBER(f"{names[0]} %", format="%.1f", width=150),
        "other": NUMBER(f"{names[1]} %", format="%.1f", width=150),
        "one_only": NUMBER("Only the one", width=90, help=f"images only {one} gets right"),
        "other_only": NUMBER("Only the other", width=90, help=f"images only {other} gets right"),
        "q": NUMBER("Chance", format="%.2g", width=80, help="McNemar's exact test, adjusted for the number of rows"),
    }
    st.dataframe(table.head(MOST), hide_index=True, column_config=columns, height=320, key=f"models.groups.{by}")
    if len(table) > MOST:
        st.caption(f"The {MOST:,} rows of {len(table):,} that differ most.")


def groups_of(seen: Seen, ranking: Ranking, way: str, pair: tuple[int, int], *, by_class: bool) -> pd.DataFrame:
    """`name`, `images` that count, percent right of `one` and `other`, images that only one gets right, `q`; the
    largest difference first, groups without images left out."""
    given = seen.columns.given if ranking.rows is None else seen.columns.given[ranking.rows]
    group = given if by_class else seen.columns.community[given]
    names = (
        [clean(name) for name in seen.classes] if by_class else [community_name(c) for c in range(seen.n_communities)]
    )
    (one, counts), (other, _) = (right_on(ranking.found, WAYS[way], m) for m in pair)

    def tally(mask: Bools) -> NDArray[np.int64]:
        return np.bincount(group[mask], minlength=len(names)).astype(np.int64)

    n, b, c = tally(counts), tally(one & ~other), tally(other & ~one)
    here = np.flatnonzero(n)
    table = pd.DataFrame(
        {
            "name": [names[g] for g in here.tolist()],
            "images": n[here],
            "one": tally(one)[here] / n[here] * 100,
            "other": tally(other)[here] / n[here] * 100,
            "one_only": b[here],
            "other_only": c[here],
            "q": adjusted(mcnemar(b[here], c[here])),
        }
    )
    order = np.lexsort((table["q"], -(table["one_only"] - table["other_only"]).abs()))
    return table.iloc[order].reset_index(drop=True)
