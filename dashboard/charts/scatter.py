"""The map of images: which points are drawn, by what they are coloured, and what the legend says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.palette import GLYPHS, Palette, colour_of
from dashboard.widgets.text import clean

AT_MOST = 200_000  # points; more of them are sampled on the server
NAMED = 14  # lines of a legend
DISTINCT = 2_000  # values of a column beyond which it is free text, which colours cannot show
NAME = 28  # characters of a name in a legend


@dataclass(frozen=True, eq=False)
class Colouring:
    """How points are told apart: categories with names, or a value in 0..1 with the words for both ends.

    category: (N,) numbers into `names`, or None. value: (N,) floats in 0..1, or None. plain: the category, if any,
    that is drawn as "nothing to see" (not yet judged, no value).
    """

    title: str
    category: NDArray[np.integer] | None = None
    names: Sequence[str] = ()
    value: NDArray[np.floating] | None = None
    plain: int | None = None
    ends: tuple[str, str] = ("0", "1")


@dataclass(frozen=True)
class Line:
    """A category in a legend: colour and shape together, never colour alone."""

    name: str
    colour: str
    glyph: str


@dataclass(frozen=True)
class Legend:
    """What stands below the map: `kind` is category or value, `lines` the most frequent categories, `more` the rest."""

    title: str
    kind: str
    lines: tuple[Line, ...] = ()
    more: str = ""
    plain: int | None = None
    low: str = ""
    high: str = ""


@dataclass(frozen=True, eq=False)
class Sample:
    """Which rows (M,) of N are drawn, and a sentence that says how they were chosen."""

    rows: NDArray[np.int64]
    sentence: str


def sample_points(n: int, first: NDArray[np.bool_], *, at_most: int = AT_MOST, what: str = "suspects") -> Sample:
    """All rows when they fit; else those of `first` (N,), up to half the room, and others at random.

    `what` is the word for those of `first`.
    """
    if n <= at_most:
        return Sample(np.arange(n), f"{n:,} of {n:,} images shown.")
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(first)
    whole = len(kept) <= at_most // 2
    if not whole:
        kept = rng.choice(kept, at_most // 2, replace=False)
    others = np.flatnonzero(~np.asarray(first, bool))
    drawn = rng.choice(others, min(len(others), at_most - len(kept)), replace=False)
    these = f"all {len(kept):,} {what}" if whole else f"{len(kept):,} of the {what} at random"
    shown = f"{len(kept) + len(drawn):,} of {n:,} images shown"
    sentence = f"{shown}, sampled: {these} and {len(drawn):,} others at random."
    return Sample(np.sort(np.r_[kept, drawn]), sentence)


def legend_of(colouring: Colouring, colours: Palette, meant: NDArray[np.integer] | None = None) -> Legend:
    """The most frequent categories among the rows `meant` (all of them when None), in their own order.

    With more than fit, a last line says how many are left out.
    """
    if colouring.category is None:
        low, high = colouring.ends
        return Legend(colouring.title, "value", low=low, high=high)
    category = colouring.category if meant is None else colouring.category[meant]
    frequent = np.bincount(category, minlength=len(colouring.names))
    present = np.flatnonzero(frequent)
    shown = np.sort(present[np.argsort(-frequent[present], kind="stable")][:NAMED])
    lines = tuple(_line(colouring, k, colours) for k in shown.tolist())
    left = len(present) - len(shown)
    return Legend(colouring.title, "category", lines, f"and {left:,} more" if left else "", colouring.plain)


def _line(colouring: Colouring, k: int, colours: Palette) -> Line:
    name = clean(colouring.names[k], limit=NAME)
    if k == colouring.plain:
        return Line(name, colours.faint, GLYPHS[0])
    # numbered over colours and shapes as the browser does it
    return Line(name, colour_of(k, colours), GLYPHS[k % len(GLYPHS)])


def can_colour(column: pd.Series) -> bool:
    """Can the values of a column of the data set be told apart by colour? Numbers and up to `DISTINCT` categories."""
    if pd.api.types.is_numeric_dtype(column):
        return bool(column.nunique() > 1)
    try:
        distinct = int(column.nunique())
    except TypeError:  # lists and the like
        return False
    return 1 < distinct <= DISTINCT and distinct <= max(2, len(column) // 2)


def colouring_of_column(column: pd.Series, title: str) -> Colouring:
    """A column of the data set (N,) as colours: many different numbers as a scale, all else as categories."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > NAMED:
        return _scaled(column.to_numpy(np.float64, na_value=np.nan), title)
    category, values = pd.factorize(column, sort=True)
    names = [str(value) for value in values]
    if (category < 0).any():
        return Colouring(title, np.where(category < 0, len(names), category), [*names, "no value"], plain=len(names))
    return Colouring(title, category, names)


def _scaled(numbers: NDArray[np.float64], title: str) -> Colouring:
    """From the 1st to the 99th percentile, so that one wrong number does not make all others look the same."""
    known = numbers[np.isfinite(numbers)]
    low, high = np.percentile(known, (1, 99)) if len(known) else (0.0, 1.0)
    if low == high:
        low, high = float(known.min()), float(known.max())
    filled = np.where(np.isfinite(numbers), numbers, low)
    value = np.clip((filled - low) / (high - low), 0, 1) if high > low else np.zeros(len(numbers))
    missing = len(numbers) - len(known)
    said = f"{title} ({missing:,} without a value are drawn as the lowest)" if missing else title
    return Colouring(said, value=value, ends=(f"≤ {low:g}", f"≥ {high:g}"))
