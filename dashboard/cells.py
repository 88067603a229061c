"""Between cells of the matrix on the screen and the shared filter, both ways. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.folding import FOLDED, Axis
from dashboard.selection import Filter

Block = tuple[int, int, int, int]  # first row, last row, first column, last column


def rest_of(chosen: Filter) -> Filter:
    """The conditions that the matrix does not set itself: it counts the images that pass them."""
    only = "" if chosen.only == "errors" else chosen.only
    return replace(chosen, given=None, predicted=None, both=False, class_id=None, community=None, into=None, only=only)


def filter_of(cell: tuple[int, int], axis: Axis, old: Filter) -> Filter:
    """What a click on (row, column) means: classes or communities; "other" leaves its side open.

    It takes the place of what the matrix set before; conditions from elsewhere, such as a lasso, stay.
    """
    rest = rest_of(old)
    sides = [(int(axis.class_id[i]), int(axis.community[i])) for i in cell]
    given, predicted = (k if k != FOLDED else None for k, _ in sides)
    community, into = (c if k == FOLDED and c != FOLDED else None for k, c in sides)
    only = rest.only if rest.only or None not in (given, predicted) else "errors"
    return replace(rest, given=given, predicted=predicted, community=community, into=into, only=only)


@dataclass(frozen=True)
class Marks:
    """What the filter means on the screen: framed `blocks` of cells, `rows` and `columns` that are pointed at."""

    blocks: tuple[Block, ...] = ()
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


def marks_of(chosen: Filter, axis: Axis) -> Marks:
    """The cells, rows and columns that the filter means; a folded class is where it is folded."""
    rows, columns = _side(chosen.given, chosen.community, axis), _side(chosen.predicted, chosen.into, axis)
    blocks: list[Block] = []
    if rows is not None and columns is not None:
        ways = [(rows, columns)] + ([(columns, rows)] if chosen.both and chosen.pair is not None else [])
        blocks = [(int(r[0]), int(r[-1]), int(c[0]), int(c[-1])) for r, c in ways]
        rows = columns = None
    bands = [() if side is None else tuple(side.tolist()) for side in (rows, columns)]
    if chosen.class_id is not None:
        own = int(axis.group[chosen.class_id])
        bands = [(*band, own) for band in bands]
    return Marks(tuple(blocks), *bands)


def stretches(rows: tuple[int, ...]) -> list[tuple[int, int]]:
    """Neighbouring rows as (first, last)."""
    found: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if found and found[-1][1] == row - 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def _side(class_id: int | None, community: int | None, axis: Axis) -> NDArray[np.int64] | None:
    if class_id is not None:
        return axis.group[[class_id]]
    return None if community is None else axis.rows_of(community)


def cell_meant(chosen: Filter, axis: Axis) -> tuple[int, int] | None:
    """The one cell whose sentence is to be said, of classes or of closed blocks; None for anything else."""
    marks = marks_of(replace(chosen, both=False), axis)
    if len(marks.blocks) != 1:
        return None
    r0, r1, c0, c1 = marks.blocks[0]
    return (r0, c0) if (r0, c0) == (r1, c1) else None


def communities_named(chosen: Filter, axis_of: NDArray[np.integer]) -> frozenset[int]:
    """The communities that the filter names, or in which the classes lie that it names; `axis_of` (K,) of classes."""
    named = [c for c in (chosen.community, chosen.into) if c is not None]
    classes = [k for k in (chosen.given, chosen.predicted, chosen.class_id) if k is not None]
    return frozenset([*named, *(int(axis_of[k]) for k in classes)])


def classes_named(chosen: Filter) -> tuple[int, ...]:
    """The classes that the filter names."""
    return tuple(k for k in (chosen.given, chosen.predicted, chosen.class_id) if k is not None)
