"""The rows of a label file that a patch is about, found by bytes: all others are only passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from analysis.base.errors import BadInput
from analysis.review.layout import Content, Layout, Reading
from analysis.review.patch import Change

_LIST_ROW = re.compile(rb"([^\r\n]*+)(?:\r\n?|\n|\Z)")
_JSON_ROW = re.compile(rb"([^\n]*+)(?:\n|\Z)")
ROW_END = rb"(?:\r\n?|\n|\Z)"


@dataclass(frozen=True)
class Row:
    """A row with an image of the patch: its change's number, and the bytes start:stop, line end included."""

    change: int
    start: int
    stop: int


class Names:
    """Which change of a patch a name in the file belongs to.

    A name that stands for two images of the patch makes both ambiguous: nothing is guessed.
    """

    def __init__(self, changes: Iterable[Change], spelled: Callable[[str], str]) -> None:
        self.ambiguous: set[int] = set()
        self._known: dict[bytes, int] = {}
        self._spelled = spelled
        for number, change in enumerate(changes):
            for name in {change.image_id.strip(), change.path.strip()} - {""}:
                other = self._known.setdefault(name.encode("utf-8"), number)
                if other != number:
                    self.ambiguous |= {other, number}

    def find(self, cell: bytes) -> int | None:
        """The number of the change that a field names, or None; as it stands first, then spelled as the data set."""
        found = self._known.get(cell)
        if found is not None:
            return found
        text = unquoted(cell).decode("utf-8").strip()
        found = self._known.get(text.encode("utf-8"))
        return found if found is not None else self._known.get(self._spelled(text).encode("utf-8"))


def speller(path: Path, reading: Reading) -> Callable[[str], str]:
    """A function from a name in the label file `path` to the name that the reader of lists gives that image."""
    folder = Path(reading.root).expanduser() if reading.root else path.parent
    tops = {top.as_posix().rstrip("/") + "/" for top in (folder, folder.absolute(), folder.resolve())} - {"./"}

    def spelled(name: str) -> str:
        if "\\" in name and "/" not in name:
            name = name.replace("\\", "/")
        name += reading.suffix
        if "./" in name or "//" in name:
            name = PurePosixPath(name).as_posix()
        if reading.root or name.startswith("/"):
            name = next((name.removeprefix(top) for top in tops if name.startswith(top)), name)
        return name

    return spelled


def unquoted(cell: bytes) -> bytes:
    """What a field of a table says."""
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


def field_pattern(delimiter: bytes) -> bytes:
    """One field of a table as the csv module reads it: in quotes (line breaks included), or up to the delimiter."""
    return rb'(?:"[^"]*+(?:""[^"]*+)*+"|(?!")[^' + re.escape(delimiter) + rb"\r\n]*+)"


def rows_of(content: Content, layout: Layout, names: Names, file: str) -> Iterator[Row]:
    """Every row whose image the patch names, in the order of the file. Raises BadInput for what cannot be read."""
    scan = {"table": _table_rows, "list": _list_rows, "json": _json_rows}[layout.kind]
    return scan(content.data, layout, names, file)


def _table_rows(data: bytes, layout: Layout, names: Names, file: str) -> Iterator[Row]:
    field, sep, place = field_pattern(layout.delimiter), re.escape(layout.delimiter), str(layout.image).encode()
    rest = rb"(?:" + sep + field + rb")*+" + ROW_END
    whole = rb"(?:" + field + sep + rb"){" + place + rb"}(" + field + rb")" + rest
    short = field + rest  # fewer fields than the column of the names
    pattern = re.compile(whole + rb"|" + short + rb"|([\s\S])")
    find = names.find
    for match in pattern.finditer(data, layout.start):
        cell = match[1]
        if cell is None and match[2] is not None:
            where = f"{file}, line {line_of(data, match.start())}"
            raise BadInput(f"{where}: a quote is not closed, or text follows it", wanted="well-formed csv")
        number = find(cell) if cell else None
        if number is not None:
            yield Row(number, match.start(), match.end())


def _list_rows(data: bytes, layout: Layout, names: Names, _: str) -> Iterator[Row]:
    place, find = int(layout.image), names.find
    for match in _LIST_ROW.finditer(data, layout.start):
        fields = match[1].strip().rsplit(None, 1)
        number = find(fields[place]) if len(fields) > place else None
        if number is not None:
            yield Row(number, match.start(), match.end())


def _json_rows(data: bytes, layout: Layout, names: Names, file: str) -> Iterator[Row]:
    image = str(layout.image)
    for match in _JSON_ROW.finditer(data, layout.start):
        line = match[1]
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            where = f"{file}, line {line_of(data, match.start())}"
            raise BadInput(f"{where} is no JSON: {error}", wanted="JSON Lines, an object a line") from error
        name = row.get(image) if isinstance(row, dict) else None
        if isinstance(name, bool) or not isinstance(name, str | int):
            continue
        number = names.find(str(name).encode("utf-8", errors="replace"))
        if number is not None:
            yield Row(number, match.start(), match.end())


def line_of(data: bytes, place: int) -> int:
    """The number of the line, from 1, in which a byte stands."""
    return lines_of(data, [place])[place]


def lines_of(data: bytes, places: Iterable[int]) -> dict[int, int]:
    """The numbers of the lines, from 1, in which bytes stand that follow a line end; one pass over the file."""
    found, line, before = {}, 1, 0
    for place in sorted(set(places)):
        breaks = data.count(b"\n", before, place) + data.count(b"\r", before, place)
        line += breaks - data.count(b"\r\n", before, place)
        found[place], before = line, place
    return found
