"""Finding the rows of images by their ids in little memory: 12 MB for a million images, beside the ids themselves."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks

_ID_BYTES = 128  # about what an id takes as an object, so that the blocks in which ids are read stay small
_FEW = 500  # rows that are read one by one: for more, Arrow puts the whole column together first (1.5 ms for a million)


class FindsRows(Protocol):
    """What finds the rows of ids: a `RowOf`, or an index of pandas."""

    def __len__(self) -> int: ...

    def get_indexer(self, target: Any, /) -> NDArray[Any]:
        """The row of each id, -1 where there is none."""
        ...


class RowOf:
    """The row of each of N different ids: their hashes in order, beside the table's own column of texts.

    A hash says where to look; the texts there decide, so that ids with the same hash are told apart.
    """

    def __init__(self, ids: pd.Series) -> None:
        self._ids = ids.reset_index(drop=True)
        hashes = np.empty(len(ids), np.uint64)
        for block in row_blocks(len(ids), _ID_BYTES):
            hashes[block] = _hashes(self._ids.iloc[block].to_numpy(object))
        self._row = np.argsort(hashes, kind="stable").astype(np.int32 if len(ids) < 2**31 else np.int64)
        self._hash = hashes[self._row]

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, image_id: str) -> bool:
        return self.get(image_id) is not None

    def __getitem__(self, image_id: str) -> int:
        row = self.get(image_id)
        if row is None:
            raise KeyError(image_id)
        return row

    def get(self, image_id: str) -> int | None:
        """The row of an id, None where there is none."""
        row = int(self.get_indexer([image_id])[0])
        return row if row >= 0 else None

    def get_indexer(self, target: Any, /) -> NDArray[np.int64]:
        """The rows (M,) of M ids, -1 where there is none."""
        wanted = np.empty(len(target), object)
        wanted[:] = target
        hashes = _hashes(wanted)
        place = np.searchsorted(self._hash, hashes)
        found = np.full(len(wanted), -1, np.int64)
        left = np.arange(len(wanted))
        while len(left):  # once, but for ids with the same hash
            left = left[place[left] < len(self)]
            left = left[self._hash[place[left]] == hashes[left]]
            rows = self._row[place[left]]
            same = self._texts(rows) == wanted[left]
            found[left[same]] = rows[same]
            left = left[~same]
            place[left] += 1
        return found

    def _texts(self, rows: NDArray[np.integer]) -> NDArray[np.object_]:
        if len(rows) > _FEW:
            return self._ids.take(rows).to_numpy(object)
        column = self._ids.array
        return np.array([column[row] for row in rows.tolist()], object)


def _hashes(ids: NDArray[np.object_]) -> NDArray[np.uint64]:
    """A number (M,) for each text; what is no text that can be stored has one as well, and is found nowhere."""
    try:
        return np.asarray(pd.util.hash_array(ids, categorize=False), np.uint64)
    except UnicodeEncodeError:  # half a character, which only a made-up request holds
        safe = [str(one).encode("utf-8", "surrogatepass").decode("utf-8", "replace") for one in ids]
        return np.asarray(pd.util.hash_array(np.array(safe, object), categorize=False), np.uint64)
