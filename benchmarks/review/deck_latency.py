"""From the press of a key to the next image on the screen, measured in the page: one JSON row per case.

    python benchmarks/review/deck_latency.py                100 presses at 150 ms: alone, beside a map of 50,000 points
    python benchmarks/review/deck_latency.py --presses 300 --pace 100 --workspace W

Without a workspace one of 50,000 small images is made; of one that is named a copy is judged. Needs Chromium and
playwright (see tests/requirements.txt). The times are the page's own performance entries `lookalike.next`: from the
time stamp of the key press to the task after the frame that shows the next image.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "dashboard")]

from browser import chromium  # noqa: E402

CASES = {"alone": False, "beside_map": True}
MAP = "Show the map beside"
ENTRIES = "() => performance.getEntriesByName('lookalike.next').map((entry) => entry.duration)"


def press(page: Any, deck: Any, *, presses: int, pace: float) -> list[str | None]:
    """Keep the label, again and again, at an even pace; the images that were shown."""
    shown: list[str | None] = []
    due = time.perf_counter()
    for _ in range(presses):
        shown.append(deck.image_id)
        deck.press("k")
        due += pace / 1000
        page.wait_for_timeout(max(0.0, 1000 * (due - time.perf_counter())))
    return shown


def run_case(name: str, url: str, browser: Any, *, presses: int, pace: float) -> dict[str, Any]:
    from tests.browser.conftest import SETTLED
    from tests.browser.deck import Deck

    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    deck = Deck(page).open()
    if CASES[name]:
        page.get_by_text(MAP).click()
        page.locator(".point-map[data-state=ready]").wait_for()
        page.wait_for_function(SETTLED)
        deck.node.focus()
    page.wait_for_timeout(1000)
    points = int(page.locator(".point-map").get_attribute("data-drawn")) if CASES[name] else 0
    page.evaluate("() => performance.clearMeasures('lookalike.next')")
    shown = press(page, deck, presses=presses, pace=pace)
    page.wait_for_timeout(500)
    took = np.array(page.evaluate(ENTRIES))
    context.close()
    assert len(set(shown)) == presses, "an image was shown twice"
    assert len(took) == presses, f"{presses} presses, {len(took)} measured"
    return {
        "benchmark": "deck_latency",
        "case": name,
        "points": points,
        "presses": presses,
        "pace_ms": pace,
        "median_ms": round(float(np.median(took)), 1),
        "p90_ms": round(float(np.quantile(took, 0.9)), 1),
        "p95_ms": round(float(np.quantile(took, 0.95)), 1),
        "max_ms": round(float(took.max()), 1),
    }


def workspace_in(folder: Path, given: Path | None, images: int) -> Path:
    from tests.factory import make_workspace

    place = folder / "workspace"
    if given is None:
        make_workspace(place, n=images, classes=8)
    else:
        shutil.copytree(given, place)
    return place


def measure(args: argparse.Namespace, folder: Path, browser: Any) -> None:
    from tests.browser.conftest import Server

    server = Server(workspace_in(folder, args.workspace, args.images), folder).start()
    try:
        for name in CASES:
            row = run_case(name, server.url, browser, presses=args.presses, pace=args.pace)
            print(json.dumps(row), flush=True)
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--pace", type=float, default=150, help="milliseconds from one press to the next")
    parser.add_argument("--images", type=int, default=50_000, help="images of the workspace that is made")
    parser.add_argument("--workspace", type=Path, help="measure on a copy of this one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if browser is None:
            print(json.dumps({"benchmark": "deck_latency", "not_run": "needs playwright and Chromium"}))
        else:
            measure(args, Path(folder), browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
