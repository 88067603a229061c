"""Two runs beside each other: which pairs and classes changed most, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import loaders_confusion, state
from dashboard.cells import rest_of
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, count, for_markdown

MOST = 500  # rows listed
CHANCE = 0.05  # false discovery rate up to which a change is said to be more than chance
TEST = (
    "McNemar's exact test on the images on which the two runs differ, adjusted for the number of rows "
    "(Benjamini-Hochberg): small means that chance alone would hardly do it"
)
NUMBER = st.column_config.NumberColumn
NAME = st.column_config.TextColumn(width=96)


def what_changed(seen: Seen, other: Seen, names: tuple[str, str]) -> None:
    """Two tables: the pairs, and the classes, that the other run treats differently."""
    rest = rest_of(seen.chosen)
    pairs, classes = loaders_confusion.changes(seen.path, seen.run.run_id, other.run.run_id, rest)
    st.subheader("What changes from one run to the other?", anchor=False)
    st.markdown(say_overall(classes, names))
    if pairs.empty and not classes["gained"].any() and not classes["lost"].any():
        st.info("The two runs predict the same class for every image that is confused by either.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Pairs of classes that are confused more or less**")
        _pairs_table(seen, pairs, names)
    with right:
        st.markdown(f"**Classes: better or worse with {for_markdown(names[1])}**")
        _classes_table(seen, classes, names)


def say_overall(classes: pd.DataFrame, names: tuple[str, str]) -> str:
    """How many images each run alone gets right, and in how many classes the other is better or worse; Markdown."""
    one, other = (for_markdown(name) for name in names)
    lost, gained = int(classes["lost"].sum()), int(classes["gained"].sum())
    sure = classes[classes["q"] <= CHANCE]
    better, worse = int((sure["change"] > 0).sum()), int((sure["change"] < 0).sum())
    return (
        f"{count(gained, 'image')} only {other} gets right, {lost:,} only {one}. Beyond chance, {other} is better in "
        f"{count(better, 'class', 'classes')} and worse in {worse:,} of {len(classes):,}."
    )


def _pairs_table(seen: Seen, pairs: pd.DataFrame, names: tuple[str, str]) -> None:
    shown = pairs.head(MOST)
    label = [clean(name) for name in seen.classes]
    ends = list(zip(shown["source"].tolist(), shown["target"].tolist(), strict=True))
    table = pd.DataFrame(
        {
            "One class": [label[a] for a, _ in ends],
            "Another": [label[b] for _, b in ends],
            names[0]: shown["n_one"],
            names[1]: shown["n_other"],
            "Change": shown["change"],
            "New": shown["gained"],
            "Gone": shown["lost"],
            "Chance": shown["q"],
        }
    )

    def pick(row: int | None) -> None:
        given, predicted = ends[row] if row is not None else (None, None)
        state.set_filter(replace(rest_of(seen.chosen), given=given, predicted=predicted, both=row is not None))

    chosen = tuple(sorted(seen.chosen.pair)) if seen.chosen.pair else None
    pick_row(
        table,
        key="confusion.changed_pairs",
        chosen=position_of(ends, chosen),
        on_pick=pick,
        columns={
            "One class": NAME,
            "Another": NAME,
            names[0]: NUMBER(width=66, help="images of the pair confused, both directions"),
            names[1]: NUMBER(width=66, help="images of the pair confused, both directions"),
            "Change": NUMBER(width=60, format="%+d"),
            "New": NUMBER(width=50, help=f"images confused in this pair only by {names[1]}"),
            "Gone": NUMBER(width=50, help=f"images confused in this pair only by {names[0]}"),
            "Chance": NUMBER(width=66, format="%.3g", help=TEST),
        },
    )
    if len(pairs) > MOST:
        st.caption(f"The {MOST:,} largest changes of {len(pairs):,} pairs.")


def _classes_table(seen: Seen, classes: pd.DataFrame, names: tuple[str, str]) -> None:
    shown = classes.head(MOST)
    numbers, label = shown["class_id"].tolist(), seen.classes
    table = pd.DataFrame(
        {
            "Class": [clean(label[k]) for k in numbers],
            "Verdict": [_verdict(c, q) for c, q in zip(shown["change"], shown["q"], strict=True)],
            names[0]: shown["n_one"] / shown["n_images"] * 100,
            names[1]: shown["n_other"] / shown["n_images"] * 100,
            "Gained": shown["gained"],
            "Lost": shown["lost"],
            "Chance": shown["q"],
        }
    )

    def pick(row: int | None) -> None:
        rest = rest_of(seen.chosen)
        class_id = numbers[row] if row is not None else None
        state.set_filter(replace(rest, class_id=class_id, only=rest.only or ("errors" if row is not None else "")))

    share = NUMBER(width=72, format="%.1f %%", help="share of its images predicted as given")
    pick_row(
        table,
        key="confusion.changed_classes",
        chosen=position_of(numbers, seen.chosen.class_id),
        on_pick=pick,
        columns={
            "Class": NAME,
            "Verdict": NAME,
            names[0]: share,
            names[1]: share,
            "Gained": NUMBER(width=60, help=f"images that only {names[1]} gets right"),
            "Lost": NUMBER(width=50, help=f"images that only {names[0]} gets right"),
            "Chance": NUMBER(width=66, format="%.3g", help=TEST),
        },
    )
    if len(classes) > MOST:
        st.caption(f"The {MOST:,} largest changes of {len(classes):,} classes.")


def _verdict(change: int, q: float) -> str:
    if change == 0:
        return "same"
    way = "better" if change > 0 else "worse"
    return way if q <= CHANCE else f"{way}, may be chance"
