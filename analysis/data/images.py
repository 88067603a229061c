"""The images of a data set by row: decoded upright, as thumbnails, or encoded for a browser; wherever they are kept."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from analysis.base.arrays import digest_of
from analysis.base.atomic import replacing
from analysis.base.errors import NotFoundHere, Refused
from analysis.base.types import Pixels
from analysis.data.decode import decode, open_image, read_bytes, to_rgb

MEDIA_TYPE = "image/webp"  # of everything that `thumbnail` and `encoded` give
SIDE_LIMIT = 4096  # WebP ends at 16,383; no screen shows more than this
LOSSLESS_UP_TO = 96  # pixels: below it lossless is small, and block artefacts would show most


def inside(root: Path, relative: str) -> Path:
    """The file `relative` below `root`, links followed; anything that ends outside of `root` is refused.

    `root` must be resolved already.
    """
    try:
        path = (root / relative).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a ring of links, a null byte
        raise Refused(f"{relative!r} is no usable file name") from error
    if not path.is_relative_to(root):
        raise Refused(f"{relative!r} leads out of the data set's folder", wanted=f"a file inside {root}")
    return path


class ImageStore:
    """Images of a data set by row 0..N-1 of its table. Safe to use from several threads; holds no open file.

    `thumbs` names a folder where thumbnails are kept by content hash; without it they are made anew each time.
    """

    def __init__(self, pixels: Pixels, table: pd.DataFrame, *, thumbs: Path | None = None) -> None:
        self._pixels = pixels
        self._root = pixels.root.resolve() if pixels.root is not None else None
        self._paths: NDArray[np.object_] = table["path"].to_numpy(dtype=object)
        self._source: NDArray[np.int64] = table["source_row"].to_numpy(dtype=np.int64)
        self._content = table["content"].to_numpy(dtype=object) if "content" in table else None
        self._thumbs = thumbs

    def __len__(self) -> int:
        return len(self._paths)

    def name(self, row: int) -> str:
        """What people call the image: its path."""
        return str(self._paths[self._checked(row)])

    def load(self, row: int, *, at_least: int | None = None) -> Image.Image:
        """The image as RGB, upright, full size.

        With `at_least` a large JPEG may come decoded at 1/2, 1/4 or 1/8, no side below that number of pixels: several
        times faster where the image is shrunk afterwards anyway.
        """
        if self._pixels.kind == "array":
            return to_rgb(Image.fromarray(self._array(row)))
        return decode(self._bytes(row), self.name(row), at_least=at_least)

    def raw_size(self, row: int) -> tuple[int, int]:
        """(width, height) as stored, read from the header only; EXIF orientation not applied."""
        if self._pixels.kind == "array":
            height, width = self._array(row).shape[:2]
            return width, height
        with open_image(self._bytes(row), self.name(row)) as image:
            return image.size

    def thumbnail(self, row: int, size: int = 224) -> bytes:
        """The image fitted into `size` × `size` pixels as WebP; smaller images are not enlarged."""
        kept = self._kept(row, size)
        if kept is not None and kept.exists():
            return kept.read_bytes()
        data = self.encoded(row, max_side=size)
        if kept is not None:
            _keep(kept, data)
        return data

    def encoded(self, row: int, max_side: int = 1024) -> bytes:
        """The image encoded anew as WebP (`MEDIA_TYPE`), no side above `max_side` pixels, never enlarged.

        The file's own bytes are never passed on: what reaches the browser is a raster image without metadata, whatever
        the file claims to be.
        """
        side = max(1, min(max_side, SIDE_LIMIT))
        image = self.load(row, at_least=2 * side)
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image.info.clear()  # Pillow would write comment, EXIF and colour profile of the source along
        buffer = io.BytesIO()
        if max(image.size) <= LOSSLESS_UP_TO:
            image.save(buffer, "WEBP", lossless=True, quality=50)
        else:
            image.save(buffer, "WEBP", quality=85, method=2)
        return buffer.getvalue()

    def file(self, row: int) -> Path | None:
        """The file that holds the image, links followed and inside the data set's folder; None for arrays and blobs."""
        if self._pixels.kind != "files":
            return None
        assert self._root is not None
        return inside(self._root, str(self._paths[self._checked(row)]))

    def original(self, row: int) -> bytes:
        """The image as it came, whatever it is: never for a browser. Rows of an array as PNG, without loss."""
        if self._pixels.kind != "array":
            return self._bytes(row)
        buffer = io.BytesIO()
        Image.fromarray(self._array(row)).save(buffer, "PNG")
        return buffer.getvalue()

    # -- where the pixels are ----------------------------------------------------------------------------------
    def _checked(self, row: int) -> int:
        if not 0 <= row < len(self._paths):
            raise NotFoundHere(f"There is no image in row {row}", wanted=f"a row in 0..{len(self._paths) - 1}")
        return row

    def _array(self, row: int) -> NDArray[np.uint8]:
        assert self._pixels.data is not None
        image = np.asarray(self._pixels.data[self._source[self._checked(row)]])
        return image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image

    def _bytes(self, row: int) -> bytes:
        row = self._checked(row)
        pixels = self._pixels
        if pixels.kind == "files":
            assert self._root is not None
            return read_bytes(inside(self._root, str(self._paths[row])))
        if pixels.kind == "blob":
            assert pixels.data is not None and pixels.offsets is not None
            start, end = pixels.offsets[self._source[row]], pixels.offsets[self._source[row] + 1]
            return bytes(pixels.data[start:end])
        raise NotFoundHere(f"{self._paths[row]} has no pixels", wanted="a data set read with its images")

    def _kept(self, row: int, size: int) -> Path | None:
        if self._thumbs is None or self._content is None:
            return None
        name = digest_of(self._content[self._checked(row)], size)  # a digest of a digest: whatever the column holds
        return self._thumbs / name[:2] / f"{name[2:]}.webp"


def _keep(path: Path, data: bytes) -> None:
    """Another process may be writing the same thumbnail."""
    with replacing(path, sync=False) as beside:
        beside.write_bytes(data)
