"""Why two classes are confused, as far as people have judged it: wrong labels, look-alikes, several labels, none."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.base.arrays import wilson
from analysis.confusion.fixes import KINDS
from dashboard.charts import sentences
from dashboard.charts.palette import Palette, text_on
from dashboard.loaders_communities import mended_edges, totals
from dashboard.widgets.frame import colours
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import count, for_html, interval, percent

SAID = {
    "noise": "wrong label",
    "overlap": "label right: look-alikes, or the model errs",
    "several": "several labels fit",
    "none_fits": "no label fits",
}
FILLS = (1, 0, 4)  # categories of the palette for the first kinds
NARROW = 0.06  # share below which a part of the bar bears no number


def edge_reasons(seen: Seen) -> None:
    """The chosen pair: a bar of what was judged so far, the shares with intervals, and what the fixes leave."""
    pair = seen.chosen.pair
    if pair is None or pair[0] == pair[1]:
        return
    low, high = sorted(pair)
    facts = facts_of(mended_edges(seen.path, seen.run.run_id).split, low, high)
    total = totals(seen.path, seen.run.run_id).get((low, high), 0)
    if not total:
        return
    if not facts["judged"]:
        st.caption(
            f"None of the {count(total, 'confusion')} of this pair is judged yet. Judge some, and this page says how "
            "much of it is wrong labels, and how much are classes that look alike."
        )
        return
    names = seen.classes[low], seen.classes[high]
    st.html(f'<p style="margin:0">{sentences.mended(facts["noise"], total, *names)} {left(facts, total)}</p>')
    st.html(bar(facts, total, colours()))
    lines = [f"{SAID[kind]}: {share(facts[kind], facts['judged'])}" for kind in KINDS if facts[kind]]
    st.caption(
        f"Of {count(facts['judged'], 'judged confusion')}, with 95 % intervals (Wilson): " + "; ".join(lines) + ". "
        "What is most suspicious is judged first, so among the rest wrong labels are likely rarer."
    )


def facts_of(split: pd.DataFrame, low: int, high: int) -> dict[str, int]:
    """Judged confusions of a pair by kind, and their sum; zeros where nothing was judged."""
    own = split[(split["source"] == low) & (split["target"] == high)]
    return {name: int(own[name].sum()) for name in (*KINDS, "judged")}


def left(facts: dict[str, int], total: int) -> str:
    """How many confusions remain once the accepted fixes are counted."""
    gone = facts["noise"] + facts["several"] + facts["none_fits"]
    return f"{total - gone:,} of {total:,} remain after the accepted fixes." if gone else "No fix was accepted."


def share(n: int, judged: int) -> str:
    """ "37 (38.9 %, 29.7 to 49.0 %)"."""
    return f"{n:,} ({percent(n / max(1, judged))}, {interval(*wilson(n, judged))})"


def bar(facts: dict[str, int], total: int, palette: Palette) -> str:
    """A stacked bar of all confusions of the pair as HTML; the same figures as text for those who do not see it."""
    fill = dict(zip(KINDS, (*(palette.categories[i] for i in FILLS), palette.muted), strict=True))
    open_ones = max(0, total - facts["judged"])
    parts = [(SAID[kind], facts[kind], fill[kind]) for kind in KINDS] + [("not judged", open_ones, palette.faint)]
    shown = [(name, n, colour) for name, n, colour in parts if n]
    said = ", ".join(f"{name} {n:,}" for name, n, _ in shown)
    blocks = "".join(
        f'<span style="flex:{n};background:{colour};color:{text_on(colour)};text-align:center;overflow:hidden">'
        f"{f'{n:,}' if n >= NARROW * total else ''}</span>"
        for _, n, colour in shown
    )
    key = "".join(
        f'<span style="white-space:nowrap"><span aria-hidden="true" style="color:{colour}">■</span> {for_html(name)} '
        f"{n:,}</span>"
        for name, n, colour in shown
    )
    return (
        f'<div role="img" aria-label="{for_html(said, limit=200)}" style="display:flex;height:22px;line-height:22px;'
        f'font-size:13px;gap:2px;border-radius:4px;overflow:hidden">{blocks}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin-top:4px">{key}</div>'
    )
