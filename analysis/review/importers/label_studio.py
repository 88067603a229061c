"""Label Studio's JSON export: every annotation with Choices is a decision of who completed it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from analysis.base.errors import BadInput
from analysis.review.importer import Asked, Word, importer, seconds_of

NAMES = ("image_id", "path", "image", "img", "file", "file_name", "filename", "url")
_UPLOADED = re.compile(r"[0-9a-f]{8}-")  # what Label Studio puts before the name of an uploaded file
NOBODY = "tasks without an annotation"
READING = (
    "Every annotation with Choices is a decision: one class that is not the given label is a relabel, the given one is "
    "kept, several are several labels; none at all says, in a task of ours, that no label fits; a cancelled "
    "annotation is a skip. Images "
    "are found by image_id or path in the task's data, else by a file name that only one image has. Predictions are a "
    "machine's and are not read. The reviewer is completed_by (e-mail, else name, else number)."
)


def sniff(path: Path) -> bool:
    """A JSON list."""
    try:
        with path.open("rb") as handle:
            return handle.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    except OSError:
        return False


@importer("label_studio", title="Label Studio JSON", reading=READING, sniff=sniff)
def read(path: Path, asked: Asked) -> Iterator[Word]:
    """The words of all annotations; a task's place in the list, from 1, is its line."""
    try:
        tasks = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}", wanted="Label Studio's JSON export") from error
    if not isinstance(tasks, list):
        raise BadInput(f"{path.name} is {type(tasks).__name__}", wanted="a list of tasks, Label Studio's JSON export")
    lone = _lone(tasks, asked.reviewer)
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise BadInput(f"{path.name}: task {number} has no data", wanted="the format JSON, not JSON-MIN")
        word = _place(task["data"], number)
        annotations = [one for one in task.get("annotations") or [] if isinstance(one, dict)]
        if not annotations:
            yield replace(word, silent=NOBODY)
        for annotation in annotations:
            yield _said(word, annotation, lone)


def _place(data: dict[str, Any], number: int) -> Word:
    """Which image a task is about, and what it says of the given label."""
    found = [str(data[name]) for name in NAMES if isinstance(data.get(name), str | int) and data[name] != ""]
    paths = [_path(name) for name in found]
    files = [PurePosixPath(path).name for path in paths]
    texts = {name: data.get(name) for name in ("given", "suggested")}
    given, suggested = (text if isinstance(text, str) else None for text in texts.values())
    uploaded = [_UPLOADED.sub("", name, count=1) for name in files]
    return Word(
        number,
        tuple(dict.fromkeys([*found, *paths])),
        given=given,
        suggested=suggested or "",
        file_names=tuple(dict.fromkeys([*files, *uploaded])),
    )


def _path(address: str) -> str:
    """The path in an address: of a local file behind ?d=, else what stands after the host."""
    parts = urlsplit(address) if "://" in address or address.startswith("/data/") else None
    if parts is None:
        return address
    local = parse_qs(parts.query).get("d")
    return local[0] if local else unquote(parts.path).lstrip("/")


def _said(word: Word, annotation: dict[str, Any], lone: str) -> Word:
    said = replace(word, reviewer=_reviewer(annotation.get("completed_by"), lone))
    try:
        at = annotation.get("updated_at") or annotation.get("created_at") or ""
        said = replace(said, decided_at=seconds_of(str(at)))
    except ValueError as error:
        return replace(said, problem=f"the time of an annotation cannot be read: {error}")
    if annotation.get("was_cancelled") is True:
        return replace(said, verdict="skip")
    results = annotation.get("result")
    if not isinstance(results, list):
        return replace(said, problem="an annotation has no result")
    choices = [name for result in results for name in _choices(result)]
    if results and not choices:
        return replace(said, problem="an annotation has no Choices")
    if not choices and word.given is None:
        return replace(said, problem="an annotation has no choice, and the task is none of ours")
    return replace(said, labels=tuple(choices)) if choices else replace(said, verdict="none_fits")


def _choices(result: Any) -> list[str]:
    value = result.get("value") if isinstance(result, dict) and result.get("type") == "choices" else None
    found = value.get("choices") if isinstance(value, dict) else None
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _reviewer(who: Any, lone: str) -> str:
    if isinstance(who, dict):
        full = " ".join(str(who[part]) for part in ("first_name", "last_name") if who.get(part))
        return str(who.get("email") or who.get("username") or full or _number(who.get("id")))
    return lone or _number(who)


def _number(who: Any) -> str:
    return "" if who is None else f"Label Studio user {who}"


def _lone(tasks: list[Any], reviewer: str) -> str:
    """`reviewer` where Label Studio knows one person by a number only; for several, one name would be wrong."""
    annotations = [one for task in tasks if isinstance(task, dict) for one in task.get("annotations") or []]
    who = [one.get("completed_by") for one in annotations if isinstance(one, dict)]
    numbers = {one for one in who if isinstance(one, int)}
    return reviewer if len(numbers) <= 1 else ""
