"""Progress of a run: written to `run.json` for the dashboard, handed on to a terminal, and the way to cancel."""

from __future__ import annotations

import time

from analysis.base.errors import Cancelled
from analysis.base.progress import Progress, Silent
from analysis.runs.run import Run

WRITE_EVERY = 0.5  # seconds; often enough for a page that looks once a second
SMOOTHING_START = 0.02  # of a phase must be done before its rate is worth an estimate


class RunProgress:
    """A `Progress` that keeps `run.json` current and raises `Cancelled` once the run is asked to stop."""

    def __init__(self, run: Run, echo: Progress | None = None) -> None:
        self.run = run
        self.echo = echo or Silent()
        self.notes: list[str] = []
        self._what, self._total, self._done = "", 0, 0
        self._began = self._written = 0.0

    def start(self, what: str, total: int) -> None:
        """Begin a phase of `total` units."""
        self._what, self._total, self._done = what, total, 0
        self._began = time.monotonic()
        self.echo.start(what, total)
        self._write(force=True)

    def advance(self, n: int = 1) -> None:
        """`n` more units are done."""
        self._done += n
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
        """Estimated seconds to the end of the phase, or None while it is too early to say."""
        if self._total <= 0 or self._done < self._total * SMOOTHING_START:
            return None
        return (time.monotonic() - self._began) / max(1, self._done) * max(0, self._total - self._done)

    def _write(self, *, force: bool) -> None:
        now = time.monotonic()
        if not force and now - self._written < WRITE_EVERY:
            return
        self._written = now
        phase = {"what": self._what, "done": self._done, "total": self._total, "seconds_left": self.seconds_left()}
        self.run.set_status(progress=phase, notes=self.notes)
