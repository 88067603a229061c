"""One encoded image to an upright RGB picture, within limits: what a hostile file may cost is bounded beforehand.

Everything that shows or reads pixels of files goes through here, so that a model, a thumbnail and the check while
reading agree on what can be decoded.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from analysis.base.errors import BadInput, NotFoundHere, Refused, UserError

PIXEL_LIMIT = 178_956_970  # twice Pillow's own warning: 512 MiB as RGB
BYTE_LIMIT = 512 << 20
NEUTRAL = (128, 128, 128)  # behind transparent images: black and white drawings both stay visible
EXIF_ORIENTATION = 0x0112

# Raster formats only (MPO comes with JPEG). Pillow also knows formats that start programs (EPS): never those.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "PPM")
SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .bmp .dib .tif .tiff .gif .ppm .pgm .pbm .pnm".split()  # noqa: SIM905
)

# What Pillow's decoders are known to raise on damaged files; a warning can only be raised where filters say so
DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Warning,
)

# Pillow refuses above twice this number and warns above it; the warning would come for images that are allowed here
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT


def read_bytes(path: Path, *, limit: int = BYTE_LIMIT) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; never waits on a pipe or reads a device."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise NotFoundHere(f"{path.name} is not there any more", hint="read the data set again") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be opened: {error.strerror}") from error
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise Refused(f"{path.name} is no regular file")
    with open(handle, "rb") as file:  # noqa: PTH123  # a descriptor, not a path
        if facts.st_size > limit:
            raise Refused(f"{path.name} has {facts.st_size:,} bytes", wanted=f"at most {limit:,}")
        return file.read(limit)


def open_image(data: bytes, name: str) -> Image.Image:
    """The image behind `data`, header read and size checked, not yet decoded. The caller closes it."""
    if not data:
        raise BadInput(f"{name} is empty (0 bytes)")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (DecompressionBombError, DecompressionBombWarning) as error:
        raise _bomb(name, "more pixels than are safe to decode") from error
    except UnidentifiedImageError as error:
        raise BadInput(f"{name} is no image that can be read", wanted="jpg, png, webp, bmp, tiff or gif") from error
    except DECODE_ERRORS as error:
        raise _broken(name, error) from error
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        image.close()
        raise _bomb(name, f"{width} × {height} pixels")
    return image


def decode(data: bytes, name: str, *, at_least: int | None = None) -> Image.Image:
    """Decode to RGB, upright. With `at_least` a JPEG may come smaller, no side below that number of pixels.

    Raises BadInput for what cannot be decoded and Refused for an image bomb; both name the image.
    """
    with open_image(data, name) as image:
        try:
            if at_least is not None:
                image.draft(None, (at_least, at_least))
            image.load()
            return to_rgb(_upright(image))
        except (DecompressionBombError, DecompressionBombWarning) as error:
            raise _bomb(name, "more pixels than are safe to decode") from error
        except DECODE_ERRORS as error:
            raise _broken(name, error) from error


def check(data: bytes, name: str) -> tuple[int, int]:
    """Decode once, as cheaply as the format allows; gives the upright (width, height). Raises as `decode` does."""
    with open_image(data, name) as image:
        width, height = image.size
        try:
            turned = _orientation(image) in (5, 6, 7, 8)
            image.draft(None, (1, 1))  # the whole stream is still parsed, so a truncated file is still found
            image.load()
        except (DecompressionBombError, DecompressionBombWarning) as error:
            raise _bomb(name, "more pixels than are safe to decode") from error
        except DECODE_ERRORS as error:
            raise _broken(name, error) from error
    return (height, width) if turned else (width, height)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to 8-bit RGB: 16-bit and float scaled, transparency laid over neutral grey, palettes resolved."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_bytes(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        if image.mode in ("La", "RGBa"):
            image = image.convert("LA" if image.mode == "La" else "RGBA")
        coloured = image.convert("RGBA")
        behind = Image.new("RGBA", coloured.size, (*NEUTRAL, 255))
        return Image.alpha_composite(behind, coloured).convert("RGB")
    return image.convert("RGB")


def as_png(image: Image.Image | NDArray[np.uint8]) -> bytes:
    """An image in memory as PNG, without loss."""
    buffer = io.BytesIO()
    to_rgb(image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, "PNG")
    return buffer.getvalue()


def as_jpeg(image: Image.Image) -> bytes:
    """An image in memory as JPEG of quality 95."""
    buffer = io.BytesIO()
    to_rgb(image).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """Grey values of any depth (H, W) to uint8.

    Whole numbers are scaled by the least usual depth that holds them (8, 10, 12, 14, 16 bit): a 12-bit scan stored in
    16 bits would come out black otherwise. Floats in 0..1 or 0..255 keep their scale; the rest is stretched.
    """
    pixels = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    whole = np.issubdtype(values.dtype, np.integer)
    if low >= 0 and whole and high < 2**16:
        top = next(2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits)
    elif low >= 0 and not whole and high <= 255:
        top = 1.0 if high <= 1 else 255.0
    else:
        pixels, top = pixels - low, max(high - low, 1e-12)
    return np.rint(pixels * (255 / top)).clip(0, 255).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 when there is none or the EXIF block is damaged."""
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    except DECODE_ERRORS:
        return 1  # a damaged note about the picture is no reason to lose the picture


def _upright(image: Image.Image) -> Image.Image:
    if _orientation(image) not in range(2, 9):
        return image
    try:
        return ImageOps.exif_transpose(image)
    except DECODE_ERRORS:
        return image


def _bomb(name: str, what: str) -> Refused:
    return Refused(f"{name} has {what}", wanted=f"at most {PIXEL_LIMIT:,} pixels")


def _broken(name: str, error: BaseException) -> UserError:
    return BadInput(f"{name} cannot be decoded: {' '.join(str(error).split())[:200] or type(error).__name__}")
