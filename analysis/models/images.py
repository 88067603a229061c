"""From images by row to batches of bytes: decoded by threads, resized once, everything else done on tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.models.device import decode_threads

if TYPE_CHECKING:
    from analysis.models import Load

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Fit:
    """How an image is brought to a square of `size` pixels.

    crop: shorter side to `resize`, then the middle, as pretrained networks ask. whole: the whole image, sides kept in
    proportion, centred on its own mean colour. `grey` drops colour.
    """

    size: int
    how: Literal["crop", "whole"] = "whole"
    resize: int = 0
    grey: bool = False
    interpolation: Image.Resampling = Image.Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> Bytes:
        """The image as (size, size, C) uint8, C = 1 where grey, else 3."""
        image = image.convert("L" if self.grey else "RGB")
        fitted = self._crop(image) if self.how == "crop" else self._whole(image)
        array = np.asarray(fitted, np.uint8)
        return array[:, :, None] if self.grey else array

    def _crop(self, image: Image.Image) -> Image.Image:
        short = max(self.resize, self.size)
        scale = short / min(image.size)
        width, height = (max(self.size, round(side * scale)) for side in image.size)
        # the middle square alone is resized: an extremely long image would else be blown up to a huge one
        side = self.size / scale
        left, top = (image.width - side) / 2, (image.height - side) / 2
        if (width, height) == image.size:
            at = (width - self.size) // 2, (height - self.size) // 2
            return image.crop((*at, at[0] + self.size, at[1] + self.size))
        box = (max(0.0, left), max(0.0, top), min(image.width, left + side), min(image.height, top + side))
        return image.resize((self.size, self.size), self.interpolation, box=box)

    def _whole(self, image: Image.Image) -> Image.Image:
        scale = self.size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        small = image if image.size == (width, height) else image.resize((width, height), self.interpolation)
        if width == height:
            return small
        mean = np.asarray(small, np.float32).reshape(width * height, -1).mean(axis=0).round().astype(int)
        colour = int(mean[0]) if self.grey else tuple(int(c) for c in mean)
        canvas = Image.new(small.mode, (self.size, self.size), colour)
        canvas.paste(small, ((self.size - width) // 2, (self.size - height) // 2))
        return canvas


def shrinking(load: Load, size: int) -> Load:
    """`load`, decoding a large JPEG at a fraction of its size where `load` knows how to and `size` pixels suffice."""
    if "at_least" not in inspect.signature(load).parameters:
        return load
    return lambda row: load(row, at_least=size)  # type: ignore[call-arg]  # asked for above


def decoded(load: Load, rows: Sequence[int] | NDArray[np.integer], fit: Fit) -> Bytes:
    """The images of `rows` as (n, size, size, C) uint8, decoded by several threads."""
    smaller = shrinking(load, 2 * max(fit.size, fit.resize))
    out = np.empty((len(rows), fit.size, fit.size, 1 if fit.grey else 3), np.uint8)
    for i, array in enumerate(_in_threads(lambda row: fit(smaller(int(row))), rows)):
        out[i] = array
    return out


def _in_threads(work: Callable[[int], Bytes], rows: Sequence[int] | NDArray[np.integer]) -> Iterator[Bytes]:
    if len(rows) < 16:
        yield from map(work, rows)
        return
    with ThreadPoolExecutor(decode_threads()) as pool:
        yield from pool.map(work, rows)


@dataclass(frozen=True)
class Look:
    """What a sample of the images says of all: the usual longer side in pixels, and whether they are grey."""

    side: int
    grey: bool


SAMPLE = 24


def look(load: Load, n_images: int) -> Look:
    """Look at some images spread evenly over the data set."""
    rows = np.unique(np.linspace(0, n_images - 1, SAMPLE).round().astype(int))
    images = [load(int(row)) for row in rows]
    side = int(np.median([max(image.size) for image in images]))
    return Look(side=side, grey=all(_is_grey(image) for image in images))


def _is_grey(image: Image.Image) -> bool:
    pixels = np.asarray(image.convert("RGB").resize((32, 32), Image.Resampling.BOX), np.int16)
    return bool((pixels.max(axis=2) - pixels.min(axis=2)).max() <= 4)
