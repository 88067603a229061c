"""What others found out about labels: a list of corrections, ReaL's label lists, ReaL's scores per label. [Beyer20]

All come out by the rows of a data set. A number is a class number of the data set unless a class has that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.labelsets import LabelSets, PairScores
from analysis.base.progress import Progress
from analysis.base.types import Dataset
from analysis.data.arrays_in import Npz
from analysis.data.reader import file_of
from analysis.data.text_in import TextTable, read_table, read_text

ID = ("id", "image_id", "path", "file", "filename", "image")
ORIGINAL = ("originallabel", "original", "original_label", "given", "given_label")
CORRECTION = ("correction", "corrections", "corrected", "new_label")
NONE_FITS = "-1"
FILE_NUMBER = re.compile(r"val_(\d{8})")  # of ImageNet's validation images, from 1
LEAST_AGREEMENT = 0.5  # share of the given labels that lists made for these images contain; .84 with ReaL's


def read_corrections(path: str | Path, dataset: Dataset, *, progress: Progress | None = None) -> LabelSets:
    """A table `id, original, correction`: one label, several with commas between, or -1 where no class fits.

    `original`, where there, must be the given label. Images without a row are not in doubt: they keep their labels and
    count as said. Rows of other images are passed over. Raises BadInput naming file and line.
    """
    file = file_of(str(path))
    table = read_table(file, delimiter=",")
    at = _columns(table, file.name)
    body, lines = table.cells[1:], table.lines[1:]
    numbers, given = _Numbers(dataset.classes), dataset.given
    for cells, line in zip(body, lines, strict=True):
        if len(cells) != len(table.cells[0]):
            raise BadInput(f"{file.name}, line {line} has {len(cells)} fields", wanted=f"{len(table.cells[0])}")
    rows = places_of([cells[at["id"]] for cells in body], dataset, file.name, progress=progress)
    said: dict[int, int] = {}
    pairs: list[tuple[int, int]] = []
    for cells, row, line in zip(body, rows.tolist(), lines, strict=True):
        if row < 0:
            continue
        where = f"{file.name}, line {line}"
        if row in said:
            raise BadInput(f"{where} speaks of the image of line {said[row]} again", wanted="every image once")
        said[row] = line
        if "original" in at:
            _check_original(numbers, cells[at["original"]], int(given[row]), where)
        pairs += [(row, label) for label in _corrected(numbers, cells[at["correction"]], where)]
    known = np.ones(len(dataset), bool)
    kept = np.setdiff1d(np.arange(len(dataset)), np.fromiter(said, np.int64, len(said)))
    row, label = _two_columns(pairs)
    return LabelSets.of_pairs(given, known, np.concatenate([row, kept]), np.concatenate([label, given[kept]]))


def read_label_lists(path: str | Path, dataset: Dataset) -> LabelSets:
    """ReaL's `real.json`: a list of class numbers for every image, in the order of the numbers in the file names.

    The data set's images are found by that number (ILSVRC2012_val_00000001 is the first), or stand in the same order.
    Raises BadInput naming the file and the first bad image, and for lists that hardly ever hold the given label.
    """
    file = file_of(str(path))
    try:
        lists = json.loads(read_text(file))
    except (ValueError, RecursionError) as error:  # no JSON, numbers of thousands of digits, or too deep
        raise BadInput(f"{file.name} is no JSON: {error}", wanted="a list of lists of class numbers") from error
    if not isinstance(lists, list) or not all(isinstance(one, list) for one in lists):
        raise BadInput(f"{file.name} is no list of lists", wanted="a list of class numbers for every image")
    place = _file_numbers(dataset, len(lists), file.name)
    numbers = _Numbers(dataset.classes)
    pairs = [
        (row, numbers.of(label, f"{file.name}, image {at + 1}")) for row, at in enumerate(place) for label in lists[at]
    ]
    row, label = _two_columns(pairs)
    sets = LabelSets.of_pairs(dataset.given, np.ones(len(dataset), bool), row, label)
    _check_agreement(float(np.mean(sets.hold(dataset.given))), file.name)
    return sets


def read_scores(path: str | Path, dataset: Dataset, *, progress: Progress | None = None) -> PairScores:
    """ReaL's `scores.npz`: `tensor` (P,) scores in 0..1 and `info` (P, 2), the image's file name and a class number.

    Pairs of images that the data set does not hold are left out. Raises BadInput naming the file and the first bad row.
    """
    file = file_of(str(path))
    with Npz(file) as arrays:
        if "tensor" not in arrays or "info" not in arrays:
            raise BadInput(f"{file.name} holds the arrays {', '.join(arrays)}", wanted="tensor (P,) and info (P, 2)")
        score, info = np.asarray(arrays["tensor"]), arrays["info"]
    if score.ndim != 1 or score.dtype.kind != "f" or info.shape != (len(score), 2) or info.dtype.kind != "U":
        raise BadInput(f"{file.name}: tensor is {score.shape}, info {info.shape}", wanted="(P,) floats, (P, 2) text")
    if not len(score):
        raise BadInput(f"{file.name} holds no score", wanted="a score for every label of an image")
    bad = ~((score >= 0) & (score <= 1))
    if bad.any():
        raise BadInput(f"{file.name}: row {int(np.argmax(bad))} has the score {score[bad][0]}", wanted="0..1")
    names, of_name = np.unique(info[:, 0], return_inverse=True)
    texts, of_text = np.unique(info[:, 1], return_inverse=True)
    numbers = _Numbers(dataset.classes)
    label = np.array([numbers.of(text, file.name) for text in texts.tolist()], np.int64)[of_text]
    row = places_of(names.tolist(), dataset, file.name, progress=progress)[of_name]
    here = row >= 0
    row, label, score = row[here], label[here], score[here].astype(np.float64)
    rated = np.zeros(len(dataset), bool)
    rated[row] = True
    holds_given = np.bincount(row[label == dataset.given[row]], minlength=len(dataset))[rated] > 0
    _check_agreement(float(np.mean(holds_given)), file.name)
    return PairScores(dataset.given, rated, row, label, score)


def places_of(
    names: Sequence[str], dataset: Dataset, file: str, *, progress: Progress | None = None
) -> NDArray[np.int64]:
    """The row of the image that each name means, (P,), -1 for another's: its id, its path, its file name, or that
    without the ending. BadInput where no name is known."""
    paths = dataset.table["path"].astype(str).tolist()
    last = [path.rpartition("/")[2] for path in paths]
    columns = [dataset.table["image_id"].astype(str).tolist(), paths, last]
    columns += [[name.rpartition(".")[0] or name for name in column] for column in columns]
    best = np.full(len(names), -1, np.int64)
    for column in columns:
        place = {name: row for row, name in enumerate(column)}
        if len(place) == len(column):
            found = np.array([place.get(name, -1) for name in names], np.int64)
            best = np.where(best < 0, found, best)
    if len(names) and (best < 0).all():
        raise BadInput(
            f"{file} names no image of the data set, its first is {str(names[0])[:80]!r}",
            wanted=f"names such as {columns[0][0]!r}",
        )
    if progress is not None and (best < 0).any():
        n = int(np.count_nonzero(best < 0))
        progress.note(f"{file}: {n:,} names belong to no image of the data set and were passed over")
    return best


# -- inside ----------------------------------------------------------------------------------------------------------
class _Numbers:
    """The class number that a cell means: a class name, else a number in 0..K-1."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._place = {name: k for k, name in enumerate(classes)}
        self._n = len(classes)

    def of(self, cell: object, where: str) -> int:
        text = str(cell).strip()
        if text in self._place:
            return self._place[text]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not 0 <= number < self._n or isinstance(cell, bool):
            raise BadInput(f"{where} has the label {text[:60]!r}", wanted=f"a class name or 0..{self._n - 1}")
        return number

    def is_name(self, text: str) -> bool:
        return text in self._place


def _columns(table: TextTable, file: str) -> dict[str, int]:
    header = [cell.strip().lower() for cell in table.cells[0]] if table.cells else []
    found = {
        what: next(header.index(name) for name in names if name in header)
        for what, names in (("id", ID), ("original", ORIGINAL), ("correction", CORRECTION))
        if any(name in header for name in names)
    }
    if "id" not in found or "correction" not in found:
        raise BadInput(f"{file} begins with {','.join(header)[:80]!r}", wanted="the header id,original,correction")
    return found


def _check_original(numbers: _Numbers, cell: str, given: int, where: str) -> None:
    if numbers.of(cell, where) != given:
        raise BadInput(
            f"{where} says that the label was {cell[:60]!r}, the data set's is number {given}",
            wanted="corrections of these labels",
            hint="are the classes numbered as in the data set?",
        )


def _corrected(numbers: _Numbers, cell: str, where: str) -> list[int]:
    if cell == NONE_FITS:
        return []
    return [numbers.of(part, where) for part in ([cell] if numbers.is_name(cell) else cell.split(","))]


def _file_numbers(dataset: Dataset, n: int, file: str) -> list[int]:
    """For every image of the data set its place in a list in the order of file numbers."""
    found = [FILE_NUMBER.search(str(path)) for path in dataset.table["path"]]
    if not any(found):
        if n != len(dataset):
            raise BadInput(f"{file} holds {n} lists for {len(dataset)} images", wanted="a list for every image")
        return list(range(n))
    for path, match in zip(dataset.table["path"], found, strict=True):
        if match is None or not 1 <= int(match[1]) <= n:
            raise BadInput(f"{file} with {n} lists has none for {str(path)[:80]!r}", wanted="a list for every image")
    return [int(match[1]) - 1 for match in found if match is not None]


def _two_columns(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    both: NDArray[Any] = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _check_agreement(share: float, file: str) -> None:
    if share < LEAST_AGREEMENT:
        raise BadInput(
            f"The labels in {file} include the given one for only {share:.0%} of the images",
            wanted="labels for these images, classes numbered as in the data set",
        )
