"""Small data sets and stand-ins for tests of the models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from analysis.base.errors import Cancelled
from analysis.base.progress import Silent
from analysis.base.types import Dataset, Pixels


def striped(n: int = 120, *, classes: int = 3, side: int = 32, grey: bool = False, seed: int = 0) -> Dataset:
    """N noisy images whose class is the direction of their stripes; easy, but not by colour or brightness."""
    rng = np.random.default_rng(seed)
    given = np.arange(n) % classes
    rows, columns = np.mgrid[:side, :side] / side
    angle = np.pi * given / classes
    wave = np.cos(angle)[:, None, None] * rows + np.sin(angle)[:, None, None] * columns
    images = 127 + 90 * np.sin(2 * np.pi * (5 * wave + rng.random((n, 1, 1)))) + rng.normal(0, 12, (n, side, side))
    pixels = np.clip(images, 0, 255).astype(np.uint8)
    if not grey:
        tint = rng.uniform(0.6, 1, (n, 1, 1, 3))
        pixels = (pixels[..., None] * tint).astype(np.uint8)
    return as_dataset(pixels, given, classes)


def as_dataset(pixels: NDArray[np.uint8], given: NDArray[np.integer[Any]], classes: int) -> Dataset:
    """A data set of an image array (N, H, W[, 3]) and given labels (N,)."""
    names = [f"{i:05d}" for i in range(len(pixels))]
    table = pd.DataFrame({"image_id": names, "path": names, "source_row": np.arange(len(pixels)), "given": given})
    return Dataset(table, tuple(f"class {k}" for k in range(classes)), "test", Pixels("array", data=pixels))


class Loader:
    """Loads images of an array data set, and counts how often each was asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.calls: list[int] = []

    def load(self, row: int) -> Image.Image:
        self.calls.append(row)
        data = self._dataset.pixels.data
        assert data is not None
        return Image.fromarray(data[row]).convert("RGB")


class Memory:
    """Parts kept in memory, with the names in the order in which they were stored."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, NDArray[Any]]] = {}
        self.stored: list[str] = []

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        return self.kept.get(name)

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        self.kept[name] = {key: np.array(value) for key, value in arrays.items()}
        self.stored.append(name)


class Stopping(Silent):
    """Cancels in the phase whose title starts with `phase`, once more than `after` units of it are done."""

    def __init__(self, phase: str, after: int) -> None:
        self.phase, self.after = phase, after
        self.in_phase, self.done = not phase, 0
        self.notes: list[str] = []

    def start(self, what: str, total: int) -> None:
        self.in_phase, self.done = what.startswith(self.phase), 0

    def advance(self, n: int = 1) -> None:
        self.done += n
        if self.in_phase and self.done > self.after:
            raise Cancelled("asked to stop")

    def note(self, message: str) -> None:
        self.notes.append(message)


class Listening(Silent):
    """Remembers notes, phases and how far each got."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.phases: dict[str, tuple[int, int]] = {}
        self._now = ""

    def start(self, what: str, total: int) -> None:
        self._now = what
        self.phases[what] = (0, total)

    def advance(self, n: int = 1) -> None:
        done, total = self.phases[self._now]
        self.phases[self._now] = (done + n, total)

    def note(self, message: str) -> None:
        self.notes.append(message)
