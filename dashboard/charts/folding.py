"""What the rows and columns of a matrix on the screen stand for, when there are more classes than the eye can take.

Communities are blocks: a closed block is one row, an open one a row per class. Folding is for the screen only; exports
always hold every class.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.widgets.text import clean, community_name, count

FOLDED = -1
READABLE = 40  # classes whose names still fit beside a matrix on a 1280 px screen
DENSE = 4_000_000  # cells up to which counting beats sorting
CLOSED = 12  # closed blocks that stand beside open ones


@dataclass(frozen=True, eq=False)
class Axis:
    """M rows and columns. Each is a class, a closed block, the other classes of an open block, or all that is left.

    labels, ticks: M names, not yet escaped, in sentences and beside the chart. class_id: (M,) or -1. community: (M,) or
    -1. rest: (M,) bool, the classes of an open block that have no row of their own. group: (K,) the row of every class;
    of_class: (K,) its community.
    """

    labels: tuple[str, ...]
    ticks: tuple[str, ...]
    class_id: NDArray[np.int64]
    community: NDArray[np.int64]
    rest: NDArray[np.bool_]
    group: NDArray[np.int64]
    of_class: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def position(self, *, class_id: int) -> int | None:
        """The row that is this class by itself; None when it is folded."""
        row = int(self.group[class_id])
        return row if self.class_id[row] == class_id else None

    def rows_of(self, community: int) -> NDArray[np.int64]:
        """The rows that hold classes of a community, ascending."""
        return np.unique(self.group[self.of_class == community])

    @property
    def is_whole(self) -> bool:
        """Has every class a row of its own?"""
        return bool((self.class_id != FOLDED).all())

    def words(self) -> str:
        """What is folded, in one or two sentences; empty when nothing is."""
        if self.is_whole:
            return ""
        alone = int((self.class_id != FOLDED).sum())
        closed = int(((self.class_id == FOLDED) & (self.community != FOLDED) & ~self.rest).sum())
        parts = [count(closed, "community folded into one row", "communities folded into a row each")] if closed else []
        parts += [f"{count(alone, 'class', 'classes')} with a row of their own"] if alone else []
        parts += (
            ["“other” for the rest, where fewest errors are"] if (self.rest | (self.community == FOLDED)).any() else []
        )
        total = count(len(self.group), "class", "classes")
        return f"{total}: {', '.join(parts)}. On screen only: exports hold every class."


def usually_open(community: NDArray[np.integer[Any]], named: Collection[int] = ()) -> frozenset[int]:
    """The blocks that are open until somebody folds them: all while every class fits, else the `named` communities."""
    if len(community) <= READABLE:
        return frozenset(np.unique(community).tolist())
    return frozenset(named)


def by_block(
    classes: pd.DataFrame,
    opened: Collection[int],
    *,
    must: Collection[int] = (),
    weight: NDArray[np.floating] | None = None,
    at_most: int = READABLE,
) -> Axis:
    """The axis with the communities `opened`, in the order of communities.

    `classes` is the table of a run. Of the classes in open blocks those with most errors get a row, at most `at_most`,
    `must` (class numbers) first, then those with most `weight` (K,); of the closed blocks those with most errors.
    """
    errors = classes["n_errors"].to_numpy()
    community = classes["community"].to_numpy().astype(np.int64)
    sizes = np.bincount(community)
    shown = _classes_shown(errors if weight is None else weight, errors, np.isin(community, list(opened)), must=must)[
        :at_most
    ]
    has_rows = np.isin(np.arange(len(sizes)), community[shown])
    blocks = _blocks_shown(errors, community, ~has_rows, at_most=CLOSED if has_rows.any() else at_most, must=must)
    names = classes["name"].to_numpy(object)
    rows: list[tuple[str, str, int, int, bool]] = []
    group = np.full(len(classes), FOLDED, np.int64)
    for c in np.flatnonzero(has_rows | blocks).tolist():
        own = np.flatnonzero(community == c)
        if has_rows[c] or len(own) == 1:  # a community of one class is that class
            inside = own if len(own) == 1 else own[np.isin(own, shown)]
            group[inside] = np.arange(len(rows), len(rows) + len(inside))
            said = [clean(names[k]) for k in inside.tolist()]  # only of those that are shown: there may be 100,000
            rows += [(name, name, k, c, False) for name, k in zip(said, inside.tolist(), strict=True)]
            left = own[group[own] == FOLDED]
            if len(left):
                group[left] = len(rows)
                label = f"other of {community_name(c)} ({len(left):,})"
                rows.append((label, label, FOLDED, c, True))
        else:
            group[own] = len(rows)
            worst = own[np.argsort(-errors[own], kind="stable")[:2]]
            tick = f"{c + 1}: {', '.join(clean(names[k], limit=16) for k in worst.tolist())} … {len(own):,}"
            rows.append((community_name(c), tick, FOLDED, c, False))
    left = np.flatnonzero(group == FOLDED)
    if len(left):
        group[left] = len(rows)
        rows.append((f"other ({len(left):,})", f"other ({len(left):,})", FOLDED, FOLDED, False))
    labels, ticks, class_id, of, rest = zip(*rows, strict=True)
    return Axis(labels, ticks, np.array(class_id), np.array(of), np.array(rest, bool), group, community)


def _classes_shown(
    weight: NDArray[Any], errors: NDArray[Any], allowed: NDArray[np.bool_], *, must: Collection[int]
) -> NDArray[np.int64]:
    """The classes of open blocks, in the order in which they get a row of their own."""
    found = np.flatnonzero(allowed)
    first = np.isin(found, list(must))
    return found[np.lexsort((-errors[found], -weight[found], ~first))]


def between(
    confusion: pd.DataFrame, community: NDArray[np.integer[Any]], opened: Collection[int]
) -> NDArray[np.float64]:
    """How many images each class exchanges with others of the `opened` communities, (K,).

    With several open it is what goes from one to another that counts, because that is what they were opened for.
    """
    given, predicted = confusion["given"].to_numpy(), confusion["predicted"].to_numpy()
    meant = np.isin(community, list(opened))
    keep = (given != predicted) & meant[given] & meant[predicted]
    if len(opened) > 1:
        keep &= community[given] != community[predicted]
    number = confusion["count"].to_numpy(np.float64)[keep]
    ends = np.concatenate([given[keep], predicted[keep]])
    return np.bincount(ends, np.concatenate([number, number]), minlength=len(community)).astype(np.float64)


def _blocks_shown(
    errors: NDArray[Any],
    community: NDArray[np.int64],
    closed: NDArray[np.bool_],
    *,
    at_most: int,
    must: Collection[int],
) -> NDArray[np.bool_]:
    """Closed blocks with a row of their own, (C,) bool: those of the classes asked for, then those with most errors."""
    weight = np.bincount(community, weights=errors, minlength=len(closed))
    first = np.isin(np.arange(len(closed)), community[list(must)])
    order = np.lexsort((-weight, ~first, ~closed))[: min(at_most, int(closed.sum()))]
    return np.isin(np.arange(len(closed)), order)


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
    number = confusion["count"].to_numpy()
    m = len(axis)
    cell = axis.group[given] * m + axis.group[predicted]
    matrix = _summed(cell, number, m)
    totals = matrix.sum(axis=1), matrix.sum(axis=0)
    if errors_only:
        right = given == predicted
        matrix = matrix - _summed(cell[right], number[right], m)
    return Folded(matrix, *totals)


def _summed(cell: NDArray[np.int64], number: NDArray[Any], m: int) -> NDArray[np.int64]:
    return np.bincount(cell, weights=number, minlength=m * m).astype(np.int64).reshape(m, m)


def counted(given: NDArray[Any], predicted: NDArray[Any], n_classes: int) -> pd.DataFrame:
    """The matrix of some images (M,) as a table given, predicted, count: a row per cell with something in it."""
    cells = given.astype(np.int64) * n_classes + predicted
    if n_classes**2 <= DENSE:
        dense = np.bincount(cells, minlength=n_classes**2)
        cells = np.flatnonzero(dense)
        number = dense[cells]
    else:
        cells, number = np.unique(cells, return_counts=True)
    return pd.DataFrame({"given": cells // n_classes, "predicted": cells % n_classes, "count": number})
