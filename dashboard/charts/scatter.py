"""The map of images: positions in, figure out. Many points are sampled, and the sample says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.palette import PLOTLY_SHAPES, Palette, colour_of, colour_scale, shape_of
from dashboard.widgets.text import for_plotly

AT_MOST = 40_000  # points; a lasso over more makes the browser send megabytes
WITH_SHAPES = 8_000  # beyond so many points a marker is too small for its shape to be seen
LEGEND = 14
_SYMBOLS = {"circle": 0, "diamond": 2, "square": 1, "triangle-up": 5, "triangle-down": 6, "star": 17, "hexagon": 14}


@dataclass(frozen=True, eq=False)
class Colouring:
    """How points are told apart: categories with names, or a value in 0..1.

    category: (N,) numbers into `names`, or None. value: (N,) floats in 0..1, or None. plain: the category, if any,
    that is drawn as "nothing to see" (not yet judged).
    """

    title: str
    category: NDArray[np.integer] | None = None
    names: Sequence[str] = ()
    value: NDArray[np.floating] | None = None
    plain: int | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """Which rows (M,) of N are drawn, and a sentence that says how they were chosen."""

    rows: NDArray[np.int64]
    sentence: str


def sample_points(n: int, first: NDArray[np.bool_], *, at_most: int = AT_MOST, what: str = "suspects") -> Sample:
    """All rows when they fit; else those of `first` (N,), up to half the room, and others at random.

    `what` is the word for those of `first`.
    """
    if n <= at_most:
        return Sample(np.arange(n), f"{n:,} of {n:,} images shown.")
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(first)
    whole = len(kept) <= at_most // 2
    if not whole:
        kept = rng.choice(kept, at_most // 2, replace=False)
    others = np.setdiff1d(np.arange(n), np.flatnonzero(first), assume_unique=True)
    drawn = rng.choice(others, min(len(others), at_most - len(kept)), replace=False)
    these = f"all {len(kept):,} {what}" if whole else f"{len(kept):,} of the {what} at random"
    shown = f"{len(kept) + len(drawn):,} of {n:,} images shown"
    sentence = f"{shown}, sampled: {these} and {len(drawn):,} others at random."
    return Sample(np.sort(np.r_[kept, drawn]), sentence)


def map_figure(
    xy: NDArray[np.floating],
    colouring: Colouring,
    colours: Palette,
    *,
    hover: Sequence[str],
    meant: NDArray[np.bool_] | None = None,
    outline: Sequence[Sequence[float]] = (),
    height: int = 540,
) -> go.Figure:
    """M points at `xy` (M, 2). `meant` (M,) stand out, the rest are faint; `outline` is the lasso in force.

    `hover` holds M texts, escaped already. Trace 0 is the faint points, trace 1 those that are meant.
    """
    meant = np.ones(len(xy), bool) if meant is None else meant
    size = float(np.clip(300 / np.sqrt(max(1, len(xy))), 3.5, 9))
    figure = go.Figure(
        [_faint(xy[~meant], colours, size), _points(xy, meant, colouring, colours, size=size, hover=hover)]
    )
    for name, marker in _legend(colouring, colours, meant):
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", name=name, marker=marker, showlegend=True))
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "title": ""}
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare)
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        plot_bgcolor=colours.background,
        paper_bgcolor="rgba(0,0,0,0)",
        dragmode="lasso",
        hovermode="closest",
        legend={
            "title": {"text": colouring.title},
            "itemclick": False,
            "itemdoubleclick": False,
            "itemsizing": "constant",
            "orientation": "h",
            "x": 0,
            "y": 1.01,
            "yanchor": "bottom",
        },
        shapes=[_outline(outline, colours)] if outline else [],
        uirevision="map",
    )
    return figure


def _faint(xy: NDArray[np.floating], colours: Palette, size: float) -> go.Scattergl:
    return go.Scattergl(
        x=xy[:, 0].astype(np.float32),
        y=xy[:, 1].astype(np.float32),
        mode="markers",
        marker={"size": size * 0.8, "color": colours.faint, "opacity": 0.5},
        hoverinfo="skip",
        showlegend=False,
    )


def _points(
    xy: NDArray[np.floating],
    meant: NDArray[np.bool_],
    colouring: Colouring,
    colours: Palette,
    *,
    size: float,
    hover: Sequence[str],
) -> go.Scattergl:
    marker = {"size": size, "opacity": 0.8, **_marker(colouring, meant, colours)}
    return go.Scattergl(
        x=xy[meant, 0].astype(np.float32),
        y=xy[meant, 1].astype(np.float32),
        mode="markers",
        marker=marker,
        hovertext=[hover[i] for i in np.flatnonzero(meant).tolist()],
        hoverinfo="text",
        showlegend=False,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.15}},
    )


def _marker(colouring: Colouring, meant: NDArray[np.bool_], colours: Palette) -> dict[str, object]:
    if colouring.value is not None:
        bar = {"title": {"text": colouring.title, "side": "right"}, "thickness": 10, "outlinewidth": 0, "len": 0.6}
        values = colouring.value[meant].astype(np.float32)
        scale = colour_scale(colours)[1:]  # the lowest colour is nearly that of the page
        stretched = [((place - scale[0][0]) / (1 - scale[0][0]), colour) for place, colour in scale]
        return {"color": values, "cmin": 0, "cmax": 1, "colorscale": stretched, "colorbar": bar, "showscale": True}
    category = np.asarray(colouring.category)[meant]
    steps = (*colours.categories, colours.faint)
    code = (category % len(colours.categories)).astype(np.uint8)
    if colouring.plain is not None:
        code[category == colouring.plain] = len(steps) - 1
    scale = [(end / len(steps), colour) for i, colour in enumerate(steps) for end in (i, i + 1)]
    drawn = {"color": code, "cmin": -0.5, "cmax": len(steps) - 0.5, "colorscale": scale, "showscale": False}
    if len(category) <= WITH_SHAPES:
        known = np.array([_SYMBOLS[shape] for shape in PLOTLY_SHAPES], np.uint8)
        drawn["symbol"] = known[category % len(known)]
    return drawn


def _legend(colouring: Colouring, colours: Palette, meant: NDArray[np.bool_]) -> list[tuple[str, dict[str, object]]]:
    """The most frequent categories; with more than fit, a last line says how many are left out."""
    if colouring.category is None:
        return []
    frequent = np.bincount(np.asarray(colouring.category)[meant], minlength=len(colouring.names))
    present = np.flatnonzero(frequent)
    shown = np.sort(present[np.argsort(-frequent[present], kind="stable")][:LEGEND])
    lines: list[tuple[str, dict[str, object]]] = []
    for k in shown.tolist():
        colour = colours.faint if k == colouring.plain else colour_of(k, colours)
        lines.append((for_plotly(colouring.names[k], limit=22), {"color": colour, "symbol": shape_of(k), "size": 9}))
    if len(present) > len(shown):
        lines.append((f"and {len(present) - len(shown):,} more", {"color": "rgba(0,0,0,0)"}))
    return lines


def _outline(corners: Sequence[Sequence[float]], colours: Palette) -> dict[str, object]:
    path = "M " + " L ".join(f"{x:g},{y:g}" for x, y in corners) + " Z"
    return {"type": "path", "path": path, "line": {"color": colours.accent, "width": 2}, "layer": "above"}
