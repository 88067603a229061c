"""How the model does on every class, from the confusion table of some images. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.confusion.report import heaviest_pairs


def class_figures(confusion: pd.DataFrame, n_classes: int) -> pd.DataFrame:
    """A row per class, in class order, from given, predicted, count.

    `n_images` given it, `n_predicted` as it, `n_right` both; `recall` (the accuracy on the class) with its Wilson 95 %
    interval `low`, `high`; `precision`; `partner`: the class it exchanges most images with, -1 for none, with
    `as_partner` images of it predicted as that one and `from_partner` the other way. NaN for shares of nothing.
    """
    given, predicted = confusion["given"].to_numpy(), confusion["predicted"].to_numpy()
    number = confusion["count"].to_numpy(np.float64)
    same = given == predicted
    n_images = np.bincount(given, number, minlength=n_classes).astype(np.int64)
    n_predicted = np.bincount(predicted, number, minlength=n_classes).astype(np.int64)
    n_right = np.bincount(given[same], number[same], minlength=n_classes).astype(np.int64)
    ends = [wilson(r, n) if n else (np.nan, np.nan) for r, n in zip(n_right.tolist(), n_images.tolist(), strict=True)]
    low, high = np.array(ends, np.float64).reshape(n_classes, 2).T
    table = pd.DataFrame(
        {
            "class_id": np.arange(n_classes),
            "n_images": n_images,
            "n_predicted": n_predicted,
            "n_right": n_right,
            "n_errors": n_images - n_right,
            "recall": _share(n_right, n_images),
            "low": low,
            "high": high,
            "precision": _share(n_right, n_predicted),
        }
    )
    return table.join(_partners(confusion, n_classes))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return share


def _partners(confusion: pd.DataFrame, n_classes: int) -> pd.DataFrame:
    """The heaviest pair of every class, seen from it."""
    pairs = partners(heaviest_pairs(confusion, np.zeros(n_classes, np.int64)))
    worst = pairs.drop_duplicates("class_id").set_index("class_id").reindex(np.arange(n_classes))
    return pd.DataFrame(
        {
            "partner": worst["partner"].fillna(-1).astype(np.int64),
            "as_partner": worst["as_partner"].fillna(0).astype(np.int64),
            "from_partner": worst["from_partner"].fillna(0).astype(np.int64),
        }
    )


def partners(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs (as `heaviest_pairs` gives them) seen from both ends: class_id, partner, as_partner, from_partner.

    The heaviest come first, of equal ones the lower partner.
    """
    ends = ["source", "target", "count_source_as_target", "count_target_as_source"]
    names = ["class_id", "partner", "as_partner", "from_partner"]
    one = pairs[ends].set_axis(names, axis=1)
    other = pairs[[ends[1], ends[0], ends[3], ends[2]]].set_axis(names, axis=1)
    both = pd.concat([one, other], ignore_index=True)
    total = (both["as_partner"] + both["from_partner"]).to_numpy()
    return both.iloc[np.lexsort((both["partner"], -total))].reset_index(drop=True)


def heaviest_cells(confusion: pd.DataFrame, *, limit: int) -> pd.DataFrame:
    """The wrong cells with most images: given, predicted, count and `share` of the images given that label."""
    total = confusion.groupby("given")["count"].sum()
    wrong = confusion[(confusion["given"] != confusion["predicted"]) & (confusion["count"] > 0)]
    first = np.argsort(-wrong["count"].to_numpy(), kind="stable")[:limit]
    found = wrong.iloc[first][["given", "predicted", "count"]].reset_index(drop=True)
    return found.assign(share=found["count"] / found["given"].map(total))
