"""Label patches on disk: written whole, and read with every line checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from analysis.base.atomic import replacing
from analysis.base.errors import BadInput, NewerFormat, NotFoundHere, Refused
from analysis.review.limits import MAX_CHARS, MAX_LABEL, MAX_SEVERAL
from analysis.review.patch import BACKWARD, FORMAT, FORWARD, VERSION, Change, Patch, Said

MAX_HEADER = 64 << 20  # bytes: 100,000 class names fit in easily
MAX_LINE = 1 << 20
_TEXTS = {
    "path": MAX_CHARS["image_id"],
    "old": MAX_LABEL,
    "new": MAX_LABEL,
    "verdict": 40,
    "reviewer": MAX_CHARS["reviewer"],
    "decided_at": 40,
    "reason": 20_000,
    "suggested": MAX_LABEL,
    "run_id": MAX_CHARS["run_id"],
    "note": MAX_CHARS["note"],
}
# Some programs take these for line ends, though JSON Lines knows only "\n"
_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def dumps(content: dict[str, Any]) -> bytes:
    """One line of a JSON Lines file, UTF-8, with its line end."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return text.translate(_BREAKS).encode("utf-8") + b"\n"


def write_patch(path: Path, patch: Patch) -> None:
    """Write a patch, whole or not at all."""
    header = {
        "format": FORMAT,
        "version": VERSION,
        "direction": patch.direction,
        "made_at": patch.made_at,
        "classes": list(patch.classes),
        "data_set": {"name": patch.data_set, "fingerprint": patch.fingerprint},
        "run": patch.run,
        "program": patch.program,
        "counts": {"changes": len(patch.changes), **patch.counts()},
        "about": patch.about,
    }
    with replacing(path) as beside, beside.open("wb") as handle:
        handle.write(dumps(header))
        handle.writelines(dumps(_plain(change)) for change in patch.changes)


def _plain(change: Change) -> dict[str, Any]:
    row = {**asdict(change), "labels": list(change.labels)}
    if not row.pop("others"):
        return row
    return {**row, "others": [asdict(said) for said in change.others]}


def is_patch(path: Path) -> bool:
    """Does the file begin as a label patch does?"""
    try:
        with path.open("rb") as handle:
            head = handle.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False
    return head.startswith(b"{") and FORMAT.encode() in head


def read_patch(path: Path | str) -> Patch:
    """Read a patch. Raises BadInput, NewerFormat or Refused naming the file and the line."""
    path = Path(path)
    rows = objects(path)
    header = next(rows, None)
    if header is None:
        raise BadInput(f"{path.name} is empty", wanted="a label patch, such as patch.jsonl of an export")
    head = _header(header[1], path)
    allowed = FORWARD if head.direction == "forward" else BACKWARD
    known = frozenset(head.classes)
    seen: dict[str, int] = {}
    changes = []
    for number, row in rows:
        where = f"{path.name}, line {number}"
        if row.get("action") not in allowed:
            raise BadInput(f"{where} has the action {str(row.get('action'))[:40]!r}", wanted=" or ".join(allowed))
        change = _change(row, where)
        _check_labels(change, where, known)
        if change.image_id in seen:
            raise BadInput(
                f"{where} changes {change.image_id!r}, and so does line {seen[change.image_id]}",
                wanted="every image once",
                hint="join patches with: python -m analysis merge",
            )
        seen[change.image_id] = number
        changes.append(change)
    wanted = header[1]["counts"]["changes"]
    if len(changes) != wanted:
        raise BadInput(
            f"{path.name} is damaged: it holds {len(changes)} changes and says {wanted}", hint="copy or export it again"
        )
    return replace(head, changes=tuple(changes))


def objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a JSON Lines file, blank lines left out; lines of a hostile size are refused."""
    try:
        handle = path.open("rb")
    except OSError as error:
        raise NotFoundHere(f"{path} cannot be opened: {error.strerror}", wanted="a file") from error
    with handle:
        for number, line in _lines(handle, path):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_no_constant)
            except (ValueError, RecursionError) as error:  # ValueError: no JSON, no UTF-8, a number out of all bounds
                raise BadInput(f"{path.name}, line {number} cannot be read: {error}", wanted="a JSON object") from error
            if not isinstance(row, dict):
                raise BadInput(f"{path.name}, line {number} is {type(row).__name__}", wanted="a JSON object")
            yield number, row


def _lines(handle: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    number, limit = 1, MAX_HEADER
    while line := handle.readline(limit + 1):
        if len(line) > limit:
            raise Refused(f"{path.name}, line {number} is longer than {limit >> 20} MiB", wanted="a label patch")
        yield number, line
        number, limit = number + 1, MAX_LINE


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _header(row: dict[str, Any], path: Path) -> Patch:
    where = f"{path.name}, line 1"
    if row.get("format") != FORMAT:
        raise BadInput(f"{path.name} is no label patch", wanted=f"a first line with the format {FORMAT}")
    version = row.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerFormat(
            f"{path.name} was written by a newer version (patch version {version})",
            wanted=f"version {VERSION} or older",
            hint="update the program",
        )
    counts, data_set, about = row.get("counts"), row.get("data_set", {}), row.get("about", {})
    sound = version == VERSION and isinstance(counts, dict) and isinstance(counts.get("changes"), int)
    if not sound or not isinstance(data_set, dict) or not isinstance(about, dict):
        raise BadInput(f"{where} is no whole header", wanted="version, counts, data_set and classes")
    if row.get("direction") not in ("forward", "inverse"):
        raise BadInput(f"{where} has the direction {str(row.get('direction'))[:40]!r}", wanted="forward or inverse")
    names = _names(row.get("classes"), f"{where}: classes", most=10**7)
    if len(set(names)) < len(names):
        raise BadInput(f"{where} names a class twice", wanted="every class once")
    texts = {name: _text(row.get(name, ""), f"{where}: {name}", 1000) for name in ("made_at", "run", "program")}
    return Patch(
        **texts,
        classes=names,
        changes=(),
        fingerprint=_text(data_set.get("fingerprint", ""), f"{where}: fingerprint", 1000),
        data_set=_text(data_set.get("name", ""), f"{where}: data_set", MAX_CHARS["image_id"]),
        direction=row["direction"],
        about=about,
    )


def _change(row: dict[str, Any], where: str) -> Change:
    texts = {name: _text(row.get(name, ""), f"{where}: {name}", most) for name, most in _TEXTS.items()}
    image_id = _text(row.get("image_id"), f"{where}: image_id", MAX_CHARS["image_id"])
    if not image_id:
        raise BadInput(f"{where} names no image", wanted="an image_id")
    excluded, suspicion = row.get("excluded", False), row.get("suspicion")
    if not isinstance(excluded, bool):
        raise BadInput(f"{where}: excluded is {str(excluded)[:40]}", wanted="true or false")
    if suspicion is not None and not (isinstance(suspicion, int | float) and 0 <= suspicion <= 1):
        raise BadInput(f"{where}: the suspicion is {str(suspicion)[:40]}", wanted="a number in 0..1, or null")
    return Change(
        **texts,
        image_id=image_id,
        action=row["action"],
        labels=_names(row.get("labels", []), f"{where}: labels", most=MAX_SEVERAL),
        excluded=excluded,
        suspicion=None if suspicion is None else float(suspicion),
        others=_others(row.get("others", []), where),
    )


def _check_labels(change: Change, where: str, known: AbstractSet[str]) -> None:
    """The labels are classes of the header, and there where the action asks for one."""
    is_sound = {
        "relabel": change.old != change.new,
        "drop": not change.new,
        "restore": not change.old,
    }.get(change.action, change.old == change.new)
    if not is_sound:
        raise BadInput(f"{where}: {change.action} from {change.old[:60]!r} to {change.new[:60]!r}")
    before = () if change.action == "restore" else (change.old,)
    after = () if change.action == "drop" else (change.new,)
    for label in (*before, *after, *change.labels):
        if label not in known:
            raise BadInput(f"{where} has the label {label!r:.80}", wanted="a class of the first line")


def _others(value: Any, where: str) -> tuple[Said, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadInput(f"{where}: others is no list of objects", wanted="who else said so")
    names = ("reviewer", "verdict", "decided_at", "note")
    return tuple(
        Said(**{name: _text(one.get(name, ""), f"{where}: {name}", _TEXTS[name]) for name in names}) for one in value
    )


def _names(value: Any, what: str, *, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise BadInput(f"{what} is no list of at most {most:,} names", wanted="a list of class names")
    return tuple(_text(name, what, MAX_LABEL) for name in value)


def _text(value: Any, what: str, most: int) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{what} is {type(value).__name__}", wanted="text")
    if len(value) > most:
        raise Refused(f"{what} has {len(value):,} characters", wanted=f"at most {most:,}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"{what} holds half a character", wanted="text that UTF-8 can hold") from error
    return value
