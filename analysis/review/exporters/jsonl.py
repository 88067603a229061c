"""JSON lines: one file per table, one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.exporter import Export, exporter
from analysis.review.plain import object_texts, table_of

READING = (
    "labels.jsonl has one JSON object per line and image that stays: `label` is the final one, `given` the one it came "
    "with, `status` what people said. images.jsonl holds what was known of the same images beforehand, changes.jsonl "
    "every change, conflicts.jsonl disagreements, problems.jsonl decisions that could not be applied. A cell called "
    "`labels` is a list of class names. null means not known."
)


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the file and the line."""
    return {name: table_of(_rows(folder / f"{name}.jsonl"), kinds, f"{name}.jsonl") for name, kinds in COLUMNS.items()}


def _rows(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise BadInput(f"{path.name} is not in {path.parent}", wanted="a whole export")
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.endswith(b"\n"):
                raise BadInput(f"{path.name} cannot be read: it ends in the middle of line {number}")
            try:
                yield json.loads(line)
            except ValueError as error:
                raise BadInput(f"{path.name} cannot be read at line {number}: {error}") from error


@exporter(
    "jsonl",
    title="JSON lines",
    summary="one object per line and image, for scripts and streams",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.jsonl, images.jsonl, changes.jsonl, conflicts.jsonl and problems.jsonl into an empty folder."""
    for name, table in export.tables.items():
        with (folder / f"{name}.jsonl").open("x", encoding="utf-8", newline="\n") as handle:
            handle.writelines(text + "\n" for text in object_texts(COLUMNS[name], table))
