"""What all matrices on the screen have in common: axes with names and marks, lines between blocks, targets.

What the filter means is framed over the chart by `components/matrix_keys`, not in the figure: Streamlit draws a chart
anew whenever anything in its figure changes, and a click would pay for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.folding import FOLDED, Axis
from dashboard.charts.palette import GLYPHS, Palette, colour_of, shape_of, text_on
from dashboard.widgets.text import for_plotly

WITH_NUMBERS = 16  # up to so many rows the number stands in the cell
NARROW = 8  # the same where two matrices share the width
NAMES_ABOVE = 24  # beyond so many columns only the marks fit above; the rows have the same order
ROW = 14  # pixels that a name needs
PIXELS = 600  # height of the figure while its rows fit
BAR = {  # below the cells: beside them it takes the room of some columns
    "orientation": "h",
    "thickness": 10,
    "outlinewidth": 0,
    "len": 0.6,
    "y": 0,
    "yanchor": "top",
    "ypad": 6,
}
CELLS = 1  # index of the trace that is clicked: the heat map itself reports no click


def finish(figure: go.Figure, axis: Axis, colours: Palette, *, narrow: bool = False) -> go.Figure:
    """Axes and lines between blocks; `narrow` where two matrices share the width."""
    ticks = {
        "tickvals": list(range(len(axis))),
        "showticklabels": True,
        "range": [-0.5, len(axis) - 0.5],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "ticklabeloverflow": "allow",  # they have a margin; to look whether they fit takes 0.2 s
        "ticks": "",
        "tickfont": {"size": 12 if len(axis) <= 24 else 10, "color": colours.ink},
    }
    names, above = _ticks(axis, colours, narrow=narrow)
    turned = 0 if _short(axis) else -60
    across = {"ticktext": above, "title": {"text": "predicted"}, "side": "top", "tickangle": turned}
    figure.update_layout(
        xaxis={**ticks, **across},
        yaxis={**ticks, "ticktext": names, "title": {"text": "given"}, "range": [len(axis) - 0.5, -0.5]},
        height=max(PIXELS, ROW * len(axis) + 80),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        plot_bgcolor=colours.background,
        paper_bgcolor="rgba(0,0,0,0)",
        dragmode="pan",
        hovermode="closest",
        hoverdistance=60,  # a cell may be wider than its invisible square
        showlegend=False,
        shapes=_separators(axis, colours),
    )
    return figure


def top_of(values: NDArray[np.float64], axis: Axis) -> float:
    """Where the scale of (M, M) values ends: at the largest cell of two classes, else of two blocks; 1 for nothing.

    A block or "other" holds so much more than a class that next to it no class would be seen.
    """
    classes = axis.class_id != FOLDED
    compared = classes if classes.any() else axis.community != FOLDED
    seen = np.abs(values[np.ix_(compared, compared)])
    top = float(np.nanmax(seen)) if np.isfinite(seen).any() else 0.0
    return top or 1.0


def has_numbers(axis: Axis, *, narrow: bool) -> bool:
    """Is there room for a number in every cell?"""
    return len(axis) <= (NARROW if narrow else WITH_NUMBERS)


def heat(
    values: NDArray[np.float64], scale: list[tuple[float, str]], *, low: float, high: float, **bar: Any
) -> go.Heatmap:
    """(M, M) values as colours between `low` and `high`; `bar` describes the colour bar."""
    return go.Heatmap(
        z=values.astype(np.float32),
        zmin=low,
        zmax=high,
        colorscale=scale,
        hoverinfo="skip",
        xgap=1,
        ygap=1,
        colorbar={**BAR, **bar},
    )


def targets(cells: tuple[NDArray[np.int64], NDArray[np.int64]], hover: list[str], size: int) -> go.Scatter:
    """Invisible squares over the cells (rows, columns): they carry hover and click."""
    side = PIXELS * 0.8 / max(1, size)
    kind = go.Scatter if len(cells[0]) <= 2000 else go.Scattergl  # a small matrix needs no WebGL
    return kind(
        x=cells[1],
        y=cells[0],
        mode="markers",
        marker={"symbol": "square", "size": float(np.clip(side, 4, 48)), "opacity": 0, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertext=hover,
        hoverinfo="text",
    )


def numbers(cells: tuple[NDArray[np.int64], NDArray[np.int64]], text: list[str], behind: list[str]) -> go.Scatter:
    """The numbers in the cells, each in the ink that is read best on the colour `behind` it; they take no click."""
    return go.Scatter(
        x=cells[1],
        y=cells[0],
        mode="text",
        text=text,
        textfont={"color": [text_on(colour) for colour in behind], "size": 11},
        hoverinfo="skip",
    )


def _ticks(axis: Axis, colours: Palette, *, narrow: bool) -> tuple[list[str], list[str]]:
    """What stands beside the rows, and above the columns: names with the mark of their community.

    Above, a closed block is its number, and beyond `NAMES_ABOVE` columns a class is its mark alone.
    """
    limit = 24 if len(axis) <= 24 else 18
    glyphs = [
        "" if c == FOLDED else f'<span style="color:{colour_of(c, colours)}">{shape_of(c, GLYPHS)}</span>'
        for c in axis.community.tolist()
    ]
    limits = [14 if narrow else limit if k != FOLDED else 30 for k in axis.class_id.tolist()]
    names = [
        f"{for_plotly(label, limit=longest)} {mark}"
        for label, mark, longest in zip(axis.ticks, glyphs, limits, strict=True)
    ]
    numbers_of = [str(c + 1) if c != FOLDED else "" for c in axis.community.tolist()]
    closed = ((axis.class_id == FOLDED) & ~axis.rest).tolist()
    if len(axis) > NAMES_ABOVE:
        return names, glyphs if not all(closed) else numbers_of
    above = [f"{n} {g}" if c else name for n, g, c, name in zip(numbers_of, glyphs, closed, names, strict=True)]
    return names, above


def _short(axis: Axis) -> bool:
    """Does what stands above the columns fit without turning it?"""
    alone = [name for name, k, r in zip(axis.ticks, axis.class_id, axis.rest, strict=True) if k != FOLDED or r]
    return len(axis) > NAMES_ABOVE or max(map(len, alone), default=0) * len(axis) <= 60


def _separators(axis: Axis, colours: Palette) -> list[dict[str, object]]:
    """Lines around the communities whose classes have rows of their own."""
    alone = (axis.class_id != FOLDED) | axis.rest
    borders = np.flatnonzero((np.diff(axis.community) != 0) & (alone[1:] | alone[:-1])) + 0.5
    line = {"color": colours.muted, "width": 1}
    low, high = -0.5, len(axis) - 0.5
    across = [{"type": "line", "x0": low, "x1": high, "y0": b, "y1": b, "line": line} for b in borders.tolist()]
    down = [{"type": "line", "y0": low, "y1": high, "x0": b, "x1": b, "line": line} for b in borders.tolist()]
    return [*across, *down]
