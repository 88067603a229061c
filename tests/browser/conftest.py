"""A real server and a real Chromium. Nothing may be fetched from elsewhere, and no script may fail, in any test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
CHROME = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-stale=true]');
}"""


class Server:
    """`streamlit run` on a workspace; can be killed and started again on the same port."""

    def __init__(self, workspace: Path, home: Path, environment: dict[str, str] | None = None) -> None:
        self.workspace = workspace
        self.home = home
        self.environment = environment or {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Start and wait until it answers."""
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        environment = {**os.environ, "HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state")}
        environment |= {"LOOKALIKE_WORKSPACE": str(self.workspace), **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", *options],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None:
                pytest.fail("the server ended: " + self.log.read_text())
            if time.monotonic() > until:
                pytest.fail("the server did not answer in 60 s: " + self.log.read_text())
            time.sleep(0.1)
        return self

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/_stcore/health", timeout=1) as answer:
                return bool(answer.read() == b"ok")
        except OSError:  # refused, reset or too slow: not up yet
            return False

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """Chromium, without a window."""
    if not CHROME:
        assert os.environ.get("CI") != "true", "in CI the browser tests must run, and there is no chromium"
        pytest.skip("BROWSER TESTS NOT RUN: no chromium here (install it or set CHROMIUM)")
    api = pytest.importorskip("playwright.sync_api", reason="BROWSER TESTS NOT RUN: playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def serve(chrome: Any, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server on a fresh workspace of the factory, or on the one given."""
    started: list[Server] = []

    def start(workspace: Path | None = None, *, n: int = 600, environment: dict[str, str] | None = None) -> Server:
        place = workspace or tmp_path / "workspace"
        if workspace is None:
            make_workspace(place, n=n, classes=8, names=[HOSTILE, *(f"class {k}" for k in range(1, 8))])
        home = tmp_path / f"home{len(started)}"
        home.mkdir()
        started.append(Server(place, home, environment).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def browse(chrome: Any) -> Iterator[Callable[..., Any]]:
    """A page in a browser context of its own; at the end nothing foreign was asked for and no script failed."""
    contexts: list[Any] = []
    foreign: list[str] = []
    errors: list[str] = []

    def watch(page: Any, base: str) -> None:
        page.set_default_timeout(20_000)
        page.on("request", lambda request: None if is_own(request.url, base) else foreign.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)

    def open_page(base: str, **options: Any) -> Any:
        context = chrome.new_context(base_url=base, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        context.on("page", lambda page: watch(page, base))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not foreign, f"fetched from elsewhere: {foreign}"
    assert not errors, f"scripts failed: {errors}"


def is_own(url: str, base: str) -> bool:
    """Does the page fetch this from its own server, or make it itself?"""
    return url.startswith((base, base.replace("http", "ws"), "data:", "blob:", "about:"))
