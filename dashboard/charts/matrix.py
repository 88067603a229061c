"""The confusion matrix as a heat map that can be clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import sentences
from dashboard.charts.folding import FOLDED, Axis, Folded
from dashboard.charts.palette import GLYPHS, Palette, colour_of, colour_scale, scale_colours, shape_of, text_on
from dashboard.widgets.text import for_html, for_plotly

Measure = Literal["counts", "share of given", "share of predicted"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
WITH_NUMBERS = 16  # up to so many rows the number stands in the cell
NAMES_ABOVE = 24  # beyond so many columns only the marks fit above; the rows have the same order
WITHOUT_NAMES = 64  # beyond so many rows names would overlap; the hover tells them
PIXELS = 600  # height of the figure
CELLS = 1  # index of the trace that is clicked: the heat map itself reports no click


@dataclass(frozen=True, eq=False)
class Cells:
    """The M x M cells with something in them, in the order in which the chart knows them: row and column, (C,) each."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]


def cells_of(matrix: Folded) -> Cells:
    """The cells that can be clicked."""
    row, column = np.nonzero(matrix.count)
    return Cells(row.astype(np.int64), column.astype(np.int64))


def values_of(matrix: Folded, measure: Measure) -> NDArray[np.float64]:
    """What is drawn, (M, M): images, or shares in per cent; NaN where there is nothing."""
    if measure == "counts":
        values = matrix.count.astype(np.float64)
    else:
        share = matrix.share_of_given() if measure == "share of given" else matrix.share_of_predicted()
        values = share * 100
    return np.where(matrix.count > 0, values, np.nan)


def say_cell(matrix: Folded, axis: Axis, cell: tuple[int, int], *, errors_only: bool, html: bool = True) -> str:
    """The sentence of the cell (row, column), for a page or, with `html` off, for the chart's hover."""
    row, column = cell
    say = for_html if html else for_plotly
    facts = (int(matrix.count[cell]), axis.labels[row], axis.labels[column])
    share = float(matrix.share_of_given()[cell])
    if FOLDED in (axis.class_id[row], axis.class_id[column]):
        return sentences.group_cell(*facts, share=share, errors_only=errors_only, say=say)
    return sentences.cell(*facts, share=share, say=say)


def matrix_figure(
    matrix: Folded,
    axis: Axis,
    colours: Palette,
    *,
    measure: Measure = "counts",
    errors_only: bool = True,
    log: bool = False,
    chosen: tuple[tuple[int, int], ...] = (),
) -> go.Figure:
    """Rows are given, columns predicted; colour and shape of a mark tell the community; `chosen` cells are framed."""
    values = values_of(matrix, measure)
    cells = cells_of(matrix)
    heat = _heat(values, colours, measure=measure, log=log, compared=axis.community != FOLDED)
    figure = go.Figure([heat, _targets(matrix, axis, cells, errors_only)])
    if len(axis) <= WITH_NUMBERS:
        figure.add_trace(_numbers(values, cells, np.asarray(heat.z) / heat.zmax, colours, measure=measure))
    figure.update_layout(
        height=PIXELS,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        plot_bgcolor=colours.background,
        paper_bgcolor="rgba(0,0,0,0)",
        dragmode="pan",
        hovermode="closest",
        hoverdistance=60,  # a cell may be wider than its invisible square
        showlegend=False,
        shapes=_separators(axis, colours) + [_frame(cell, colours) for cell in chosen],
    )
    ticks = {
        "tickvals": list(range(len(axis))),
        "showticklabels": len(axis) <= WITHOUT_NAMES,
        "range": [-0.5, len(axis) - 0.5],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "ticks": "",
        "tickfont": {"size": 12 if len(axis) <= 24 else 10, "color": colours.ink},
    }
    names, marks = _ticks(axis, colours)
    above = names if len(axis) <= NAMES_ABOVE else marks
    turned = 0 if _short(axis) or above is marks else -60
    figure.update_xaxes(**ticks, ticktext=above, title="predicted", side="top", tickangle=turned)
    figure.update_yaxes(ticktext=names, title="given", **{**ticks, "range": [len(axis) - 0.5, -0.5]})
    return figure


def _heat(
    values: NDArray[np.float64], colours: Palette, *, measure: Measure, log: bool, compared: NDArray[np.bool_]
) -> go.Heatmap:
    """Cells as colours. The scale ends at the largest of the `compared` (M,) rows: "other" would drown the rest."""
    unit = "images" if measure == "counts" else "%"
    drawn = np.log10(1 + values) if log else values
    seen = drawn[np.ix_(compared, compared)]
    top = float(np.nanmax(seen)) if np.isfinite(seen).any() else 1.0
    return go.Heatmap(
        z=drawn.astype(np.float32),
        zmin=0,
        zmax=top,
        colorscale=colour_scale(colours),
        hoverinfo="skip",
        xgap=1,
        ygap=1,
        colorbar={"title": {"text": unit, "side": "right"}, "thickness": 10, "outlinewidth": 0, "len": 0.6}
        | (_log_ticks(top) if log else {}),
    )


def _numbers(
    values: NDArray[np.float64], cells: Cells, shares: NDArray[np.floating], colours: Palette, *, measure: Measure
) -> go.Scatter:
    """The numbers in the cells, each in the ink that is read best on its cell; they take no click."""
    form = "{:,.0f}" if measure == "counts" else "{:.1f}"
    return go.Scatter(
        x=cells.column,
        y=cells.row,
        mode="text",
        text=[form.format(value) for value in values[cells.row, cells.column]],
        textfont={"color": [text_on(c) for c in scale_colours(shares[cells.row, cells.column], colours)], "size": 11},
        hoverinfo="skip",
    )


def _log_ticks(top: float) -> dict[str, list[float] | list[str]]:
    marks = [v for v in (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000) if np.log10(1 + v) <= top]
    return {"tickvals": [float(np.log10(1 + v)) for v in marks], "ticktext": [f"{v:,}" for v in marks]}


def _targets(matrix: Folded, axis: Axis, cells: Cells, errors_only: bool) -> go.Scatter:
    """Invisible squares over the cells: they carry hover and click."""
    side = PIXELS * 0.8 / max(1, len(axis))
    hover = [
        say_cell(matrix, axis, (int(r), int(c)), errors_only=errors_only, html=False)
        for r, c in zip(cells.row, cells.column, strict=True)
    ]
    kind = go.Scatter if len(cells.row) <= 2000 else go.Scattergl  # a small matrix needs no WebGL
    return kind(
        x=cells.column,
        y=cells.row,
        mode="markers",
        marker={"symbol": "square", "size": float(np.clip(side, 4, 48)), "opacity": 0, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertext=hover,
        hoverinfo="text",
    )


def _ticks(axis: Axis, colours: Palette) -> tuple[list[str], list[str]]:
    """What stands beside the rows: names with the mark of their community, and the marks alone."""
    limit = 24 if len(axis) <= 24 else 18
    marks = [
        "" if c == FOLDED else f'<span style="color:{colour_of(c, colours)}">{shape_of(c, GLYPHS)}</span>'
        for c in axis.community.tolist()
    ]
    names = [f"{for_plotly(label, limit=limit)} {mark}" for label, mark in zip(axis.labels, marks, strict=True)]
    return names, marks


def _short(axis: Axis) -> bool:
    """Do the names fit above their columns without turning them?"""
    return max(map(len, axis.labels), default=0) * len(axis) <= 60


def _separators(axis: Axis, colours: Palette) -> list[dict[str, object]]:
    """Lines between communities, where the rows are classes."""
    if (axis.class_id == FOLDED).all():
        return []
    borders = np.flatnonzero(np.diff(axis.community)) + 0.5
    line = {"color": colours.muted, "width": 1}
    low, high = -0.5, len(axis) - 0.5
    across = [{"type": "line", "x0": low, "x1": high, "y0": b, "y1": b, "line": line} for b in borders.tolist()]
    down = [{"type": "line", "y0": low, "y1": high, "x0": b, "x1": b, "line": line} for b in borders.tolist()]
    return [*across, *down]


def _frame(cell: tuple[int, int], colours: Palette) -> dict[str, object]:
    row, column = cell
    ends = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    return {"type": "rect", **ends, "line": {"color": colours.accent, "width": 3}}
