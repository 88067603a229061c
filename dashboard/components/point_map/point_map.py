"""The map of images on the page: points drawn by the browser, outlines and picked images back.

Arrays go by address (`dashboard.server.points`); component data holds addresses and what changes with every gesture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.charts.palette import PLOTLY_SHAPES, Palette
from dashboard.charts.scatter import Legend
from dashboard.selection import Polygon, polygon
from dashboard.server import points, urls
from dashboard.server.opened import Opened
from dashboard.server.points import Packet

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Marked:
    """An image that is marked, or one of its nearest: its row, place, a short text, and all of it in words."""

    row: int
    xy: tuple[float, float]
    text: str
    said: str


@dataclass(frozen=True, eq=False)
class Arrays:
    """What M points are drawn from. `rows` (M,) only where they are a sample; `meant` (M,) bits, None = all of them.

    xy: (M, 2) f4. given, predicted: (M,) class numbers. suspicion: (M,) u1, 255 = 1. colour: (M,) category or 0..255.
    """

    xy: Packet
    given: Packet
    predicted: Packet
    suspicion: Packet
    colour: Packet
    rows: Packet | None = None
    meant: Packet | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that is drawn: arrays, their colours, the outline in force, the marked image and its nearest ones.

    `n_points` is M; `alt` says in words what the map shows; `tools` is all, or few where nothing can be selected.
    """

    arrays: Arrays
    legend: Legend
    colours: Palette
    n_points: int
    alt: str
    outline: Polygon = ()
    focus: Marked | None = None
    near: Sequence[Marked] = ()
    tools: str = "all"
    height: int = 540


_mount = st.components.v2.component(
    "lookalike_point_map",
    html=(_HERE / "point_map.html").read_text(encoding="utf-8"),
    css=(_HERE / "point_map.css").read_text(encoding="utf-8"),
    js=urls.LOADER,
)


def read_outline(value: Any) -> Polygon:
    """The outline that a gesture sent, or () where it encloses nothing or makes no sense."""
    corners = value.get("corners") if isinstance(value, dict) else None
    pairs = corners if isinstance(corners, list) else []
    if not all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs):
        return ()
    return polygon(pairs)


def read_row(value: Any, n: int) -> int | None:
    """The row of a data set of `n` images that was picked; None where the mark was taken away or it makes no sense."""
    row = value.get("row") if isinstance(value, dict) else None
    return row if type(row) is int and 0 <= row < n else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def point_map(
    opened: Opened,
    scene: Scene,
    *,
    key: str,
    on_outline: Callable[[Polygon], None] = lambda _: None,
    on_pick: Callable[[int | None], None] = lambda _: None,
) -> None:
    """Draw the map; the callbacks get, before the page runs again, what a gesture meant."""
    n = len(opened.dataset)

    def taken() -> None:
        corners = read_outline(_sent(key, "taken"))
        if corners:
            on_outline(corners)

    _mount(
        key=key,
        data=data_of(opened, scene),
        height="content",  # the legend takes a line or two, and nearest images come and go
        on_taken_change=taken,
        on_picked_change=lambda: on_pick(read_row(_sent(key, "picked"), n)),
        on_again_change=lambda: None,  # the run of the page that follows publishes everything again
    )


def _sent(key: str, name: str) -> Any:
    return (st.session_state.get(key) or {}).get(name)


def data_of(opened: Opened, scene: Scene) -> dict[str, Any]:
    """What the component is given; every array is published on the way."""
    has_images = opened.dataset.pixels.kind != "none"
    arrays = {name: points.publish(opened, one) if one else None for name, one in vars(scene.arrays).items()}
    colours = {
        name: getattr(scene.colours, name) for name in ("background", "ink", "muted", "accent", "faint", "categories")
    }
    return {
        "script": urls.script_url("point_map", "map.js"),
        "classes": urls.classes_url(opened),
        "thumbs": urls.thumb_url(opened, 0)[:-1] if has_images else None,
        "arrays": arrays,
        "m": scene.n_points,
        "colouring": asdict(scene.legend),
        # the lowest colour of the sequence is nearly that of the page
        "colours": {**colours, "sequence": scene.colours.sequence[1:], "shapes": len(PLOTLY_SHAPES)},
        "outline": scene.outline,
        "focus": _marked(opened, scene.focus, has_images=has_images) if scene.focus else None,
        "near": [_marked(opened, one, has_images=has_images) for one in scene.near],
        "tools": scene.tools,
        "height": scene.height,
        "alt": scene.alt,
    }


def _marked(opened: Opened, one: Marked, *, has_images: bool) -> dict[str, Any]:
    return {**asdict(one), "thumb": urls.thumb_url(opened, one.row) if has_images else None}
