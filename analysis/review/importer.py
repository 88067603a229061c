"""Bringing decisions in: what a file says, line by line, and the registry of formats that can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis.base.errors import BadInput
from analysis.base.registry import Registry
from analysis.base.types import Dataset


@dataclass(frozen=True)
class Word:
    """What one person said of one image, as the file has it; nothing is checked against the data set yet.

    `verdict` is one of ours, or "" where the labels tell it: one is a new label, several fit. `images` are names to
    look for, the surest first; `file_names` are used where one image only has one. `given` is the label when it
    was judged, None where the file does not say. Not `keeps`: that it repeats the given label, without a verdict, does
    not say that anybody looked. `silent` says why a row is no decision, `problem` why it is unusable.
    """

    line: int
    images: tuple[str, ...]
    verdict: str = ""
    labels: tuple[str, ...] = ()
    given: str | None = None
    reviewer: str = ""
    decided_at: float | None = None
    note: str = ""
    suggested: str = ""
    run_id: str = ""
    file_names: tuple[str, ...] = ()
    keeps: bool = True
    silent: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Asked:
    """What a format may look at beside its file: the data set, and which column to trust where somebody named one.

    It adds to `notes` what people should know of the whole file.
    """

    dataset: Dataset
    trust: str = ""
    reviewer: str = ""
    notes: list[str] = field(default_factory=list)


Read = Callable[[Path, Asked], Iterator[Word]]


@dataclass(frozen=True)
class Importer:
    """A format: `sniff(path)` knows its files by their content, `read(path, asked)` gives what people said in them.

    `numbers`: its labels may be class numbers where they are no names. `beside(path)` are further files that it reads.
    """

    name: str
    title: str
    reading: str  # what counts as a decision, for people
    sniff: Callable[[Path], bool]
    read: Read
    numbers: bool
    beside: Callable[[Path], Sequence[Path]]


_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})(\.0*)?")
IMPORTERS: Registry[Importer] = Registry("importer", "analysis.review.importers")


def importer(
    name: str,
    *,
    title: str,
    reading: str,
    sniff: Callable[[Path], bool],
    numbers: bool = False,
    beside: Callable[[Path], Sequence[Path]] = lambda _: (),
) -> Callable[[Read], Read]:
    """Register the decorated function `read(path, asked)` as the format `name`."""

    def register(read: Read) -> Read:
        IMPORTERS.add(name, Importer(name, title, reading, sniff, read, numbers, beside))
        return read

    return register


def importer_for(path: Path, name: str | None) -> Importer:
    """The format called `name`, or the one that knows the file."""
    if name is not None:
        return IMPORTERS.get(name)
    found = [spec for _, spec in IMPORTERS.items() if spec.sniff(path)]
    if len(found) != 1:
        known = ", ".join(IMPORTERS.names())
        what = f"{path.name} looks like {' and '.join(spec.name for spec in found) or 'no file of decisions'}"
        raise BadInput(what, wanted=f"one of {known}", hint="say which with --format")
    return found[0]


def seconds_of(text: str) -> float | None:
    """A time as seconds since 1970: ISO 8601 (UTC where no zone is named) or the seconds themselves; None for "".

    Raises ValueError for anything else.
    """
    text = text.strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def class_numbers(texts: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """What each of a file's labels is called here: class numbers become names where not all are names anyway."""
    different = {text for text in texts if text}
    names = set(classes)
    if any(_NUMBER.fullmatch(name) for name in names) and not different <= names:
        names = set()  # a number may be both: then all are numbers, as the reader of lists has it
    numbers = {text: _NUMBER.fullmatch(text) for text in different - names}
    if not all(match and int(match[1]) < len(classes) for match in numbers.values()):
        return {}
    return {text: classes[int(match[1])] for text, match in numbers.items() if match}


def given_of(dataset: Dataset) -> pd.Series:
    """The given label, as a class name, of every image id."""
    names = pd.Series(list(dataset.classes), dtype=object)
    return pd.Series(names[dataset.given].to_numpy(), index=dataset.table["image_id"])
