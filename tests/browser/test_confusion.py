"""The Confusion page in a real browser: blocks, the way by keyboard, two runs, a copied link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.runs.run import DONE
from analysis.runs.workspace import Workspace
from dashboard.charts.folding import by_block
from dashboard.selection import Filter
from tests.browser.conftest import Server
from tests.browser.test_look import CARDS, click_cell, columns_of, filter_in, matches, settle, wait_for_filter
from tests.factory import HOSTILE, make_workspace

K = 60
NAMES = [HOSTILE, *(f"class {k}" for k in range(1, K))]


@pytest.fixture
def server(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """60 classes in two communities, and a second run that is never wrong about class 0."""
    workspace = make_workspace(tmp_path / "many", n=600, classes=K, names=NAMES)
    first = workspace.runs()[0]
    shutil.copytree(first.path, first.path.with_name("20000101-000000_older_0"))
    older = workspace.run("20000101-000000_older_0")
    older.put("summary", {**older.json("summary"), "model": "older"}, key="older")
    older.set_status(state=DONE)
    return serve(workspace.path)


def chart(page: Any) -> Any:
    return page.locator(".js-plotly-plot .nsewdrag").first


def frame_of(page: Any, name: str) -> tuple[int, int]:
    """The cell (row, column) of a matrix of two rows that a frame of one cell lies on, by what is on the screen."""
    frame, plot = page.locator(name).bounding_box(), chart(page).bounding_box()
    width, height = plot["width"] / 2, plot["height"] / 2
    assert abs(frame["width"] - width) < 2 and abs(frame["height"] - height) < 2
    row, column = (frame["y"] - plot["y"]) / height, (frame["x"] - plot["x"]) / width
    assert abs(row - round(row)) < 0.02 and abs(column - round(column)) < 0.02
    return round(row), round(column)


def test_a_block_opens_into_its_classes_and_a_breadcrumb_leads_back(server: Server, browse: Callable[..., Any]) -> None:
    classes = Workspace.open(server.workspace).runs()[-1].table("classes")
    page = browse(server.url)
    page.goto("/confusion")
    settle(page)
    page.get_by_text("2 communities folded into a row each").wait_for()
    click_cell(page, 0, 1, 2)
    assert wait_for_filter(page, lambda f: f.into is not None) == Filter(community=0, into=1, only="errors")
    page.wait_for_function("() => location.search.includes('open=none')")
    settle(page)
    assert len(page.locator(".ytick text").all_text_contents()) == 2, "a click chooses, nothing moves"
    assert frame_of(page, ".matrix-block") == (0, 1)
    page.keyboard.press("Escape")
    wait_for_filter(page, lambda f: f.is_empty)
    page.locator(".matrix-block").wait_for(state="detached")
    click_cell(page, 0, 1, 2)
    wait_for_filter(page, lambda f: f.into is not None)  # the same cell once more, on the chart that did not change
    click_cell(page, 0, 1, 2, times=2)
    page.wait_for_function("() => location.search.includes('open=0_1')")
    page.get_by_text("40 classes with a row of their own").wait_for()
    heads = page.locator("h4").all_inner_texts()
    assert len(heads) == 2 and all(text.startswith("Given in community") for text in heads)
    page.get_by_role("button", name="› community 2").click()
    page.wait_for_function("() => !location.search.includes('open=0_1')")
    settle(page)
    names = page.locator(".ytick text").all_text_contents()
    assert len(names) == len(by_block(classes, {0}))
    page.get_by_role("button", name="All communities").click()
    wait_for_filter(page, lambda f: f.is_empty)
    page.get_by_text("2 communities folded into a row each").wait_for()


def test_a_double_click_on_a_cell_of_two_classes_goes_to_its_images(server: Server, browse: Callable[..., Any]) -> None:
    columns = columns_of(server.workspace)
    wrong = np.flatnonzero((columns.given != columns.predicted) & (columns.given < 30) & (columns.predicted < 30))[0]
    pair = int(columns.given[wrong]), int(columns.predicted[wrong])
    axis = by_block(Workspace.open(server.workspace).runs()[-1].table("classes"), {0})
    page = browse(server.url)
    page.goto("/confusion?open=0")
    settle(page)
    click_cell(page, *(axis.group[k] for k in pair), len(axis), times=2)
    assert wait_for_filter(page, lambda f: f.pair is not None).pair == pair
    page.wait_for_function("() => document.activeElement.matches('.st-key-confusion-images a[data-image]')")
    assert page.locator(".st-key-confusion-images").bounding_box()["y"] < 400
    page.keyboard.press("Escape")
    wait_for_filter(page, lambda f: f.is_empty)


def test_the_matrix_is_worked_by_keys(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/confusion")
    settle(page)
    chart(page).wait_for()
    keys = page.locator(".matrix-keys")
    keys.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight"):  # from wherever it starts to the upper right of two blocks
        page.keyboard.press(key)
    assert frame_of(page, ".matrix-at") == (0, 1), "the cell is framed"
    assert "community 1" in keys.inner_text() and "community 2" in keys.inner_text()
    page.keyboard.press("Enter")
    assert wait_for_filter(page, lambda f: not f.is_empty) == Filter(community=0, into=1, only="errors")
    settle(page)
    keys.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('open=0_1')")
    settle(page)
    page.keyboard.press("Escape")
    wait_for_filter(page, lambda f: f.is_empty)


def test_every_cell_is_reached_by_keyboard_and_leads_to_review(server: Server, browse: Callable[..., Any]) -> None:
    page = browse(server.url)
    page.goto("/confusion")
    settle(page)
    grid = page.locator("[data-testid=stDataFrame] canvas[data-testid=data-grid-canvas]").first
    grid.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Shift+Space"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    found = wait_for_filter(page, lambda f: f.pair is not None)
    columns = columns_of(server.workspace)
    n = int(((columns.given == found.given) & (columns.predicted == found.predicted)).sum())
    assert found.given != found.predicted and matches(page) == n > 0
    assert "labelled" in page.locator("p[role=status]").first.inner_text()
    page.locator(CARDS).first.wait_for()
    assert page.locator(f"{CARDS} img").first.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
    page.get_by_role("button", name="Review th").click()
    page.get_by_role("heading", name="Review").wait_for()
    assert filter_in(page) == found


def test_a_copied_link_shows_the_same_in_another_browser(server: Server, browse: Callable[..., Any]) -> None:
    other = Workspace.open(server.workspace).runs()[0].run_id
    columns = columns_of(server.workspace)
    wrong = np.flatnonzero((columns.given != columns.predicted) & (columns.given < 30) & (columns.predicted < 30))[0]
    pair = int(columns.given[wrong]), int(columns.predicted[wrong])
    page = browse(server.url)
    page.goto(f"/confusion?given={pair[0]}&predicted={pair[1]}")
    settle(page)
    page.get_by_role("radio", name="share of given").click()
    page.wait_for_function("() => location.search.includes('show=share')")
    page.get_by_text("Only errors").click()
    page.wait_for_function("() => location.search.includes('errors=no')")
    settle(page)
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="older").click()
    page.wait_for_function("() => location.search.includes('beside=')")
    settle(page)
    page.get_by_role("radio", name="difference").click()
    page.wait_for_function("() => location.search.includes('two=difference')")
    settle(page)
    again = browse(server.url, color_scheme="dark")
    again.goto(page.url)
    settle(again)
    chart(again).wait_for()
    assert f"beside={other}" in again.url and filter_in(again) == Filter(given=pair[0], predicted=pair[1])
    for name in ("share of given", "difference"):
        assert again.get_by_role("radio", name=name).is_checked()
    assert again.get_by_text("older minus factory").is_visible()
    rows = [tab.locator(".ytick text").all_text_contents() for tab in (page, again)]
    assert rows[0] == rows[1] and len(rows[0]) > 30
    said = [tab.locator("p[role=status]").all_inner_texts() for tab in (page, again)]
    assert said[0] == said[1] and any("as many" in text for text in said[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_the_page_fits_its_window(server: Server, browse: Callable[..., Any], width: int, scheme: str) -> None:
    other = Workspace.open(server.workspace).runs()[0].run_id
    page = browse(server.url, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    for link in ("/confusion", f"/confusion?community=0&into=1&beside={other}", "/confusion?class=0"):
        page.goto(link)
        settle(page)
        chart(page).wait_for()
        main = page.locator("[data-testid=stMain]")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth"), f"{link} scrolls sideways"
        assert chart(page).bounding_box()["width"] > 100, "room for the cells"
