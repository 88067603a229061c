"""Image arrays of others (floats, channels first, flat rows, 16 bit) to uint8 (M, H, W) or (M, H, W, C)."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput

CHANNELS = (1, 3, 4)


def as_pixels(array: NDArray[Any], *, shape: tuple[int, ...] | None, what: str) -> NDArray[np.uint8]:
    """Images as uint8 (M, H, W) or (M, H, W, C) with C in 1, 3, 4; see `_as_bytes` for the scale of values.

    `shape` is that of one image, (H, W), (H, W, C) or (C, H, W), for rows that are flat. Without it a flat row must be
    a grey square: colour has two usual orders, and a guess would scramble the pictures.
    """
    if array.dtype.kind not in "fiub":
        raise BadInput(f"{what} holds {array.dtype}", wanted="numbers")
    if len(array) == 0:
        raise BadInput(f"{what} holds no image", wanted="one or more")
    if array.ndim == 2:
        array = array.reshape(len(array), *_flat_shape(array.shape[1], shape, what))
    if array.ndim == 4 and array.shape[3] not in CHANNELS and array.shape[1] in CHANNELS:
        array = array.transpose(0, 2, 3, 1)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in CHANNELS) or 0 in array.shape:
        raise BadInput(f"{what} has the shape {array.shape}", wanted="(images, rows, columns) with or without channels")
    return np.ascontiguousarray(_as_bytes(array, what))


def _flat_shape(width: int, shape: tuple[int, ...] | None, what: str) -> tuple[int, ...]:
    if shape is not None:
        if int(np.prod(shape)) != width:
            raise BadInput(
                f"{what} has rows of {width} values", wanted=f"{'x'.join(map(str, shape))} by the option shape"
            )
        return shape
    side = isqrt(width)
    if side * side != width:
        raise BadInput(
            f"{what} has rows of {width} values",
            wanted="images",
            hint="give the option shape, such as 3x32x32 or 32x32x3",
        )
    return side, side


def _as_bytes(array: NDArray[Any], what: str) -> NDArray[np.uint8]:
    """uint8 as is; bools and floats within 0..1 times 255; floats and integers within 0..255 rounded; 16-bit scaled."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low) or not np.isfinite(high):
        bad = next(i for i, image in enumerate(array) if not np.isfinite(image).all())
        raise BadInput(f"Image {bad} in {what} holds NaN or infinity", wanted="finite values")
    if low < 0 or high >= 2**16:
        raise BadInput(f"{what} has values in {low:g}..{high:g}", wanted="0..1, 0..255 or 0..65535")
    scale = 1.0 if high <= 255 else 1 / 257
    if array.dtype.kind == "f" and high <= 1:
        scale = 255.0
    out = np.empty(array.shape, np.uint8)
    for i, image in enumerate(array):
        out[i] = np.rint(image.astype(np.float32) * scale)
    return out


def parse_shape(text: str | None) -> tuple[int, ...] | None:
    """ "28x28" to (28, 28)."""
    if text is None:
        return None
    parts = text.lower().replace("×", "x").split("x")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise BadInput(f"The option shape is {text!r}", wanted="such as 28x28, 32x32x3 or 3x32x32")
    return tuple(int(part) for part in parts)
