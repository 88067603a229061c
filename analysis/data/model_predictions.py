"""Predictions of other models, to compare: the same files as `predictions`, or one .npz that holds several models.

Only the best classes matter here, so lists of classes without probabilities are welcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.config import Convert
from analysis.base.errors import BadInput
from analysis.base.progress import Progress, Silent
from analysis.base.types import Dataset
from analysis.data.arrays_in import Npz
from analysis.data.predicted_columns import Raw
from analysis.data.predictions import KEYS, aligned, checked, class_numbers, load_raw
from analysis.data.reader import file_of

Array = NDArray[Any]

NAMES = ("models", "model_names")
SEVERAL = ("top5", "top_class", "topk", "topk_ids", "top10", "predicted", "predictions", "pred", "argmax", "top1")
KEPT = 5  # classes per image taken from probabilities


@dataclass(frozen=True, eq=False)
class Ranked:
    """A model's best classes for the images of a data set: `top_class` (N, k) int, best first, and where known
    `top_prob` (N, k). `held_out`: it trained on none of these images."""

    name: str
    top_class: NDArray[np.int64]
    top_prob: Array | None
    held_out: bool


def ranked_models(
    path: str | Path,
    dataset: Dataset,
    *,
    name: str | None = None,
    convert: Convert = "none",
    held_out: bool | None = None,
    progress: Progress | None = None,
) -> Iterator[Ranked]:
    """The models of a file, one after the other, in the row order of `dataset`.

    An .npz with `models` (M names) and top1 (M, N) or top5 (M, N, k) holds M models; any other file holds one, called
    `name` or like the file. With image_id or path rows are matched, else row i is image i. `held_out` is as in
    `load_predictions`. Raises BadInput naming the file and the first bad row.
    """
    file, told = file_of(str(path)), progress or Silent()
    if file.suffix.lower() == ".npz":
        with Npz(file) as arrays:
            names = arrays.first(NAMES)
            if names is not None:
                if name is not None:
                    raise BadInput(f"{file.name} holds several models with names of their own", wanted="no name")
                yield from _several(arrays, names, dataset, held_out=held_out, progress=told)
                return
    raw = aligned(load_raw(file, dataset.classes), dataset, file.name, told)
    yield _one(raw, dataset, file, name=name or file.stem, how=(convert, held_out, told))


def _one(raw: Raw, dataset: Dataset, file: Path, *, name: str, how: tuple[Convert, bool | None, Progress]) -> Ranked:
    convert, held_out, told = how
    listed = raw.predicted if raw.top_class is None else raw.top_class
    if listed is not None and raw.top_prob is None:
        held = held_out if held_out is not None else raw.held_out is None or bool(raw.held_out.all())
        return Ranked(name, _numbers(listed, dataset, file.name), None, held)
    found = checked(raw, dataset, file.name, convert=convert, held_out=held_out, progress=told)
    ids, probs = found.top(KEPT)
    return Ranked(name, ids, probs, bool(found.held_out.all()))


def _several(
    arrays: Npz, names: str, dataset: Dataset, *, held_out: bool | None, progress: Progress
) -> Iterator[Ranked]:
    file, listed = arrays.path.name, [str(name) for name in arrays[names].tolist()]
    key = arrays.first(SEVERAL)
    if key is None:
        raise BadInput(f"{file} holds the arrays {', '.join(arrays)}", wanted="top1 (M, N) or top5 (M, N, k)")
    classes = arrays[key]
    if classes.ndim not in (2, 3) or len(classes) != len(listed):
        raise BadInput(f"{key} in {file} is {classes.shape} for {len(listed)} models", wanted="(models, images[, k])")
    if not listed:
        raise BadInput(f"{file} names no model", wanted="a name for every model")
    if len(set(listed)) < len(listed):
        twice = next(name for name in listed if listed.count(name) > 1)
        raise BadInput(f"{file} names the model {twice!r} more than once", wanted="every model once")
    ids = arrays.first(KEYS["ids"])
    image_ids = arrays[ids] if ids is not None else None
    for name, rows in zip(listed, classes, strict=True):
        raw = aligned(Raw(predicted=rows, ids=image_ids), dataset, file, progress)
        assert raw.predicted is not None
        yield Ranked(name, _numbers(raw.predicted, dataset, f"{file}, {name}"), None, held_out is not False)


def _numbers(listed: Array, dataset: Dataset, what: str) -> NDArray[np.int64]:
    if listed.ndim not in (1, 2):
        raise BadInput(f"The predicted classes in {what} are {listed.shape}", wanted="(images,) or (images, k)")
    return class_numbers(listed.reshape(len(listed), -1), dataset.classes, what).astype(np.int64)
