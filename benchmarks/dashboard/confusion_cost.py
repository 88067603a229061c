"""The Confusion page in a real browser: time until it can be read, and bytes; one JSON row per case.

    python benchmarks/dashboard/confusion_cost.py                          10 classes
    python benchmarks/dashboard/confusion_cost.py --full                   10, 100 and 1,000 classes, 50,000 images
    python benchmarks/dashboard/confusion_cost.py --classes 300 --images 1000000 --repeats 20

The workspace is made with known structure: communities of ten classes, nine of ten errors stay inside. Cases: `open` (a
fresh tab with an empty cache, until the matrix is drawn), `switch` (from the Overview), `measure` (counts to shares and
back), `cell` (a click on a cell until the first image of that cell stands on the page), `block` (a click on a closed
block until its classes have rows). Needs Chromium and playwright.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

COMMUNITY = 10  # classes in a planted community
READY = """() => { const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-stale=true]') && document.querySelector('.js-plotly-plot .nsewdrag'); }"""
HEADED = "(text) => [...document.querySelectorAll('h4')].some((e) => e.innerText === text)"
LOADED = "() => { const image = document.querySelector('.la-card img'); return image && image.complete; }"


def make_inputs(folder: Path, n: int, k: int, seed: int = 0) -> None:
    """Small images, labels and top-3 predictions of K classes in planted communities, 80 % right."""
    rng = np.random.default_rng(seed)
    given = np.arange(n) % k
    size = min(COMMUNITY, k)
    near = given - given % size + rng.integers(0, size, n)
    far = rng.integers(0, k, n)
    first = np.where(rng.random(n) < 0.8, given, np.where(rng.random(n) < 0.9, near, far)) % k
    second, third = (first + 1) % k, (first + 2) % k
    top = np.column_stack([first, second, third]).astype(np.int32)
    share = np.sort(rng.dirichlet((6, 2, 1), n), axis=1)[:, ::-1]
    np.savez(folder / "data.npz", images=rng.integers(0, 255, (n, 8, 8, 3), np.uint8), labels=given)
    np.savez(folder / "top.npz", top_class=top, top_prob=share.astype(np.float32))


def make_workspace(folder: Path, n: int, k: int) -> Path:
    make_inputs(folder, n, k)
    place = folder / "workspace"
    command = ["run", str(folder / "data.npz"), "--workspace", str(place), "--predictions", str(folder / "top.npz")]
    done = subprocess.run(
        [sys.executable, "-m", "analysis", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return place


class Wire:
    """Counts what comes over the wire to one page."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.webSocketFrameReceived", lambda event: self.add(event["response"]))
        session.on("Network.loadingFinished", lambda event: self.more(event["encodedDataLength"]))

    def add(self, frame: dict[str, Any]) -> None:
        """Count one frame of the web socket."""
        length = len(frame["payloadData"])
        self.bytes += length if frame["opcode"] == 1 else length * 3 // 4  # binary frames are told as base64

    def more(self, length: float) -> None:
        """Count one answer to a request."""
        self.bytes += int(length)


class Walk:
    """One tab on the page, and what is known of the workspace behind it."""

    def __init__(self, browser: Any, url: str, workspace: Path) -> None:
        from analysis.runs.workspace import Workspace

        self.browser, self.url = browser, url
        self.run = Workspace.open(workspace).runs()[0]
        self.page = self.tab()

    def tab(self) -> Any:
        """A tab of its own, with an empty cache."""
        page = self.browser.new_context(base_url=self.url, viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        self.wire = Wire(page)
        return page

    def timed(self, act: Callable[[], object], wait: Callable[[], object]) -> tuple[float, int]:
        """(milliseconds from the act until what is waited for, bytes)."""
        before, began = self.wire.bytes, time.perf_counter()
        act()
        wait()
        took = 1000 * (time.perf_counter() - began)
        self.page.wait_for_timeout(150)  # frames that are told late
        return took, self.wire.bytes - before

    def ready(self) -> None:
        """Wait until the page has settled and the matrix is drawn."""
        self.page.wait_for_function(READY)

    def open(self, _: int) -> tuple[float, int]:
        """A fresh tab."""
        self.page.context.close()
        self.page = self.tab()
        return self.timed(lambda: self.page.goto("/confusion"), self.ready)

    def switch(self, _: int) -> tuple[float, int]:
        """From the Overview."""
        self.page.get_by_role("link", name="Overview").click()
        self.page.get_by_role("link", name="Overview").and_(self.page.locator("[aria-current=page]")).wait_for()
        self.page.wait_for_function(READY.replace(" && document.querySelector('.js-plotly-plot .nsewdrag')", ""))
        return self.timed(lambda: self.page.get_by_role("link", name="Confusion").click(), self.ready)

    def measure(self, i: int) -> tuple[float, int]:
        """Counts to shares, and back."""
        name = ("share of given", "counts")[i % 2]
        radio = self.page.get_by_role("radio", name=name)
        ticked = self.page.get_by_role("radio", name=name, checked=True)
        return self.timed(radio.click, lambda: (ticked.wait_for(), self.page.wait_for_timeout(30), self.ready()))

    def at(self, row: int, column: int, size: int) -> None:
        """Point at a cell of the chart until it is marked."""
        box = self.page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
        x, y = box["x"] + (column + 0.5) / size * box["width"], box["y"] + (row + 0.5) / size * box["height"]
        self.page.mouse.move(x - 2, y - 2)
        self.page.mouse.move(x, y)
        self.page.locator(".hoverlayer .hovertext").wait_for()
        self.x, self.y = x, y

    def cell(self, i: int) -> tuple[float, int]:
        """A cell of two classes that stands on the screen, another one each time."""
        from dashboard.charts.folding import between, by_block, folded

        classes, confusion = self.run.table("classes"), self.run.table("confusion")
        of = classes["community"].to_numpy()
        opened = set(of.tolist()) if len(classes) <= 40 else {0}
        axis = by_block(classes, opened, weight=between(confusion, of, opened) if len(classes) > 40 else None)
        if i == 0:
            self.page.goto(
                "/confusion?open=" + "_".join(map(str, sorted(opened))) if len(classes) > 40 else "/confusion"
            )
            self.ready()
        count = folded(confusion, axis, errors_only=True).count
        count[axis.class_id < 0], count[:, axis.class_id < 0] = 0, 0
        row, column = np.argwhere(count > 0)[[3 * i % int((count > 0).sum())]][0].tolist()
        self.at(row, column, len(axis))
        names = classes["name"].tolist()
        ends = (names[int(axis.class_id[k])] for k in (row, column))
        heading = "Given {}, predicted {}: ".format(*ends) + f"{count[row, column]:,}"

        def wait() -> None:
            self.page.wait_for_function(HEADED, arg=heading)
            self.ready()
            self.page.wait_for_function(LOADED)

        return self.timed(lambda: self.page.mouse.click(self.x, self.y), wait)

    def block(self, i: int) -> tuple[float, int]:
        """A closed block, when there are any."""
        from dashboard.charts.folding import by_block

        axis = by_block(self.run.table("classes"), ())
        self.page.goto("/confusion?open=none")
        self.ready()
        row = i % max(1, int((axis.community >= 0).sum()))
        self.at(row, row, len(axis))
        opened = f"open={axis.community[row]}"
        wait = lambda: (self.page.wait_for_function(f"() => location.search.includes('{opened}')"), self.ready())  # noqa: E731
        return self.timed(lambda: self.page.mouse.click(self.x, self.y), wait)


def measure(k: int, args: argparse.Namespace, browser: Any) -> None:
    from tests.browser.conftest import Server

    with tempfile.TemporaryDirectory() as folder:
        place = make_workspace(Path(folder), args.images, k)
        server = Server(place, Path(folder)).start()
        try:
            walk = Walk(browser, server.url, place)
            cases = {"open": 5, "switch": args.repeats, "measure": args.repeats, "cell": args.repeats}
            cases |= {"block": args.repeats} if k > 40 else {}
            cases = {name: n for name, n in cases.items() if name in args.cases}
            for name, repeats in cases.items():
                getattr(walk, name)(0)  # once for what is made at the first time
                found = [getattr(walk, name)(i + 1) for i in range(repeats)]
                took, size = (np.array(values) for values in zip(*found, strict=True))
                row = {
                    "benchmark": "confusion_cost",
                    "case": name,
                    "classes": k,
                    "images": args.images,
                    "repeats": repeats,
                    "median_ms": round(float(np.median(took))),
                    "p95_ms": round(float(np.quantile(took, 0.95))),
                    "median_kB": round(float(np.median(size)) / 1000, 1),
                }
                print(json.dumps(row), flush=True)
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[10])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--cases", nargs="+", default=["open", "switch", "measure", "cell", "block"])
    parser.add_argument("--full", action="store_true", help="10, 100 and 1,000 classes")
    args = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chrome = None
    else:
        from tests.browser.conftest import CHROME as chrome  # noqa: N811
        from tests.browser.conftest import FLAGS
    if not chrome:
        print(json.dumps({"benchmark": "confusion_cost", "not_run": "needs playwright and Chromium"}))
        return 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chrome, headless=True, args=FLAGS)
        for k in [10, 100, 1000] if args.full else args.classes:
            measure(k, args, browser)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
