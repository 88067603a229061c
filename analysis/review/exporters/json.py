"""JSON: all tables in one file, a list of objects each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS, frame_of
from analysis.review.exporter import Export, exporter
from analysis.runs.files import read_json, write_json

FILE = "labels.json"
READING = "Every table is a list of objects in labels.json. `labels` is a list of class names. null means not known."


def _plain(kind: str, value: Any) -> Any:
    if kind == "number":
        return float(value) if math.isfinite(value) else None
    return {"text": str, "flag": bool, "whole": int, "names": list}[kind](value)


def _back(kind: str, value: Any) -> Any:
    if kind == "number":
        return math.nan if value is None else float(value)
    return {"text": str, "flag": bool, "whole": int, "names": tuple}[kind](value)


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the table and the row."""
    stored = read_json(folder / FILE)
    tables = {}
    for name, kinds in COLUMNS.items():
        columns: dict[str, list[Any]] = {column: [] for column in kinds}
        for number, row in enumerate(stored.get(name, [])):
            try:
                for column, kind in kinds.items():
                    columns[column].append(_back(kind, row[column]))
            except (KeyError, TypeError, ValueError) as error:
                raise BadInput(f"Row {number} of {name} in {FILE} cannot be read: {error!r}") from error
        tables[name] = frame_of(name, columns)
    return tables


@exporter(
    "json",
    title="One JSON file",
    summary="all tables as lists of objects in one file",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.json into an empty folder."""
    content = {}
    for name, table in export.tables.items():
        kinds = COLUMNS[name]
        cells = [[_plain(kind, value) for value in table[column]] for column, kind in kinds.items()]
        content[name] = [dict(zip(kinds, row, strict=True)) for row in zip(*cells, strict=True)]
    write_json(folder / FILE, content)
