"""How long people wait for the dashboard, in a real browser, at every size: one JSON row per case.

    python benchmarks/dashboard/speed_table.py                 quick: 2,000 and 50,000 images, 10 and 1,000 classes
    python benchmarks/dashboard/speed_table.py --full          2,000, 50,000 and 1,000,000; 10, 100 and 1,000 classes
    python benchmarks/dashboard/speed_table.py --images 50000 --classes 300 --cases cell lasso --repeats 20

Cases: `open` (a fresh tab on the Confusion page, nothing cached, until the matrix is drawn), `switch` (to every page in
turn, until it is quiet), `filter` (another range of suspicion, on the Confusion page, until the number of images that
match has changed), `measure` (counts to shares and back), `block` (a click on a closed block of the matrix until its
classes have rows), `cell` (a click on a cell until the first image of that pair is loaded), `lasso` (on the map, until
the first image inside it is loaded), `image` (a click on an image until it is shown large).

`ms` is until then, `quiet_ms` until the page draws no more. Other programs on the machine lengthen both, and hardly
change `server_cpu_ms`, the server's processor time, and `page_cpu_ms`, that of the page's main thread. Answers are new
each time, as far as there are enough different ones. `peak_mib` is the most memory the server has held so far.
Workspaces are made once in a folder outside the repository. Needs Chromium and playwright.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from browser import LATE, Tab, Took, chromium, peak_mib  # noqa: E402
from planted import make_workspace  # noqa: E402

CACHE = Path(tempfile.gettempdir()) / "lookalike-speed"
PAGES = ("Overview", "Confusion", "Communities", "Map", "Data problems", "Review", "Team", "Export")
HEADED = "(text) => [...document.querySelectorAll('h4')].some((e) => e.innerText === text)"
FOUND = "() => document.querySelector('.st-key-chips')?.innerText.match(/[\\d,]+ images? match/)?.[0] ?? ''"
CHANGED = f"(before) => {{ const now = ({FOUND})(); return now !== '' && now !== before; }}"
DRAWN = "() => document.querySelector('.js-plotly-plot .nsewdrag')"
# an image of this answer, not of the one before: looked at once the words around it have changed
PICTURED = "() => { const image = document.querySelector('.la-card img'); return image && image.complete; }"
LARGE = "() => { const image = document.querySelector('[role=dialog] .la-large'); return image && image.complete; }"
TO_THE_MIDDLE = """(plot, share) => {
  const { y, height } = plot.getBoundingClientRect();
  document.querySelector('[data-testid=stMain]').scrollBy(0, y + share * height - innerHeight / 2);
}"""
CORNERS = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6), (0.2, 0.21))
READABLE = 40  # classes up to which the matrix shows every one


class Walk:
    """What is done and waited for on one workspace. A case takes the number of the trial; 0 is not counted."""

    def __init__(self, browser: Any, server: Any) -> None:
        from analysis.runs.workspace import Workspace

        self.browser, self.server = browser, server
        self.run = Workspace.open(server.workspace).runs()[0]
        self.classes, self.confusion = self.run.table("classes"), self.run.table("confusion")
        self.tab = Tab(browser, server)

    @property
    def page(self) -> Any:
        """The tab's page."""
        return self.tab.page

    def go(self, address: str) -> None:
        """Open an address and wait until it is quiet."""
        self.page.goto(address)
        self.tab.settle()

    def wait(self, *conditions: str) -> None:
        """Wait for conditions in the page, one after the other."""
        for condition in conditions:
            self.page.wait_for_function(condition)

    def open(self, _: int) -> Took:
        """A fresh tab."""
        self.tab.close()
        self.tab = Tab(self.browser, self.server)
        return self.tab.timed(lambda: self.page.goto("/confusion"), lambda: self.wait(DRAWN))

    def switch(self, i: int) -> Took:
        """To the next page; the first trial goes round once, because a page is slow when it is first seen."""
        if i == 0:
            self.go("/")
        for name in PAGES if i == 0 else ():
            self.page.get_by_role("link", name=name, exact=True).click()
            self.page.wait_for_timeout(LATE)
            self.tab.settle()
        before = self.page.locator("h1").first.inner_text()
        link = self.page.get_by_role("link", name=PAGES[i % len(PAGES)], exact=True)
        other = "(before) => (document.querySelector('h1')?.innerText ?? before) !== before"
        return self.tab.timed(link.click, lambda: (self.page.wait_for_function(other, arg=before), self.tab.settle()))

    def filter(self, i: int) -> Took:
        """A suspicion one step higher."""
        if i == 0:
            self.go("/confusion?suspicion=0.01~1")
        slider = self.page.get_by_role("slider").first
        if not slider.is_visible():
            self.page.get_by_role("button", name="Filter").click()
        slider.focus()
        for _ in range(3):
            slider.press("ArrowRight")
        before = self.page.evaluate(FOUND)
        apply = self.page.get_by_role("button", name="Apply").first
        return self.tab.timed(apply.click, lambda: self.page.wait_for_function(CHANGED, arg=before))

    def measure(self, i: int) -> Took:
        """Counts to shares, and back."""
        if i == 0:
            self.go("/confusion")
        name = ("share of given", "counts")[i % 2]
        ticked = self.page.get_by_role("radio", name=name, checked=True)
        return self.tab.timed(
            self.page.get_by_role("radio", name=name).click,
            lambda: (ticked.wait_for(), self.page.wait_for_timeout(30), self.tab.settle()),
        )

    def at(self, row: int, column: int, size: int) -> tuple[float, float]:
        """Point at a cell of the chart until it is marked; where that is."""
        plot, mark = self.page.locator(".js-plotly-plot .nsewdrag").first, self.page.locator(".hoverlayer .hovertext")
        plot.evaluate(TO_THE_MIDDLE, (row + 0.5) / size)  # a matrix of many rows is higher than the window
        for _ in range(50):
            box = plot.bounding_box()
            x, y = box["x"] + (column + 0.5) / size * box["width"], box["y"] + (row + 0.5) / size * box["height"]
            self.page.mouse.move(x - 2, y - 2)
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(60)
            if mark.count():
                break
        return x, y

    def cell(self, i: int) -> Took:
        """A cell of two classes that stands on the screen, another one each time."""
        from dashboard.charts.folding import between, by_block, folded

        of, few = self.classes["community"].to_numpy(), len(self.classes) <= READABLE
        opened = set(of.tolist()) if few else {0}
        axis = by_block(self.classes, opened, weight=None if few else between(self.confusion, of, opened))
        if i == 0:
            self.go("/confusion" if few else "/confusion?open=0")
        count = folded(self.confusion, axis, errors_only=True).count
        count[axis.class_id < 0], count[:, axis.class_id < 0] = 0, 0
        cells = np.argwhere(count > 0)
        row, column = cells[7 * i % len(cells)].tolist()
        place = self.at(row, column, len(axis))
        names = [self.classes["name"].iloc[int(axis.class_id[k])] for k in (row, column)]
        heading = f"Given {names[0]}, predicted {names[1]}: {count[row, column]:,}"
        return self.tab.timed(
            lambda: self.page.mouse.click(*place),
            lambda: (self.page.wait_for_function(HEADED, arg=heading), self.wait(PICTURED)),
        )

    def block(self, i: int) -> Took:
        """A closed block of the matrix."""
        from dashboard.charts.folding import by_block

        axis = by_block(self.classes, ())
        self.go("/confusion?open=none")
        row = i % max(1, int((axis.community >= 0).sum()))
        place = self.at(row, row, len(axis))
        opened = f"() => location.search.includes('open={axis.community[row]}')"
        return self.tab.timed(lambda: self.page.mouse.click(*place), lambda: (self.wait(opened), self.tab.settle()))

    def lasso(self, i: int) -> Took:
        """A lasso on the map, another place each time."""
        if i == 0:
            self.go("/map")
            self.page.locator(".point-map[data-state=ready]").wait_for()
        box = self.page.locator(".over").first.bounding_box()
        places = [
            (box["x"] + (x + 0.02 * (i % 10)) * box["width"], box["y"] + (y + 0.03 * (i % 7)) * box["height"])
            for x, y in CORNERS
        ]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        before = self.page.evaluate(FOUND)
        return self.tab.timed(
            self.page.mouse.up, lambda: (self.page.wait_for_function(CHANGED, arg=before), self.wait(PICTURED))
        )

    def image(self, i: int) -> Took:
        """An image on the map page opens, another one each time."""
        if i == 0:
            self.go("/map?suspicion=0.5~1")
        found = self.tab.timed(self.page.locator(".la-card").nth(i % 20).click, lambda: self.wait(LARGE))
        self.page.keyboard.press("Escape")
        self.page.locator("[role=dialog] .la-view").wait_for(state="detached")
        self.page.wait_for_timeout(2000)  # the address of a view that was just closed is not opened again at once
        self.tab.settle()
        return found


CASES = ("open", "switch", "filter", "measure", "block", "cell", "lasso", "image")


def measure(place: Path, args: argparse.Namespace, browser: Any, *, n: int, k: int) -> None:
    from tests.browser.conftest import Server

    with tempfile.TemporaryDirectory() as home:
        server = Server(place, Path(home)).start()
        try:
            walk = Walk(browser, server)
            for case in args.cases:
                if case == "block" and k <= READABLE:
                    continue
                act: Callable[[int], Took] = getattr(walk, case)
                act(0)
                found = [act(i + 1) for i in range(len(PAGES) * 2 if case == "switch" else args.repeats)]
                row = {"benchmark": "speed_table", "case": case, "images": n, "classes": k, **summed(found)}
                row |= {"peak_mib": round(peak_mib(server.process.pid)), "load": round(os.getloadavg()[0], 1)}
                print(json.dumps(row), flush=True)
            walk.tab.close()
        finally:
            server.stop()


def summed(found: list[Took]) -> dict[str, Any]:
    """Median and 95th percentile of the times, medians of the rest."""
    ms, quiet, cpu, page, down, up = (np.array(v) for v in zip(*(vars(one).values() for one in found), strict=True))
    return {
        "repeats": len(found),
        "median_ms": round(float(np.median(ms))),
        "p95_ms": round(float(np.quantile(ms, 0.95))),
        "quiet_ms": round(float(np.median(quiet))),
        "server_cpu_ms": round(float(np.median(cpu))),
        "page_cpu_ms": round(float(np.median(page))),
        "down_kb": round(float(np.median(down)) / 1000, 1),
        "up_kb": round(float(np.median(up)) / 1000, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="what is done without any option")
    size.add_argument("--full", action="store_true", help="all nine sizes, ten repetitions")
    parser.add_argument("--images", type=int, nargs="+")
    parser.add_argument("--classes", type=int, nargs="+")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for the workspaces")
    args = parser.parse_args()
    images = args.images or ([2_000, 50_000, 1_000_000] if args.full else [2_000, 50_000])
    classes = args.classes or ([10, 100, 1_000] if args.full else [10, 1_000])
    args.repeats = args.repeats or (10 if args.full else 5)
    with chromium() as browser:
        if browser is None:
            print(json.dumps({"benchmark": "speed_table", "not_run": "needs playwright and Chromium"}))
            return 0
        for n in images:
            for k in classes:
                measure(make_workspace(args.cache, n, k), args, browser, n=n, k=k)
    return 0


if __name__ == "__main__":
    sys.exit(main())
