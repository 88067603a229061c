"""The label in one row of a label file: what it says, and the same bytes with another label."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from analysis.review.labelrows import ROW_END, field_pattern, unquoted
from analysis.review.layout import Layout

_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_DECODER = json.JSONDecoder()


class CannotWrite(Exception):
    """The label does not fit into this file; says why."""


@dataclass(frozen=True)
class Cell:
    """The label of a row: bytes start:stop of the row as it stands in the file, and what it says (ends trimmed)."""

    start: int
    stop: int
    raw: bytes
    label: str


class Cells:
    """Finds and rewrites the label in rows of one layout. `ascii_only` keeps a JSON file free of other letters."""

    def __init__(self, layout: Layout, *, ascii_only: bool) -> None:
        self.layout = layout
        self.ascii_only = ascii_only
        self._field = re.compile(b"(" + field_pattern(layout.delimiter or b",") + b")")
        self._end = re.compile(ROW_END)

    def find(self, row: bytes) -> Cell | str:
        """The label's cell of a row, or why there is none."""
        finder = {"table": self._in_table, "list": self._in_list, "json": self._in_json}[self.layout.kind]
        return finder(row)

    def rewrite(self, cell: Cell, label: str) -> bytes:
        """The bytes of the cell when it says `label`: quotes and blanks around it stay. Raises CannotWrite."""
        if self.layout.kind == "json":
            return self._as_json(cell, label)
        if self.layout.kind == "list":
            if len(label.split()) != 1 or label.strip() != label:
                raise CannotWrite("the new label holds a blank, which this list cannot hold")
            return label.encode("utf-8")
        return self._as_field(cell, label)

    def _in_table(self, row: bytes) -> Cell | str:
        at, place = 0, 0
        while True:
            match = self._field.match(row, at)
            assert match is not None  # the row was read before
            if place == int(self.layout.label):
                raw = match[1]
                return Cell(match.start(), match.end(), raw, unquoted(raw).decode("utf-8").strip())
            if self._end.match(row, match.end()):
                return "its row has no label"
            at, place = match.end() + len(self.layout.delimiter), place + 1

    def _in_list(self, row: bytes) -> Cell | str:
        fields = row.strip().rsplit(None, 1)
        place = int(self.layout.label)
        if len(fields) <= place:
            return "its row has no label"
        start = row.rindex(fields[1]) if place else row.index(fields[0])
        return Cell(start, start + len(fields[place]), fields[place], fields[place].decode("utf-8"))

    def _as_field(self, cell: Cell, label: str) -> bytes:
        delimiter = self.layout.delimiter.decode("utf-8")
        text = unquoted(cell.raw).decode("utf-8")
        core = text.strip()
        lead = text[: len(text) - len(text.lstrip())] if core else ""
        tail = text[len(text.rstrip()) :] if core else ""
        said = lead + label + tail
        if cell.raw.startswith(b'"') or any(sign in said for sign in (delimiter, '"', "\r", "\n")):
            said = '"' + said.replace('"', '""') + '"'
        return said.encode("utf-8")

    def _in_json(self, row: bytes) -> Cell | str:
        text = row.decode("utf-8")
        found = [(start, stop) for name, start, stop in _members(text) if name == self.layout.label]
        if len(found) != 1:
            return "its row has no label" if not found else "its row has the label twice"
        start, stop = found[0]
        value = json.loads(text[start:stop])
        if isinstance(value, bool) or not isinstance(value, str | int):
            return f"its label is {text[start:stop][:60]}, neither a name nor a number"
        said = value.strip() if isinstance(value, str) else str(value)
        before = len(text[:start].encode("utf-8"))
        raw = text[start:stop].encode("utf-8")
        return Cell(before, before + len(raw), raw, said)

    def _as_json(self, cell: Cell, label: str) -> bytes:
        if not cell.raw.startswith(b'"'):
            if not _NUMBER.fullmatch(label):
                raise CannotWrite("the label is a number here, and the new label is none")
            return label.encode("ascii")
        return json.dumps(label, ensure_ascii=self.ascii_only).encode("utf-8")


def _members(text: str) -> list[tuple[str, int, int]]:
    """(name, start, stop) of every value of the JSON object `text`, which json.loads has read before."""
    at = _skip(text, _skip(text, 0) + 1)
    found = []
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, stop = _DECODER.raw_decode(text, start)
        found.append((name, start, stop))
        at = _skip(text, stop)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()
