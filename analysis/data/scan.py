"""Look at every image once while reading: does it decode, how large is it, what is its content hash?

Nothing here is fatal: what cannot be used is set aside with its reason.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import UserError
from analysis.base.progress import Progress
from analysis.data.decode import check, read_bytes
from analysis.data.images import inside

Item = TypeVar("Item")
BATCH = 512  # images between two reports of progress, and so between two chances to cancel


@dataclass(frozen=True)
class Looked:
    """What was found at one image: `reason` is empty where it can be used."""

    content: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""


def content_hash(data: bytes | memoryview) -> str:
    """blake2b of the bytes of an image, 32 hex digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def look_at_files(root: Path, paths: Sequence[str], progress: Progress) -> pd.DataFrame:
    """Decode all files of `paths` below the resolved folder `root`; a row each, see `Looked`."""

    def look(relative: str) -> Looked:
        return _look(lambda: read_bytes(inside(root, relative)), relative)

    return _look_at_all(look, paths, progress)


def look_at_blob(blob: NDArray[np.uint8], offsets: NDArray[np.int64], progress: Progress) -> pd.DataFrame:
    """Decode all encoded images `blob[offsets[i]:offsets[i + 1]]`; a row each, see `Looked`."""

    def look(i: int) -> Looked:
        return _look(lambda: bytes(blob[offsets[i] : offsets[i + 1]]), f"image {i}")

    return _look_at_all(look, range(len(offsets) - 1), progress)


def look_at_array(images: NDArray[np.uint8], progress: Progress) -> pd.DataFrame:
    """Hash all images of an array (M, H, W) or (M, H, W, C), nothing to decode; a row each, see `Looked`."""
    height, width = images.shape[1:3]

    def look(i: int) -> Looked:
        return Looked(content_hash(np.ascontiguousarray(images[i]).tobytes()), width, height)

    return _look_at_all(look, range(len(images)), progress)


def _look(get: Callable[[], bytes], name: str) -> Looked:
    try:
        data = get()
        width, height = check(data, name.rpartition("/")[2])
    except UserError as error:
        return Looked(reason=str(error))
    return Looked(content_hash(data), width, height)


def _look_at_all(look: Callable[[Item], Looked], items: Sequence[Item], progress: Progress) -> pd.DataFrame:
    progress.start("reading images", len(items))
    found: list[Looked] = []
    with ThreadPoolExecutor(max_workers=min(16, (os.cpu_count() or 1) + 2)) as pool:
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            found += pool.map(look, batch)
            progress.advance(len(batch))
    return pd.DataFrame(found, columns=["content", "width", "height", "reason"])
