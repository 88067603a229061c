"""Predictions and neighbours that were made before, in a folder outside the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import digest_of
from analysis.base.atomic import replacing

Arrays = dict[str, NDArray[Any]]


class Store:
    """Arrays by name, whole or not at all; a `Parts` too, so that a network looks at every image once only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str) -> Arrays | None:
        """The arrays stored under `name`, or None."""
        path = self._path(name)
        if not path.exists():
            return None
        with np.load(path) as file:
            return dict(file)

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        """Store arrays under `name`."""
        with replacing(self._path(name)) as beside, beside.open("wb") as file:
            np.savez(file, **arrays)

    def once(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """The arrays stored under `name`; made and stored where they are not there yet."""
        found = self.get(name)
        if found is None:
            found = make()
            self.put(name, **found)
        return found

    def _path(self, name: str) -> Path:
        return self.folder / f"{digest_of(name)}.npz"


class Heads:
    """The parts of one set of labels: features are those of the images, whatever the labels; heads are kept nowhere."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, name: str) -> Arrays | None:
        """What does not depend on labels."""
        return None if name.startswith("head_") else self.store.get(name)

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        """Keep what does not depend on labels."""
        if not name.startswith("head_"):
            self.store.put(name, **arrays)
