"""Tables as CSV that is safe to open in a spreadsheet, and back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.base.errors import BadInput
from analysis.review.columns import typed

# A spreadsheet takes a cell that begins so for a formula. The full-width signs count too in some of them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GUARD = "'"
_STARTS = frozenset((*FORMULA, GUARD))
READING = (
    "Text cells that a spreadsheet would take for a formula begin with an apostrophe, and so do those that began with "
    "an apostrophe: to get the text back, remove one leading apostrophe where there is one."
)


def guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula; `unguard` gives the text back."""
    return GUARD + text if text[:1] in _STARTS else text


def unguard(cell: str) -> str:
    """The text that `guard` was given."""
    return cell[1:] if cell[:1] == GUARD else cell


def _names(cell: tuple[str, ...]) -> str:
    return json.dumps(list(cell), ensure_ascii=False) if cell else ""


def _flag(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise ValueError(f"{cell[:40]!r} is neither true nor false")
    return cell == "true"


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
    "flag": _flag,
    "whole": int,
    "names": lambda cell: tuple(json.loads(cell)) if cell else (),
}


def each(column: Any, convert: Callable[[Any], Any]) -> list[Any]:
    """`convert` of every cell; where most cells repeat others, each different one is converted only once."""
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    different = set(values)
    if len(different) > len(values) // 2:
        return [convert(value) for value in values]
    known = {value: convert(value) for value in different}
    return [known[value] for value in values]


def write_csv(path: Path, kinds: Mapping[str, str], columns: Mapping[str, Any]) -> None:
    """Write a new file with one header line, UTF-8, commas; `kinds` says what each column holds (see COLUMNS)."""
    cells = [each(columns[name], _WRITE[kind]) for name, kind in kinds.items()]
    with path.open("x", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\r\n")  # RFC 4180; with "\n" a lone "\r" would stay unquoted
        writer.writerow(kinds)
        writer.writerows(zip(*cells, strict=True))


def read_csv(path: Path, kinds: Mapping[str, str]) -> pd.DataFrame:
    """The table that `write_csv` wrote. Raises BadInput naming the file and the line."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            rows = csv.reader(handle, strict=True)
            try:
                header = next(rows, [])
                if header != list(kinds):
                    raise BadInput(f"{path.name} has the columns {header}", wanted=", ".join(kinds))
                found = list(zip(*rows, strict=True))
            except (ValueError, csv.Error) as error:
                raise BadInput(f"{path.name} cannot be read at line {rows.line_num}: {error}") from error
    except FileNotFoundError as error:
        raise BadInput(f"{path.name} is not in {path.parent}", wanted="a whole export") from error
    cells = found or [()] * len(kinds)
    if len(cells) != len(kinds):
        raise BadInput(f"{path.name} cannot be read: its rows have {len(cells)} cells", wanted=f"{len(kinds)} each")
    try:
        read = {name: each(cell, _READ[kind]) for (name, kind), cell in zip(kinds.items(), cells, strict=True)}
    except ValueError as error:
        raise BadInput(f"{path.name} cannot be read: {error}") from error
    return typed(read, dict(kinds))
