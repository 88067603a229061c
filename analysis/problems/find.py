"""All problems of a data set at once: the artifacts that the page reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.progress import Parts, Progress
from analysis.base.types import Neighbours
from analysis.problems import alike, looks
from analysis.problems.kinds import KINDS, rows_beyond, shape_facts


def find_problems(
    table: pd.DataFrame,
    store: looks.Store | None,
    near: Neighbours | None,
    *,
    progress: Progress | None = None,
    parts: Parts | None = None,
) -> dict[str, Any]:
    """The artifacts image_facts, near_pairs and problems of a data set's `table` (N rows).

    Without a `store` there are no pixels, without `near` no features: their columns are NaN, and no pair is near.
    """
    n = len(table)
    columns: dict[str, NDArray[Any]] = dict.fromkeys(
        ("flat", "darkest", "brightest", "small", "shape", "likeness"), np.full(n, np.nan, np.float32)
    )
    thresholds: dict[str, float] = {kind.name: kind.usual for kind in KINDS.values() if kind.usual is not None}
    pairs = pd.DataFrame({"source": np.empty(0, np.int64), "target": np.empty(0, np.int64), "similarity": np.empty(0)})
    if near is not None:
        columns["likeness"] = alike.likeness(near)
        thresholds |= {"near": alike.near_threshold(near), "stranger": alike.stranger_threshold(columns["likeness"])}
        pairs = alike.near_pairs(near, thresholds["near"])
    same = np.arange(n, dtype=np.int64)
    n_gone = 0
    if store is not None:
        seen = looks.look_at_all(store, progress=progress, parts=parts)
        n_gone = int((seen.digest == "").sum())
        columns |= {"flat": seen.flat, "darkest": seen.darkest, "brightest": seen.brightest}
        if "width" in table:
            columns |= shape_facts(table["width"].to_numpy(), table["height"].to_numpy())
        same = looks.same_pixels(store, seen.digest, content=_content(table), alike=_sure(pairs))
    facts = pd.DataFrame({**columns, "same_as": same})
    return {
        "image_facts": facts,
        "near_pairs": pairs,
        "problems": {
            "thresholds": thresholds,
            "near_lowest": alike.lowest_kept(thresholds["near"]) if near is not None else None,
            "has": {"pixels": store is not None, "features": near is not None},
            "n_gone": n_gone,
            "counts": _counts(facts, pairs, thresholds),
        },
    }


def _content(table: pd.DataFrame) -> NDArray[np.object_] | None:
    return table["content"].to_numpy(object) if "content" in table else None


def _sure(pairs: pd.DataFrame) -> list[tuple[int, int]]:
    most = pairs[pairs["similarity"] >= alike.SURE]
    return list(zip(most["source"].tolist(), most["target"].tolist(), strict=True))


def _counts(facts: pd.DataFrame, pairs: pd.DataFrame, thresholds: dict[str, float]) -> dict[str, int]:
    """How many images every kind lists at its first threshold; of copies, those beside the first one."""
    counts = {"exact": int((facts["same_as"].to_numpy() != np.arange(len(facts))).sum())}
    for kind in KINDS.values():
        if kind.measure and kind.name in thresholds:
            counts[kind.name] = len(rows_beyond(kind, facts, thresholds[kind.name]))
    if "near" in thresholds:
        close = pairs[pairs["similarity"] >= thresholds["near"]]
        counts["near"] = len(np.unique(close[["source", "target"]].to_numpy()))
    return counts
