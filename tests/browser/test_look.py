"""Matrix cell, node, edge and lasso lead to the images, with real clicks in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from analysis.runs.workspace import Workspace
from dashboard.charts.folding import by_block
from dashboard.selection import Columns, Filter, from_params, rows_of
from tests.browser.conftest import SETTLED, Server

pytestmark = pytest.mark.browser

CARDS = ".la-card"
MIDDLE = """(e, ends) => {
  const [a, b] = ends.map((k) => e.graph.network.canvasToDOM(e.graph.network.getPosition(k)));
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}"""


def settle(page: Any) -> Any:
    page.wait_for_function(SETTLED)
    return page


def columns_of(workspace: Path) -> Columns:
    opened = Workspace.open(workspace)
    run = opened.runs()[0]
    scores, classes = run.table("scores"), run.table("classes")
    return Columns(
        given=opened.dataset().given,
        predicted=scores["predicted"].to_numpy(),
        suggested=scores["suggested"].to_numpy(),
        community=classes["community"].to_numpy(),
        suspicion=scores["suspicion"].to_numpy(),
        is_suspect=scores["is_suspect"].to_numpy(),
        crosses=(scores["kind"] == "cross").to_numpy(),
        xy=run.array("xy"),
        layouts=("umap", "pca"),
        layout=lambda method: run.array({"umap": "xy", "pca": "xy_pca"}[method]),
    )


def filter_in(page: Any) -> Filter:
    """The filter that the address says is in force."""
    return from_params({name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()})


def matches(page: Any) -> int:
    """How many images the chips say that there are."""
    said = page.locator(".st-key-chips").get_by_text(re.compile(r"images? match")).inner_text()
    return int(said.split()[0].replace(",", ""))


def wait_for_filter(page: Any, wanted: Callable[[Filter], bool]) -> Filter:
    for _ in range(100):
        if wanted(found := filter_in(page)):
            settle(page)
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"the address stayed {page.url}")


def click_cell(page: Any, row: int, column: int, size: int, *, times: int = 1) -> None:
    """Click a cell of the matrix of `size` rows, once or twice; it counts for the cell that the chart has marked."""
    plot, mark = page.locator(".js-plotly-plot .nsewdrag").first, page.locator(".hoverlayer .hovertext")
    plot.wait_for()
    plot.evaluate("e => e.scrollIntoView({block: 'center'})")
    for _ in range(50):
        box = plot.bounding_box()  # the page may still be settling around the chart
        x, y = box["x"] + (column + 0.5) / size * box["width"], box["y"] + (row + 0.5) / size * box["height"]
        page.mouse.move(x - 1, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(150)
        if mark.count():
            break
    page.mouse.click(x, y, click_count=times)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=600)


def test_a_cell_of_the_matrix_leads_to_its_images(server: Server, browse: Callable[..., Any]) -> None:
    c = columns_of(server.workspace)
    counts = np.zeros((8, 8), int)
    np.add.at(counts, (c.given, c.predicted), 1)
    np.fill_diagonal(counts, 0)
    given, predicted = (int(i) for i in np.unravel_index(counts.argmax(), counts.shape))
    page = browse(server.url)
    page.goto("/confusion")
    settle(page)
    axis = by_block(Workspace.open(server.workspace).runs()[0].table("classes"), {0, 1})
    row, column = axis.position(class_id=given), axis.position(class_id=predicted)
    assert row is not None and column is not None
    click_cell(page, row, column, len(axis))
    found = wait_for_filter(page, lambda f: f.pair is not None)
    assert found == Filter(given=given, predicted=predicted)
    n = int(counts[given, predicted])
    assert matches(page) == n
    page.locator(CARDS).first.wait_for()
    back = int(counts[predicted, given])
    assert page.locator(CARDS).count() == min(n, 12) + min(back, 12), "both directions stand side by side"
    assert re.match(rf"{n} images? labelled", page.locator("p[role=status]").first.inner_text())
    loaded = page.locator(f"{CARDS} img").first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert loaded > 0


def test_a_node_and_an_edge_of_the_graph_lead_to_their_images(server: Server, browse: Callable[..., Any]) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    canvas = page.locator(".canvas[data-drawn='8']")
    canvas.wait_for()
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    found = wait_for_filter(page, lambda f: f.class_id is not None)
    errors = np.bincount(c.given[c.given != c.predicted], minlength=8)
    assert errors[found.class_id] == errors.max(), "the arrow begins with the class of most errors"
    assert matches(page) == len(rows_of(found, c))
    spot = canvas.evaluate("(e, k) => e.graph.network.canvasToDOM(e.graph.network.getPosition(k))", 0)
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + spot["x"], box["y"] + spot["y"])
    found = wait_for_filter(page, lambda f: f.class_id == 0)
    assert found == Filter(class_id=0, only="errors") and page.locator(CARDS).count() > 0
    middle, box = canvas.evaluate(MIDDLE, [0, 1]), canvas.bounding_box()  # chips may have moved it
    page.mouse.click(box["x"] + middle["x"], box["y"] + middle["y"])
    found = wait_for_filter(page, lambda f: f.both)
    assert found.pair is not None and sorted(found.pair) == [0, 1]
    assert matches(page) == len(rows_of(found, c))
    assert page.locator("h4").count() >= 2, "both directions stand side by side"


def drag(page: Any, corners: tuple[tuple[float, float], ...]) -> None:
    """Draw on the map from corner to corner; corners are shares of its width and height."""
    box = page.locator(".over").bounding_box()
    places = [(box["x"] + fx * box["width"], box["y"] + fy * box["height"]) for fx, fy in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def test_a_lasso_leads_to_its_images_and_its_link_restores_it(server: Server, browse: Callable[..., Any]) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    page.goto("/map")
    settle(page)
    page.locator(".point-map[data-state=ready]").wait_for()
    drag(page, ((0.05, 0.05), (0.6, 0.05), (0.6, 0.9), (0.05, 0.9), (0.05, 0.06)))
    found = wait_for_filter(page, lambda f: bool(f.lasso))
    rows = rows_of(found, c)
    assert 0 < len(rows) < len(c) and matches(page) == len(rows)
    assert page.locator(CARDS).count() == min(24, len(rows))
    other = browse(server.url)
    other.goto(page.url)
    settle(other)
    assert filter_in(other) == found and matches(other) == len(rows), "a copied link shows the same elsewhere"
    page.get_by_role("button", name=re.compile(r"Review these")).click()
    page.get_by_role("heading", name="Review").wait_for()
    assert filter_in(page).lasso == found.lasso
    page.go_back()


def test_the_back_button_takes_a_chip_back(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/confusion?given=1&predicted=2")
    settle(page)
    assert filter_in(page) == Filter(given=1, predicted=2)
    page.get_by_role("button", name=re.compile("given: class 1 →")).click()
    wait_for_filter(page, lambda f: f.is_empty)
    page.go_back()
    assert wait_for_filter(page, lambda f: not f.is_empty) == Filter(given=1, predicted=2)
    page.get_by_role("button", name=re.compile("given: class 1 →")).wait_for()


def test_the_downloaded_graph_draws_itself_without_a_network(
    server: Server, browse: Callable[..., Any], tmp_path: Path
) -> None:
    page = browse(server.url)
    page.goto("/communities")
    settle(page)
    with page.expect_download() as waited:
        page.get_by_text("Download the graph as a page of its own").click()
    file = tmp_path / "graph.html"
    waited.value.save_as(file)
    alone = browse(file.as_uri())
    dialogs: list[str] = []
    alone.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    alone.goto(file.as_uri())
    alone.wait_for_function(
        "() => document.querySelector('canvas') && network && network.body.nodeIndices.length === 8"
    )
    assert not dialogs


def test_the_way_a_page_is_drawn_is_part_of_the_link_too(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/map?colour=suspicion&community=1")
    settle(page)
    page.locator(".point-map[data-by=suspicion]").wait_for()
    page.get_by_role("combobox", name="Colour by").click()
    page.get_by_role("option", name="predicted").click()
    page.wait_for_function("() => location.search.includes('colour=predicted')")
    settle(page)
    page.go_back()
    page.wait_for_function("() => location.search.includes('colour=suspicion')")
    page.locator(".point-map[data-by=suspicion]").wait_for()
    assert filter_in(page) == Filter(community=1)


def test_the_chosen_segment_can_be_read_in_a_dark_page(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url, color_scheme="dark")
    page.goto("/confusion")
    settle(page)
    colour = "e => getComputedStyle(e).color"
    chosen = page.get_by_role("radio", name="counts", checked=True)
    assert chosen.evaluate(colour) == page.get_by_role("radiogroup", name="Show").evaluate(colour)
