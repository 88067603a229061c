"""All models with accuracy and rank in every way of scoring, and the list of pairs that change places."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.evaluate.flips import VERDICTS
from analysis.evaluate.kinds import NAMES, TITLES, counts_of
from analysis.evaluate.ranking import Ranking, survivors
from analysis.evaluate.reranking import WAYS
from dashboard.widgets.model_choice import compare
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.text import clean, count

MOST = 500  # pairs listed
NUMBER, TEXT = st.column_config.NumberColumn, st.column_config.TextColumn


def say_labels(ranking: Ranking, *, ours: int | None = None) -> str:
    """How many images are of which kind of label error, and how many were judged at all; `ours`: so many of them by
    our decisions, which count before a file of others."""
    n = counts_of(ranking.found.kinds)
    kinds = [f"{n[name]:,} {TITLES[kind]}" for kind, name in NAMES.items() if name != "clean" and n[name]]
    total = len(ranking.found.kinds)
    said = "; ".join(kinds) if kinds else "no label error is known"
    first = "" if ours is None else f" Our decisions count before the file, on {count(ours, 'image')}."
    return (
        f"{count(total, 'image')}, {ranking.n_said:,} of them judged: {said}.{first} What nobody judged counts with "
        "its given label."
    )


def model_table(ranking: Ranking, one: int | None) -> None:
    """Every model in a row; a click compares it with another."""
    order = ranking.order()
    columns: dict[str, list[object]] = {"Model": [clean(ranking.names[m]) for m in order]}
    shown = {"Model": TEXT(width=170, pinned=True)}
    for way, found in ranking.scored.items():
        title = WAYS[way].title
        half = (found.high - found.low) / 2
        columns[title] = [float(found.accuracy[m] * 100) for m in order]
        columns[f"± {title}"] = [float(half[m] * 100) for m in order]
        columns[f"# {title}"] = [_rank(ranking, way, m) for m in order]
        shown[title] = NUMBER(WAYS[way].short, width=96, format="%.2f", help=f"Percent right: {WAYS[way].plain}")
        shown[f"± {title}"] = NUMBER(
            "±", width=44, format="%.2f", help="Half of the 95 % bootstrap interval over images"
        )
        shown[f"# {title}"] = TEXT(
            "rank", width=80, help="Rank and its 95 % interval; = is within chance of the model above it (McNemar)"
        )

    def pick(row: int | None) -> None:
        if row is not None:
            compare(ranking, order[row])

    pick_row(
        pd.DataFrame(columns),
        key="models.table",
        chosen=position_of(order, one),
        on_pick=pick,
        columns=shown,
        height=min(560, 36 * (len(order) + 1) + 3),
    )


def _rank(ranking: Ranking, way: str, m: int) -> str:
    found = ranking.scored[way]
    low, high = int(found.rank_low[m]), int(found.rank_high[m])
    tie = "=" if ranking.ties[way][m] else ""
    return f"{tie}{found.rank[m]}" + (f" ({low}–{high})" if high > low else "")


def say_changes(ranking: Ranking, ways: tuple[str, ...]) -> list[str]:
    """How far each way's order differs from that on all images; a sentence each, in Markdown."""
    told = []
    for way in ways:
        if way not in ranking.flips:
            continue
        table = ranking.flips[way]
        kept, tau = len(survivors(table)), ranking.tau(way)
        pairs = count(len(table), "pair changes", "pairs change")
        beyond = f"{kept:,} beyond chance" if len(table) else "so the order stays"
        agreement = f" Kendall's tau {tau:.3f}." if np.isfinite(tau) else ""
        told.append(f"**{WAYS[way].title}**: {pairs} places, {beyond}.{agreement}")
    return told


def flip_table(ranking: Ranking, way: str, pair: tuple[int, int] | None) -> None:
    """The pairs of models that change places in one way of scoring; a click shows the images on which they differ."""
    if ranking.flips[way].empty:
        return
    table = ranking.flips[way].sort_values(["q", "p"], kind="stable").head(MOST)
    st.caption(f"From all images to: {WAYS[way].title.lower()}, the surest change first. A click compares the two.")
    ends = list(zip(table["up"].tolist(), table["down"].tolist(), strict=True))
    names = [clean(name) for name in ranking.names]
    shown = pd.DataFrame(
        {
            "Passes": [names[up] for up, _ in ends],
            "is passed": [names[down] for _, down in ends],
            "Verdict": table["verdict"],
            "Ranks": [
                f"{a}→{b}, {c}→{d}"
                for a, b, c, d in table[["rank_up_before", "rank_up", "rank_down_before", "rank_down"]].to_numpy()
            ],
            "Chance": table["q"],
            "Only the one": table["up_only"],
            "Only the other": table["down_only"],
        }
    )

    def pick(row: int | None) -> None:
        if row is not None:
            compare(ranking, *ends[row])

    about = "; ".join(f"{name}: {text}" for name, text in list(VERDICTS.items())[:4])
    pick_row(
        shown,
        key=f"models.flips.{way}",
        chosen=position_of(ends, pair),
        on_pick=pick,
        columns={
            "Passes": TEXT(width=108),
            "is passed": TEXT(width=108),
            "Ranks": TEXT(width=100, help="before→now of the one that passes, then of the one that is passed"),
            "Only the one": NUMBER(width=86, help="images that count now and that only the one that passes gets right"),
            "Only the other": NUMBER(width=86),
            "Chance": NUMBER(
                width=70, format="%.2g", help="McNemar's exact test of the new order, adjusted for all pairs"
            ),
            "Verdict": TEXT(width=100, help=about),
        },
        height=min(360, 36 * (len(ends) + 1) + 3),
    )
    if len(ranking.flips[way]) > MOST:
        st.caption(f"The {MOST:,} surest of {len(ranking.flips[way]):,} pairs.")
