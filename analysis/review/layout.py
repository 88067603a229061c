"""How somebody's own label file is laid out: its encoding, its columns, where its rows begin."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.list_columns import COLUMNS, has_header, places_by_look, places_by_name
from analysis.data.text_in import SAMPLE, encoding_of, find_delimiter, named_delimiter

BOM = codecs.BOM_UTF8
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
LOOKED_AT = 1 << 20  # bytes in which header and delimiter are found
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n?|\n|\Z)")


@dataclass(frozen=True)
class Reading:
    """What somebody says of a label file: columns (name, or number from 0), encoding, delimiter; None = found.

    Names in the file are brought into the form of the data set's: those below `root` become relative to it (default
    for absolute names: the file's folder), and `suffix` is added, such as .jpg.
    """

    image: str | None = None
    label: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    root: str | None = None
    suffix: str = ""


@dataclass(frozen=True)
class Content:
    """A file's bytes as UTF-8, a mark of order included, and how to get the file's own bytes back."""

    data: bytes
    encoding: str

    def encode(self, piece: bytes) -> bytes:
        """A piece of `data` as it stands in the file. Raises UnicodeEncodeError where the encoding lacks a letter."""
        return piece if self.encoding == "utf-8" else piece.decode("utf-8").encode(self.encoding)


@dataclass(frozen=True)
class Layout:
    """table: fields cut by a delimiter. list: a name, blanks, a label. json: an object a line.

    `image` and `label` are places in a row, or fields of the object. `start` is where rows begin in `Content.data`.
    """

    kind: Literal["table", "list", "json"]
    image: int | str
    label: int | str
    start: int
    delimiter: bytes = b""
    notes: tuple[str, ...] = ()


def read_content(path: Path, encoding: str | None = None) -> Content:
    """The whole file; one in another encoding than UTF-8 must come back byte for byte."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NotFoundHere(f"{path} cannot be read: {error.strerror}", wanted="a label file") from error
    name = _codec(encoding, raw) if encoding else _found_codec(path, raw)
    if name == "utf-8" and not encoding:
        return Content(raw, name)
    try:
        text = raw.decode(name)
        if text.encode(name) == raw:
            return Content(text.encode("utf-8"), name)
    except UnicodeError as error:
        raise BadInput(f"{path.name} is not valid {name}: {error.reason}", wanted="its encoding") from error  # type: ignore[attr-defined]
    raise BadInput(f"{path.name} read as {name} and written again is not the same", wanted="its encoding")


def _codec(asked: str, raw: bytes) -> str:
    try:
        name = codecs.lookup(asked).name
        "a".encode(name)  # some codecs are not of text
    except LookupError as error:
        raise BadInput(f"The encoding {asked!r} is not known", wanted="such as utf-8, cp1252 or shift_jis") from error
    wide = {"utf-8-sig": "utf-8", "utf-16": f"utf-16-{_order(raw)}", "utf-32": f"utf-32-{_order(raw)}"}
    return wide.get(name, name)  # the mark of order stays a letter of the text


def _found_codec(path: Path, raw: bytes) -> str:
    return _codec(encoding_of(path), raw)


def _order(raw: bytes) -> str:
    return "be" if raw.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) else "le"


def find_layout(path: Path, content: Content, reading: Reading) -> Layout:
    """The layout of a label file, found as the reader of lists finds it; raises BadInput where it cannot be told."""
    start = len(BOM) if content.data.startswith(BOM) else 0
    head = content.data[start : start + LOOKED_AT]
    if path.suffix.lower() in JSON_SUFFIXES or head.lstrip().startswith(b"{"):
        return _json_layout(path, head, start, reading)
    try:
        return _text_layout(path, head, start, reading)
    except BadInput as error:
        raise BadInput(
            error.found, wanted=error.wanted, hint="or name it with --id-column or --label-column"
        ) from error


def _json_layout(path: Path, head: bytes, start: int, reading: Reading) -> Layout:
    first = next((line for line in head.split(b"\n") if line.strip()), b"")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name}, line 1 is no JSON: {error}", wanted="JSON Lines, an object a line") from error
    if not isinstance(row, dict):
        raise BadInput(f"{path.name}, line 1 is {type(row).__name__}", wanted="JSON Lines, an object a line")
    image = _field(path, list(row), reading.image, "path")
    label = _field(path, [name for name in row if name != image], reading.label, "label")
    return Layout("json", image, label, start, notes=_other_labels(list(row), label))


def _field(path: Path, fields: Sequence[str], asked: str | None, kind: str) -> str:
    if asked is not None:
        return asked  # later lines may hold it where the first does not
    found = next((name for usual in _usual(kind) for name in fields if name.lower() == usual), None)
    if found is None:
        option = "--id-column" if kind == "path" else "--label-column"
        raise BadInput(
            f"{path.name} has no {kind} field among {', '.join(map(repr, fields[:12]))}",
            wanted="one called " + ", ".join(_usual(kind)[:5]),
            hint=f"or name it with {option}",
        )
    return found


def _usual(kind: str) -> tuple[str, ...]:
    return (*COLUMNS[kind], *(("id",) if kind == "path" else ()))


def _text_layout(path: Path, head: bytes, start: int, reading: Reading) -> Layout:
    comments = _comments(head)
    text = head[comments:].decode("utf-8", errors="replace")
    if not text.strip():
        raise BadInput(f"{path.name} is empty", wanted="rows with a path and a label")
    asked_for = reading.delimiter
    delimiter = named_delimiter(asked_for) if asked_for else find_delimiter(text.splitlines()[:SAMPLE])
    first, end = _first_row(text, delimiter)
    asked = {name: value for name, value in (("path", reading.image), ("label", reading.label)) if value is not None}
    # A number says nothing about a header: it may well stand in the first row as a label
    header = has_header(first, {name: value for name, value in asked.items() if not value.isdigit()})
    names = list(first)
    lower = [name.lower() for name in names]
    if header and "path" not in asked and "id" in lower and not set(lower) & set(COLUMNS["path"]):
        asked["path"] = str(lower.index("id"))
    places = places_by_name(names, asked, path.name) if header else places_by_look(names, asked, path.name)
    rows = start + comments + (len(text[:end].encode("utf-8")) if header else 0)
    notes = _other_labels(names, names[places["label"]]) if header else ()
    if delimiter is None:
        return Layout("list", places["path"], places["label"], rows, notes=notes)
    return Layout("table", places["path"], places["label"], rows, delimiter.encode(), notes)


def _comments(head: bytes) -> int:
    """Where the first line stands that is neither blank nor a comment."""
    at = 0
    while at < len(head):
        match = _LINE.match(head, at)
        assert match is not None
        line = match[0].strip()
        if line and not line.startswith(b"#"):
            break
        at = match.end()
    return at


def _first_row(text: str, delimiter: str | None) -> tuple[list[str], int]:
    """(fields of the first row, where it ends in the text)."""
    if delimiter is None:
        line = re.match(r"[^\r\n]*+(?:\r\n?|\n|\Z)", text)
        assert line is not None
        return line[0].strip().rsplit(maxsplit=1), line.end()
    lines = io.StringIO(text, newline="")
    try:
        fields = next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"The first row cannot be read: {error}", wanted="well-formed csv") from error
    return [field.strip() for field in fields], lines.tell()


def _other_labels(names: Sequence[str], label: str) -> tuple[str, ...]:
    """A file may say the class twice, by name and by number: only one column is changed, and that must be said."""
    also = [name for name in names if name.lower() in COLUMNS["label"] and name not in (label, "given", "given_label")]
    return (
        (f"only the column {label!r} is changed; {', '.join(map(repr, also))} may say the class too",) if also else ()
    )
