"""CSV: one file per table, UTF-8, commas, one header line; safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS, frame_of
from analysis.review.exporter import Export, exporter

# A spreadsheet takes a cell that begins so for a formula. The full-width signs count too in some of them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GUARD = "'"
READING = (
    "Text cells that a spreadsheet would take for a formula begin with an apostrophe, and so do those that began with "
    "an apostrophe: to get the text back, remove one leading apostrophe where there is one. The column `labels` is "
    "empty or a JSON list of class names. An empty suspicion means not known."
)


def guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula; `unguard` gives the text back."""
    return GUARD + text if text.startswith((*FORMULA, GUARD)) else text


def unguard(cell: str) -> str:
    """The text that `guard` was given."""
    return cell[1:] if cell.startswith(GUARD) else cell


def _names(cell: tuple[str, ...]) -> str:
    return json.dumps(list(cell), ensure_ascii=False) if cell else ""


_WRITE: dict[str, Callable[[Any], str]] = {
    "text": guard,
    "number": lambda value: "" if value != value else repr(float(value)),  # noqa: PLR0124  # NaN is unlike itself
    "flag": lambda value: "true" if value else "false",
    "whole": lambda value: str(int(value)),
    "names": _names,
}
_READ: dict[str, Callable[[str], Any]] = {
    "text": unguard,
    "number": lambda cell: float(cell) if cell else float("nan"),
    "flag": lambda cell: cell == "true",
    "whole": int,
    "names": lambda cell: tuple(json.loads(cell)) if cell else (),
}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the file and the line."""
    return {name: _read_table(name, folder / f"{name}.csv") for name in COLUMNS}


def _read_table(name: str, path: Path) -> pd.DataFrame:
    kinds = COLUMNS[name]
    columns: dict[str, list[Any]] = {column: [] for column in kinds}
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle, strict=True)
        try:
            header = next(rows, [])
            if header != list(kinds):
                raise BadInput(f"{path.name} has the columns {header}", wanted=", ".join(kinds))
            for row in rows:
                for (column, kind), cell in zip(kinds.items(), row, strict=True):
                    columns[column].append(_READ[kind](cell))
        except (ValueError, csv.Error) as error:
            raise BadInput(f"{path.name} cannot be read at line {rows.line_num}: {error}") from error
    return frame_of(name, columns)


@exporter(
    "csv",
    title="CSV files",
    summary="one file per table, for spreadsheets and scripts",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.csv, images.csv, changes.csv, conflicts.csv and problems.csv into an empty folder."""
    for name, table in export.tables.items():
        kinds = COLUMNS[name]
        cells = [[_WRITE[kind](value) for value in table[column]] for column, kind in kinds.items()]
        with (folder / f"{name}.csv").open("x", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\r\n")  # RFC 4180; with "\n" a lone "\r" would stay unquoted
            writer.writerow(kinds)
            writer.writerows(zip(*cells, strict=True))
