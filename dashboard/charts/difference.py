"""What differs between two confusion matrices with the same rows: more here, more there, in blue and orange."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import sentences
from dashboard.charts.folding import Axis, Folded
from dashboard.charts.grid import finish, has_numbers, heat, numbers, targets, top_of
from dashboard.charts.matrix import Drawn, cells_where, hover_of, in_cell, values_of
from dashboard.charts.palette import Palette, diverging_colours, diverging_scale
from dashboard.widgets.text import for_html


def delta(one: Folded, other: Folded, drawn: Drawn) -> NDArray[np.float64]:
    """The other minus the one, (M, M), in images or percentage points; NaN where neither has an image."""
    values = [np.nan_to_num(values_of(matrix, drawn.measure)) for matrix in (one, other)]
    there = (one.count > 0) | (other.count > 0)
    return np.where(there, values[1] - values[0], np.nan)


def difference_figure(
    one: Folded, other: Folded, axis: Axis, colours: Palette, *, drawn: Drawn, names: tuple[str, str]
) -> go.Figure:
    """The matrix of the other run minus that of the one looked at; `names` of the runs are not escaped yet."""
    change = delta(one, other, drawn)
    row, column = cells = cells_where(np.isfinite(change))
    shown = np.sign(change) * np.log10(1 + np.abs(change)) if drawn.log else change
    top = top_of(shown, axis)
    unit = "images more or fewer" if drawn.measure == "counts" else "percentage points"
    bar = {"title": {"text": unit, "side": "right"}} | (_log_ticks(top) if drawn.log else {})
    hover = hover_of(cells, lambda cell, say: say_change(one, other, axis, cell, names=names, say=say))
    figure = go.Figure(
        [heat(shown, diverging_scale(colours), low=-top, high=top, **bar), targets(cells, hover, len(axis))]
    )
    if has_numbers(axis, narrow=False):
        behind = diverging_colours(shown[cells] / top, colours)
        figure.add_trace(numbers(cells, [in_cell(v, drawn.measure, signed=True) for v in change[row, column]], behind))
    return finish(figure, axis, colours)


def say_change(
    one: Folded,
    other: Folded,
    axis: Axis,
    cell: tuple[int, int],
    *,
    names: tuple[str, str],
    say: Callable[[object], str] = for_html,
) -> str:
    """ "cat predicted dog: 37 images in resnet50, 52 in alexnet, 15 more." """
    counts = int(one.count[cell]), int(other.count[cell])
    return sentences.change(*counts, axis.labels[cell[0]], axis.labels[cell[1]], runs=names, say=say)


def _log_ticks(top: float) -> dict[str, list[float] | list[str]]:
    marks = [v for v in (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000) if np.log10(1 + v) <= top]
    both = [-v for v in reversed(marks[1:])] + marks
    return {
        "tickvals": [float(np.sign(v) * np.log10(1 + abs(v))) for v in both],
        "ticktext": [f"{v:+,}".replace("-", "−") if v else "0" for v in both],
    }
