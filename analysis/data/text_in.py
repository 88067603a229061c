"""Text tables of others (csv, tsv, lists): encoding, delimiter and header found, every row with its line number."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analysis.base.errors import BadInput, NotFoundHere

DELIMITERS = (",", ";", "\t", "|")
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}
SAMPLE = 40  # lines looked at to find the delimiter
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextTable:
    """Rows of a text file: `cells[i]` are the fields, `lines[i]` the line where row i ends (from 1)."""

    cells: list[list[str]]
    lines: list[int]
    delimiter: str | None  # None: cut at the last blank, as list files are


def encoding_of(path: Path) -> str:
    """utf-8(-sig), utf-16, utf-32 by their marks, utf-16 without mark by its null bytes, else latin-1."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            for bom, name in BOMS:
                if head.startswith(bom):
                    return name
            if b"\0" in head:
                return _wide(head, path)
            decoder = codecs.getincrementaldecoder("utf-8")()
            piece = head
            while piece:
                decoder.decode(piece)
                piece = file.read(1 << 20)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundHere(f"There is no file {path}") from error
    return "utf-8"


def _wide(head: bytes, path: Path) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 4 > max(even, odd):
        raise BadInput(f"{path.name} is a binary file", wanted="a text table such as csv")
    return "utf-16-le" if odd > even else "utf-16-be"


def read_text(path: Path) -> str:
    """The whole text of a file, line ends as they are."""
    encoding = encoding_of(path)
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not valid {encoding}: {error.reason}", wanted="a UTF-8 text table") from error


def read_table(path: Path, *, delimiter: str | None = None) -> TextTable:
    """All rows of a text table, blank lines left out. `delimiter` is found where it is not given.

    Raises BadInput naming file and line for broken quoting.
    """
    text = read_text(path)
    delimiter = named_delimiter(delimiter) if delimiter is not None else find_delimiter(text.splitlines()[:SAMPLE])
    if delimiter is None:
        return _cut_at_last_blank(text)
    cells, lines = [], []
    parser = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in parser:
            if any(field.strip() for field in row):
                cells.append([field.strip() for field in row])
                lines.append(parser.line_num)
    except csv.Error as error:
        raise BadInput(f"{path.name}, line {parser.line_num}: {error}", wanted="well-formed csv") from error
    return TextTable(cells, lines, delimiter)


def named_delimiter(delimiter: str) -> str:
    """The delimiter that somebody named: one character, or a word such as semicolon."""
    found = NAMES.get(delimiter.lower(), delimiter)
    if len(found) != 1 or found in '"\r\n':
        raise BadInput(f"The delimiter is {delimiter!r}", wanted="one character, or comma, semicolon, tab, pipe")
    return found


def find_delimiter(lines: Iterable[str]) -> str | None:
    """The delimiter that cuts most sample lines into the same number of fields, two or more; None when none does."""
    sample = [line for line in lines if line.strip()]
    best, best_score = None, (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        except csv.Error:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 0
        score = (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _cut_at_last_blank(text: str) -> TextTable:
    """List files: "path with blanks 3" is a path and a label; a line without a blank is one field."""
    numbered = [(i, line.strip()) for i, line in enumerate(text.splitlines(), start=1)]
    kept = [(i, line.rsplit(maxsplit=1)) for i, line in numbered if line]
    return TextTable([fields for _, fields in kept], [i for i, _ in kept], None)
