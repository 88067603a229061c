"""Grid triage and the large view: nothing is booked unseen, everything that is booked is said on the image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.deck import Deck, log, wait_for_events
from tests.factory import make_workspace

pytestmark = pytest.mark.browser

Serve = Callable[..., Server]
Browse = Callable[..., Any]
PAGE = 24


class Grid:
    """The grid of a deck."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck
        self.node = deck.node.locator(".grid")
        self.cells = self.node.locator("[role=gridcell]")
        self.told = self.node.locator(".told")

    def open(self) -> Grid:
        """Change to the grid and wait for a page."""
        self.deck.press("g")
        self.cells.first.wait_for()
        return self

    def full(self, n: int = PAGE) -> Grid:
        """Wait until the page has n images, all painted, and was there long enough to be looked at."""
        self.cells.nth(n - 1).wait_for()
        self.node.evaluate(
            "grid => Promise.all([...grid.querySelectorAll('.cell img')].map((image) => image.decode().catch(() => 0)))"
        )
        self.deck.page.wait_for_timeout(400)  # longer than a page must have been on the screen
        return self

    def ids(self) -> list[str]:
        """The images of the page."""
        return [cell.get_attribute("data-id") for cell in self.cells.all()]

    def fates(self) -> list[str]:
        """What will be booked for each."""
        return [cell.get_attribute("data-fate") for cell in self.cells.all()]

    def says(self, text: str) -> None:
        """Wait for these words below the page."""
        self.told.filter(has_text=text).wait_for()


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Server:
    make_workspace(tmp_path / "pairs", n=1200, classes=2, names=["cat", "dog"])
    return serve(tmp_path / "pairs")


@pytest.fixture
def grid(server: Server, browse: Browse) -> Grid:
    return Grid(Deck(browse(server.url)).open()).open()


def test_a_page_with_two_exceptions_is_24_decisions_and_one_undo_takes_all_back(server: Server, grid: Grid) -> None:
    ids = grid.full().ids()
    given, suggested = ("cat", "dog") if grid.node.get_by_text("Labelled cat").count() else ("dog", "cat")
    grid.deck.press("a", "ArrowRight", "Space")
    grid.cells.nth(9).click()
    assert [i for i, fate in enumerate(grid.fates()) if fate == "keep"] == [1, 9]
    assert grid.cells.nth(9).inner_text().split() == ["=", given]
    assert grid.cells.nth(0).inner_text().split() == ["→", suggested]
    assert grid.cells.nth(9).get_attribute("aria-selected") == "true"
    grid.deck.press("Enter")
    events = wait_for_events(server.workspace, PAGE)
    assert list(events["image_id"]) == ids
    assert set(events["mode"]) == {"grid"} and set(events["given"]) == {given}
    assert [i for i, verdict in enumerate(events["verdict"]) if verdict == "keep"] == [1, 9]
    assert set(events.loc[events["verdict"] == "relabel", "new_label"]) == {suggested}
    assert (events["shown_at"] <= events["decided_at"]).all()
    grid.deck.press("u")
    events = wait_for_events(server.workspace, 2 * PAGE)
    assert sorted(events["undoes"][PAGE:]) == sorted(events["seq"][:PAGE])
    assert grid.ids() == ids
    assert grid.fates().count("change") == PAGE - 2, "the page comes back as it was"


def test_enter_books_nothing_before_a_verdict_for_all_was_chosen(server: Server, grid: Grid) -> None:
    grid.full().deck.press("Enter")
    grid.says("first choose above what the unmarked ones are")
    ids = grid.ids()
    grid.deck.press("k", "Enter")
    assert set(wait_for_events(server.workspace, PAGE)["verdict"]) == {"keep"}
    assert not set(grid.full().ids()) & set(ids)
    grid.deck.press("Enter")  # the same pair: the choice stays
    wait_for_events(server.workspace, 2 * PAGE)


def test_a_new_pair_is_asked_for_again(server: Server, grid: Grid) -> None:
    pair = grid.node.locator(".pair").inner_text()
    grid.deck.press("a")
    for _ in range(20):
        grid.full(1).deck.press("Enter")
        if grid.node.locator(".pair").inner_text() != pair:
            break
    assert grid.node.locator(".pair").inner_text() != pair
    assert grid.node.locator("[aria-pressed=true]").count() == 0
    assert set(grid.fates()) == {"undecided"}


def test_a_double_enter_books_one_page(server: Server, grid: Grid) -> None:
    grid.full().deck.press("a", "Enter", "Enter", "Enter")
    grid.full()
    wait_for_events(server.workspace, PAGE)


def test_images_that_are_not_there_yet_are_not_booked(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url)).open()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    deck.page.route("**/thumb/**", hold)
    grid = Grid(deck).open()
    grid.cells.nth(PAGE - 1).wait_for()
    deck.press("a", "Enter")
    grid.says("nothing is booked unseen")
    for route in held:
        route.continue_()
    deck.page.unroute("**/thumb/**")
    grid.full().deck.press("Enter")
    wait_for_events(server.workspace, PAGE)


def test_images_below_the_edge_are_not_booked_unseen(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url)).open()
    deck.page.set_viewport_size({"width": 500, "height": 420})
    grid = Grid(deck).open().full()
    deck.press("a", "Enter")
    grid.says("were not on the screen yet")
    for _ in range(8):  # every time it scrolls on to the next ones
        deck.page.wait_for_timeout(500)
        deck.press("Enter")
    wait_for_events(server.workspace, PAGE)


def test_a_broken_image_is_named_and_stays_open(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url)).open()
    deck.page.route("**/thumb/**", lambda route: route.fulfill(status=422, json={"error": "broken"}))
    grid = Grid(deck).open()
    grid.node.locator("[data-fate=broken]").nth(PAGE - 1).wait_for(timeout=60_000)
    assert "cannot be shown" in (grid.cells.first.get_attribute("aria-label") or "")
    deck.press("a", "n")
    grid.says("cannot be shown")
    assert set(grid.full().fates()) == {"broken"}
    deck.press("Enter")
    grid.says("0 decided, 24 left open")
    assert log(server.workspace).empty
    deck.page.unroute("**/thumb/**")


def test_each_image_can_have_a_verdict_of_its_own(server: Server, grid: Grid) -> None:
    ids = grid.full().ids()
    grid.deck.press("k", "n", "ArrowRight", "b", "ArrowRight", "d", "ArrowRight", "s", "ArrowRight", "n", "n")
    assert grid.fates()[:6] == ["none", "both", "unsure", "open", "keep", "keep"]
    assert [grid.cells.nth(i).inner_text().split("\n")[-1] for i in range(4)] == [
        "none fits",
        "both fit",
        "unsure",
        "left open",
    ]
    grid.deck.press("1", "x")  # what belongs to one image at a time does nothing here
    grid.deck.press("Enter")
    events = wait_for_events(server.workspace, PAGE - 1)
    verdicts = dict(zip(events["image_id"], events["verdict"], strict=True))
    assert [verdicts.get(image_id) for image_id in ids[:5]] == ["none_fits", "several", "unsure", None, "keep"]
    assert ids[3] not in grid.full().ids(), "what was left open does not come again at once"


def test_arrows_move_by_rows_and_columns_and_a_screen_reader_hears_it(server: Server, grid: Grid) -> None:
    columns = grid.full().node.locator("[role=row]").first.locator("[role=gridcell]").count()
    assert grid.node.locator("[role=grid] > [role=row] > [role=gridcell]").count() == PAGE
    grid.deck.press("ArrowDown", "ArrowRight", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight")
    focused = grid.deck.page.evaluate(
        "() => { let at = document.activeElement; while (at.shadowRoot?.activeElement)"
        " at = at.shadowRoot.activeElement; return at.dataset.index; }"
    )
    assert int(focused) == columns + 1
    grid.deck.press("k", "Space")
    label = grid.cells.nth(columns + 1).get_attribute("aria-label") or ""
    assert label.startswith(f"Image {columns + 2} of {PAGE}") and "changes to" in label
    assert "changes to" in grid.deck.node.locator(".spoken").inner_text()


def test_fingers_find_everything_in_the_grid(server: Server, browse: Browse) -> None:
    page = browse(server.url, has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 400, "height": 860})
    deck = Deck(page).open()
    deck.press("g")
    grid = Grid(deck)
    grid.cells.nth(PAGE - 1).wait_for()
    for target in [*grid.node.locator("button:visible").all(), *grid.cells.all()]:
        box = target.bounding_box()
        assert box and box["width"] >= 44 and box["height"] >= 44, target.inner_text()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    grid.node.locator(".ways button").first.tap()
    grid.cells.nth(2).tap()
    assert grid.fates()[:4] == ["change", "change", "keep", "change"]


# -- the large view
def scale_of(stage: Any) -> float:
    return float(stage.get_attribute("data-scale"))


def test_the_large_view_zooms_around_the_pointer_and_pans(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url)).open()
    deck.node.locator(".picture").click()
    stage = deck.node.locator(".zoom-stage[data-scale]")
    stage.wait_for()
    fit = scale_of(stage)
    spot = """(stage, [x, y]) => { const box = stage.querySelector('img').getBoundingClientRect();
      return [(x - box.left) / box.width, (y - box.top) / box.height]; }"""
    box = stage.bounding_box()
    pointer = [box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 - 60]
    deck.page.mouse.move(*pointer)
    before = stage.evaluate(spot, pointer)
    deck.page.mouse.wheel(0, -300)
    deck.page.wait_for_timeout(100)
    assert scale_of(stage) > fit
    assert stage.evaluate(spot, pointer) == pytest.approx(before, abs=0.02)
    left = stage.evaluate("stage => stage.querySelector('img').getBoundingClientRect().left")
    deck.press("+", "+", "+", "+", "ArrowRight")
    assert stage.evaluate("stage => stage.querySelector('img').getBoundingClientRect().left") < left
    here = stage.evaluate(spot, pointer)
    deck.page.mouse.down()
    deck.page.mouse.move(pointer[0] + 30, pointer[1] + 20)
    deck.page.mouse.up()
    assert stage.evaluate(spot, [pointer[0] + 30, pointer[1] + 20]) == pytest.approx(here, abs=0.02)
    deck.press("0")
    assert scale_of(stage) == pytest.approx(fit, abs=0.01)
    deck.page.mouse.dblclick(*pointer)
    assert scale_of(stage) == pytest.approx(1, abs=0.01)
    assert stage.locator("img").evaluate("image => getComputedStyle(image).imageRendering") == "pixelated"
    deck.press("Escape")
    deck.node.locator(".zoom").wait_for(state="hidden")


def test_two_fingers_zoom_the_large_view(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url, has_touch=True)).open()
    deck.node.locator(".picture").tap()
    stage = deck.node.locator(".zoom-stage[data-scale]")
    stage.wait_for()
    before = scale_of(stage)
    fingers = deck.page.context.new_cdp_session(deck.page)
    for kind, apart in [("touchStart", 40), *(("touchMove", 40 + 10 * step) for step in range(1, 9))]:
        points = [{"x": 640 + side * apart / 2, "y": 450, "id": side} for side in (-1, 1)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    deck.page.wait_for_timeout(200)
    assert scale_of(stage) == pytest.approx(before * 120 / 40, rel=0.05)


def test_judging_goes_on_in_the_large_view(server: Server, browse: Browse) -> None:
    deck = Deck(browse(server.url)).open()
    deck.press("z")
    shown = []
    for key in ("a", "k", "n"):
        shown.append(deck.image_id)
        deck.node.locator(".zoom-caption", has_text=str(deck.image_id)).wait_for()
        deck.press(key)
    assert deck.node.locator(".zoom[open]").count() == 1
    deck.press("z")
    deck.node.locator(".zoom").wait_for(state="hidden")
    events = wait_for_events(server.workspace, 3)
    assert list(events["image_id"]) == shown
    assert list(events["verdict"]) == ["relabel", "keep", "none_fits"]


def test_in_the_large_view_of_the_grid_the_keys_mark_that_image(server: Server, grid: Grid) -> None:
    grid.full().deck.press("a", "z")
    grid.deck.node.locator(".zoom[open]").wait_for()
    grid.deck.press("k", "ArrowRight", "ArrowRight", "n", "Enter", "Escape")
    assert grid.fates()[:4] == ["keep", "change", "none", "change"]
    grid.deck.press("Enter")
    wait_for_events(server.workspace, PAGE)
