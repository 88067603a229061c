"""Errors that a user can mend, each saying what was found, what was wanted and what to do."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in the input or the set-up, not in the program.

    The command line prints it as one line and exits with 2; a page shows `found` as its title and the rest below.
    `detail` may hold lines to show beneath in letters of one width, such as the place of the mistake with a caret.
    """

    detail: str = ""

    def __init__(self, found: str, *, wanted: str = "", hint: str = "") -> None:
        super().__init__(found, wanted, hint)
        self.found = found
        self.wanted = wanted
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.found]
        if self.wanted:
            parts.append(f"wanted: {self.wanted}")
        if self.hint:
            parts.append(self.hint)
        return " – ".join(part.rstrip(".") for part in parts)


class BadInput(UserError):
    """A file or value that cannot be read as what it should be; names the file and the first bad row."""


class NotFoundHere(UserError):
    """Something asked for by name or path is not there."""


class NotAvailable(UserError):
    """A part that needs something this machine lacks: an optional package, weights, a device."""


class NewerFormat(UserError):
    """Written by a newer version of the program than this one."""


class Refused(UserError):
    """An input refused for safety: a path outside the data set, an image bomb, an oversized value."""


class StoreFailure(UserError):
    """Decisions could not be written (disk full, read-only file); nothing acknowledged was lost."""


class Cancelled(Exception):
    """The user stopped a step. Not an error: finished parts stay and the next run continues."""
