"""One pass over all pixels: what every image looks like, in four numbers, and which images are exact copies.

Images are decoded one by one in small batches, never held: memory does not grow with their number or size.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.base.arrays import digest_of
from analysis.base.errors import UserError
from analysis.base.progress import NoParts, Parts, Progress, Silent

ENOUGH = 64  # pixels a side from which large JPEGs may be decoded: more change none of the numbers
BATCH = 512  # images between two reports of progress, and so between two chances to cancel
PART = 16 * BATCH  # images kept together, so that a killed run does not look at them again
CLOSE = 8  # grey levels of 256: within them the eye sees one flat tone
ENDS = (1, 99)  # percentiles of the grey levels: a few hot or dead pixels should not decide


class Store(Protocol):
    """What is needed of `analysis.data.images.ImageStore`."""

    def __len__(self) -> int: ...

    def load(self, row: int, *, at_least: int | None = None) -> Image.Image:
        """The image as RGB; with `at_least` it may come smaller."""
        ...


class Looks(NamedTuple):
    """What N images look like; NaN, and an empty digest, where an image cannot be read any more.

    flat (N,): share of the pixels within `CLOSE` grey levels of the median. darkest, brightest (N,): the 1st and 99th
    percentile of the grey levels, 0..1. digest (N,) text: equal for equal pixels as they were decoded here.
    """

    flat: NDArray[np.float32]
    darkest: NDArray[np.float32]
    brightest: NDArray[np.float32]
    digest: NDArray[np.str_]


def look_at_all(store: Store, *, progress: Progress | None = None, parts: Parts | None = None) -> Looks:
    """Look at every image once. Raises Cancelled on request; finished parts are kept in `parts`."""
    progress, parts = progress or Silent(), parts or NoParts()
    n = len(store)
    progress.start("looking at every image", n)
    found: list[Looks] = []
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, n, PART):
            rows = range(start, min(n, start + PART))
            name = f"looks_{start}_{len(rows)}"
            kept = parts.get(name)
            if kept is None:
                made = _part(store, rows, pool, progress)
                parts.put(name, **made._asdict())
            else:
                made = Looks(**kept)
                progress.advance(len(rows))
            found.append(made)
    return Looks(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _part(store: Store, rows: range, pool: ThreadPoolExecutor, progress: Progress) -> Looks:
    numbers: list[tuple[float, float, float, str]] = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        numbers += pool.map(lambda row: _look(store, row), batch)
        progress.advance(len(batch))
    flat, darkest, brightest, digest = zip(*numbers, strict=True)
    return Looks(
        np.array(flat, np.float32), np.array(darkest, np.float32), np.array(brightest, np.float32), np.array(digest)
    )


def _look(store: Store, row: int) -> tuple[float, float, float, str]:
    try:
        image = store.load(row, at_least=ENOUGH)
    except UserError:  # it could be read when the data set was
        return float("nan"), float("nan"), float("nan"), ""
    return (*grey_facts(np.bincount(np.asarray(image.convert("L")).ravel(), minlength=256)), digest_of_image(image))


def grey_facts(counts: NDArray[np.integer]) -> tuple[float, float, float]:
    """(flat, darkest, brightest), see `Looks`, of an image with so many pixels of every grey level (256,)."""
    total = np.cumsum(counts)
    n = int(total[-1])
    low, middle, high = (int(np.searchsorted(total, max(1, np.ceil(n * p / 100)))) for p in (ENDS[0], 50, ENDS[1]))
    near = counts[max(0, middle - CLOSE) : middle + CLOSE + 1].sum()
    return float(near / n), low / 255, high / 255


def digest_of_image(image: Image.Image) -> str:
    """Equal for images of the same size with the same pixels."""
    return digest_of(image.size, image.tobytes())


def same_pixels(
    store: Store,
    digest: NDArray[np.str_],
    *,
    content: NDArray[np.object_] | None = None,
    alike: Iterable[tuple[int, int]] = (),
) -> NDArray[np.int64]:
    """Of every image the first row (N,) with exactly the same decoded pixels; its own row where it is the first.

    The same bytes (`content`, digests of files where known) are the same pixels. Where bytes differ, images that came
    out equal in the pass above (`digest`), and pairs of rows that are `alike`, are decoded in full and compared.
    """
    n = len(digest)
    key = np.arange(n, dtype=np.int64) if content is None else _first_of_equal(content.astype(str))
    doubtful = {row for pair in alike for row in pair if key[pair[0]] != key[pair[1]]}
    firsts = np.unique(key)
    again = _first_of_equal(digest[firsts])
    doubtful |= set(firsts[np.bincount(again, minlength=len(firsts))[again] > 1].tolist())
    seen: dict[str, int] = {}
    joined = np.arange(n, dtype=np.int64)
    for row in sorted({int(key[row]) for row in doubtful if digest[row]}):
        try:
            joined[row] = seen.setdefault(digest_of_image(store.load(row)), row)
        except UserError:
            continue
    return joined[key]


def _first_of_equal(values: NDArray[np.str_]) -> NDArray[np.int64]:
    """Of every value the first place where it stands; the empty ones are equal to nothing."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return np.where(values == "", np.arange(len(values)), first[inverse]).astype(np.int64)
