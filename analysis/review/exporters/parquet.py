"""Parquet: one file per table, typed, small and fast to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS, frame_of
from analysis.review.exporter import Export, exporter

READING = (
    "labels.parquet has a row per image that stays: `label` is the final one, `given` the one it came with, `status` "
    "what people said. images.parquet holds what was known of the same images beforehand, changes.parquet every "
    "change, conflicts.parquet disagreements, problems.parquet decisions that could not be applied. A column called "
    "`labels` holds lists of class names. A missing suspicion means not known."
)
_TYPES = {
    "text": pa.string(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "whole": pa.int64(),
    "names": pa.list_(pa.string()),
}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the file."""
    return {name: _read_table(name, folder / f"{name}.parquet") for name in COLUMNS}


def _read_table(name: str, path: Path) -> pd.DataFrame:
    try:
        stored = pq.read_table(path, schema=_schema(name))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}") from error
    return frame_of(name, {column: _cells(stored[column], kind) for column, kind in COLUMNS[name].items()})


def _cells(column: Any, kind: str) -> Any:
    if kind == "names":
        return [tuple(cell) for cell in column.to_pylist()]
    return column.to_pandas()


def _schema(name: str) -> pa.Schema:
    return pa.schema([(column, _TYPES[kind]) for column, kind in COLUMNS[name].items()])


@exporter(
    "parquet",
    title="Parquet files",
    summary="a typed file per table, for pandas, DuckDB, Spark",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.parquet, images.parquet, changes.parquet, conflicts.parquet, problems.parquet."""
    for name, table in export.tables.items():
        columns = [
            pa.array(table[column], type=_TYPES[kind], from_pandas=True) for column, kind in COLUMNS[name].items()
        ]
        pq.write_table(pa.table(columns, schema=_schema(name)), folder / f"{name}.parquet", compression="zstd")
