"""What the rows and columns of a matrix on the screen stand for, when there are more classes than the eye can take.

Folding is for the screen only; exports always hold every class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.widgets.text import community_name

FOLDED = -1
READABLE = 40  # classes whose names still fit beside a matrix on a 1280 px screen


@dataclass(frozen=True, eq=False)
class Axis:
    """M rows and columns. Each is a class, a community, or "other", the rest folded together.

    labels: M names, not yet escaped. class_id: (M,) or -1. community: (M,) or -1. group: (K,) row of every class.
    """

    labels: tuple[str, ...]
    class_id: NDArray[np.int64]
    community: NDArray[np.int64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def position(self, *, class_id: int | None = None, community: int | None = None) -> int | None:
        """The row that is this class, or this community as a whole; None when it is not on the screen."""
        if class_id is not None:
            row = int(self.group[class_id])
            return row if self.class_id[row] == class_id else None
        found = np.flatnonzero((self.community == community) & (self.class_id == FOLDED))
        return int(found[0]) if len(found) else None


def by_class(classes: pd.DataFrame, *, at_most: int = READABLE, among: NDArray[np.bool_] | None = None) -> Axis:
    """The classes with most errors, those of a community side by side; the others in one last row.

    `classes` is the table of a run; `among` (K,) limits the choice, everything else is "other".
    """
    errors = classes["n_errors"].to_numpy()
    community = classes["community"].to_numpy()
    allowed = np.flatnonzero(among) if among is not None else np.arange(len(classes))
    chosen = allowed[np.argsort(-errors[allowed], kind="stable")][:at_most]
    chosen = chosen[np.lexsort((chosen, community[chosen]))]
    rest = len(classes) - len(chosen)
    labels = [str(classes["name"].iloc[k]) for k in chosen]
    group = np.full(len(classes), len(chosen), np.int64)
    group[chosen] = np.arange(len(chosen))
    class_id, of = chosen.astype(np.int64), community[chosen].astype(np.int64)
    if rest:
        labels.append(f"other ({rest:,})")
        class_id, of = np.append(class_id, FOLDED), np.append(of, FOLDED)
    return Axis(tuple(labels), class_id, of, group)


def by_community(classes: pd.DataFrame, *, at_most: int = READABLE) -> Axis:
    """One row per community with the most errors; the others in one last row."""
    community = classes["community"].to_numpy().astype(np.int64)
    n = int(community.max()) + 1
    errors = np.bincount(community, weights=classes["n_errors"].to_numpy(), minlength=n)
    chosen = np.sort(np.argsort(-errors, kind="stable")[:at_most])
    place = np.full(n, len(chosen), np.int64)
    place[chosen] = np.arange(len(chosen))
    labels = [community_name(int(c)) for c in chosen]
    of = chosen.astype(np.int64)
    if n > len(chosen):
        labels.append(f"other ({n - len(chosen):,})")
        of = np.append(of, FOLDED)
    return Axis(tuple(labels), np.full(len(labels), FOLDED, np.int64), of, place[community])


@dataclass(frozen=True, eq=False)
class Folded:
    """A confusion matrix on M rows and columns: `count` (M, M) int, row = given, column = predicted, and the sums.

    given_total, predicted_total: (M,) images given, or predicted, each row's classes, whatever `count` leaves out.
    """

    count: NDArray[np.int64]
    given_total: NDArray[np.int64]
    predicted_total: NDArray[np.int64]

    def share_of_given(self) -> NDArray[np.float64]:
        """Of the images given the row, the share in the cell; 0 for a row without images."""
        return self.count / np.maximum(1, self.given_total)[:, None]

    def share_of_predicted(self) -> NDArray[np.float64]:
        """Of the images predicted the column, the share in the cell; 0 for a column without images."""
        return self.count / np.maximum(1, self.predicted_total)[None, :]


def folded(confusion: pd.DataFrame, axis: Axis, *, errors_only: bool) -> Folded:
    """Sum the sparse table of a run into the rows of `axis`, with or without the images predicted as they are given."""
    given, predicted = confusion["given"].to_numpy(), confusion["predicted"].to_numpy()
    count = confusion["count"].to_numpy().astype(np.int64)
    matrix = np.zeros((len(axis), len(axis)), np.int64)
    np.add.at(matrix, (axis.group[given], axis.group[predicted]), count)
    totals = matrix.sum(axis=1), matrix.sum(axis=0)
    if errors_only:
        right = given == predicted
        np.subtract.at(matrix, (axis.group[given[right]], axis.group[predicted[right]]), count[right])
    return Folded(matrix, *totals)
