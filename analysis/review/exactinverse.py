"""The exact inverse of a change to a file: the bytes of every place that changed, and what both files hash to.

UTF-8 JSON Lines: a header, then one place a line, in the order of the file. Names of images are there for people.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.base.atomic import replacing
from analysis.base.errors import BadInput, NewerFormat
from analysis.review.patchfile import dumps, objects

FORMAT = "lookalike-exact-inverse"
VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Place:
    """One place: `found` are the bytes that stand at `at` in the changed file, `restore` those of the original."""

    at: int
    found: bytes
    restore: bytes
    image_id: str = ""
    line: int = 0  # in the original


@dataclass(frozen=True)
class Side:
    """One of the two files: its name for people, its size and SHA-256."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Side:
        """The side that `data` is."""
        return cls(name, len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class ExactInverse:
    """How to get the `original` back from the `changed` file, byte for byte."""

    changed: Side
    original: Side
    places: tuple[Place, ...]
    made_at: str = ""
    program: str = ""


def restore(data: bytes, inverse: ExactInverse, name: str) -> bytes:
    """The original of the changed file `data`. Raises BadInput where it is not the file that was written then."""
    found = Side.of(name, data)
    if found.sha256 == inverse.original.sha256 != inverse.changed.sha256:
        raise BadInput(f"{name} is the original already", wanted=f"the changed file, {inverse.changed.name}")
    if found.sha256 != inverse.changed.sha256:
        raise BadInput(
            f"{name} is not the file that this inverse was written for: its SHA-256 is {found.sha256[:12]}…",
            wanted=f"{inverse.changed.size:,} bytes with SHA-256 {inverse.changed.sha256[:12]}…",
            hint="the inverse.jsonl of the export sets labels back by name in a file that changed",
        )
    pieces, at = [], 0
    for place in inverse.places:
        if place.at < at or data[place.at : place.at + len(place.found)] != place.found:
            raise BadInput(f"The inverse is damaged at byte {place.at:,} of {name}", hint="nothing was written")
        pieces += [data[at : place.at], place.restore]
        at = place.at + len(place.found)
    original = b"".join([*pieces, data[at:]])
    if Side.of(name, original).sha256 != inverse.original.sha256:
        raise BadInput("The inverse is damaged: it does not give the original back", hint="nothing was written")
    return original


def write_inverse(path: Path, inverse: ExactInverse) -> None:
    """Write it, whole or not at all."""
    header = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": inverse.made_at,
        "program": inverse.program,
        "changed": vars(inverse.changed),
        "original": vars(inverse.original),
        "places": len(inverse.places),
    }
    with replacing(path) as beside, beside.open("wb") as handle:
        handle.write(dumps(header))
        handle.writelines(
            dumps(
                {
                    "line": place.line,
                    "image_id": place.image_id,
                    "at": place.at,
                    "found": base64.b64encode(place.found).decode("ascii"),
                    "restore": base64.b64encode(place.restore).decode("ascii"),
                }
            )
            for place in inverse.places
        )


def is_inverse(path: Path) -> bool:
    """Does the file begin as an exact inverse does?"""
    try:
        with path.open("rb") as handle:
            return FORMAT.encode() in handle.read(200)
    except OSError:
        return False


def read_inverse(path: Path) -> ExactInverse:
    """Read an exact inverse. Raises BadInput or NewerFormat naming the file and the line."""
    rows = objects(path)
    _, header = next(rows, (1, {}))
    if header.get("format") != FORMAT:
        raise BadInput(f"{path.name} is no exact inverse", wanted=f"a first line with the format {FORMAT}")
    version = header.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerFormat(f"{path.name} was written by a newer version ({version})", hint="update the program")
    sides = [_side(header.get(name), f"{path.name}, line 1: {name}") for name in ("changed", "original")]
    places = tuple(_place(row, f"{path.name}, line {number}") for number, row in rows)
    if len(places) != header.get("places"):
        raise BadInput(f"{path.name} is damaged: it holds {len(places)} places and says {header.get('places')}")
    return ExactInverse(sides[0], sides[1], places, str(header.get("made_at", "")), str(header.get("program", "")))


def _side(value: Any, what: str) -> Side:
    if not isinstance(value, dict) or not _DIGEST.fullmatch(str(value.get("sha256"))):
        raise BadInput(f"{what} is no file with its SHA-256", wanted="name, size and sha256")
    if not isinstance(value.get("name"), str) or not isinstance(value.get("size"), int):
        raise BadInput(f"{what} has no name or no size", wanted="name, size and sha256")
    return Side(value["name"], value["size"], value["sha256"])


def _place(row: dict[str, Any], where: str) -> Place:
    at, line = row.get("at"), row.get("line", 0)
    if not isinstance(at, int) or at < 0 or not isinstance(line, int):
        raise BadInput(f"{where} says no place", wanted="at, the number of a byte")
    return Place(at, _bytes(row.get("found"), where), _bytes(row.get("restore"), where), str(row.get("image_id")), line)


def _bytes(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise BadInput(f"{where} is not whole", wanted="found and restore")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{where} cannot be read: {error}", wanted="base64") from error
