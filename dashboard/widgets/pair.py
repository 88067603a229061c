"""A confused pair: in words, and both directions side by side."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard.charts import sentences
from dashboard.selection import Filter, rows_of
from dashboard.widgets.gallery import gallery
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_html

PER_SIDE = 12


def say_pair(seen: Seen) -> list[str]:
    """The sentence of the chosen pair, and of the opposite direction where it is meant too."""
    table = seen.table("confusion")
    ways = [seen.chosen.pair] + ([seen.chosen.pair[::-1]] if seen.chosen.both and seen.chosen.pair else [])
    said = []
    for given, predicted in (way for way in ways if way is not None):
        own = table[table["given"] == given]
        n, total = int(own.loc[own["predicted"] == predicted, "count"].sum()), int(own["count"].sum())
        said.append(sentences.cell(n, seen.classes[given], seen.classes[predicted], share=n / max(1, total)))
    return said


def both_directions(seen: Seen, chosen: Filter) -> None:
    """The images given one class and predicted the other, and the opposite, in two columns under one sentence."""
    one, other = chosen.given, chosen.predicted
    if one is None or other is None:
        return
    ways = [
        replace(chosen, given=one, predicted=other, both=False),
        replace(chosen, given=other, predicted=one, both=False),
    ]
    rows = [rows_of(way, seen.columns) for way in ways]
    names = seen.classes[one], seen.classes[other]
    st.html(f'<p role="status" style="margin:0">{sentences.edge(len(rows[0]), len(rows[1]), *names, say=for_html)}</p>')
    for column, way, found in zip(st.columns(2, gap="large"), ways, rows, strict=True):
        with column:
            given, predicted = (for_html(seen.classes[k or 0]) for k in (way.given, way.predicted))
            heading = f"Given {given}, predicted {predicted}: {len(found):,}"
            st.html(f'<h4 style="margin:0;padding:0">{heading}</h4>')
            if len(found):
                gallery(seen, found, key=f"pair.{way.given}.{way.predicted}", per_page=PER_SIDE)
            else:
                st.caption("No image in this direction.")
