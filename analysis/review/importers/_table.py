"""A table of somebody's decisions: its cells by column name, whatever the columns are called."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.base.errors import BadInput, UserError
from analysis.data.text_in import SAMPLE, find_delimiter, read_text
from analysis.review.csv_cells import unguard

IMAGE = ("image_id", "path", "image", "image_path", "filepath", "file_path", "file", "filename", "file_name", "id")
GIVEN = ("given", "given_label", "old", "old_label", "original_label")
REVIEWER = ("reviewer", "annotator", "user", "decided_by")
NOTE = ("note", "notes", "comment")
TIME = ("decided_at", "created_at", "time", "date")
SUGGESTED = ("suggested", "suggested_label", "predicted_label")
# Columns by which a table of our own is known: there a leading apostrophe guards against formulas, and blanks are meant
OURS = ({"image_id", "status", "labels", "excluded"}, {"image_id", "old", "new", "action", "verdict", "session"})


@dataclass(frozen=True)
class Row:
    """One row: the line it ends in, and its cells by column name in small letters."""

    line: int
    cells: dict[str, str]

    def first(self, names: Sequence[str]) -> str | None:
        """The cell of the first of these columns that is there; None where none is."""
        return next((self.cells[name] for name in names if name in self.cells), None)

    def text(self, names: Sequence[str]) -> str:
        """The same, "" where none is."""
        return self.first(names) or ""


def header_of(path: Path) -> list[str]:
    """The column names of a text table in small letters; [] where it is none."""
    try:
        return next(_cells(path))[1]
    except (UserError, StopIteration):
        return []


def rows_of(path: Path) -> Iterator[Row]:
    """Every row but the header and blank ones. Raises BadInput naming the line."""
    found = _cells(path)
    _, header = next(found, (0, []))
    if len(set(header)) < len(header):
        raise BadInput(f"{path.name} has two columns of one name", wanted="every column once")
    guarded = is_ours(header)
    for line, cells in found:
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise BadInput(f"{path.name}, line {line} has {len(cells)} cells", wanted=f"{len(header)}, as the header")
        read = [unguard(cell) if guarded else cell.strip() for cell in cells]
        yield Row(line, dict(zip(header, read, strict=True)))


def is_ours(header: Sequence[str]) -> bool:
    """Was the table written by an exporter of this program?"""
    return any(names <= set(header) for names in OURS)


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row, the header first in small letters."""
    text = read_text(path).removeprefix("\ufeff")
    delimiter = find_delimiter(text.splitlines()[:SAMPLE]) or ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        yield rows.line_num, [name.strip().lower() for name in header]
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise BadInput(f"{path.name}, line {rows.line_num}: {error}", wanted="well-formed csv") from error


def names_in(cell: str) -> tuple[str, ...]:
    """Class names in a cell that holds a JSON list. Raises ValueError where it does not."""
    if not cell:
        return ()
    found = json.loads(cell)
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError("no list of names")
    return tuple(found)


def is_true(cell: str) -> bool:
    """Does a cell say yes?"""
    return cell.strip().lower() in ("true", "yes", "1", "1.0")
