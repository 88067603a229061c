"""Columns of somebody's list beside path and label: kept as they are, to be asked for by conditions of the filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

MOST = 40  # columns; a wider table is one of features, not of facts
LONGEST_NAME = 100
LONGEST_MEAN = 400  # characters of the mean cell; longer is a document or an encoded file
NUMBER = r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?"  # "007" is a name: nobody counts so
OURS = frozenset(
    {
        "image_id",
        "path",
        "source_row",
        "given",
        "true",
        "content",
        "width",
        "height",
        "where",
        "reason",
        "label",
        "split",
        "title",
        "description",
    }
)  # columns that the data set's table has, or uses on the way


def further_columns(header: Sequence[str], used: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """(the columns to keep by name with their places, sentences on what is passed over); `used` are taken already."""
    free = [(name.strip(), place) for place, name in enumerate(header) if name not in used]
    fine = [
        (name, place)
        for name, place in free
        if name and len(name) <= LONGEST_NAME and name.isprintable() and name.lower() not in OURS
    ]
    kept: dict[str, int] = {}
    for name, place in fine:
        kept.setdefault(name, place)
    passed = [name for name, place in free if kept.get(name) != place]
    if len(kept) > MOST:
        passed, kept = [*kept, *passed], {}
    if not passed:
        return kept, []
    shown = ", ".join(repr(name[:40]) for name in passed[:4]) + (" …" if len(passed) > 4 else "")
    return kept, [f"{len(passed)} columns were not kept as metadata: {shown}."]


def column_of(cells: Sequence[Any]) -> pd.Series | None:
    """A column with its type: numbers where all cells are (NaN = blank), flags, else text (None = blank); None where it
    holds documents or something else than text, numbers and flags."""
    if all(cell is None or isinstance(cell, str) for cell in cells):
        return _texts(pd.Series(cells, dtype=object))
    if all(isinstance(cell, bool) for cell in cells):
        return pd.Series(cells, dtype=bool)
    if all(cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in cells):
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells], dtype=float)
    return None


def _texts(cells: pd.Series) -> pd.Series | None:
    texts = cells.fillna("").str.strip()
    if texts.str.len().mean() > LONGEST_MEAN:
        return None
    blank = texts == ""
    if not blank.all() and texts[~blank].str.fullmatch(NUMBER).all():
        return pd.to_numeric(texts.mask(blank, None)).astype(float)
    return texts.astype(object).mask(blank, None)
