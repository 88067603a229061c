"""JSON: all tables in one file, a list of objects each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.base.config import Settings
from analysis.review.columns import COLUMNS
from analysis.review.exporter import Export, exporter
from analysis.review.plain import object_texts, table_of, text_of
from analysis.runs.files import FORMAT, read_json

FILE = "labels.json"
READING = (
    "Every table is a list of objects in labels.json: `labels` (an object per image that stays, `label` is the final "
    "one), `images` (what was known of them beforehand), `changes`, `conflicts`, `problems`. A cell called `labels` is "
    "a list of class names. null means not known."
)


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the table and the row."""
    stored = read_json(folder / FILE)
    return {name: table_of(stored.get(name, []), kinds, f"{name} in {FILE}") for name, kinds in COLUMNS.items()}


@exporter(
    "json",
    title="One JSON file",
    summary="all tables as lists of objects in one file",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.json into an empty folder, an object a line."""
    with (folder / FILE).open("x", encoding="utf-8", newline="\n") as handle:
        handle.write(f'{{"format": {FORMAT}')
        for name, table in export.tables.items():
            handle.write(f",\n{text_of(name)}: [\n" + ",\n".join(object_texts(COLUMNS[name], table)) + "\n]")
        handle.write("}\n")
