"""No page has a serious barrier, as axe-core finds them; its script comes from a package, never from a network."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT, Server
from tests.browser.test_look import settle

pytestmark = pytest.mark.browser

PAGES = sorted(path.stem for path in (ROOT / "dashboard" / "pages").glob("*.py"))
FOREIGN = (  # what Streamlit draws itself and gives us no way to name or colour apart
    "[data-testid=stDataFrame]",  # two tables on a page number their cells alike: the same ids twice
    "[data-testid=stSliderThumbValue]",  # in the primary colour, which must carry white text on buttons as well
    "[data-testid=stSidebarNav]",  # groups of pages: a list with headers between its items
)
RUN = """(foreign) => axe.run({ exclude: foreign.map((one) => [one]) }, { resultTypes: ['violations'] }).then(
  (found) => found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) =>
    `${one.id}: ` + one.nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`)))
"""


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=200)


@pytest.fixture
def script() -> str:
    """axe-core itself."""
    axe = pytest.importorskip("axe_core_python", reason="axe-core is not installed: see tests/requirements.txt")
    return Path(str(files(axe) / "axe.min.js")).read_text(encoding="utf-8")


def barriers(page: Any, script: str) -> list[str]:
    """What is seriously wrong on the page as it is now."""
    page.wait_for_timeout(800)  # colours fade in, and a half-faded text has no contrast
    page.evaluate(script)
    found: list[str] = page.evaluate(RUN, list(FOREIGN))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(server: Server, browse: Callable[..., Any], script: str, scheme: str) -> None:
    page = browse(server.url, color_scheme=scheme)
    found: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto("/" if name == "overview" else f"/{name}")
        settle(page)
        page.locator("h1").first.wait_for()
        found[name] = barriers(page, script)
    wrong = [f"{name}: {what}" for name, barriers in found.items() for what in barriers]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_over_a_page_has_no_serious_barrier(
    server: Server, browse: Callable[..., Any], script: str, scheme: str
) -> None:
    page = browse(server.url, color_scheme=scheme)
    page.goto("/confusion?image=train/00003&gven=1")
    page.locator("[role=dialog] .la-view").wait_for(state="attached")
    settle(page)
    assert barriers(page, script) == [], "the large view, over a line on what was left out of the link"
    page.keyboard.press("Escape")
    page.locator("[role=dialog]").wait_for(state="detached")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Given label").first.wait_for()
    assert barriers(page, script) == [], "the filter form"
    page.keyboard.press("Escape")
    page.locator(".matrix-keys").focus()
    assert barriers(page, script) == [], "the matrix by keys"
