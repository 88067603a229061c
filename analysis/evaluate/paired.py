"""Two models on the same images: where they differ, with paired tests (McNemar's, exact) [McNemar47]."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from analysis.base.errors import BadInput

Array = NDArray[Any]


def mcnemar(one: Array, other: Array) -> NDArray[np.float64]:
    """Two-sided exact p of McNemar's test: of the images on which two models differ, `one` (M,) against `other` (M,).

    Were both models equally good, each of these images would go to either like a coin toss. 1 where they never differ.
    """
    one, other = np.asarray(one, np.int64), np.asarray(other, np.int64)
    return np.minimum(1.0, 2 * binom.cdf(np.minimum(one, other), one + other, 0.5))


def adjusted(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """p values (M,) corrected for looking at all M: the false discovery rate at which each stands out. [Benjamini95]"""
    m = len(p)
    order = np.argsort(p, kind="stable")
    raised = np.asarray(p, np.float64)[order] * m / np.arange(1, m + 1)
    found = np.empty(m)
    found[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return found


def changed_pairs(given: Array, one: Array, other: Array, n_classes: int) -> pd.DataFrame:
    """The pairs of classes that two models confuse differently, the largest change first.

    given, one, other: (N,) labels and what either model predicts. Columns: source < target; `n_one`, `n_other` images
    given one of the two and predicted the other; `gained` of them only in `other`, `lost` only in `one`; `change` =
    n_other - n_one; `p` of McNemar's test on the images of the pair, `q` adjusted over all pairs.
    """
    _same_length(given, one, other)
    keys = [_pair_key(given, predicted, n_classes) for predicted in (one, other)]
    differ = keys[0] != keys[1]
    counts = pd.DataFrame(
        {
            "n_one": _count(keys[0]),
            "n_other": _count(keys[1]),
            "lost": _count(keys[0][differ]),
            "gained": _count(keys[1][differ]),
        }
    )
    counts = counts.fillna(0).astype(np.int64)
    counts = counts[counts["lost"] + counts["gained"] > 0]
    ends = counts.index.to_numpy(np.int64)
    table = counts.reset_index(drop=True)
    table.insert(0, "source", ends // n_classes)
    table.insert(1, "target", ends % n_classes)
    return _tested(table, table["n_other"] - table["n_one"])


def changed_classes(given: Array, one: Array, other: Array, n_classes: int) -> pd.DataFrame:
    """How often either model is right about each class, the largest change first.

    Columns: class_id, n_images, `n_one`, `n_other` images predicted as given; `gained` right only in `other`, `lost`
    right only in `one`; `change` = n_other - n_one; `p`, `q` as above. Classes without images are left out.
    """
    _same_length(given, one, other)
    right = [np.asarray(given) == predicted for predicted in (one, other)]

    def per_class(keep: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(given[keep], minlength=n_classes).astype(np.int64)

    table = pd.DataFrame(
        {
            "class_id": np.arange(n_classes),
            "n_images": np.bincount(given, minlength=n_classes),
            "n_one": per_class(right[0]),
            "n_other": per_class(right[1]),
            "lost": per_class(right[0] & ~right[1]),
            "gained": per_class(right[1] & ~right[0]),
        }
    )
    table = table[table["n_images"] > 0].reset_index(drop=True)
    return _tested(table, table["n_other"] - table["n_one"])


def _tested(table: pd.DataFrame, change: pd.Series) -> pd.DataFrame:
    table = table.assign(change=change)
    table["p"] = mcnemar(table["gained"].to_numpy(), table["lost"].to_numpy())
    table["q"] = adjusted(table["p"].to_numpy())
    order = np.lexsort((table["p"], -table["change"].abs()))
    return table.iloc[order].reset_index(drop=True)


def _pair_key(given: Array, predicted: Array, n_classes: int) -> NDArray[np.int64]:
    """The unordered pair of an image as one number; -1 where it was predicted as given."""
    low, high = np.minimum(given, predicted).astype(np.int64), np.maximum(given, predicted)
    return np.where(low == high, -1, low * n_classes + high)


def _count(keys: NDArray[np.int64]) -> pd.Series:
    found, n = np.unique(keys[keys >= 0], return_counts=True)
    return pd.Series(n, index=found)


def _same_length(given: Array, one: Array, other: Array) -> None:
    if not len(given) == len(one) == len(other):
        raise BadInput(
            f"There are {len(given)} labels, {len(one)} and {len(other)} predictions", wanted="the same images"
        )
