"""Features of the user's own network, a row of numbers per image, in the row order of the data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from analysis.base.checks import check_finite
from analysis.base.errors import BadInput
from analysis.base.progress import Progress, Silent
from analysis.base.types import Dataset
from analysis.data.arrays_in import Npz, open_npy
from analysis.data.convert import named
from analysis.data.frames import read_frame
from analysis.data.predicted_columns import Raw, features_from_frame
from analysis.data.predictions import KEYS, aligned, as_features
from analysis.data.reader import file_of


def load_features(path: str | Path, dataset: Dataset, *, progress: Progress | None = None) -> NDArray[Any]:
    """Features (N, D) from a .npy, .npz, .parquet or .csv file.

    With ids or paths beside them rows are matched to images, as with predictions; without, row i is image i and the
    lengths must agree. Raises BadInput naming the file and the first bad row.
    """
    file = file_of(str(path))
    raw = aligned(_load(file, dataset.classes), dataset, file.name, progress or Silent())
    assert raw.features is not None
    features = as_features(raw.features, file.name)
    with named(file.name):
        check_finite(features, "The features")
    return features


def _load(file: Path, classes: tuple[str, ...]) -> Raw:
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return Raw(features=open_npy(file))
    if suffix != ".npz":
        return features_from_frame(read_frame(file), classes, file.name)
    with Npz(file) as arrays:
        key = arrays.first(KEYS["features"])
        if key is None:
            raise BadInput(
                f"{file.name} holds the arrays {', '.join(arrays) or 'none'}",
                wanted="one called features or embeddings",
            )
        ids = arrays.first(KEYS["ids"])
        return Raw(features=arrays[key], ids=arrays[ids] if ids else None)
