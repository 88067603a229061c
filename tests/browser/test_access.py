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
    "[data-testid=stSidebarNav]",  # groups of pages: a list with headers between its items
)
RUN = """(foreign) => axe.run({ exclude: foreign.map((one) => [one]) }, { resultTypes: ['violations'] }).then(
  (found) => found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) =>
    `${one.id}: ` + one.nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`)))
"""


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(n=200)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(server: Server, browse: Callable[..., Any], scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core is not installed: see tests/requirements.txt")
    script = Path(str(files(axe) / "axe.min.js")).read_text(encoding="utf-8")
    page = browse(server.url, color_scheme=scheme)
    found: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto("/" if name == "overview" else f"/{name}")
        settle(page)
        page.locator("h1").first.wait_for()
        page.wait_for_timeout(800)  # colours fade in, and a half-faded text has no contrast
        page.evaluate(script)
        found[name] = page.evaluate(RUN, list(FOREIGN))
    wrong = [f"{name}: {what}" for name, barriers in found.items() for what in barriers]
    assert not wrong, "\n".join(wrong)
