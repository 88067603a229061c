"""The confusion matrix as a heat map that can be clicked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import sentences
from dashboard.charts.folding import FOLDED, Axis, Folded
from dashboard.charts.grid import finish, has_numbers, heat, numbers, targets, top_of
from dashboard.charts.palette import Palette, colour_scale, scale_colours
from dashboard.widgets.text import for_html, for_plotly

Measure = Literal["counts", "share of given", "share of predicted"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
Cells = tuple[NDArray[np.int64], NDArray[np.int64]]  # rows and columns of C cells


@dataclass(frozen=True)
class Drawn:
    """How a matrix is drawn: counts or shares, with or without the images predicted as labelled, logarithmic or not."""

    measure: Measure = "counts"
    errors_only: bool = True
    log: bool = False


def cells_of(matrix: Folded) -> Cells:
    """The cells with something in them, in the order in which the chart knows them: these can be clicked."""
    return cells_where(matrix.count > 0)


def cells_where(there: NDArray[np.bool_]) -> Cells:
    """The cells of (M, M) that are true."""
    row, column = np.nonzero(there)
    return row.astype(np.int64), column.astype(np.int64)


def values_of(matrix: Folded, measure: Measure) -> NDArray[np.float64]:
    """What is drawn, (M, M): images, or shares in per cent; NaN where there is nothing."""
    if measure == "counts":
        values = matrix.count.astype(np.float64)
    else:
        share = matrix.share_of_given() if measure == "share of given" else matrix.share_of_predicted()
        values = share * 100
    return np.where(matrix.count > 0, values, np.nan)


def say_cell(
    matrix: Folded, axis: Axis, cell: tuple[int, int], drawn: Drawn, *, say: Callable[[object], str] = for_html
) -> str:
    """The sentence of the cell (row, column), names escaped by `say`."""
    row, column = cell
    facts = (int(matrix.count[cell]), axis.labels[row], axis.labels[column])
    share = int(matrix.count[cell]) / max(1, int(matrix.given_total[row]))
    back = int(matrix.count[cell]) / max(1, int(matrix.predicted_total[column]))
    of_predicted = back if drawn.measure == "share of predicted" else None
    if FOLDED in (axis.class_id[row], axis.class_id[column]):
        return sentences.group_cell(
            *facts,
            share=share,
            of_predicted=of_predicted,
            errors_only=drawn.errors_only,
            say=say,
            groups=(axis.class_id[row] == FOLDED, axis.class_id[column] == FOLDED),
        )
    return sentences.cell(*facts, share=share, of_predicted=of_predicted, say=say)


def matrix_figure(
    matrix: Folded,
    axis: Axis,
    colours: Palette,
    *,
    drawn: Drawn,
    beside: Folded | None = None,
) -> go.Figure:
    """Rows are given, columns predicted; colour and shape of a mark tell the community.

    With `beside`, the matrix that it stands next to, both have one scale and less room.
    """
    narrow = beside is not None
    shown = _shown(matrix, drawn)
    top = max(top_of(_shown(m, drawn), axis) for m in (matrix, beside) if m is not None)
    cells = cells_of(matrix)
    unit = "images" if drawn.measure == "counts" else "%"
    bar = {"title": {"text": unit, "side": "right"}} | (_log_ticks(top) if drawn.log else {})
    hover = hover_of(cells, lambda cell, say: say_cell(matrix, axis, cell, drawn, say=say))
    figure = go.Figure([heat(shown, colour_scale(colours), low=0, high=top, **bar), targets(cells, hover, len(axis))])
    if has_numbers(axis, narrow=narrow):
        behind = scale_colours(shown[cells] / top, colours)
        values = values_of(matrix, drawn.measure)[cells]
        figure.add_trace(numbers(cells, [in_cell(value, drawn.measure) for value in values], behind))
    return finish(figure, axis, colours, narrow=narrow)


def _shown(matrix: Folded, drawn: Drawn) -> NDArray[np.float64]:
    values = values_of(matrix, drawn.measure)
    return np.log10(1 + values) if drawn.log else values


def in_cell(value: float, measure: Measure, *, signed: bool = False) -> str:
    """A value as short as a narrow cell needs it: 37, 1.2k, 4.1."""
    sign = "+" if signed else ""
    if measure != "counts":
        text = f"{value:{sign}.1f}"
    else:
        text = f"{value:{sign}.0f}" if abs(value) < 1000 else f"{value / 1000:{sign}.{int(abs(value) < 9950)}f}k"
    return text.replace("-", "−")


def hover_of(cells: Cells, sentence: Callable[[tuple[int, int], Callable[[object], str]], str]) -> list[str]:
    """The sentences of all cells for the chart's hover, every name escaped once."""
    say = cache(for_plotly)
    return [sentence((r, c), say) for r, c in zip(cells[0].tolist(), cells[1].tolist(), strict=True)]


def _log_ticks(top: float) -> dict[str, list[float] | list[str]]:
    marks = [v for v in (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000) if np.log10(1 + v) <= top]
    return {"tickvals": [float(np.log10(1 + v)) for v in marks], "ticktext": [f"{v:,}" for v in marks]}
