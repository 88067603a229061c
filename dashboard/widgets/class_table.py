"""Every class in a row: how well it is recognised, what it is confused with, how far it is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.review.said import OPEN, WRONG
from dashboard import loaders, loaders_confusion, state
from dashboard.cells import rest_of
from dashboard.selection import rows_of
from dashboard.widgets.picker import pick_row, position_of
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name, count

TABLE = "confusion.classes"
MOST = 5000  # rows sent; a table of more than these is not read by anybody


def class_table(seen: Seen) -> None:
    """The table of classes; a click on any row leads to the images of the class that were confused."""
    figures = table_of(seen)
    order = np.argsort(-figures["n_errors"].to_numpy(), kind="stable")[:MOST].tolist()
    figures = figures.iloc[order].reset_index(drop=True)
    names = seen.classes
    shown = pd.DataFrame(
        {
            "Class": [clean(names[k]) for k in figures["class_id"].tolist()],
            "Community": [community_name(c) for c in seen.columns.community[figures["class_id"]].tolist()],
            "Images": figures["n_images"],
            "Errors": figures["n_errors"],
            "Accuracy": figures["recall"] * 100,
            "from": figures["low"] * 100,
            "to": figures["high"] * 100,
            "Precision": figures["precision"] * 100,
            "Worst partner": [clean(names[k]) if k >= 0 else "" for k in figures["partner"].tolist()],
            "→": figures["as_partner"],
            "←": figures["from_partner"],
            "Wrong labels": figures["noise"] * 100,
            "Suspects": figures["n_suspects"],
            "Judged": figures["n_judged"],
            "Found wrong": figures["n_wrong"],
        }
    )

    def pick(row: int | None) -> None:
        rest = rest_of(seen.chosen)
        meant = rest if row is None else replace(rest, class_id=int(order[row]), only=rest.only or "errors")
        state.set_filter(meant)

    pick_row(shown, key=TABLE, chosen=position_of(order, seen.chosen.class_id), on_pick=pick, columns=_columns())
    if len(seen.classes) > MOST:
        st.caption(f"The {MOST:,} classes with most errors of {count(len(seen.classes), 'class', 'classes')}.")
    if loaders_confusion.noise_of(seen.path, seen.run.run_id) is None:
        st.caption("This run was made by an earlier version: run again to see the estimated share of wrong labels.")


def table_of(seen: Seen) -> pd.DataFrame:
    """`class_figures` with `noise` (estimated share of wrong labels), `n_suspects`, `n_judged` and `n_wrong`."""
    rest, k = rest_of(seen.chosen), len(seen.classes)
    figures = loaders_confusion.figures_of(seen.path, seen.run.run_id, rest)
    verdict = loaders.said(seen.path).verdict
    columns = seen.columns
    rows = slice(None) if rest.is_empty else rows_of(rest, columns)
    given, suspect, verdict = columns.given[rows], columns.is_suspect[rows], verdict[rows]
    noise = loaders_confusion.noise_of(seen.path, seen.run.run_id)
    return figures.assign(
        noise=np.full(k, np.nan) if noise is None else noise,
        n_suspects=np.bincount(given[suspect], minlength=k),
        n_judged=np.bincount(given[verdict != OPEN], minlength=k),
        n_wrong=np.bincount(given[verdict == WRONG], minlength=k),
    )


def _columns() -> dict[str, object]:
    def share(text: str) -> object:
        return st.column_config.NumberColumn(format="%.1f %%", help=text)

    return {
        "Accuracy": share("Share of the images given this label that are predicted so (recall)"),
        "from": share("Lower end of the 95 % interval of the accuracy (Wilson)"),
        "to": share("Upper end of the 95 % interval of the accuracy (Wilson)"),
        "Precision": share("Share of the images predicted as this class that are given this label"),
        "→": st.column_config.NumberColumn(help="images of the class predicted as the worst partner"),
        "←": st.column_config.NumberColumn(help="images of the worst partner predicted as the class"),
        "Wrong labels": share("Estimated share of wrong labels, from the confident joint; a hint, not a count"),
        "Judged": st.column_config.NumberColumn(help="images of the class that somebody decided on, of all runs"),
        "Found wrong": st.column_config.NumberColumn(help="of them, those whose label was found wrong"),
    }
