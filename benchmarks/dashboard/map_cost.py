"""What the map costs: first picture, lasso to images, bytes over the wire; ours against the page it replaced.

    python benchmarks/dashboard/map_cost.py                      2,000, 50,000 and 200,000 points, one JSON row a case
    python benchmarks/dashboard/map_cost.py --points 2000 --trials 5

Data of the factory, so that the filter's count is known; a fresh browser context a trial, the first one not counted.
Drawing is by software here (SwiftShader), which hurts both ways of drawing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as Late

from dashboard.selection import rows_of
from tests.browser import conftest
from tests.browser.conftest import CHROME, FLAGS, SETTLED, Server
from tests.browser.test_look import columns_of, filter_in, matches
from tests.factory import make_workspace

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


class Wire:
    """Bytes down (as they travel) and up over websockets of one page."""

    def __init__(self, page: Page) -> None:
        self.down = self.up = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: self.got(event["encodedDataLength"]))
        session.on("Network.webSocketFrameReceived", lambda event: self.got(size(event)))
        session.on("Network.webSocketFrameSent", lambda event: self.sent(size(event)))

    def got(self, n: float) -> None:
        """Count bytes that came."""
        self.down += int(n)

    def sent(self, n: int) -> None:
        """Count bytes that went."""
        self.up += n


def size(event: dict[str, Any]) -> int:
    """Bytes of a websocket frame, binary ones come in base64."""
    response = event["response"]
    length = len(response["payloadData"])
    return length * 3 // 4 if response["opcode"] == 2 else length


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
        page.locator(".st-key-chips button", has_text="lasso:").first.wait_for(timeout=PATIENCE)
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
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, headless=True, args=FLAGS)
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
        browser.close()


if __name__ == "__main__":
    main()
