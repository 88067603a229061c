"""Gestures in and around the large view while the server is still busy: none is lost, and none is taken twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.runs.workspace import Workspace
from tests.browser.conftest import SETTLED, Server
from tests.browser.gates import Gate, MakeGate
from tests.browser.test_image import FOUND, VIEW

pytestmark = pytest.mark.browser
DETAIL = "dashboard.widgets.image_detail"


@pytest.fixture
def gate_at(tmp_path: Path) -> Iterator[MakeGate]:
    """A gate in the server; open at the end, so that the server can end."""
    made: list[Gate] = []

    def make(module: str, function: str) -> Gate:
        made.append(Gate(tmp_path / f"gate{len(made)}", module, function))
        return made[-1]

    yield make
    for gate in made:
        gate.open()


def on_the_map(serve: Callable[..., Server], browse: Callable[..., Any], gate: Gate) -> tuple[Any, list[str]]:
    """The Map page, and the ids of its list in order."""
    server = serve(n=120, environment=gate.environment)
    workspace = Workspace.open(server.workspace)
    run = workspace.latest()
    assert run is not None
    ids = workspace.dataset().table["image_id"]
    listed = ids.iloc[run.table("scores")["suspicion"].sort_values(ascending=False, kind="stable").index].tolist()
    page = browse(server.url)
    page.goto("/map")
    page.locator(".la-card").nth(2).wait_for()
    return page, listed


def test_arrow_keys_pressed_while_the_view_is_being_filled_each_count(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    gate = gate_at("dashboard.loaders_detail", "neighbours")
    page, listed = on_the_map(serve, browse, gate)
    gate.shut()
    page.locator(".la-card").nth(2).click()
    page.get_by_text("3 of 120", exact=True).wait_for()
    gate.wait()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.locator("[role=dialog] [data-step=previous]").click()
    gate.open()
    page.get_by_text("5 of 120", exact=True).wait_for()
    page.wait_for_function(FOUND, arg=listed[4])


def test_an_arrow_key_pressed_before_the_view_is_there_goes_on_from_its_image(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    gate = gate_at(DETAIL, "kept_list")
    page, listed = on_the_map(serve, browse, gate)
    gate.shut()
    page.locator(".la-card").nth(2).click()
    gate.wait()
    page.keyboard.press("ArrowRight")
    gate.open()
    page.get_by_text("4 of 120", exact=True).wait_for()
    page.wait_for_function(SETTLED)
    gate.shut()
    page.go_back()
    page.wait_for_function(FOUND, arg=listed[2])
    gate.wait()
    page.keyboard.press("ArrowLeft")
    gate.open()
    page.get_by_text("2 of 120", exact=True).wait_for()


def test_a_card_clicked_before_the_page_is_complete_opens_its_view_without_loading_the_page_again(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    gate = gate_at(DETAIL, "image_opener")
    gate.shut()
    page, listed = on_the_map(serve, browse, gate)
    gate.wait()
    page.evaluate("() => { window.isFirst = true; }")
    page.locator(".la-card").nth(2).click()
    gate.open()
    page.get_by_text("3 of 120", exact=True).wait_for()
    page.wait_for_function(FOUND, arg=listed[2])
    assert page.evaluate("() => window.isFirst")


def test_a_card_opens_its_view_also_after_the_server_was_started_again(
    serve: Callable[..., Server], browse: Callable[..., Any]
) -> None:
    server = serve(n=60)
    page = browse(server.url)
    page.goto("/map")
    card = page.locator(".la-card").nth(2)
    image = card.get_attribute("data-image")
    page.wait_for_function(SETTLED)
    server.kill()
    page.locator("[data-testid=stApp]:not([data-test-connection-state=CONNECTED])").wait_for()
    server.start()
    page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]").wait_for()
    card.click()
    page.locator(f"[role=dialog] .la-view[data-image='{image}']").wait_for(state="attached", timeout=60_000)


def test_escape_closes_a_view_that_is_not_there_yet(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    gate = gate_at(DETAIL, "kept_list")
    page, _ = on_the_map(serve, browse, gate)
    gate.shut()
    page.locator(".la-card").nth(2).click()
    gate.wait()
    page.keyboard.press("Escape")
    gate.open()
    page.wait_for_function("() => !location.search.includes('image=')")
    page.locator(VIEW).wait_for(state="detached")
    page.wait_for_function(SETTLED)
    assert page.locator(VIEW).count() == 0


def test_a_view_left_right_after_a_step_stays_closed(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    gate = gate_at("dashboard.loaders_detail", "neighbours")
    page, _ = on_the_map(serve, browse, gate)
    gate.shut()
    page.locator(".la-card").nth(2).click()
    page.get_by_text("3 of 120", exact=True).wait_for()
    gate.wait()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    gate.open()
    page.wait_for_function("() => !location.search.includes('image=')")
    page.locator(VIEW).wait_for(state="detached")
    page.wait_for_function(SETTLED)
    assert page.locator(VIEW).count() == 0


def test_back_right_after_closing_shows_the_image_again(
    serve: Callable[..., Server], browse: Callable[..., Any], gate_at: MakeGate
) -> None:
    page, listed = on_the_map(serve, browse, gate_at(DETAIL, "kept_list"))
    page.locator(".la-card").nth(2).click()
    page.get_by_text("3 of 120", exact=True).wait_for()
    page.wait_for_function(SETTLED)
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('image=')")
    page.go_back()
    page.get_by_text("3 of 120", exact=True).wait_for()
    page.wait_for_function(FOUND, arg=listed[2])
