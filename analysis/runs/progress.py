"""Progress of a run: written to `run.json` for the dashboard, handed on to a terminal, and the way to cancel."""

from __future__ import annotations

import time
from collections import deque

from analysis.base.errors import Cancelled
from analysis.base.progress import Progress, Silent
from analysis.runs.run import Run

WRITE_EVERY = 0.5  # seconds; often enough for a page that looks once a second
WINDOW = 30.0  # seconds whose rate counts: parts finished before a kill come back at once and must not
MIN_SPAN = 1.0  # seconds before a rate is worth an estimate


class RunProgress:
    """A `Progress` that keeps `run.json` current and raises `Cancelled` once the run is asked to stop."""

    def __init__(self, run: Run, echo: Progress | None = None) -> None:
        self.run = run
        self.echo = echo or Silent()
        self.notes: list[str] = []
        self._what, self._total, self._done = "", 0, 0
        self._written = 0.0
        self._seen: deque[tuple[float, int]] = deque()

    def start(self, what: str, total: int) -> None:
        """Begin a phase of `total` units."""
        self._what, self._total, self._done = what, total, 0
        self._seen = deque([(time.monotonic(), 0)])
        self.echo.start(what, total)
        self._write(force=True)

    def advance(self, n: int = 1) -> None:
        """`n` more units are done."""
        self._done += n
        now = time.monotonic()
        if now - self._seen[-1][0] >= WRITE_EVERY:
            self._seen.append((now, self._done))
        self.echo.advance(n)
        self._write(force=self._done >= self._total)
        self.stop_if_asked()

    def note(self, message: str) -> None:
        """Keep a sentence in the log and in `run.json`."""
        self.notes.append(message)
        self.run.log("note", message=message)
        self.echo.note(message)

    def stop_if_asked(self) -> None:
        """Raise `Cancelled` when somebody asked to stop."""
        if self.run.cancel_asked():
            raise Cancelled(f"stopped on request during {self._what}")

    def seconds_left(self) -> float | None:
        """Estimated seconds to the end of the phase at the rate of late, or None while it is too early to say."""
        if self._done >= self._total:
            return 0.0
        now = time.monotonic()
        while len(self._seen) > 2 and (self._seen[0][1] == 0 or now - self._seen[0][0] > WINDOW):
            self._seen.popleft()  # the first too: between it and the next lies what a killed run had finished
        since, before = self._seen[0]
        if now - since < MIN_SPAN or self._done == before:
            return None
        return (now - since) / (self._done - before) * (self._total - self._done)

    def _write(self, *, force: bool) -> None:
        now = time.monotonic()
        if not force and now - self._written < WRITE_EVERY:
            return
        self._written = now
        phase = {"what": self._what, "done": self._done, "total": self._total, "seconds_left": self.seconds_left()}
        self.run.set_status(progress=phase, notes=self.notes)
