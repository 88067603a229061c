"""What benchmarks in a real browser share: Chromium, what comes over the wire, what the server uses, waiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
LATE = 250  # ms after an answer in which frames are told that belong to it


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium without a window; None where it or playwright is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    from tests.browser.conftest import CHROME, FLAGS

    if not CHROME:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, headless=True, args=FLAGS)
        yield browser
        browser.close()


class Wire:
    """Bytes down (as they travel) and up over websockets of one page."""

    def __init__(self, page: Any) -> None:
        self.down = self.up = 0
        self.session = session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.on("Network.loadingFinished", lambda event: self._got(event["encodedDataLength"]))
        session.on("Network.webSocketFrameReceived", lambda event: self._got(_size(event)))
        session.on("Network.webSocketFrameSent", lambda event: self._sent(_size(event)))

    def page_seconds(self) -> float:
        """Processor time that the page's main thread has used, drawing of a software graphics card not included."""
        found = self.session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")

    def _got(self, n: float) -> None:
        self.down += int(n)

    def _sent(self, n: int) -> None:
        self.up += n


def _size(event: dict[str, Any]) -> int:
    """Bytes of a websocket frame, binary ones come in base64."""
    response = event["response"]
    length = len(response["payloadData"])
    return length * 3 // 4 if response["opcode"] == 2 else length


@dataclass(frozen=True)
class Took:
    """One answer: ms until it stands, until the page is quiet, CPU ms of server and page, bytes down and up."""

    ms: float
    quiet_ms: float
    cpu_ms: float
    page_ms: float
    down: int
    up: int


class Tab:
    """A browser tab with an empty cache on a server, and the measuring of what is done in it."""

    def __init__(self, browser: Any, server: Any) -> None:
        self.server = server
        context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)
        self.wire = Wire(self.page)

    def close(self) -> None:
        """Forget the tab and its cache."""
        self.page.context.close()

    def settle(self) -> None:
        """Wait until the page is quiet."""
        from tests.browser.conftest import SETTLED

        self.page.wait_for_function(SETTLED)

    def timed(self, act: Callable[[], object], stands: Callable[[], object]) -> Took:
        """Do something and wait until its answer stands on the page, then until the page is quiet."""
        down, up, cpu = self.wire.down, self.wire.up, cpu_seconds(self.server.process.pid)
        page = self.wire.page_seconds()
        began = time.perf_counter()
        act()
        stands()
        stood = time.perf_counter()
        self.settle()
        quiet = time.perf_counter()
        self.page.wait_for_timeout(LATE)
        return Took(
            ms=1000 * (stood - began),
            quiet_ms=1000 * (quiet - began),
            cpu_ms=1000 * (cpu_seconds(self.server.process.pid) - cpu),
            page_ms=1000 * max(0.0, self.wire.page_seconds() - page),
            down=self.wire.down - down,
            up=self.wire.up - up,
        )


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mib(pid: int) -> float:
    """The most memory that a process has held, MiB: pages of memory-mapped files included, as the system counts."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
