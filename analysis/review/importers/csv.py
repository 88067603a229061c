"""CSV: labels.csv or changes.csv of our own export, or a plain table with a row per decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from analysis.base.errors import BadInput
from analysis.review.columns import STATUS
from analysis.review.importer import Asked, Word, importer, seconds_of
from analysis.review.importers._table import (
    GIVEN,
    IMAGE,
    NOTE,
    REVIEWER,
    SUGGESTED,
    TIME,
    Row,
    header_of,
    is_ours,
    is_true,
    names_in,
    rows_of,
)

LABEL = ("new_label", "new", "corrected_label", "label", "class", "class_name", "category", "target")
VERDICT = ("verdict", "status", "decision")
VERDICTS = {
    **{said: verdict for verdict, said in STATUS.items()},
    **{verdict: verdict for verdict in (*STATUS, "exclude", "include")},
    "given": "keep",
    "guess": "relabel",
    "both": "several",
    "neither": "none_fits",
}
NOT_REVIEWED = "not reviewed"
READING = (
    "labels.csv and changes.csv of an export say what each reviewer decided; lie they side by side, changes.csv adds "
    "who said it and when. Another table needs the columns image_id (or path) and label; a row with another label than "
    "the given one is a relabel. A column verdict (keep, relabel, several, none_fits, unsure, skip) says more: without "
    "it a row that repeats the given label is no decision, for nobody may have looked. Several labels are a JSON list "
    "in the column labels. given, reviewer, decided_at, note and excluded are read where they are there."
)


def sniff(path: Path) -> bool:
    """A table with a column of images and one that says something, and no frame of cleanlab's."""
    header = set(header_of(path))
    return bool(header & set(IMAGE)) and bool(header & {*LABEL, *VERDICT}) and "is_label_issue" not in header


def beside(path: Path) -> Sequence[Path]:
    """changes.csv beside the labels.csv of our own export."""
    changes = path.with_name("changes.csv")
    ours = path.name != changes.name and is_ours(header_of(path))
    return (changes,) if ours and changes.is_file() and is_ours(header_of(changes)) else ()


@importer("csv", title="CSV table", reading=READING, sniff=sniff, numbers=True, beside=beside)
def read(path: Path, _: Asked) -> Iterator[Word]:
    """The words of a table, in the order of its rows; of our labels.csv with what changes.csv adds."""
    header = header_of(path)
    if not set(header) & set(IMAGE) or not set(header) & {*LABEL, *VERDICT}:
        raise BadInput(f"{path.name} has the columns {', '.join(header[:12])}", wanted="image_id and label or verdict")
    changes = {row.cells["image_id"]: row for file in beside(path) for row in rows_of(file)}
    line = 0
    for row in rows_of(path):
        more = changes.pop(row.cells.get("image_id", ""), None)
        line = row.line
        yield from words_of(row if more is None else Row(line, {**row.cells, **more.cells}))
    for row in changes.values():  # images that left the list; their lines count on from those of the list
        yield from words_of(Row(line + row.line, row.cells))


def words_of(row: Row) -> Iterator[Word]:
    """What a row says: of the label, and of training on the image."""
    cell = row.text(VERDICT).strip().lower().replace(" ", "_").replace("-", "_")
    verdict = VERDICTS.get(cell, cell)
    word = Word(
        row.line,
        tuple(row.cells[name] for name in IMAGE if row.cells.get(name)),
        verdict=verdict,
        given=row.first(GIVEN) or None,
        reviewer=row.text(REVIEWER),
        note=row.text(NOTE),
        suggested=row.text(SUGGESTED),
        run_id=row.cells.get("run_id", ""),
        keeps=False,
    )
    try:
        word = replace(word, labels=_labels(row, word), decided_at=seconds_of(row.text(TIME)))
    except ValueError as error:
        yield replace(word, problem=f"a cell cannot be read: {error}")
        return
    if cell == "unreviewed":
        yield replace(word, silent=NOT_REVIEWED)
    elif verdict or word.labels:
        yield word
    else:
        yield replace(word, silent="say nothing")
    if verdict not in ("exclude", "include") and is_true(row.cells.get("excluded", "")):
        yield replace(word, verdict="exclude", labels=(), note="")


def _labels(row: Row, word: Word) -> tuple[str, ...]:
    """The new labels that a row names; a given label may stand there where the verdict keeps it."""
    fitting = names_in(row.cells.get("labels", ""))
    if fitting or word.verdict in ("none_fits", "unsure", "skip", "exclude", "include"):
        return fitting if word.verdict in ("", "several") else ()
    label = row.text(LABEL)
    if word.verdict == "several":  # "both": the given label and this one
        return tuple(name for name in (word.given, label) if name)
    return (label,) if label else ()
