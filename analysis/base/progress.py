"""How a long step tells of its progress and learns that it should stop."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray


class Progress(Protocol):
    """Receiver of progress. `advance` raises `Cancelled` when the user has asked to stop."""

    def start(self, what: str, total: int) -> None:
        """Begin a phase of `total` units, described by `what` ("features", "fold 2 of 5")."""

    def advance(self, n: int = 1) -> None:
        """`n` more units are done. Raises `Cancelled` on request."""

    def note(self, message: str) -> None:
        """A sentence worth keeping in the log and showing to the user."""


class Silent:
    """A `Progress` that says nothing and never cancels."""

    def start(self, what: str, total: int) -> None:
        """Ignore."""

    def advance(self, n: int = 1) -> None:
        """Ignore."""

    def note(self, message: str) -> None:
        """Ignore."""


class Parts(Protocol):
    """A place for finished pieces of a long step, so that a killed run does not redo them."""

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored whole under `name`, or None."""

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        """Store arrays under `name`, whole or not at all."""


class NoParts:
    """A `Parts` that keeps nothing."""

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:  # noqa: ARG002  # the protocol names it
        """Always None."""
        return None

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        """Keep nothing."""
