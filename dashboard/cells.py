"""Between cells of the matrix on the screen and the shared filter, both ways. Pure."""

from __future__ import annotations

from dataclasses import replace

from dashboard.charts.folding import FOLDED, Axis
from dashboard.selection import Filter


def filter_of(cell: tuple[int, int], axis: Axis, old: Filter) -> Filter:
    """What a click on (row, column) means: a pair of classes, or of communities; "other" leaves its side open."""
    cleared = replace(old, given=None, predicted=None, both=False, class_id=None)
    sides = [(int(axis.class_id[i]), int(axis.community[i])) for i in cell]
    if all(k == FOLDED for k, _ in sides):
        communities = [c if c != FOLDED else None for _, c in sides]
        return replace(cleared, community=communities[0], into=communities[1], only="errors")
    given, predicted = (k if k != FOLDED else None for k, _ in sides)
    return replace(cleared, given=given, predicted=predicted, only="" if None not in (given, predicted) else "errors")


def cells_in(chosen: Filter, axis: Axis) -> tuple[tuple[int, int], ...]:
    """The cells that the filter means, to be framed."""
    if chosen.pair is not None:
        row, column = (axis.position(class_id=k) for k in chosen.pair)
    elif chosen.community is not None and chosen.into is not None:
        row, column = axis.position(community=chosen.community), axis.position(community=chosen.into)
    else:
        return ()
    if row is None or column is None:
        return ()
    return ((row, column), (column, row)) if chosen.both else ((row, column),)
