"""The confusion graph as a pyvis network: nodes, edges and options, and a page of its own to keep. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.base.arrays import digest_of
from dashboard.charts import sentences
from dashboard.charts.palette import GLYPHS, VIS_SHAPES, Palette, colour_of, shape_of
from dashboard.components.class_graph.scene import Scene, edge_id
from dashboard.widgets.text import clean, count

if TYPE_CHECKING:
    from pyvis.network import Network

WIDTH = 620.0  # drawing units, in which a label is 14 high: about what a canvas holds without zooming out
ROOMY = 40  # classes that fit into it; more of them make the drawing larger, and the browser zooms out
THIN, THICK = 0.8, 12.0  # width of the lightest and of the heaviest edge
THINNER = 0.02  # of its weight that an edge must have lost before its old width is drawn too
STEADY = 0.7  # below it a class is not reliably in its group
FAINTEST = 0.45
NODE = ("id", "name", "partner", "group", "n_errors", "stability")
WIDE = 1.5  # the canvas is wider than high, and so are names
# Links and scripts of pyvis's page that name a file: bootstrap from elsewhere, and, inside a comment, old local ones.
_FETCHED = re.compile(
    r"<!--\s*<link\b.*?-->|<(?:link|script)\b[^>]*\b(?:href|src)\s*=[^>]*>(?:\s*</script>)?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn of a run's graph. `notes`: a sentence more to say of an edge, by id."""

    scene: Scene
    colours: Palette
    notes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def network(self) -> Network:
        """A pyvis network whose ids are numbers (communities: "c7") and whose names are text, safe in a page."""
        from pyvis.network import Network

        net = Network(
            height="100vh",
            width="100%",
            bgcolor=self.colours.background,
            font_color=self.colours.ink,
            cdn_resources="in_line",
        )
        net.set_options(json.dumps(_options(self.colours)))
        nodes = self.scene.nodes
        columns = zip(*(nodes[name].tolist() for name in NODE), strict=True)
        for (ident, name, partner, group, errors, stability), (x, y) in zip(
            columns, positions(nodes).tolist(), strict=True
        ):
            label = clean(name, limit=26) + ("" if self.scene.of_classes else f"\n{clean(partner, limit=20)} …")
            look = _look(int(group), float(stability), self.colours)
            net.add_node(ident, label=label, value=float(errors), x=x, y=y, **look)
        for drawn in self._edges():
            net.add_edge(drawn.pop("from"), drawn.pop("to"), **drawn)
        return net

    def _edges(self) -> list[dict[str, Any]]:
        """Every edge with its width, and, where two runs are compared, its colour and dashes."""
        ids, edges = self.scene.nodes["id"].tolist(), self.scene.edges
        compared = bool(len(edges)) and bool(edges["other"].notna().any())
        mass = (edges["there"] + edges["back"] - edges["other"]).abs() if compared else edges["left"]
        widths = THIN + (THICK - THIN) * mass.to_numpy(float) / self._most
        drawn = []
        for source, target, width, gone in zip(
            edges["source"], edges["target"], widths, edges["there"] + edges["back"] - edges["other"], strict=True
        ):
            edge = {"from": ids[source], "to": ids[target], "id": self._id(source, target)}
            edge["width"] = round(float(width), 2)
            if compared:
                edge |= _change(float(gone), float(width), self.colours)
            drawn.append(edge)
        return drawn

    @cached_property
    def _most(self) -> float:
        """The mass that is drawn widest."""
        edges = self.scene.edges
        if len(edges) and edges["other"].notna().any():
            return max(1.0, float((edges["there"] + edges["back"] - edges["other"]).abs().max()))
        return max(float(edges["weight"].max()), 1e-12) if len(edges) else 1.0

    def outlines(self) -> list[list[Any]]:
        """[from, to, width] of the edges that accepted fixes have thinned, as wide as they were."""
        edges, ids = self.scene.edges, self.scene.nodes["id"].tolist()
        if edges["other"].notna().any():
            return []
        thinner = edges[edges["left"] < edges["weight"] * (1 - THINNER)]
        width = THIN + (THICK - THIN) * thinner["weight"] / self._most
        rows = zip(thinner["source"], thinner["target"], width, strict=True)
        return [[ids[source], ids[target], round(float(wide), 2)] for source, target, wide in rows]

    @cached_property
    def _numbers(self) -> list[int]:
        """The class or community of every node."""
        return [int(number) for number in self.scene.nodes["number"].tolist()]

    def _id(self, source: int, target: int) -> str:
        return edge_id(self._numbers[source], self._numbers[target], of_classes=self.scene.of_classes)

    def said(self) -> dict[str, dict[str, str]]:
        """One plain sentence per node and per edge, by id; shown as text."""
        nodes, edges = self.scene.nodes, self.scene.edges
        names, say = nodes["name"].tolist(), self._say_class if self.scene.of_classes else self._say_community
        edge_said = {}
        columns = ("source", "target", "there", "back", "other")
        for source, target, there, back, other in zip(*(edges[name].tolist() for name in columns), strict=True):
            ident = self._id(source, target)
            sentence = sentences.plain(sentences.edge(int(there), int(back), names[source], names[target]))
            more = f" The other run: {count(int(other), 'image')}." if other == other else ""  # noqa: PLR0124  # NaN
            edge_said[ident] = " ".join(filter(None, [sentence + more, self.notes.get(ident)]))
        return {"nodes": {str(node.id): say(node) for node in nodes.itertuples()}, "edges": edge_said}

    @staticmethod
    def _say_class(node: Any) -> str:
        images, errors, partner = int(node.n_images), int(node.n_errors), node.partner or None
        sentence = sentences.plain(sentences.node(node.name, n_images=images, n_errors=errors, partner=partner))
        return f"{sentence} It keeps {node.stability * 100:.0f} % of its companions when the groups are found anew."

    @staticmethod
    def _say_community(node: Any) -> str:
        return (
            f"{node.name}: {count(int(node.n_classes), 'class', 'classes')}, {int(node.n_errors):,} of "
            f"{count(int(node.n_images), 'image')} predicted as another class. A click opens it."
        )

    @cached_property
    def data(self) -> dict[str, Any]:
        """Nodes, edges and options for the component, with a digest that changes when the picture does."""
        net = self.network
        picture = {"nodes": net.nodes, "edges": net.edges, "options": _options(self.colours)}
        picture["outlines"] = self.outlines()
        layout = digest_of(json.dumps([[node["id"], node["x"], node["y"]] for node in net.nodes]), self.colours.mode)
        faint = self.colours.faint
        drawing = digest_of(json.dumps(picture, sort_keys=True))
        return {**picture, "drawing": drawing, "layout": layout, "faint": faint, "said": self.said()}

    def page(self, title: str) -> str:
        """One HTML file that shows the graph without a network connection."""
        page = _FETCHED.sub("", self.network.generate_html(notebook=False))
        return page.replace("<head>", f"<head><title>{html.escape(clean(title))}</title>", 1)

    def legend(self) -> list[tuple[str, str, int]]:
        """(glyph, colour, group) of the groups that have more than one class among the drawn ones, in their order."""
        sizes = self.scene.nodes.groupby("group")["n_classes"].sum()
        shown = sorted(int(c) for c, n in sizes.items() if n > 1)
        return [(shape_of(c, GLYPHS), colour_of(c, self.colours), c) for c in shown]


def positions(classes: pd.DataFrame) -> np.ndarray:
    """Places of the classes (K, 2) in drawing units, the centre at 0, y upwards as in a plot."""
    xy = classes[["x", "y"]].to_numpy(np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    box = np.array([WIDTH, WIDTH / WIDE]) * max(1.0, np.sqrt(len(xy) / ROOMY))
    scale = box / np.maximum(high - low, 1e-9)
    scale = np.minimum(scale, scale.min() * WIDE)  # fill the canvas, but keep discs from turning into stripes
    return np.asarray(np.round((xy - (low + high) / 2) * scale * [1, -1], 1))


def _look(group: int, stability: float, colours: Palette) -> dict[str, Any]:
    """Shape and colour say the group; what is not found again with other seeds is fainter and has a dashed border."""
    background = colour_of(group, colours)
    chosen = {"background": background, "border": colours.accent}
    doubtful = stability < STEADY
    return {
        "shape": shape_of(group, VIS_SHAPES),
        "color": {
            "background": background,
            "border": colours.ink if doubtful else colours.background,
            "highlight": chosen,
            "hover": chosen,
        },
        "opacity": round(FAINTEST + (1 - FAINTEST) * min(1.0, max(0.0, stability)), 2),
        "borderWidth": 2 if doubtful else 1,
        "shapeProperties": {"borderDashes": [4, 3] if doubtful else False},
    }


def _change(difference: float, width: float, colours: Palette) -> dict[str, Any]:
    """More confused here than in the other run: solid; less: dashed; as much: faint."""
    if difference == 0:
        return {"color": {"color": colours.faint}}
    more = difference > 0
    colour = colours.accent if more else colours.sequence[3]
    return {
        "color": {"color": colour, "highlight": colour, "hover": colour},
        "dashes": False if more else [round(5 + 2 * width), round(5 + 2 * width)],
    }


def _options(colours: Palette) -> dict[str, Any]:
    return {
        "physics": {"enabled": False},
        "layout": {"improvedLayout": False},
        "interaction": {
            "hover": True,
            "hoverConnectedEdges": True,
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
            "hoverWidth": 1,
            "selectionWidth": 2,
        },
    }
