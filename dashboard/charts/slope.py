"""How models rank from one way of scoring to the next: a line per model, ties joined, real changes marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis.evaluate.ranking import FIRST, Ranking, survivors
from analysis.evaluate.reranking import WAYS
from dashboard.charts.palette import Palette
from dashboard.widgets.text import count, for_plotly, percent

LINE = 17  # pixels a model needs
NAME = 26  # characters of a model's name
TOLD = 4  # changes of place explained on hovering
DRAWN = 150  # models, the best ones; a taller chart is not read by anybody
UP, DOWN, SAME = "triangle-up", "triangle-down", "circle"


@dataclass(frozen=True)
class Moves:
    """Places of the models that pass another one beyond chance in any of the ways shown, and of those passed."""

    up: frozenset[int]
    down: frozenset[int]


def moves_of(ranking: Ranking, ways: tuple[str, ...]) -> Moves:
    """Who moves beyond chance between all images and the other `ways`."""
    kept = [survivors(ranking.flips[way]) for way in ways if way != FIRST]
    up = frozenset(int(m) for table in kept for m in table["up"])
    return Moves(up, frozenset(int(m) for table in kept for m in table["down"]))


def drawn_order(ranking: Ranking, way: str) -> list[int]:
    """The models that are drawn, the `DRAWN` best on all images, in the order of one way of scoring."""
    best = set(ranking.order()[:DRAWN])
    return [m for m in ranking.order(way) if m in best]


def slope_figure(ranking: Ranking, ways: tuple[str, ...], colours: Palette, *, chosen: tuple[int, ...]) -> go.Figure:
    """One column per way, the best model at the top; `chosen` models are drawn in the accent colour.

    A vertical bar joins neighbours whose difference is within chance. The points carry hover and click: their y is the
    place in the column x, see `model_at`.
    """
    orders = [drawn_order(ranking, way) for way in ways]
    places = np.zeros((len(ways), len(ranking.names)), np.int64)
    for x, order in enumerate(orders):
        places[x, order] = np.arange(len(order))
    moves = moves_of(ranking, ways)
    figure = go.Figure(_ties(ranking, ways, colours, orders))
    for models, colour, width in _lines(orders[0], moves, chosen, colours):
        figure.add_trace(_line(places[:, models], colour, width))
    for x in range(len(ways)):
        figure.add_trace(_points(ranking, ways, x, order=orders[x], moves=moves, colours=colours, chosen=chosen))
    m = len(orders[0])
    figure.update_layout(
        height=max(260, LINE * m + 70),
        margin={"l": 8, "r": 8, "t": 44, "b": 8},
        plot_bgcolor=colours.background,
        paper_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hovermode="closest",
        dragmode=False,
    )
    titles = [f"{WAYS[way].short}<br>{count(ranking.scored[way].n, 'image')}" for way in ways]
    plain = {"showgrid": False, "zeroline": False, "ticks": "", "tickfont": {"color": colours.ink, "size": 12}}
    figure.update_xaxes(
        tickvals=list(range(len(ways))),
        ticktext=titles,
        side="top",
        tickangle=0,
        range=[-0.12, len(ways) - 0.88],
        **plain,
    )
    sides: dict[str, Any] = {"tickvals": list(range(m)), "range": [m - 0.4, -0.6], "automargin": True, **plain}
    left, right = (_names(ranking, ways[x], orders[x]) for x in (0, -1))
    figure.update_layout(
        yaxis={**sides, "ticktext": left}, yaxis2={**sides, "ticktext": right, "overlaying": "y", "side": "right"}
    )
    return figure


def model_at(ranking: Ranking, ways: tuple[str, ...], x: float, y: float) -> int | None:
    """The model behind a point that was clicked, or None."""
    column, place = round(x), round(y)
    order = drawn_order(ranking, ways[column]) if 0 <= column < len(ways) else []
    return order[place] if 0 <= place < len(order) else None


def explain(ranking: Ranking, way: str, model: int) -> list[str]:
    """What is known of one model in one way of scoring, a sentence each; escaped for Plotly."""
    found = ranking.scored[way]
    value, low, high = (percent(side[model], digits=2) for side in (found.accuracy, found.low, found.high))
    told = [
        f"<b>{for_plotly(ranking.names[model])}</b>",
        f"{WAYS[way].title}: {value} ({low} to {high})",
        f"rank {found.rank[model]}, by the draw of the images {found.rank_low[model]} to {found.rank_high[model]}",
    ]
    if ranking.ties[way][model]:
        told.append("within chance of the model above it")
    if way == FIRST:
        return told
    table = ranking.flips[way]
    mine = table[(table["up"] == model) | (table["down"] == model)]
    told += [_flip(ranking, flip, model) for flip in mine.sort_values("q").head(TOLD).to_dict("records")]
    if len(mine) > TOLD:
        told.append(f"and {len(mine) - TOLD:,} more in the list of changes")
    return told


def _flip(ranking: Ranking, flip: dict[str, Any], model: int) -> str:
    """ "passes b: 90 images only it gets right, 40 only the other (q = 0.01): now ahead"."""
    passes = flip["up"] == model
    other = for_plotly(ranking.names[flip["down" if passes else "up"]], limit=NAME)
    own, others = (flip["up_only"], flip["down_only"]) if passes else (flip["down_only"], flip["up_only"])
    what = "passes" if passes else "is passed by"
    images = f"{own:,} images only it gets right, {others:,} only the other"
    return f"{what} {other}: {images} (q = {flip['q']:.2g}): {flip['verdict']}"


def _names(ranking: Ranking, way: str, order: list[int]) -> list[str]:
    found = ranking.scored[way]
    return [f"{found.rank[m]}  {for_plotly(ranking.names[m], limit=NAME)}" for m in order]


def _lines(
    drawn: list[int], moves: Moves, chosen: tuple[int, ...], colours: Palette
) -> list[tuple[list[int], str, float]]:
    """Groups of the models drawn with colour and width of their lines, what matters most drawn last."""
    rest = [m for m in drawn if m not in chosen]
    up, down = [m for m in rest if m in moves.up], [m for m in rest if m in moves.down - moves.up]
    plain = [m for m in rest if m not in moves.up | moves.down]
    thick = [m for m in chosen if m in drawn]
    groups = [(plain, colours.faint, 1.0), (up, colours.categories[0], 2.0), (down, colours.categories[1], 2.0)]
    return [group for group in [*groups, (thick, colours.accent, 3.0)] if group[0]]


def _line(places: np.ndarray, colour: str, width: float) -> go.Scatter:
    """The lines of some models (columns, m) as one trace, cut between models."""
    n = len(places)
    x = np.tile(np.append(np.arange(n, dtype=float), np.nan), places.shape[1])
    y = np.append(places.astype(float), np.full((1, places.shape[1]), np.nan), axis=0).T.ravel()
    return go.Scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _ties(ranking: Ranking, ways: tuple[str, ...], colours: Palette, orders: list[list[int]]) -> list[go.Scatter]:
    x: list[float | None] = []
    y: list[float | None] = []
    for column, (way, order) in enumerate(zip(ways, orders, strict=True)):
        for place in range(1, len(order)):
            if ranking.ties[way][order[place]]:
                x += [column, column, None]
                y += [place - 1, place, None]
    return [go.Scatter(x=x, y=y, mode="lines", line={"color": colours.line, "width": 9}, hoverinfo="skip")]


def _points(
    ranking: Ranking,
    ways: tuple[str, ...],
    x: int,
    *,
    order: list[int],
    moves: Moves,
    colours: Palette,
    chosen: tuple[int, ...],
) -> go.Scatter:
    symbols = [UP if m in moves.up else DOWN if m in moves.down else SAME for m in order]
    own = {UP: colours.categories[0], DOWN: colours.categories[1], SAME: colours.muted}
    fill = [colours.accent if m in chosen else own[symbol] for m, symbol in zip(order, symbols, strict=True)]
    return go.Scatter(
        x=[x] * len(order),
        y=list(range(len(order))),
        yaxis="y2" if x == len(ways) - 1 else "y",
        mode="markers",
        marker={"size": 9, "symbol": symbols, "color": fill, "line": {"width": 0}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hovertext=["<br>".join(explain(ranking, ways[x], m)) for m in order],
        hoverinfo="text",
    )
