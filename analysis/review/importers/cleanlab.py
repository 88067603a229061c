"""Columns as in cleanlab's frames of label issues, with what a person decided beside a machine's suspicions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from analysis.base.errors import BadInput
from analysis.review.importer import Asked, Word, class_numbers, given_of, importer
from analysis.review.importers import csv
from analysis.review.importers._table import IMAGE, Row, header_of, is_ours, is_true, rows_of

ISSUE = "is_label_issue"
PERSONS = ("clean_label", "corrected_label")  # columns in which somebody puts what the label should be
MACHINES = ("predicted_label", "suggested_label")
NO_ISSUE = "no issue, as the machine says"
READING = (
    "Our own export says in status what people decided. Another table: where clean_label (or corrected_label) is "
    "another class than given_label, somebody decided on it; where it repeats the given label or is empty, nobody need "
    "have looked. is_label_issue and predicted_label are a machine's suspicions and no decision of anybody: to take "
    "them for decided, name the column, --format cleanlab:predicted_label, and yourself with --reviewer."
)


def sniff(path: Path) -> bool:
    """A table that says which labels are an issue, or what the clean label is."""
    header = set(header_of(path))
    return ISSUE in header or ({"given_label", "clean_label"} <= header and not header & {"verdict", "decision"})


@importer("cleanlab", title="cleanlab columns", reading=READING, sniff=sniff, numbers=True)
def read(path: Path, asked: Asked) -> Iterator[Word]:
    """The words of a table; rows that name no image are those of the data set in order, if their labels say so too."""
    header = header_of(path)
    rows = list(rows_of(path))
    column = _column(path, header, asked.trust)
    names = [row.first([name for name in IMAGE if row.cells.get(name)]) for row in rows]
    if not set(header) & set(IMAGE):
        names = _in_order(path, rows, asked)
    for row, name in zip(rows, names, strict=True):
        named = Row(row.line, {**row.cells, "image_id": name or ""})
        if not asked.trust and is_ours(header):
            yield from csv.words_of(Row(row.line, {**named.cells, "label": row.cells.get("clean_label", "")}))
        else:
            yield _word(named, column, asked.trust)


def _column(path: Path, header: list[str], trust: str) -> str:
    """The column that says what the label should be."""
    if trust:
        if trust.lower() not in header:
            raise BadInput(f"{path.name} has no column {trust!r}", wanted="one of " + ", ".join(header[:12]))
        return trust.lower()
    found = next((name for name in PERSONS if name in header), None)
    if found is None:
        guess = next((name for name in MACHINES if name in header), "COLUMN")
        raise BadInput(
            f"{path.name} holds a machine's suspicions and nobody's decisions: it has no column clean_label",
            wanted="a column with what a person decided",
            hint=f"to take {guess} for decided say --format cleanlab:{guess}",
        )
    return found


def _word(row: Row, column: str, trust: str) -> Word:
    cells = {name: cell for name, cell in row.cells.items() if name not in (*csv.LABEL, *csv.VERDICT, "labels")}
    word = next(csv.words_of(Row(row.line, {**cells, "label": row.cells[column]})))
    if trust and ISSUE in row.cells and not is_true(row.cells[ISSUE]):
        return replace(word, silent=NO_ISSUE)
    return word


def _in_order(path: Path, rows: list[Row], asked: Asked) -> list[str | None]:
    """The images of the data set, where the rows are plainly theirs."""
    here = given_of(asked.dataset)
    said = [row.cells.get("given_label", "") for row in rows]
    called = class_numbers(said, asked.dataset.classes)
    if [called.get(label, label) for label in said] != here.tolist():
        raise BadInput(
            f"{path.name} names no image, and its {len(rows):,} given labels are not those of the {len(here):,} images",
            wanted="a column image_id or path, or a row per image in the order of the data set",
        )
    return list(here.index)
