"""Make assets/screenshots: every page of the demo in light and dark, by driving the real dashboard in Chromium.

    python assets/make_screenshots.py [--workspace DIR] [--out DIR] [--width 1280] [--both-widths]

The workspace is analysed first if it is not there. Decisions are made on a copy, so the workspace stays as it was.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.browser.conftest import CHROME, FLAGS, SETTLED  # noqa: E402  # the repository is not installed
from tests.browser.deck import Deck  # noqa: E402

PAGES = {
    "overview": "/",
    "confusion": "/confusion",
    "communities": "/communities",
    "map": "/map",
    "problems": "/problems",
    "review": "/review",
    "grid": "/review",
    "team": "/team",
    "export": "/export",
    "models": "/models?labels=corrections",
}


@contextmanager
def dashboard(workspace: Path) -> Iterator[str]:
    """Run the dashboard on a free port; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "analysis", "open", str(workspace), "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read() == b"ok":
                    break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def add_models(workspace: Path, scratch: Path) -> None:
    """Six classifiers of scikit-learn beside the demo's own, and the planted truth as a file of corrections."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    table = pd.read_parquet(workspace / "dataset.parquet")
    pixels = np.load(workspace / "images.npy").reshape(len(table), -1)[table["source_row"]] / 255
    models = {
        "nearest neighbour": KNeighborsClassifier(1),
        "five nearest neighbours": KNeighborsClassifier(5),
        "logistic regression": LogisticRegression(C=0.1, max_iter=300),
        "support vectors": SVC(),
        "random forest": RandomForestClassifier(random_state=0),
        "tree": DecisionTreeClassifier(random_state=0),
    }
    top1 = np.stack([cross_val_predict(model, pixels, table["given"], cv=5) for model in models.values()])
    np.savez(scratch / "models.npz", models=np.array(list(models)), top1=top1)
    columns = {"id": table["image_id"], "original": table["given"], "correction": table["true"]}
    wrong = table["given"] != table["true"]
    pd.DataFrame(columns)[wrong].to_csv(scratch / "truth.csv", index=False)
    for arguments in (
        ["add-predictions", workspace, scratch / "models.npz", "--held-out", "yes"],
        ["rerank", workspace, "--corrections", scratch / "truth.csv", "--keep"],
    ):
        subprocess.run([sys.executable, "-m", "analysis", *map(str, arguments)], cwd=ROOT, check=True)


def settle(page: Page) -> None:
    """Wait until Streamlit has drawn the page and pictures have come."""
    page.wait_for_function(SETTLED, timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1200)


def judge_some(browser: Browser, url: str) -> None:
    """Judge a few images by key, so that progress and export have something to show."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=url).new_page()
    deck = Deck(page).open()
    deck.node.focus()
    for key in ("a", "a", "k", "a", "a", "s", "a"):
        deck.press(key)
        page.wait_for_timeout(200)
    deck.saved(7)
    page.close()


def shoot(browser: Browser, url: str, out: Path, width: int) -> None:
    """One picture per page and theme."""
    for theme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": width, "height": round(width * 0.66)}, color_scheme=theme, base_url=url
        )
        page = context.new_page()
        for name, path in PAGES.items():
            page.goto(path)
            settle(page)
            if name == "grid":
                page.locator(".deck").press("g")
                page.locator(".deck").press("a")
                settle(page)
            suffix = "" if width == 1280 else f"_{width}"
            page.screenshot(path=out / f"{name}_{theme}{suffix}.png")
            print(out / f"{name}_{theme}{suffix}.png", flush=True)
        context.close()


def main() -> None:
    """Analyse if need be, start the dashboard, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=ROOT / "workspaces" / "demo")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "screenshots")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--both-widths", action="store_true", help="1280 and 1920 pixels")
    args = parser.parse_args()
    demo = [sys.executable, "-m", "analysis", "demo", "--no-open", "--workspace", str(args.workspace)]
    if not (args.workspace / "workspace.json").exists():
        subprocess.run(demo, cwd=ROOT, check=True)
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        copy = Path(place) / "demo"
        shutil.copytree(args.workspace, copy)
        for old in copy.glob("review.sqlite*"):
            old.unlink()
        add_models(copy, Path(place))
        with dashboard(copy) as url:
            browser = playwright.chromium.launch(executable_path=CHROME, args=FLAGS)
            judge_some(browser, url)
            for width in (1280, 1920) if args.both_widths else (args.width,):
                shoot(browser, url, args.out, width)
            browser.close()


if __name__ == "__main__":
    main()
