from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from dashboard.charts.palette import DARK, LIGHT
from dashboard.components.class_graph.class_graph import Pick, chosen_of, read_pick
from dashboard.components.class_graph.drawing import Drawing, edge_id, ends_of, heaviest, positions
from dashboard.selection import Filter
from dashboard.server.vendor import vis_network
from dashboard.widgets.text import clean

HOSTILE = ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", 'href="x"', "{{7*7}} {% raw %}", "dog"]


def tables(names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    k = len(names)
    rng = np.random.default_rng(0)
    classes = pd.DataFrame(
        {
            "name": names,
            "community": np.arange(k) // 2,
            "n_images": np.full(k, 40),
            "n_errors": np.arange(k),
            "worst_partner": [-1, *range(k - 1)],
            "x": rng.random(k) * 9,
            "y": rng.random(k) * 3,
        }
    )
    source, target = np.triu_indices(k, 1)
    edges = pd.DataFrame(
        {
            "source": source,
            "target": target,
            "weight": rng.random(len(source)),
            "count_source_as_target": rng.integers(0, 9, len(source)),
            "count_target_as_source": rng.integers(0, 9, len(source)),
        }
    )
    return classes, edges


def test_ids_are_numbers_and_names_are_labels() -> None:
    data = Drawing(*tables(HOSTILE), LIGHT).data
    assert [node["id"] for node in data["nodes"]] == [0, 1, 2, 3, 4]
    assert data["nodes"][0]["label"] == clean(HOSTILE[0], limit=26)
    assert all("title" not in part for part in data["nodes"] + data["edges"]), "titles can become HTML"
    assert {edge["id"] for edge in data["edges"]} == {f"{a}-{b}" for a in range(5) for b in range(a + 1, 5)}
    assert data["options"]["physics"]["enabled"] is False
    json.dumps(data)


def test_size_is_errors_and_look_is_community() -> None:
    nodes = Drawing(*tables(HOSTILE), DARK).data["nodes"]
    assert [node["value"] for node in nodes] == [0, 1, 2, 3, 4]
    looks = [(node["shape"], node["color"]["background"]) for node in nodes]
    assert looks[0] == looks[1] != looks[2] == looks[3] != looks[4]


def test_what_is_said_is_plain_text_per_id() -> None:
    drawing = Drawing(*tables(["cat", "dog"]), LIGHT)
    said = drawing.said()
    assert said["nodes"]["1"] == "dog: 1 of 40 images predicted as another class (2.5 %), most often as cat."
    assert said["nodes"]["0"].endswith("predicted as another class (0.0 %).")
    assert said["edges"]["0-1"].startswith("cat and dog are confused in")


def test_the_drawing_is_told_apart_by_its_digest() -> None:
    classes, edges = tables(HOSTILE)
    first = Drawing(classes, edges, LIGHT).data["drawing"]
    assert Drawing(classes.copy(), edges.copy(), LIGHT).data["drawing"] == first
    assert Drawing(classes, edges, DARK).data["drawing"] != first
    assert Drawing(classes.assign(n_errors=7), edges, LIGHT).data["drawing"] != first


def test_the_page_of_its_own_asks_for_nothing_and_runs_nothing_of_a_name() -> None:
    page = Drawing(*tables(HOSTILE), LIGHT).page("Graph of <b>x</b>")
    assert not re.search(r"<(?:script|link)\b[^>]*\b(?:src|href)\s*=", page)
    assert not re.search(r"(?:src|href)\s*=\s*[\"']https?://", page)
    assert "<title>Graph of &lt;b&gt;x&lt;/b&gt;</title>" in page
    body = page[page.index('id="mynetwork"') :]
    assert body.count("</script>") == 1 and "<img" not in body and "u003cimg" in body
    assert "vis.DataSet" in page and len(page) > 400_000, "vis-network is inside"


def test_the_heaviest_edges_are_kept_in_order() -> None:
    _, edges = tables([str(i) for i in range(12)])
    kept = heaviest(edges, 10)
    assert len(kept) == 10 and kept.index.is_monotonic_increasing
    assert kept["weight"].min() >= edges["weight"].drop(kept.index).max()
    assert heaviest(edges, 1000) is edges


@pytest.mark.parametrize("k", [1, 2, 10, 1000])
def test_positions_fill_the_canvas_around_its_middle(k: int) -> None:
    rng = np.random.default_rng(k)
    classes = pd.DataFrame({"x": rng.random(k) * 50, "y": rng.random(k) * 10})
    xy = positions(classes)
    assert np.isfinite(xy).all()
    assert np.allclose(xy.max(axis=0) + xy.min(axis=0), 0, atol=0.2)
    if k > 2:
        assert np.corrcoef(xy[:, 0], classes["x"])[0, 1] == pytest.approx(1)
        assert np.corrcoef(xy[:, 1], classes["y"])[0, 1] == pytest.approx(-1), "up is up"
        assert 1 <= np.ptp(xy[:, 0]) / np.ptp(xy[:, 1]) < 5.01


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "node", "id": 3}, Pick("node", (3,))),
        ({"kind": "drill", "id": 0}, Pick("drill", (0,))),
        ({"kind": "edge", "id": "1-4"}, Pick("edge", (1, 4))),
        ({"kind": "edge", "id": "1-99"}, None),
        ({"kind": "node", "id": -1}, None),
        ({"kind": "node", "id": "0"}, None),
        ({"kind": "edge", "id": "1-2-3"}, None),
        ({"kind": "other", "id": 1}, None),
        ("node", None),
        (None, None),
        ({}, None),
    ],
)
def test_a_click_is_checked_before_it_is_believed(value: object, expected: Pick | None) -> None:
    assert read_pick(value, 5) == expected


def test_the_graph_shows_what_the_filter_says() -> None:
    assert chosen_of(Filter(given=4, predicted=1, both=True)) == {"nodes": [], "edges": ["1-4"]}
    assert chosen_of(Filter(class_id=2)) == {"nodes": [2], "edges": []}
    assert chosen_of(Filter()) == {"nodes": [], "edges": []}
    assert edge_id(7, 3) == "3-7" and ends_of("3-7") == (3, 7)


def test_the_library_is_found_without_importing_pyvis() -> None:
    assert vis_network().is_file() and vis_network().stat().st_size > 300_000
