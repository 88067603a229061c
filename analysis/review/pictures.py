"""The images behind an export, by image id: as files inside the data set's folder, or as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pandas as pd

from analysis.base.errors import NotFoundHere
from analysis.base.image_ids import RowOf
from analysis.base.types import Pixels
from analysis.data.decode import FORMATS, SUFFIXES, open_image
from analysis.data.images import ImageStore

_SUFFIX_OF = dict(zip(FORMATS, (".jpg", ".png", ".webp", ".bmp", ".bmp", ".tif", ".gif", ".ppm"), strict=True))


@dataclass(frozen=True)
class Picture:
    """One image: the file it is in, or its bytes; `suffix` such as ".png" says what they are."""

    suffix: str
    path: Path | None = None
    data: bytes | None = None


class Pictures:
    """The images of a data set by id; a path that leads out of its folder is refused when it is asked for."""

    def __init__(self, pixels: Pixels, table: pd.DataFrame) -> None:
        self._pixels = pixels
        self._store = ImageStore(pixels, table)
        self._ids = table["image_id"]
        self._source = table["source_row"].to_numpy()

    @property
    def are_files(self) -> bool:
        """Is every image a file that can be linked to? Else they are bytes that must be written anew."""
        return self._pixels.kind == "files"

    @property
    def root(self) -> Path | None:
        """The data set's folder; None for arrays and blobs."""
        return self._pixels.root

    @cached_property
    def _row_of(self) -> RowOf:
        return RowOf(self._ids)

    def get(self, image_id: str) -> Picture:
        """The image of that id. Raises NotFoundHere, or Refused for a path outside of the data set's folder."""
        row = self._row(image_id)
        path = self._store.file(row)
        if path is not None:
            if not path.is_file():
                raise NotFoundHere(f"{path.name} is not there any more", hint="read the data set again")
            return Picture(self.suffix(image_id), path=path)
        return Picture(self.suffix(image_id), data=self._store.original(row))

    def suffix(self, image_id: str) -> str:
        """The ending of its file name, such as ".jpg": the one it has, else the one that fits what it is."""
        if self._pixels.kind == "array":
            return ".png"
        row = self._row(image_id)
        named = PurePosixPath(self._store.name(row)).suffix
        if self.are_files or named.lower() in SUFFIXES:
            return named
        with open_image(self._store.original(row), self._store.name(row)) as image:
            return _SUFFIX_OF.get(image.format or "", ".img")

    def size(self, image_ids: Sequence[str]) -> int:
        """About how many bytes these images take: exact for files and blobs, the raw pixels for arrays."""
        rows = self._row_of.get_indexer(image_ids)
        if self._pixels.kind == "array":
            assert self._pixels.data is not None
            return len(rows) * int(self._pixels.data[0].nbytes)
        if self._pixels.offsets is not None:
            source = self._source[rows]
            return int((self._pixels.offsets[source + 1] - self._pixels.offsets[source]).sum())
        paths = (self._store.file(int(row)) for row in rows)
        return sum(path.stat().st_size for path in paths if path is not None and path.is_file())

    def _row(self, image_id: str) -> int:
        row = self._row_of.get(image_id)
        if row is None:
            raise NotFoundHere(f"There is no image {image_id!r} in this data set")
        return row
