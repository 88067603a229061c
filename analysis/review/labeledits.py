"""Which bytes of a label file a patch changes, and which of its changes cannot be made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.data.labels import clean_name
from analysis.review.labelcells import CannotWrite, Cell, Cells
from analysis.review.labelrows import Names, Row, lines_of, rows_of, speller
from analysis.review.layout import Content, Layout, Reading
from analysis.review.patch import Change, Patch

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})(\.0{0,6})?")


@dataclass(frozen=True)
class Edit:
    """Bytes start:stop of the content become `new`; `row` is where the row begins."""

    start: int
    stop: int
    new: bytes
    row: int
    image_id: str


@dataclass(frozen=True)
class Left:
    """A change that was not made, and why. `lines` are those of the file where it would have been."""

    image_id: str
    problem: str
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = f" (line {', '.join(map(str, self.lines[:5]))})" if self.lines else ""
        return f"{self.image_id!r}: {self.problem}{where}"


@dataclass(frozen=True)
class Plan:
    """The edits in the order of the file, what cannot be done, and how many of what will be done."""

    edits: tuple[Edit, ...]
    left: tuple[Left, ...]
    relabelled: int
    dropped: int
    marked: int
    notes: tuple[str, ...] = ()


class _Refused(Exception):
    """Why one change is not made."""


def plan_edits(patch: Patch, content: Content, layout: Layout, source: tuple[Path, Reading]) -> Plan:
    """Find every image of the patch in the file, check its label, and say which bytes change."""
    path, reading = source
    names = Names(patch.changes, speller(path, reading))
    rows: dict[int, list[Row]] = {}
    for row in rows_of(content, layout, names, path.name):
        rows.setdefault(row.change, []).append(row)
    cells = Cells(layout, ascii_only=content.data.isascii())
    found = {number: cells.find(content.data[row.start : row.stop]) for number, (row, *_) in rows.items()}
    labels = _Labels(patch, [cell.label for cell in found.values() if isinstance(cell, Cell)])
    edits, left, marked = [], [], 0
    for number, change in enumerate(patch.changes):
        try:
            if number in names.ambiguous:
                raise _Refused("another image of the patch has the same name")
            row = _only(change, rows.get(number, []))
            edit = _edit(change, row, found[number], (content, cells, labels))
        except (_Refused, CannotWrite) as error:
            left.append((change, str(error), [row.start for row in rows.get(number, [])]))
            continue
        marked += edit is None
        edits += [edit] if edit else []
    edits.sort(key=lambda edit: edit.start)
    drops = sum(edit.start == edit.row for edit in edits if not edit.new)
    return Plan(
        tuple(_without_last_end(content.data, edits)),
        _located(content.data, left),
        relabelled=len(edits) - drops,
        dropped=drops,
        marked=marked,
        notes=layout.notes,
    )


def _only(change: Change, rows: Sequence[Row]) -> Row:
    if change.action == "restore":
        raise _Refused("it was dropped: its line stands only in the exact inverse" if not rows else "it is there")
    if not rows:
        raise _Refused("the file does not hold it")
    if len(rows) > 1:
        raise _Refused(f"it stands there {len(rows)} times")
    return rows[0]


def _edit(change: Change, row: Row, cell: Cell | str, tools: tuple[Content, Cells, _Labels]) -> Edit | None:
    """What becomes of the row; None where its label stays."""
    content, cells, labels = tools
    if isinstance(cell, str):
        raise _Refused(cell)
    labels.check(change, cell.label)
    if change.action in ("mark", "unmark"):
        return None
    if change.action == "drop":
        return Edit(row.start, row.stop, b"", row.start, change.image_id)
    new = cells.rewrite(cell, labels.written(change.new, cell.label))
    try:
        content.encode(new)
    except UnicodeEncodeError as error:
        raise _Refused(f"the file's encoding, {content.encoding}, cannot hold {change.new!r}") from error
    return Edit(row.start + cell.start, row.start + cell.stop, new, row.start, change.image_id)


class _Labels:
    """How the file writes classes: by name, or by number where not all are names and all are numbers of classes."""

    def __init__(self, patch: Patch, found: Iterable[str]) -> None:
        self.number: Mapping[str, int] = patch.index()
        texts = {text for text in found if text}
        by_name = all(text in self.number or clean_name(text) in self.number for text in texts)
        numbers = [_NUMBER.fullmatch(text) for text in texts]
        self.by_number = not by_name and all(match and int(match[1]) < len(self.number) for match in numbers)

    def check(self, change: Change, found: str) -> None:
        """Raise _Refused unless the file says the label that the patch wants to change."""
        if self._is(found, change.old):
            return
        if change.new and self._is(found, change.new):
            raise _Refused(f"it has the new label {found!r} already")
        raise _Refused(f"its label is {found!r}, not {self._wanted(change.old)}")

    def written(self, label: str, found: str) -> str:
        """How the file would write `label`; `found` is how it writes another one ("3.0" asks for "5.0")."""
        if not self.by_number:
            return label
        match = _NUMBER.fullmatch(found)
        assert match is not None
        return f"{self.number[label]}{match[2] or ''}"

    def _is(self, found: str, label: str) -> bool:
        if not self.by_number:
            return label in (found, clean_name(found)) or (label.strip() == found != "")
        match = _NUMBER.fullmatch(found)
        return match is not None and int(match[1]) == self.number[label]

    def _wanted(self, label: str) -> str:
        return f"{self.number[label]} ({label!r})" if self.by_number else repr(label)


def _without_last_end(data: bytes, edits: list[Edit]) -> list[Edit]:
    """Where the last rows go from a file without a last line end, the row before them loses its own."""
    if not edits or data.endswith((b"\n", b"\r")) or edits[-1].stop < len(data) or edits[-1].new:
        return edits
    first = len(edits) - 1
    while first and not edits[first - 1].new and edits[first - 1].stop == edits[first].start:
        first -= 1
    start = edits[first].start
    end = 2 if data[:start].endswith(b"\r\n") else int(data[:start].endswith((b"\n", b"\r")))
    return [*edits[:first], replace(edits[first], start=start - end), *edits[first + 1 :]]


def _located(data: bytes, left: Sequence[tuple[Change, str, list[int]]]) -> tuple[Left, ...]:
    lines = lines_of(data, (place for _, _, places in left for place in places))
    return tuple(Left(change.image_id, why, tuple(lines[place] for place in places)) for change, why, places in left)
