"""Plain label and probability files for the commands `score` and `graph`: npy, npz, csv, tsv, txt, parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.config import Convert
from analysis.base.errors import BadInput
from analysis.base.progress import Progress, Silent
from analysis.base.types import UNKNOWN
from analysis.data.arrays_in import Npz, open_npy
from analysis.data.convert import to_probabilities
from analysis.data.frames import numeric, read_frame
from analysis.data.labels import clean_name, code_labels, numbers_of, whole_numbers

LABEL_KEYS = ("labels", "label", "given", "y", "y_train", "targets", "target", "predicted", "pred", "argmax")
LABEL_COLUMNS = ("label", "labels", "given", "given_label", "class", "target", "y", "predicted", "prediction", "pred")
PROB_KEYS = ("probs", "probabilities", "pred_probs", "proba", "p", "predictions", "logits")
NOT_PROBS = ("image_id", "id", "path", "file", "filename", "image", "index", "label", "given", "split")


def load_labels(path: str | Path) -> tuple[NDArray[np.int64], tuple[str, ...] | None]:
    """Labels (N,) int64 from a file, -1 = no label, and the class names where the file holds names, else None.

    Whole numbers stay what they are; names are numbered in sorted order. Raises BadInput naming the first row that is
    neither (a fraction, or a number below -1).
    """
    path = Path(path).expanduser()
    values = _label_values(path)

    def row_name(row: int) -> str:
        return f"{path.name}: row {row}"

    if values.dtype.kind not in "iubf":
        numbers = numbers_of(values)
        if numbers is None:
            coded = code_labels(values, classes=None, row_name=row_name)
            return coded.numbers, coded.classes
        values = numbers
    whole = whole_numbers(values, row_name) if values.dtype.kind == "f" else values.astype(np.int64)
    below = np.flatnonzero(whole < UNKNOWN)
    if len(below):
        raise BadInput(f"{row_name(int(below[0]))} has the label {whole[below[0]]}", wanted="0 or more, or -1 for none")
    return whole, None


def _label_values(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _texts(_flat(open_npy(path), path))
    if suffix == ".npz":
        with Npz(path) as arrays:
            return _texts(_flat(arrays[_key(arrays, LABEL_KEYS, path)], path))
    frame = read_frame(path, as_text=True)
    column = _column(frame, path)
    return _texts(frame[column].to_numpy())


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    return (
        values if values.dtype.kind in "iubf" else np.array([_text(value) for value in values.tolist()], dtype=object)
    )


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()  # noqa: PLR0124  # NaN


def _column(frame: pd.DataFrame, path: Path) -> Any:
    if frame.shape[1] == 1:
        return frame.columns[0]
    lower = {str(name).lower(): name for name in reversed(list(frame.columns))}
    for name in LABEL_COLUMNS:
        if name in lower:
            return lower[name]
    raise BadInput(
        f"{path.name} has the columns {', '.join(map(str, frame.columns[:8]))}",
        wanted="one column, or one called " + ", ".join(LABEL_COLUMNS[:4]),
    )


def _flat(values: NDArray[Any], path: Path) -> NDArray[Any]:
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise BadInput(f"{path.name} has the shape {values.shape}", wanted="one label per image, shape (images,)")
    return values


def _key(arrays: Npz, names: Sequence[str], path: Path) -> str:
    found = arrays.first(names) or (next(iter(arrays)) if len(arrays) == 1 else None)
    if found is None:
        raise BadInput(f"{path.name} holds the arrays {', '.join(arrays)}", wanted="one called " + ", ".join(names[:4]))
    return found


def load_probs(
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    convert: Convert = "none",
    progress: Progress | None = None,
) -> NDArray[Any]:
    """Probabilities (N, K) from a file, checked, or converted as asked; a .npy that needs no change stays mapped.

    With `classes` (K names) the named columns of a table are put into that order; a table that lacks one is refused.
    """
    path = Path(path).expanduser()
    values = _prob_values(path, classes)
    if values.ndim != 2 or values.shape[1] == 0:
        raise BadInput(f"{path.name} has the shape {values.shape}", wanted="(images, classes)")
    return to_probabilities(
        values, n_classes=values.shape[1], convert=convert, what=path.name, progress=progress or Silent()
    )


def _prob_values(path: Path, classes: Sequence[str] | None) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return open_npy(path)
    if suffix == ".npz":
        with Npz(path) as arrays:
            return arrays[_key(arrays, PROB_KEYS, path)]
    frame = read_frame(path)
    columns = [name for name in frame.columns if str(name).lower() not in NOT_PROBS]
    if classes is not None:
        columns = _in_order(columns, classes, path)
    return numeric(frame[columns], path.name)


def _in_order(columns: list[Any], classes: Sequence[str], path: Path) -> list[Any]:
    """Columns in class order; columns without names (numbers, no header) are taken as they stand."""
    if all(str(name).isdigit() for name in columns):
        return columns
    named = {clean_name(name): name for name in columns}
    missing = [name for name in classes if name not in named]
    if missing:
        raise BadInput(f"{path.name} has no column for the class {missing[0]!r}", wanted="a column per class")
    return [named[name] for name in classes]
