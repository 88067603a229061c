"""Lists of image paths with class numbers, as WebVision and many torchvision scripts use them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.csv_cells import READING as GUARDED
from analysis.review.csv_cells import read_csv, write_csv
from analysis.review.exporter import Export, exporter
from analysis.review.naming import distinct

DETAILS = {"list": "text", "line": "whole", **COLUMNS["labels"]}
READING = (
    "A line of a list is the path of an image, a separator and the number of its final class: line 1 of classes.txt "
    "is class 0. There is a list per split (train.txt, val.txt …), or all.txt where the data set names no splits. The "
    "paths are relative to the data set's folder, or absolute where that was chosen; a file name with a line break in "
    "it cannot be listed and stops the export. In classes.txt a backslash and characters that end lines are written as "
    "\\xXX or \\uXXXX, and so are spaces at either end. details.csv says which image stands in which line, the label "
    f"it came with and what people said. {GUARDED}"
)
_SEPARATORS = {"space": " ", "tab": "\t", "comma": ","}
_ODD = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$")
_CODE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4}))")
_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


class Options(Settings):
    """How a line looks."""

    separator: Literal["space", "tab", "comma"] = Field(
        "space", title="Separator", description="what stands between path and number"
    )
    paths: Literal["relative", "absolute"] = Field(
        "relative", title="Paths", description="to the data set's folder, or from the root"
    )


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels from the lists, with the classes of classes.txt; the rest from details.csv."""
    details = read_csv(folder / "details.csv", DETAILS)
    classes = [_CODE.sub(_letter, line) for line in _lines(folder / "classes.txt")]
    numbers = {name: _numbers(folder / name) for name in sorted(set(details["list"]))}
    labels = []
    for name, line in zip(details["list"], details["line"], strict=True):
        if line > len(numbers[name]) or numbers[name][line - 1] >= len(classes):
            raise BadInput(f"{name} cannot be read at line {line}", wanted="a whole export")
        labels.append(classes[numbers[name][line - 1]])
    details["label"] = pd.Series(labels, dtype="str")
    return {"labels": details[list(COLUMNS["labels"])]}


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise BadInput(f"{path.name} is not in {path.parent}", wanted="a whole export")
    *lines, end = path.read_bytes().decode("utf-8").split("\n")
    if end:
        raise BadInput(f"{path.name} cannot be read: its last line is not whole", wanted="a whole export")
    return lines


def _numbers(path: Path) -> list[int]:
    ends = [re.search(r"[ \t,]([0-9]+)$", line) for line in _lines(path)]
    bad = next((i for i, end in enumerate(ends, 1) if end is None), None)
    if bad is not None:
        raise BadInput(f"{path.name} cannot be read at line {bad}", wanted="a path and a class number")
    return [int(end[1]) for end in ends if end is not None]


def _escape(name: str) -> str:
    return _ODD.sub(lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}", name)


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def check(export: Export, options: Options) -> None:
    """Raise BadInput for file names that no line can hold, and for absolute paths where there are no files."""
    broken = next((path for path in export.labels["path"] if _BREAKS.search(path)), None)
    if broken is not None:
        raise BadInput(
            f"The file name {broken[:200]!r} holds a line break, which no line of a list can hold",
            wanted="file names on one line",
            hint="rename the file and read the data set again, or choose another format, such as CSV",
        )
    if options.paths == "absolute" and (export.pictures is None or export.pictures.root is None):
        raise BadInput("The images of this data set are no files", wanted="the option paths=relative")


@exporter(
    "file_list",
    title="List files",
    summary="lines of path and class number (torchvision, WebVision)",
    reading=READING,
    group="training",
    read=read,
    options=Options,
    check=check,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write a list per split, classes.txt and details.csv."""
    labels = export.labels
    number_of = {name: number for number, name in enumerate(export.classes)}
    numbers = labels["label"].map(number_of).tolist()
    paths = _paths(export, options)
    splits = list(dict.fromkeys(labels["split"])) or [""]
    lists = dict(zip(splits, distinct([split or "all" for split in splits], ("classes",)), strict=True))
    lines: dict[str, list[str]] = {split: [] for split in splits}
    places = []
    for split, path, number in zip(labels["split"], paths, numbers, strict=True):
        lines[split].append(f"{path}{_SEPARATORS[options.separator]}{number}\n")
        places.append(len(lines[split]))
    for split, rows in lines.items():
        _write(folder / f"{lists[split]}.txt", rows)
    _write(folder / "classes.txt", [_escape(name) + "\n" for name in export.classes])
    columns: dict[str, Any] = {"list": [f"{lists[split]}.txt" for split in labels["split"]], "line": places}
    write_csv(folder / "details.csv", DETAILS, {**columns, **dict(labels.items())})


def _write(path: Path, lines: list[str]) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as handle:
        handle.writelines(lines)


def _paths(export: Export, options: Options) -> list[str]:
    paths = [str(path) for path in export.labels["path"]]
    root = export.pictures.root if export.pictures is not None else None
    return paths if options.paths == "relative" or root is None else [(root / path).as_posix() for path in paths]
