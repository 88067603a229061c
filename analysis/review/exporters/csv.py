"""CSV: one file per table, UTF-8, commas, one header line; safe to open in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.base.config import Settings
from analysis.review.columns import COLUMNS
from analysis.review.csv_cells import READING as GUARDED
from analysis.review.csv_cells import read_csv, write_csv
from analysis.review.exporter import Export, exporter

READING = (
    "labels.csv has a row per image that stays: `label` is the final one, `given` the one it came with, `status` what "
    "people said (unreviewed says nothing about being right). images.csv holds what was known of the same images "
    "beforehand, changes.csv every change with its evidence, conflicts.csv disagreements, problems.csv decisions that "
    f"could not be applied. {GUARDED} The column `labels` is empty or a JSON list of class names. An empty suspicion "
    "means not known."
)


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write` put into a folder. Raises BadInput naming the file and the line."""
    return {name: read_csv(folder / f"{name}.csv", kinds) for name, kinds in COLUMNS.items()}


@exporter(
    "csv",
    title="CSV files",
    summary="a file per table, for spreadsheets and scripts",
    reading=READING,
    group="tables",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write labels.csv, images.csv, changes.csv, conflicts.csv and problems.csv into an empty folder."""
    for name, table in export.tables.items():
        write_csv(folder / f"{name}.csv", COLUMNS[name], table)
