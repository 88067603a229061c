from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from dashboard.charts.palette import DARK, LIGHT, Palette
from dashboard.components.class_graph.class_graph import Pick, chosen_in, filter_of, read_pick
from dashboard.components.class_graph.drawing import THICK, Drawing, positions
from dashboard.components.class_graph.scene import DIFFERENT, SHOWN, edge_id, ends_of, heaviest, part_with, scene_of
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
            "stability": np.full(k, 1.0),
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


def drawn(names: list[str], colours: Palette = LIGHT) -> Drawing:
    classes, edges = tables(names)
    return Drawing(scene_of(classes, edges, classes["community"].to_numpy()), colours)


def many(k: int, *, of: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """k classes in communities of `of`, each class confused with the next."""
    rng = np.random.default_rng(1)
    classes, _ = tables([f"class {i}" for i in range(2)])
    classes = classes.loc[np.zeros(k, int)].reset_index(drop=True)
    classes["name"] = [f"class {i}" for i in range(k)]
    classes["community"], classes["n_errors"] = np.arange(k) // of, rng.permutation(k)
    classes["x"], classes["y"] = np.arange(k) % of, np.arange(k) // of
    source = np.arange(k - 1)
    edges = pd.DataFrame({"source": source, "target": source + 1, "weight": rng.random(k - 1) + 0.1})
    return classes, edges.assign(count_source_as_target=2, count_target_as_source=1)


def test_ids_are_numbers_and_names_are_labels() -> None:
    data = drawn(HOSTILE).data
    assert [node["id"] for node in data["nodes"]] == [0, 1, 2, 3, 4]
    assert data["nodes"][0]["label"] == clean(HOSTILE[0], limit=26)
    assert all("title" not in part for part in data["nodes"] + data["edges"]), "titles can become HTML"
    assert {edge["id"] for edge in data["edges"]} == {f"{a}-{b}" for a in range(5) for b in range(a + 1, 5)}
    assert data["options"]["physics"]["enabled"] is False
    json.dumps(data)


def test_size_is_errors_and_look_is_community() -> None:
    nodes = drawn(HOSTILE, DARK).data["nodes"]
    assert [node["value"] for node in nodes] == [0, 1, 2, 3, 4]
    looks = [(node["shape"], node["color"]["background"]) for node in nodes]
    assert looks[0] == looks[1] != looks[2] == looks[3] != looks[4]


def test_what_is_said_is_plain_text_per_id() -> None:
    drawing = drawn(["cat", "dog"])
    said = drawing.said()
    assert said["nodes"]["1"].startswith("dog: 1 of 40 images predicted as another class (2.5 %), most often as cat.")
    assert "(0.0 %). It keeps 100 % of its companions" in said["nodes"]["0"]
    assert said["edges"]["0-1"].startswith("cat and dog are confused in")


def test_the_drawing_is_told_apart_by_its_digest() -> None:
    classes, edges = tables(HOSTILE)
    group = classes["community"].to_numpy()

    def data(colours: Palette = LIGHT, group: np.ndarray = group, **changed: object) -> dict[str, object]:
        return Drawing(scene_of(classes.assign(**changed), edges.copy(), group), colours).data

    first = data()
    assert data()["drawing"] == first["drawing"] and data()["layout"] == first["layout"]
    assert data(DARK)["drawing"] != first["drawing"]
    assert data(n_errors=7)["drawing"] != first["drawing"]
    other = data(group=group[::-1])
    assert other["drawing"] != first["drawing"] and other["layout"] == first["layout"], "groups move no node"


def test_the_page_of_its_own_asks_for_nothing_and_runs_nothing_of_a_name() -> None:
    page = drawn(HOSTILE).page("Graph of <b>x</b>")
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
        ({"kind": "drill", "id": "c2"}, Pick("group", (2,))),
        ({"kind": "node", "id": "c2"}, Pick("group", (2,))),
        ({"kind": "node", "id": "c3"}, None),
        ({"kind": "edge", "id": "c0-c2"}, Pick("bridge", (0, 2))),
        ({"kind": "edge", "id": "c0-c3"}, None),
        ({"kind": "edge", "id": "c0-2"}, None),
        ({"kind": "clear", "id": None}, Pick("clear")),
        ({"kind": "edge", "id": "1-99"}, None),
        ({"kind": "node", "id": True}, None),
        ({"kind": "node", "id": 5}, None),
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
    assert read_pick(value, 5, 3) == expected


def test_a_click_becomes_the_filter() -> None:
    of = np.array([0, 0, 1, 1, 2])
    assert filter_of(Pick("node", (3,)), of) == Filter(class_id=3, only="errors")
    assert filter_of(Pick("edge", (1, 4)), of) == Filter(given=1, predicted=4, both=True)
    assert filter_of(Pick("drill", (3,)), of) == Filter(community=1) == filter_of(Pick("group", (1,)), of)
    assert filter_of(Pick("bridge", (0, 2)), of) == Filter(community=0, into=2)
    assert filter_of(Pick("clear"), of) == Filter()


def test_the_graph_shows_what_the_filter_says() -> None:
    scene, of = drawn([*"abcde"]).scene, np.arange(5) // 2
    nothing = {"nodes": [], "edges": [], "inside": None}
    assert chosen_in(scene, Filter(given=4, predicted=1, both=True), of) == {**nothing, "edges": ["1-4"]}
    assert chosen_in(scene, Filter(class_id=2), of) == {**nothing, "nodes": [2]}
    assert chosen_in(scene, Filter(), of) == nothing
    assert chosen_in(scene, Filter(community=0), of) == {**nothing, "inside": [0, 1]}
    assert chosen_in(scene, Filter(community=0, into=2), of) == {**nothing, "inside": [0, 1, 4]}
    assert edge_id(7, 3) == "3-7" and ends_of("3-7") == (3, 7)
    assert edge_id(7, 3, of_classes=False) == "c3-c7" and ends_of("c3-c7", "c") == (3, 7)


def test_many_classes_are_drawn_as_communities_and_one_opens_into_its_classes() -> None:
    classes, edges = many(1000, of=50)
    of = classes["community"].to_numpy()
    overview = scene_of(classes, edges, of)
    assert overview.nodes["id"].tolist() == [f"c{c}" for c in range(20)] and not overview.of_classes
    assert overview.nodes["n_errors"].sum() == classes["n_errors"].sum()
    assert len(overview.edges) == 19 and overview.edges["there"].tolist() == [2] * 19
    assert chosen_in(overview, Filter(class_id=99), of)["nodes"] == [], "a class is no node of it"
    assert chosen_in(overview, Filter(given=49, predicted=50), of)["edges"] == ["c0-c1"]
    assert chosen_in(overview, Filter(community=3), of)["nodes"] == ["c3"]
    inside = scene_of(classes, edges, of, community=3)
    assert sorted(inside.nodes["id"]) == list(range(150, 200)) and inside.of_classes
    assert len(inside.edges) == 49
    ends = {edge["id"] for edge in Drawing(inside, LIGHT).data["edges"]}
    assert "150-151" in ends and "149-150" not in ends
    json.dumps(Drawing(overview, LIGHT).data)


def test_what_is_sent_is_limited_and_every_class_has_its_part() -> None:
    classes, edges = many(20_000, of=1000)
    of = classes["community"].to_numpy()
    for community, n_all in ((None, 20), (7, 1000)):
        scene = scene_of(classes, edges, of, community=community)
        assert scene.n_all == n_all and len(scene.nodes) == min(SHOWN, n_all)
    for k in (7000, 7999):
        part = part_with(classes, k)
        assert k in set(scene_of(classes, edges, of, community=7, part=part).nodes["id"])
    assert scene_of(classes, edges, of, community=7).nodes["n_errors"].is_monotonic_decreasing
    assert scene_of(classes, edges, of, community=7, part=99).part == 0
    assert len(json.dumps(Drawing(scene, LIGHT).data)) < 400_000


def test_a_community_wears_the_group_of_most_of_its_classes() -> None:
    classes, edges = many(400, of=100)
    group = np.where(np.arange(400) % 100 < 60, 5, 9)
    assert scene_of(classes, edges, group).nodes["group"].tolist() == [5] * 4
    legend = Drawing(scene_of(classes, edges, group), LIGHT).legend()
    assert [number for _, _, number in legend] == [5]


def test_an_edge_thins_as_fixes_are_accepted_and_its_old_width_stays_as_an_outline() -> None:
    classes, edges = tables([*"abc"])
    edges = edges.assign(weight=[4.0, 2.0, 1.0], left=[1.0, 2.0, 1.0])
    data = Drawing(scene_of(classes, edges, np.zeros(3, int)), LIGHT, {"0-1": "Three of four were wrong."}).data
    width = {edge["id"]: edge["width"] for edge in data["edges"]}
    assert width["0-1"] < width["0-2"] and data["outlines"] == [[0, 1, THICK]]
    assert data["said"]["edges"]["0-1"].endswith("Three of four were wrong.")
    untouched = Drawing(scene_of(classes, edges.drop(columns="left"), np.zeros(3, int)), LIGHT).data
    assert untouched["outlines"] == [] and untouched["edges"][0]["width"] == THICK


def test_what_is_unsure_is_faint_with_a_dashed_border() -> None:
    classes, edges = tables([*"abc"])
    scene = scene_of(classes, edges, np.zeros(3, int), stability=np.array([1.0, 0.75, 0.5]))
    nodes = Drawing(scene, LIGHT).data["nodes"]
    assert [bool(node["shapeProperties"]["borderDashes"]) for node in nodes] == [False, False, True]
    opacity = [node["opacity"] for node in nodes]
    assert opacity == sorted(opacity, reverse=True) and opacity[0] == 1 and opacity[2] < 0.8


def test_beside_another_run_an_edge_says_more_less_or_alike() -> None:
    classes, edges = tables([*"abc"])
    counts = {"count_source_as_target": 4, "count_target_as_source": 1}
    edges = edges.assign(**counts, weight=[5.0, 4.0, 0.0], left=[5.0, 4.0, 0.0], other=[0.0, 9.0, 5.0])
    drawing = Drawing(scene_of(classes, edges, np.zeros(3, int)), LIGHT)
    more, less, alike = drawing.data["edges"]
    assert more["dashes"] is False and less["dashes"] and "dashes" not in alike
    assert more["width"] > less["width"] > alike["width"]
    assert drawing.data["said"]["edges"]["0-2"].endswith("The other run: 9 images.")
    assert drawing.data["outlines"] == []
    _, crowd = tables([str(i) for i in range(30)])
    classes, _ = tables([str(i) for i in range(30)])
    assert len(scene_of(classes, crowd.assign(other=1.0), np.zeros(30, int)).edges) == DIFFERENT


def test_the_library_is_found_without_importing_pyvis() -> None:
    assert vis_network().is_file() and vis_network().stat().st_size > 300_000
