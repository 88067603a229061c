"""Progress on the terminal: a bar where there is one, a line per phase in a log file."""

from __future__ import annotations

import sys

from tqdm import tqdm


class TerminalProgress:
    """A `Progress` that draws bars on standard error."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None

    def start(self, what: str, total: int) -> None:
        """Begin a bar."""
        self.close()
        live = sys.stderr.isatty()
        if not live:
            print(f"{what} …", file=sys.stderr, flush=True)
        self._bar = tqdm(total=total, desc=what, leave=False, disable=not live)

    def advance(self, n: int = 1) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(n)

    def note(self, message: str) -> None:
        """Print a sentence above the bar."""
        tqdm.write(message, file=sys.stderr)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
