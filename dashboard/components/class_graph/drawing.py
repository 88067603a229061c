"""The confusion graph as a pyvis network: nodes, edges and options, and a page of its own to keep. Pure."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.base.arrays import digest_of
from dashboard.charts import sentences
from dashboard.charts.palette import GLYPHS, VIS_SHAPES, Palette, colour_of, shape_of
from dashboard.widgets.text import clean

if TYPE_CHECKING:
    from pyvis.network import Network

HEAVIEST = 1500  # edges drawn; more of them is a grey cloud
WIDTH = 620.0  # drawing units, in which a label is 14 high: about what a canvas holds without zooming out
ROOMY = 40  # classes that fit into it; more of them make the drawing larger, and the browser zooms out
WIDE = 1.5  # the canvas is wider than high, and so are names
# Links and scripts of pyvis's page that name a file: bootstrap from elsewhere, and, inside a comment, old local ones.
_FETCHED = re.compile(
    r"<!--\s*<link\b.*?-->|<(?:link|script)\b[^>]*\b(?:href|src)\s*=[^>]*>(?:\s*</script>)?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn of a run's graph: tables `classes` and `edges` of the run, the heaviest edges kept."""

    classes: pd.DataFrame
    edges: pd.DataFrame
    colours: Palette

    @cached_property
    def network(self) -> Network:
        """A pyvis network whose ids are numbers and whose names are text, safe in a page and in JSON."""
        from pyvis.network import Network

        net = Network(
            height="100vh",
            width="100%",
            bgcolor=self.colours.background,
            font_color=self.colours.ink,
            cdn_resources="in_line",
        )
        net.set_options(json.dumps(_options(self.colours)))
        place = positions(self.classes)
        for k, (name, community, errors) in enumerate(
            zip(self.classes["name"], self.classes["community"], self.classes["n_errors"], strict=True)
        ):
            net.add_node(
                k,
                label=clean(name, limit=26),
                shape=shape_of(int(community), VIS_SHAPES),
                color=_node_colour(colour_of(int(community), self.colours), self.colours),
                value=float(errors),
                x=float(place[k, 0]),
                y=float(place[k, 1]),
            )
        for source, target, weight in self._rows("source", "target", "weight"):
            net.add_edge(int(source), int(target), id=edge_id(int(source), int(target)), value=float(weight))
        return net

    def said(self) -> dict[str, dict[str, str]]:
        """One plain sentence per node and per edge, by id; shown as text."""
        names = self.classes["name"].tolist()
        nodes = {
            str(k): sentences.plain(
                sentences.node(
                    name,
                    n_images=int(self.classes["n_images"].iloc[k]),
                    n_errors=int(self.classes["n_errors"].iloc[k]),
                    partner=names[partner] if partner >= 0 else None,
                )
            )
            for k, (name, partner) in enumerate(zip(names, self.classes["worst_partner"].astype(int), strict=True))
        }
        edges = {
            edge_id(int(s), int(t)): sentences.plain(
                sentences.edge(int(there), int(back), names[int(s)], names[int(t)])
            )
            for s, t, there, back in self._rows("source", "target", "count_source_as_target", "count_target_as_source")
        }
        return {"nodes": nodes, "edges": edges}

    @cached_property
    def data(self) -> dict[str, Any]:
        """Nodes, edges and options for the component, with a digest that changes when the picture does."""
        net = self.network
        picture = {"nodes": net.nodes, "edges": net.edges, "options": _options(self.colours)}
        return {**picture, "drawing": digest_of(json.dumps(picture, sort_keys=True)), "said": self.said()}

    def page(self, title: str) -> str:
        """One HTML file that shows the graph without a network connection."""
        page = _FETCHED.sub("", self.network.generate_html(notebook=False))
        return page.replace("<head>", f"<head><title>{html.escape(clean(title))}</title>", 1)

    def legend(self) -> list[tuple[str, str, int]]:
        """(glyph, colour, community) of the communities with more than one class, the largest first."""
        sizes = self.classes["community"].value_counts()
        shown = sorted(int(c) for c, n in sizes.items() if n > 1)
        return [(shape_of(c, GLYPHS), colour_of(c, self.colours), c) for c in shown]

    def _rows(self, *columns: str) -> Any:
        return zip(*(self.edges[column].tolist() for column in columns), strict=True)


def edge_id(source: int, target: int) -> str:
    """The id of an undirected edge, whichever way it is named."""
    low, high = sorted((source, target))
    return f"{low}-{high}"


def ends_of(edge: str) -> tuple[int, int] | None:
    """The two classes of an edge id, or None when it is none: it comes from a browser."""
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", edge)
    return (int(found[1]), int(found[2])) if found else None


def heaviest(edges: pd.DataFrame, at_most: int = HEAVIEST) -> pd.DataFrame:
    """The `at_most` edges of greatest weight, in their old order."""
    if len(edges) <= at_most:
        return edges
    kept = np.sort(np.argsort(-edges["weight"].to_numpy(), kind="stable")[:at_most])
    return edges.iloc[kept]


def positions(classes: pd.DataFrame) -> np.ndarray:
    """Places of the classes (K, 2) in drawing units, the centre at 0, y upwards as in a plot."""
    xy = classes[["x", "y"]].to_numpy(np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    box = np.array([WIDTH, WIDTH / WIDE]) * max(1.0, np.sqrt(len(xy) / ROOMY))
    scale = box / np.maximum(high - low, 1e-9)
    scale = np.minimum(scale, scale.min() * WIDE)  # fill the canvas, but keep discs from turning into stripes
    return np.asarray(np.round((xy - (low + high) / 2) * scale * [1, -1], 1))


def _node_colour(colour: str, colours: Palette) -> dict[str, Any]:
    chosen = {"background": colour, "border": colours.accent}
    return {"background": colour, "border": colours.background, "highlight": chosen, "hover": chosen}


def _options(colours: Palette) -> dict[str, Any]:
    return {
        "physics": {"enabled": False},
        "layout": {"improvedLayout": False},
        "interaction": {
            "hover": True,
            "hoverConnectedEdges": False,
            "selectConnectedEdges": False,
            "dragNodes": False,
            "tooltipDelay": 150,
            "hideEdgesOnDrag": True,
            "zoomSpeed": 0.6,
        },
        "nodes": {
            "borderWidth": 1,
            "borderWidthSelected": 4,
            "scaling": {
                "min": 9,
                "max": 30,
                "label": {"enabled": True, "min": 14, "max": 20, "drawThreshold": 7, "maxVisible": 22},
            },
            "font": {
                "color": colours.ink,
                "face": "Source Sans, Source Sans Pro, sans-serif",
                "strokeWidth": 4,
                "strokeColor": colours.background,
            },
        },
        "edges": {
            "smooth": False,
            "color": {"color": colours.muted + "70", "highlight": colours.accent, "hover": colours.accent},
            "scaling": {"min": 1, "max": 12},
            "hoverWidth": 1,
            "selectionWidth": 2,
        },
    }
