"""The confusion graph in a real browser: drill down and back, slider, fixes that thin an edge, the way to the map."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.base.types import Decision
from analysis.review.opening import open_store
from analysis.runs.workspace import Workspace
from dashboard.selection import Filter, rows_of
from tests.browser.conftest import Server
from tests.browser.test_look import CARDS, columns_of, filter_in, matches, settle, wait_for_filter
from tests.many import make_many_classes

pytestmark = pytest.mark.browser

PLACES = "e => e.graph.network.getPositions()"
COLOURS = "e => e.graph.nodes.get().map(n => n.color.background)"
VIEW = "e => [e.graph.network.getScale(), e.graph.network.getViewPosition()]"
SPOT = "(e, id) => e.graph.network.canvasToDOM(e.graph.network.getPosition(id))"


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=600)


def canvas_of(page: Any, n: int) -> Any:
    canvas = page.locator(f".canvas[data-drawn='{n}']")
    canvas.wait_for()
    return canvas


def at(page: Any, canvas: Any, node: int | str) -> tuple[float, float]:
    canvas.scroll_into_view_if_needed()
    box, spot = canvas.bounding_box(), canvas.evaluate(SPOT, node)
    return box["x"] + spot["x"], box["y"] + spot["y"]


def test_from_a_node_to_its_community_to_the_map(server: Server, browse: Callable[..., Any]) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    canvas = canvas_of(page, 8)
    page.mouse.click(*at(page, canvas, 5))
    wait_for_filter(page, lambda f: f.class_id == 5)
    page.mouse.dblclick(*at(page, canvas, 5))
    found = wait_for_filter(page, lambda f: f.community is not None)
    assert found == Filter(community=int(c.community[5]))
    dim = canvas.evaluate("e => e.graph.nodes.get().filter(n => n.opacity < 0.2).map(n => n.id)")
    assert dim == np.flatnonzero(c.community != c.community[5]).tolist(), "the other community is dimmed"
    page.get_by_role("link", name="Map").click()
    page.wait_for_url(re.compile("/map"))
    assert wait_for_filter(page, lambda f: f.community is not None) == found
    assert matches(page) == len(rows_of(found, c))
    page.get_by_role("link", name="Communities").click()
    page.wait_for_url(re.compile("/communities"))
    settle(page)
    canvas = canvas_of(page, 8)
    canvas.focus()
    page.keyboard.press("Escape")
    wait_for_filter(page, lambda f: f.is_empty)


def test_the_slider_repaints_and_moves_nothing(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    canvas = canvas_of(page, 8)
    canvas.evaluate("e => e.graph.network.moveTo({ scale: 1.3, position: { x: 20, y: 10 } })")
    before = [canvas.evaluate(script) for script in (PLACES, VIEW, COLOURS)]
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('resolution=4')")
    settle(page)
    page.get_by_text("These groups are for looking.").wait_for()
    after = [canvas.evaluate(script) for script in (PLACES, VIEW, COLOURS)]
    assert after[:2] == before[:2], "neither a node nor the view has moved"
    assert len(set(before[2])) == 2 and len(set(after[2])) == 8
    other = browse(server.url)
    other.goto(page.url)
    settle(other)
    assert canvas_of(other, 8).evaluate(COLOURS) == after[2], "a copied link shows the same groups"


def test_an_edge_leads_to_its_images_and_thins_as_fixes_are_accepted(
    server: Server, browse: Callable[..., Any]
) -> None:
    c = columns_of(server.workspace)
    edges = Workspace.open(server.workspace).runs()[0].table("edges").sort_values("weight")
    low, high = (int(k) for k in edges.iloc[-1][["source", "target"]])
    chosen = Filter(given=low, predicted=high, both=True)
    rows = rows_of(chosen, c)
    width = f"e => e.graph.edges.get('{low}-{high}').width"
    page = browse(server.url)
    page.goto(f"/communities?given={low}&predicted={high}&both=1")
    settle(page)
    before = canvas_of(page, 8).evaluate(width)
    assert filter_in(page) == chosen and page.locator(CARDS).count() > 0
    page.get_by_text(f"None of the {len(rows)} confusions").wait_for()
    judge(server.workspace, rows[: len(rows) // 2])
    page.reload()
    settle(page)
    canvas = canvas_of(page, 8)
    page.get_by_text(f"{len(rows) - len(rows) // 2} of {len(rows)} remain after the accepted fixes.").wait_for()
    assert canvas.evaluate(width) < before
    assert canvas.evaluate("e => e.graph.api.data.outlines")[0][:2] == [low, high]


def judge(workspace: Path, rows: np.ndarray) -> None:
    found = Workspace.open(workspace)
    dataset = found.dataset()
    ids, given = dataset.table["image_id"], dataset.given
    said = [
        Decision(
            image_id=str(ids.iloc[row]),
            verdict="none_fits",
            given=dataset.classes[given[row]],
            suggested="",
            new_label=None,
            reviewer="ann",
            run_id="r",
            session="s",
            seq=seq,
            decided_at=time.time(),
        )
        for seq, row in enumerate(rows.tolist(), 1)
    ]
    open_store(found).book(said)


def test_many_classes_open_as_communities_and_one_drills_down_and_back(
    serve: Callable[..., Server], browse: Callable[..., Any], tmp_path: Path
) -> None:
    make_many_classes(tmp_path / "many", 1000)
    server = serve(tmp_path / "many")
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    canvas = canvas_of(page, 20)
    page.mouse.click(*at(page, canvas, "c3"))
    assert wait_for_filter(page, lambda f: f.community is not None) == Filter(community=3)
    canvas = canvas_of(page, 50)
    assert sorted(canvas.evaluate("e => e.graph.nodes.getIds()")) == list(range(150, 200))
    page.go_back()
    wait_for_filter(page, lambda f: f.is_empty)
    canvas_of(page, 20).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_for_filter(page, lambda f: f.community is not None)
    canvas_of(page, 50).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    found = wait_for_filter(page, lambda f: f.class_id is not None)
    assert found.only == "errors"
    canvas_of(page, 50)
    page.get_by_role("button", name="All communities").click()
    wait_for_filter(page, lambda f: f.is_empty)
    canvas_of(page, 20)


def test_nothing_of_the_graph_is_kept_when_its_page_is_left(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    canvas_of(page, 8).evaluate("e => { window.left = e.graph.network; }")
    page.get_by_role("link", name="Overview", exact=True).click()
    page.wait_for_function("!Object.keys(window.left.body.nodes).length")
    page.get_by_role("link", name="Communities", exact=True).click()
    assert canvas_of(page, 8).evaluate("e => e.graph.network !== window.left")
