"""The confusion graph on the page: vis-network in a component, clicks back as (kind, id)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from dashboard.components.class_graph.drawing import Drawing, edge_id, ends_of
from dashboard.selection import Filter
from dashboard.server.vendor import vis_network_url

HEIGHT = 504
_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "lookalike_class_graph",
    html=(_HERE / "class_graph.html").read_text(encoding="utf-8"),
    css=(_HERE / "class_graph.css").read_text(encoding="utf-8"),
    js=(_HERE / "class_graph.js").read_text(encoding="utf-8"),
)


class Pick(NamedTuple):
    """What was clicked: a node, both ends of an edge, or, by double click, a node whose community is meant."""

    kind: str
    classes: tuple[int, ...]


def read_pick(value: Any, n_classes: int) -> Pick | None:
    """What the browser says was clicked, or None where it makes no sense."""
    kind, ident = (value.get("kind"), value.get("id")) if isinstance(value, dict) else (None, None)
    if kind in ("node", "drill") and isinstance(ident, int):
        classes: tuple[int, ...] | None = (ident,)
    else:
        classes = ends_of(ident) if kind == "edge" and isinstance(ident, str) else None
    if classes is None or not all(0 <= k < n_classes for k in classes):
        return None
    return Pick(str(kind), classes)


def chosen_of(chosen: Filter) -> dict[str, list[Any]]:
    """Which nodes and edges the filter means, so that the graph shows what the chips say."""
    if chosen.pair is not None:
        return {"nodes": [], "edges": [edge_id(*chosen.pair)]}
    nodes = [k for k in (chosen.class_id, chosen.given, chosen.predicted) if k is not None]
    return {"nodes": nodes[:1], "edges": []}


def class_graph(drawing: Drawing, *, chosen: Filter, key: str, on_pick: Callable[[Pick], None]) -> None:
    """Draw the graph; `on_pick` is called, before the page runs again, with what was clicked."""

    def picked() -> None:
        state = st.session_state.get(key) or {}
        pick = read_pick(state.get("picked"), len(drawing.classes))
        if pick is not None:
            on_pick(pick)

    _mount(
        key=key,
        data={**drawing.data, "chosen": chosen_of(chosen), "library": vis_network_url()},
        height=HEIGHT,
        on_picked_change=picked,
    )
