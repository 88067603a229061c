"""What the map costs: first picture, lasso to images, bytes over the wire; ours against the page it replaced.

    python benchmarks/dashboard/map_cost.py                      2,000, 50,000 and 200,000 points, one JSON row a case
    python benchmarks/dashboard/map_cost.py --points 2000 --trials 5

Data of the factory, so that the filter's count is known; a fresh browser context a trial, the first one not counted.
Drawing is by software here (SwiftShader), which hurts both ways of drawing.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from browser import Wire, chromium  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402
from playwright.sync_api import TimeoutError as Late  # noqa: E402

from dashboard.selection import rows_of  # noqa: E402
from tests.browser import conftest  # noqa: E402
from tests.browser.conftest import SETTLED, Server  # noqa: E402
from tests.browser.test_look import columns_of, filter_in, matches  # noqa: E402
from tests.factory import make_workspace  # noqa: E402

READY = {
    "webgl": ".point-map[data-state=ready]",
    "plotly": ".js-plotly-plot .nsewdrag",
}
SURFACE = {"webgl": ".over", "plotly": ".js-plotly-plot .nsewdrag"}
SCRIPT = {"webgl": "streamlit_app.py", "plotly": "benchmarks/dashboard/plotly_map.py"}
PAGE = {"webgl": "/map", "plotly": "/"}
CORNERS = ((0.3, 0.3), (0.6, 0.3), (0.6, 0.7), (0.3, 0.7), (0.3, 0.31))
PATIENCE = 45_000  # ms for the images of a lasso
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def trial(browser: Browser, server: Server, kind: str) -> dict[str, float]:
    """One visit: open the page, wait for the picture, draw a lasso, wait for its images and the right count."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    wire = Wire(page)
    began = time.perf_counter()
    page.goto(PAGE[kind])
    page.locator(READY[kind]).first.wait_for()
    page.evaluate(FRAMES)
    picture = time.perf_counter() - began
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(1500)
    down, up = wire.down, wire.up
    box = page.locator(SURFACE[kind]).first.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in CORNERS]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    began = time.perf_counter()
    page.mouse.up()
    row = {"first_picture_s": picture, "down_kB": down / 1e3}
    try:
        page.locator(".st-key-chips button", has_text=re.compile("^lasso.*:")).first.wait_for(timeout=PATIENCE)
    except Late:  # the filter never came: what the browser wanted to send is too much for the server
        context.close()
        return row
    page.locator(".la-card img").first.wait_for()
    images = time.perf_counter() - began
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(1500)
    found = matches(page)
    expected = len(rows_of(filter_in(page), columns_of(server.workspace)))
    assert found == expected, f"the page says {found}, numpy {expected}"
    row |= {
        "lasso_to_images_s": images,
        "found": found,
        "lasso_up_kB": (wire.up - up) / 1e3,
        "lasso_down_kB": (wire.down - down) / 1e3,
    }
    context.close()
    return row


class App(Server):
    """A server that runs another script."""

    def __init__(self, workspace: Path, home: Path, script: str) -> None:
        super().__init__(workspace, home)
        self.script = script

    def start(self) -> Server:
        """Start it; the command of the tests names the app's own script."""
        popen = conftest.subprocess.Popen

        def renamed(command: list[str], **options: Any) -> Any:
            return popen([self.script if part == "streamlit_app.py" else part for part in command], **options)

        conftest.subprocess.Popen = renamed  # type: ignore[assignment,misc]
        try:
            return super().start()
        finally:
            conftest.subprocess.Popen = popen  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[2_000, 50_000, 200_000])
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--by", nargs="+", choices=list(SCRIPT), default=list(SCRIPT))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        assert browser is not None, "needs playwright and Chromium"
        for n in args.points:
            make_workspace(Path(place) / str(n), n=n, classes=10)
            for kind, script in ((kind, SCRIPT[kind]) for kind in args.by):
                home = Path(place) / f"home-{n}-{kind}"
                home.mkdir()
                server = App(Path(place) / str(n), home, script).start()
                rows = [trial(browser, server, kind) for _ in range(args.trials + 1)][1:]
                server.stop()
                medians = {
                    name: round(statistics.median(row[name] for row in rows), 3)
                    for name in rows[0]
                    if all(name in r for r in rows)
                }
                print(json.dumps({"points": n, "drawn_by": kind, "trials": args.trials, **medians}), flush=True)


if __name__ == "__main__":
    main()
