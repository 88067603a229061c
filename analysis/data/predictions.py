"""The user's own predictions: any usual file shape in, checked `Predictions` in the row order of the data set out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.config import Convert
from analysis.base.errors import BadInput
from analysis.base.progress import Progress, Silent
from analysis.base.types import Dataset, Predictions
from analysis.data.arrays_in import Npz, open_npy
from analysis.data.convert import named, to_probabilities
from analysis.data.frames import read_frame
from analysis.data.predicted_columns import Raw, from_frame
from analysis.data.reader import file_of

Array = NDArray[Any]

KEYS: dict[str, tuple[str, ...]] = {
    "probs": ("probs", "probabilities", "pred_probs", "proba", "p", "softmax", "scores", "outputs"),
    "logits": ("logits",),
    "top_class": ("top_class", "topk_class", "top_classes", "topk_ids", "topk", "top5", "top10"),
    "top_prob": ("top_prob", "topk_prob", "top_probs", "topk_probs", "topk_values"),
    "predicted": ("predicted", "predictions", "prediction", "pred", "argmax", "top1"),
    "features": ("features", "embeddings", "embedding", "feats", "emb"),
    "ids": ("image_id", "image_ids", "ids", "path", "paths", "filenames", "files"),
    "held_out": ("held_out", "out_of_sample"),
    "names": ("classes", "class_names"),
}


def load_predictions(
    path: str | Path,
    dataset: Dataset,
    *,
    convert: Convert = "none",
    held_out: bool | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Predictions for the images of `dataset` from a .npz, .npy, .parquet or .csv file; no model is run.

    The file holds probabilities (N, K), or the k best classes with their probabilities, or predicted classes only
    (taken as k = 1 with probability one), and may hold features and ids. With ids or paths rows are matched to images;
    without, row i is image i and the lengths must agree. `held_out` says whether the model had not trained on these
    images; None takes what the file says, else yes. Raises BadInput naming the file and the first bad row.
    """
    file, told = file_of(str(path)), progress or Silent()
    raw = aligned(load_raw(file, dataset.classes), dataset, file.name, told)
    return checked(raw, dataset, file.name, convert=convert, held_out=held_out, progress=told)


def load_raw(file: Path, classes: tuple[str, ...]) -> Raw:
    """The arrays of a predictions file, rows in file order."""
    suffix = file.suffix.lower()
    if suffix == ".npz":
        with Npz(file) as arrays:
            return _from_npz(arrays)
    if suffix == ".npy":
        array = open_npy(file)
        return Raw(predicted=array) if array.ndim == 1 else Raw(probs=array)
    return from_frame(read_frame(file), classes, file.name)


def _from_npz(arrays: Npz) -> Raw:
    found = {name: key for name, keys in KEYS.items() if (key := arrays.first(keys))}
    kinds = [name for name in ("probs", "logits", "top_class", "predicted") if name in found]
    if not kinds:
        raise BadInput(
            f"{arrays.path.name} holds the arrays {', '.join(arrays) or 'none'}",
            wanted="one called probs, logits, top_class with top_prob, or predicted",
        )
    raw = Raw(**{n: arrays[found[n]] for n in ("features", "ids", "held_out", "names") if n in found})
    setattr(raw, kinds[0], arrays[found[kinds[0]]])
    if kinds[0] == "top_class":
        raw.top_prob = arrays[found["top_prob"]] if "top_prob" in found else None
    if raw.predicted is not None and raw.predicted.ndim == 2 and raw.predicted.dtype.kind == "f":
        raw.probs, raw.predicted = raw.predicted, None  # "predictions" is also what people call probabilities
    return raw


# -- rows ----------------------------------------------------------------------------------------------------------
def aligned(raw: Raw, dataset: Dataset, file: str, progress: Progress) -> Raw:
    """Bring the rows of the file into the row order of the data set."""
    n_rows = raw.check_lengths(file)
    if raw.ids is None:
        if n_rows != len(dataset):
            raise BadInput(
                f"{file} has {n_rows} rows and the data set {len(dataset)} images "
                f"({len(dataset.set_aside)} more were set aside)",
                wanted="one row per image, in the same order",
                hint="or add a column image_id or path, so that rows can be matched",
            )
        return raw
    order = _matching_rows([_id_text(value) for value in raw.ids.tolist()], dataset, file)
    if n_rows > len(dataset):
        progress.note(f"{file}: {n_rows - len(dataset):,} rows belong to no image of the data set and were passed over")
    return raw if np.array_equal(order, np.arange(n_rows)) else raw.take(order)


def _id_text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _matching_rows(ids: list[str], dataset: Dataset, file: str) -> NDArray[np.int64]:
    """For every image (N,) the row of the file with its id, else its path, else its unique file name."""
    place = {name: row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        twice = pd.Index(ids)[pd.Index(ids).duplicated()][0]
        raise BadInput(f"{file} names {twice!r} more than once", wanted="every image once")
    columns = [dataset.table["image_id"].tolist(), dataset.table["path"].tolist()]
    columns.append([str(name).rpartition("/")[2] for name in columns[1]])
    tries = [[place.get(name, -1) for name in names] for names in columns if len(set(names)) == len(dataset)]
    best = np.array(max(tries, key=lambda rows: sum(row >= 0 for row in rows)), np.int64)
    missing = np.flatnonzero(best < 0)
    if len(missing):
        raise BadInput(
            f"{file} has no row for {len(missing)} images, the first being {columns[0][missing[0]]!r}",
            wanted="a row for every image, named as in the data set",
            hint=f"the file's first name is {ids[0]!r}" if ids else "",
        )
    return best


# -- values --------------------------------------------------------------------------------------------------------
def checked(
    raw: Raw, dataset: Dataset, file: str, *, convert: Convert, held_out: bool | None, progress: Progress
) -> Predictions:
    """Predictions from aligned arrays, or BadInput naming the file and the first bad row."""
    values: dict[str, Any]
    if raw.probs is None and raw.logits is None:
        values = _top(raw, dataset, file, progress)
    else:
        values = {"probs": _dense(raw, dataset, file, convert=convert, progress=progress)}
    if raw.features is not None:
        values["features"] = as_features(raw.features, file)
    held = _held_out(raw, len(dataset), asked=held_out, file=file, progress=progress)
    with named(file):
        return Predictions(model=file, n_classes=dataset.n_classes, held_out=held, **values)


def _dense(raw: Raw, dataset: Dataset, file: str, *, convert: Convert, progress: Progress) -> Array:
    values = raw.logits if raw.probs is None else raw.probs
    assert values is not None
    if raw.probs is None and convert != "softmax":
        raise BadInput(
            f"{file} holds logits", wanted="probabilities", hint="apply softmax, or ask for it with --convert softmax"
        )
    if raw.names is not None and values.ndim == 2:
        values = _columns_in_order(values, raw.names, dataset.classes, file)
    return to_probabilities(values, n_classes=dataset.n_classes, convert=convert, what=file, progress=progress)


def _held_out(raw: Raw, n: int, *, asked: bool | None, file: str, progress: Progress) -> NDArray[np.bool_]:
    if asked is None and raw.held_out is not None:
        if raw.held_out.dtype.kind not in "bu" and not np.isin(raw.held_out, (0, 1)).all():
            raise BadInput(f"held_out in {file} holds {raw.held_out.dtype}", wanted="true or false for every row")
        return raw.held_out.astype(bool)
    if asked is None:
        progress.note(
            f"{file} was taken as held-out: made by a model that did not train on these images. If it did, label"
            " errors stay hidden."
        )
    return np.full(n, True if asked is None else asked)


def as_features(features: Array, file: str) -> Array:
    """Features as rows of numbers (N, D); anything else is refused."""
    if features.ndim < 2 or features.dtype.kind not in "fiu":
        raise BadInput(f"The features in {file} are {features.dtype} {features.shape}", wanted="numbers (images, D)")
    return features.reshape(len(features), -1)


def _columns_in_order(values: Array, names: Array, classes: tuple[str, ...], file: str) -> Array:
    listed = [_id_text(name) for name in names.tolist()]
    if len(listed) != values.shape[1]:
        raise BadInput(f"{file} names {len(listed)} classes for {values.shape[1]} columns", wanted="a name per column")
    if tuple(listed) == classes:
        return values
    missing = [name for name in classes if name not in listed]
    if missing:
        raise BadInput(f"{file} has no column for the class {missing[0]!r}", wanted="a column for every class")
    return values[:, [listed.index(name) for name in classes]]


def _top(raw: Raw, dataset: Dataset, file: str, progress: Progress) -> dict[str, Array]:
    """Top-k lists; predicted classes alone become k = 1 with probability one, which is said."""
    if raw.top_class is not None:
        if raw.top_prob is None:
            raise BadInput(f"{file} has top_class without values", wanted="top_prob beside it")
        numbers = class_numbers(raw.top_class, dataset.classes, file)
        values = np.asarray(raw.top_prob)
        if values.dtype.kind not in "fiu":
            raise BadInput(f"The top-k values in {file} are {values.dtype}", wanted="probabilities")
        if numbers.ndim == 1:
            numbers, values = numbers[:, None], values.reshape(len(values), -1)
        return {"top_class": numbers, "top_prob": values}
    assert raw.predicted is not None
    progress.note(f"{file} holds predicted classes only: each counts as certain, so suspicion is all or nothing")
    numbers = class_numbers(raw.predicted.reshape(len(raw.predicted), -1), dataset.classes, file)
    if numbers.shape[1] != 1:
        raise BadInput(
            f"The predicted classes in {file} have {numbers.shape[1]} columns", wanted="one, or top_prob too"
        )
    return {"top_class": numbers, "top_prob": np.ones(numbers.shape, np.float32)}


def class_numbers(values: Array, classes: tuple[str, ...], file: str) -> Array:
    """Class numbers in 0..K-1 of the same shape, from numbers or class names."""
    if values.dtype.kind in "iu":
        numbers = values.astype(np.int64)
    elif values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.round(values))
        if not whole.all():
            row = int(np.argwhere(~whole)[0][0])
            raise BadInput(f"{file}: row {row} has a class that is no whole number", wanted="class numbers or names")
        numbers = values.astype(np.int64)
    else:
        place = {name: i for i, name in enumerate(classes)}
        flat = [_class_number(_id_text(value), place) for value in values.ravel().tolist()]
        numbers = np.array(flat, np.int64).reshape(values.shape)
    bad = np.argwhere((numbers < 0) | (numbers >= len(classes)))
    if len(bad):
        where = tuple(bad[0])
        raise BadInput(
            f"{file}: row {where[0]} has the class {str(values[where])[:80]!r}",
            wanted=f"a number in 0..{len(classes) - 1} or a class name",
        )
    return numbers


def _class_number(text: str, place: dict[str, int]) -> int:
    known = place.get(text, place.get(text.strip()))
    if known is not None:
        return known
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
