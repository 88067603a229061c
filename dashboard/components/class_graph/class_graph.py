"""The confusion graph on the page: vis-network in a component, clicks back as (kind, id)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.components.class_graph.drawing import Drawing
from dashboard.components.class_graph.scene import Scene, edge_id, ends_of
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
    """What was clicked: "node" (a class), "edge" (two classes), "drill" (a class whose community is meant), "group" (a
    community), "bridge" (two communities), or "clear": Escape."""

    kind: str
    numbers: tuple[int, ...] = ()


def read_pick(value: Any, n_classes: int, n_communities: int) -> Pick | None:
    """What the browser says was clicked, or None where it makes no sense."""
    kind, ident = (value.get("kind"), value.get("id")) if isinstance(value, dict) else (None, None)
    if kind == "clear":
        return Pick("clear")
    if kind in ("node", "drill"):
        return _of_node(str(kind), ident, n_classes, n_communities)
    if kind == "edge" and isinstance(ident, str):
        for name, letter, limit in (("edge", "", n_classes), ("bridge", "c", n_communities)):
            ends = ends_of(ident, letter)
            if ends is not None and max(ends) < limit:
                return Pick(name, ends)
    return None


def _of_node(kind: str, ident: Any, n_classes: int, n_communities: int) -> Pick | None:
    if isinstance(ident, int) and not isinstance(ident, bool):
        return Pick(kind, (ident,)) if 0 <= ident < n_classes else None
    number = re.fullmatch(r"c(\d{1,9})", ident, re.ASCII) if isinstance(ident, str) else None
    return Pick("group", (int(number[1]),)) if number and int(number[1]) < n_communities else None


def filter_of(pick: Pick, community: NDArray[np.integer]) -> Filter:
    """The filter that a click means; `community` (K,) of every class."""
    first, last = (pick.numbers[0], pick.numbers[-1]) if pick.numbers else (0, 0)
    return {
        "node": Filter(class_id=first, only="errors"),
        "edge": Filter(given=first, predicted=last, both=True),
        "drill": Filter(community=int(community[first])),
        "group": Filter(community=first),
        "bridge": Filter(community=first, into=last),
        "clear": Filter(),
    }[pick.kind]


def chosen_in(scene: Scene, chosen: Filter, community: NDArray[np.integer]) -> dict[str, Any]:
    """Which nodes and edges the filter means, so that the graph shows what the chips say.

    `inside`: ids of the nodes that stay bright, None for all; ids that are not drawn are left out by the browser.
    """
    if not scene.of_classes:
        return _chosen_communities(chosen, community)
    if chosen.pair is not None:
        return {"nodes": [], "edges": [edge_id(*chosen.pair)], "inside": None}
    nodes = [k for k in (chosen.class_id, chosen.given, chosen.predicted) if k is not None]
    inside = None
    if chosen.community is not None:
        of = community[scene.nodes["number"].to_numpy()]
        inside = scene.nodes["id"][np.isin(of, [chosen.community, chosen.into or chosen.community])].tolist()
    return {"nodes": nodes[:1], "edges": [], "inside": inside}


def _chosen_communities(chosen: Filter, community: NDArray[np.integer]) -> dict[str, Any]:
    if chosen.community is not None:
        ends = (chosen.community, chosen.community if chosen.into is None else chosen.into)
    elif chosen.pair is not None:
        ends = (int(community[chosen.pair[0]]), int(community[chosen.pair[1]]))
    else:
        return {"nodes": [], "edges": [], "inside": None}
    if ends[0] == ends[1]:
        return {"nodes": [f"c{ends[0]}"], "edges": [], "inside": None}
    return {"nodes": [], "edges": [edge_id(*ends, of_classes=False)], "inside": None}


def class_graph(drawing: Drawing, *, shown: dict[str, Any], key: str, on_pick: Callable[[Any], None]) -> None:
    """Draw the graph; `on_pick` is called, before the page runs again, with what the browser says was clicked.

    `shown`: of `chosen_in`.
    """

    def picked() -> None:
        on_pick((st.session_state.get(key) or {}).get("picked"))

    _mount(
        key=key,
        data={**drawing.data, "chosen": shown, "library": vis_network_url()},
        height=HEIGHT,
        on_picked_change=picked,
    )
