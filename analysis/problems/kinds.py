"""The kinds of problems an image can have by itself: what they mean, what is measured, and from which value on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KindName = Literal["exact", "near", "stranger", "blank", "dark", "bright", "small", "shape", "broken"]


@dataclass(frozen=True)
class Kind:
    """A kind of problem. `measure` is a column of the artifact "image_facts", or "" where none decides.

    `worst` says which end of the measure is the problem. `lowest` and `highest` bound the threshold that people may
    choose; `usual` is the threshold at first, None where it comes from the data. `needs`: pixels, features or "".
    """

    name: KindName
    title: str
    plain: str
    measures: str = ""
    measure: str = ""
    worst: Literal["high", "low"] = "high"
    lowest: float = 0.0
    highest: float = 1.0
    usual: float | None = None
    needs: Literal["", "pixels", "features"] = ""


KINDS: dict[KindName, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "exact",
            "Exact duplicates",
            "The same picture more than once: every pixel is equal, whatever the files are called. A copy that is in "
            "the training and in the test part makes a model look better than it is; copies with different labels "
            "cannot all be right.",
            needs="pixels",
        ),
        Kind(
            "near",
            "Near duplicates",
            "Almost the same picture: cropped, scaled, stored again, or the next frame of a film. Groups are joined "
            "from pair to pair, so the ends of a long group may differ more than the threshold says; and in a set of "
            "plain pictures different things can look this much alike. Look before you exclude.",
            "similarity of what the model sees (cosine)",
            lowest=0.9,
            usual=None,
            needs="features",
        ),
        Kind(
            "stranger",
            "Outliers",
            "Like no other picture: another kind of image, a wrong file, or just a rare sight. Look first.",
            "mean similarity to the ten most similar images (cosine)",
            "likeness",
            "low",
            -1.0,
            needs="features",
        ),
        Kind(
            "blank",
            "Blank",
            "Nothing to see: almost the whole picture has one tone.",
            "share of the pixels within 8 of 256 grey levels of the median",
            "flat",
            lowest=0.5,
            usual=0.99,
            needs="pixels",
        ),
        Kind(
            "dark",
            "Very dark",
            "Hardly anything can be seen: even the brightest parts are dark.",
            "grey level below which 99 % of the pixels are, 0 black to 1 white",
            "brightest",
            "low",
            usual=0.2,
            needs="pixels",
        ),
        Kind(
            "bright",
            "Very bright",
            "Washed out: even the darkest parts are bright.",
            "grey level above which 99 % of the pixels are, 0 black to 1 white",
            "darkest",
            "high",
            usual=0.8,
            needs="pixels",
        ),
        Kind(
            "small",
            "Very small",
            "Much smaller than the others: a thumbnail among photographs shows a model less than its label promises.",
            "shorter side, as a share of the usual one of this data set",
            "small",
            "low",
            usual=0.4,
            needs="pixels",
        ),
        Kind(
            "shape",
            "Odd shape",
            "Much wider or taller than the others: a strip, a banner, a bad crop; a model sees it squeezed or cut.",
            "how many times wider, or taller, for its height than the usual picture of this data set",
            "shape",
            "high",
            1.0,
            10.0,
            2.5,
            needs="pixels",
        ),
        Kind(
            "broken",
            "Broken",
            "Images that could not be read, or had no label, when the data set was opened. They are not part of the "
            "analysis and of no export.",
        ),
    )
}


def shape_facts(width: NDArray[np.integer], height: NDArray[np.integer]) -> dict[str, NDArray[np.float32]]:
    """`small` and `shape` of all images (N,): size and aspect against the median of the data set; NaN for size 0."""
    known = (width > 0) & (height > 0)
    w, h = (np.where(known, side, 1).astype(np.float64) for side in (width, height))
    short, aspect = np.minimum(w, h), np.log(w / h)
    usual_short = np.median(short[known]) if known.any() else 1.0
    usual_aspect = np.median(aspect[known]) if known.any() else 0.0
    columns = {"small": short / usual_short, "shape": np.exp(np.abs(aspect - usual_aspect))}
    return {name: np.where(known, values, np.nan).astype(np.float32) for name, values in columns.items()}


def rows_beyond(kind: Kind, facts: Mapping[str, NDArray[np.floating]] | pd.DataFrame, at: float) -> NDArray[np.int64]:
    """The images (rows) whose measure is at the threshold or beyond, the worst first; NaN is never beyond."""
    values = np.asarray(facts[kind.measure], np.float64)
    sign = 1 if kind.worst == "high" else -1
    rows = np.flatnonzero(sign * values >= sign * at)
    return np.asarray(rows[np.argsort(-sign * values[rows], kind="stable")])
