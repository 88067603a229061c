"""JSON, arrays and tables on disk: whole or absent, with a format number, never pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from analysis.base.atomic import replacing
from analysis.base.errors import BadInput, NewerFormat

FORMAT = 1
LARGE = 100_000  # rows of a table after which memory is handed back


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object with its format number."""
    with replacing(path) as beside:
        beside.write_text(json.dumps({"format": FORMAT, **content}, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote; a newer format or a broken file is a clear error."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} in {path.parent} is damaged: {error}", hint="delete it and run again") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise BadInput(f"{path} is not a file of this program", wanted="a JSON object with a format number")
    if content["format"] > FORMAT:
        raise NewerFormat(
            f"{path.name} was written by a newer version (format {content['format']})",
            wanted=f"format {FORMAT} or older",
            hint="update the program",
        )
    return content


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write a .npy file, never with pickled objects."""
    with replacing(path) as beside, beside.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def read_array(path: Path) -> NDArray[Any]:
    """Open a .npy file memory-mapped and read-only."""
    loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return loaded


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file."""
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file, all columns or some."""
    table = pd.read_parquet(path, columns=columns)
    if len(table) >= LARGE:
        hand_back()
    return table


def hand_back() -> None:
    """Give the system the memory that making large tables took beside them: 150 MB for a million rows read."""
    pa.default_memory_pool().release_unused()
