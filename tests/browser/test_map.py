"""The map in a real browser: what is drawn, hover, click, lasso, keys, links, and a browser without WebGL."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.runs.workspace import Workspace
from dashboard.charts.scatter import sample_points
from dashboard.selection import Columns, Filter, inside, rows_of
from tests.browser.conftest import Server
from tests.browser.test_look import CARDS, columns_of, drag, filter_in, matches, settle, wait_for_filter
from tests.factory import make_workspace

pytestmark = pytest.mark.browser

Browse = Callable[..., Any]
PIXEL = "(e, i) => e.map.view.toScreen(e.map.xy[2 * i], e.map.xy[2 * i + 1])"
INKED = """e => { const { points, view } = e.map; e.map.painter.draw(view, 4, 1);
  const copy = new OffscreenCanvas(points.width, points.height).getContext('2d'); copy.drawImage(points, 0, 0);
  return copy.getImageData(0, 0, points.width, points.height).data.filter((v, i) => i % 4 === 3 && v > 0).length; }"""
FEW = (0.02, 0.02), (0.98, 0.02), (0.98, 0.55), (0.02, 0.55)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=600)


def open_map(page: Any, query: str = "") -> Any:
    """Go to the map and wait until it is drawn; its outer node."""
    page.goto(f"/map{query}")
    return drawn(page)


def drawn(page: Any) -> Any:
    settle(page)
    page.locator(".point-map[data-state=ready]").wait_for()
    return page.locator(".point-map")


def place_of(page: Any, point: int) -> tuple[float, float]:
    """Where a point lies on the screen."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    left, top = page.locator(".point-map").evaluate(PIXEL, point)
    box = page.locator(".over").bounding_box()
    return box["x"] + left, box["y"] + top


def lonely(xy: np.ndarray) -> int:
    """The point that is furthest from its nearest one: no other is under the pointer there."""
    far = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(far, np.inf)
    return int(far.min(axis=1).argmax())


def test_every_image_is_drawn_and_the_one_under_the_pointer_is_named(server: Server, browse: Browse) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    node = open_map(page)
    assert node.get_attribute("data-drawn") == "600" and node.get_attribute("data-painter") == "webgl"
    assert node.evaluate(INKED) > 600, "every point covers some pixels"
    row = lonely(np.asarray(c.xy))
    page.mouse.move(*place_of(page, row))
    card = page.locator(".card")
    card.wait_for()
    names = Workspace.open(server.workspace).dataset().classes
    given, predicted = names[c.given[row]], names[c.predicted[row]]
    text = card.inner_text()
    assert text.endswith(f"({c.suspicion[row]:.2f})") and text.startswith(given[:20]) and predicted[:20] in text
    picture = card.locator("img")
    assert picture.get_attribute("src").endswith(f"/{row}")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_click_marks_an_image_and_its_neighbours_lead_on(server: Server, browse: Browse) -> None:
    run = Workspace.open(server.workspace).runs()[0]
    row = lonely(run.array("xy"))
    page = browse(server.url)
    open_map(page)
    page.mouse.click(*place_of(page, row))
    page.wait_for_function("row => location.search.includes(`near=${row}`)", arg=row)
    near = page.locator(".near button")
    near.nth(10).wait_for()
    shown = near.evaluate_all("all => all.map((one) => +one.dataset.row)")
    assert shown == [row, *run.array("neighbour_index")[row, :10].tolist()]
    near.nth(1).click()
    page.wait_for_function("row => location.search.includes(`near=${row}`)", arg=shown[1])
    page.locator(f".near button[aria-current=true][data-row='{shown[1]}']").wait_for()
    page.go_back()
    page.locator(f".near button[aria-current=true][data-row='{row}']").wait_for()
    page.locator(".over").focus()
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('near=')")
    near.first.wait_for(state="hidden")


def test_a_link_to_an_image_by_row_or_by_id_shows_it_in_the_middle(server: Server, browse: Browse) -> None:
    for asked in ("77", "train/00077"):
        page = browse(server.url)
        node = open_map(page, f"?near={asked}")
        page.locator(".near button[aria-current=true][data-row='77']").wait_for()
        width, height, spot = node.evaluate(f"e => [e.map.view.width, e.map.view.height, ({PIXEL})(e, 77)]")
        assert spot == pytest.approx([width / 2, height / 2], abs=2)


@pytest.mark.parametrize("start", ["/confusion", "/map"])
def test_an_image_opened_anywhere_leads_to_its_place_and_the_filter_stays(
    server: Server, browse: Browse, start: str
) -> None:
    page = browse(server.url)
    page.goto(f"{start}?community=1&image=train/00077")
    page.get_by_role("dialog").get_by_role("button", name="Show on the map").click()
    page.locator(".near button[aria-current=true][data-row='77']").wait_for()
    drawn(page)
    assert page.get_by_role("dialog").count() == 0 and filter_in(page) == Filter(community=1)
    assert "near=77" in page.url and page.url.split("?")[0].endswith("/map")


def test_an_image_is_marked_that_was_asked_for_before_the_map_had_its_script(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    held: list[Any] = []
    page.route("**/point_map/map.js", lambda route: held.append(route))  # noqa: PLW0108  # Playwright marks what it is given
    page.goto("/map?image=train/00077")
    page.get_by_role("dialog").get_by_role("button", name="Show on the map").click()
    page.wait_for_function("() => location.search.includes('near=77')")
    settle(page)
    for route in held:
        route.continue_()
    page.locator(".near button[aria-current=true][data-row='77']").wait_for()


def test_a_lasso_sends_its_corners_and_the_server_counts(server: Server, browse: Browse) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    node = open_map(page, "?colour=suspicion")
    drag(page, FEW)
    found = wait_for_filter(page, lambda f: bool(f.lasso))
    rows = rows_of(found, c)
    assert 4 <= len(found.lasso) <= 60 and 0 < len(rows) < len(c)
    assert matches(page) == len(rows)
    page.get_by_role("button", name=f"lasso on UMAP: {len(rows)} images").wait_for()
    assert page.locator(CARDS).count() == min(24, len(rows))
    page.locator(f".point-map[data-meant='{len(rows)}']").wait_for()  # the others are faint
    assert node.evaluate("e => e.map.data.outline.length") == len(found.lasso), "the lasso in force is drawn"

    page.get_by_role("combobox", name="Colour by").click()
    page.get_by_role("option", name="predicted").click()
    page.locator(".point-map[data-by='predicted label']").wait_for()
    settle(page)
    assert filter_in(page).lasso == found.lasso, "another colour keeps the selection"
    assert node.get_attribute("data-meant") == str(len(rows))
    page.go_back()
    page.locator(".point-map[data-by=suspicion]").wait_for()
    page.go_back()
    wait_for_filter(page, lambda f: not f.lasso)
    page.locator(".point-map[data-meant='600']").wait_for()


def test_a_box_and_the_view_select_as_well(server: Server, browse: Browse) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    open_map(page)
    page.get_by_role("button", name="Box").click()
    drag(page, ((0.1, 0.1), (0.5, 0.9)))
    box = wait_for_filter(page, lambda f: bool(f.lasso))
    assert len(box.lasso) == 4 and matches(page) == len(rows_of(box, c))
    page.get_by_role("button", name="Closer").click()
    page.get_by_role("button", name="Take what is in view").click()
    view = wait_for_filter(page, lambda f: f.lasso != box.lasso)
    assert matches(page) == len(rows_of(view, c)) < len(c)


def test_the_map_can_be_worked_by_keys(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    node = open_map(page, "?near=5")
    page.get_by_role("button", name="Take what is in view").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.shadowRoot?.activeElement.className") == "over"
    zoom = "e => e.map.view.zoom"
    before = node.evaluate(zoom)
    page.keyboard.press("+")
    assert node.evaluate(zoom) == pytest.approx(before * 1.5)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.locator(".card").wait_for()
    page.keyboard.press("Enter")
    page.locator(".near button[aria-current=true]").wait_for()
    page.keyboard.press("0")
    assert node.evaluate(zoom) == 1
    settle(page)
    page.keyboard.press("r")  # elsewhere Streamlit's key to run the page again
    page.wait_for_timeout(200)
    assert page.locator("[data-testid=stApp]").get_attribute("data-test-script-state") == "notRunning"


def test_a_double_click_shows_the_whole_map_and_marks_nothing(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    node = open_map(page)
    page.get_by_role("button", name="Closer").click()
    page.get_by_role("button", name="Closer").click()
    assert node.evaluate("e => e.map.view.zoom") == pytest.approx(2.25)
    point = node.evaluate(
        "e => [...e.map.xy.keys()].find((i) => { const [x, y] = (PIXEL)(e, i);"
        " return x > 50 && y > 50 && x < e.map.view.width - 50 && y < e.map.view.height - 50; })".replace(
            "PIXEL", PIXEL
        )
    )
    page.mouse.dblclick(*place_of(page, point))
    page.wait_for_timeout(500)
    settle(page)
    assert node.evaluate("e => e.map.view.zoom") == 1 and "near=" not in page.url


def test_without_webgl_points_are_drawn_plainly_and_it_says_so(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext = "
        "function (kind, ...rest) { return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    c = columns_of(server.workspace)
    node = open_map(page, "?only=errors")
    assert node.get_attribute("data-painter") == "canvas" and node.evaluate(INKED) > 600
    page.get_by_text("This browser has no WebGL 2").wait_for()
    drag(page, FEW)
    found = wait_for_filter(page, lambda f: bool(f.lasso))
    assert found.only == "errors" and matches(page) == len(rows_of(found, c))


def test_arrays_that_the_server_dropped_are_published_again(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    refused: list[str] = []

    def refuse_once(route: Any) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=404, body="{}")

    page.route("**/points/**", refuse_once)
    open_map(page)
    assert refused


def test_hostile_names_stay_text_on_the_map(server: Server, browse: Browse) -> None:
    page = browse(server.url)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_map(page)
    page.locator(".legend").get_by_text(re.compile("<img src=x")).first.wait_for()
    assert page.locator(".legend img").count() == 0 and not dialogs


def test_filters_of_other_pages_stand_out_on_the_map(server: Server, browse: Browse) -> None:
    c = columns_of(server.workspace)
    page = browse(server.url)
    node = open_map(page, "?community=1")
    assert node.get_attribute("data-meant") == str(len(rows_of(Filter(community=1), c)))


def test_a_lasso_works_on_every_layout_and_the_link_names_it(server: Server, browse: Browse) -> None:
    c = columns_of(server.workspace)
    run = Workspace.open(server.workspace).runs()[0]
    page = browse(server.url)
    node = open_map(page, "?community=1")
    page.get_by_role("radio", name="PCA").click()
    page.wait_for_function("() => location.search.includes('layout=pca')")
    first = run.array("xy_pca")[0].tolist()
    node.evaluate(
        """async (e, [x, y]) => { while (Math.hypot(e.map.xy[0] - x, e.map.xy[1] - y) > 1e-5)
          await new Promise(requestAnimationFrame); }""",
        first,
    )
    settle(page)
    drag(page, FEW)
    found = wait_for_filter(page, lambda f: bool(f.lasso))
    assert found.lasso_on == "pca" and found.community == 1
    inside_pca = np.flatnonzero(inside(run.array("xy_pca"), found.lasso) & (c.community[c.given] == 1))
    assert 0 < len(inside_pca) < int((c.community[c.given] == 1).sum())
    assert matches(page) == len(inside_pca)
    page.get_by_role("button", name=re.compile("^lasso on PCA: ")).wait_for()
    assert node.evaluate("e => e.map.data.outline.length") == len(found.lasso), "the lasso in force is drawn"

    page.get_by_role("radio", name="UMAP").click()
    page.get_by_text("The lasso in force was drawn on another layout.").wait_for()
    settle(page)
    assert node.evaluate("e => e.map.data.outline.length") == 0 and matches(page) == len(inside_pca)
    again = browse(server.url)
    open_map(again, "?" + page.url.split("?", 1)[1])
    assert filter_in(again) == found and matches(again) == len(inside_pca)


@pytest.mark.slow
def test_more_images_than_can_be_drawn_are_sampled_and_a_click_still_names_the_right_one(
    serve: Callable[..., Server], browse: Browse, tmp_path: Path
) -> None:
    make_workspace(tmp_path / "large", n=210_000, classes=8)
    server = serve(tmp_path / "large")
    page = browse(server.url)
    node = open_map(page)
    page.get_by_text("200,000 of 210,000 images shown, sampled: all").wait_for()
    assert node.get_attribute("data-drawn") == "200000"
    c = columns_of(server.workspace)
    page.get_by_role("button", name="Box").click()
    drag(page, ((0.3, 0.3), (0.6, 0.6)))
    found = wait_for_filter(page, lambda f: bool(f.lasso))
    assert matches(page) == len(rows_of(found, c)), "every image inside counts, drawn or not"
    page.locator(f".point-map[data-meant='{sampled(c, found)}']").wait_for()
    edge = int(np.asarray(c.xy)[:, 0].argmax())
    page.get_by_role("button", name=re.compile("^lasso on UMAP:")).click()
    wait_for_filter(page, lambda f: not f.lasso)
    point = node.evaluate(
        "e => { let best = 0; for (let i = 0; i < 200000; i++)"
        " if (e.map.xy[2 * i] > e.map.xy[2 * best]) best = i; return best; }"
    )
    page.mouse.click(*place_of(page, point))
    rows = sample_points(len(c), c.is_suspect).rows
    page.wait_for_function("row => location.search.includes(`near=${row}`)", arg=int(rows[point]))
    assert edge == rows[point] or edge not in rows


def sampled(c: Columns, found: Filter) -> int:
    """How many of the images that pass the filter are drawn."""
    return int(np.isin(sample_points(len(c), c.is_suspect).rows, rows_of(found, c)).sum())
