"""NumPy .npz files: an array of images (or one blob of encoded images) with labels, one or several parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.arrays_in import Npz
from analysis.data.building import Found, build, numbered
from analysis.data.labels import Coded, clean_name, code_labels, read_classes
from analysis.data.pixel_arrays import as_pixels, parse_shape
from analysis.data.reader import NO, Options, file_of, reader
from analysis.data.scan import look_at_array, look_at_blob

# (images, labels, split) under their usual names, in lower case
PAIRS: tuple[tuple[str, str, str], ...] = (
    ("x_train", "y_train", "train"),
    ("x_val", "y_val", "val"),
    ("x_valid", "y_valid", "val"),
    ("x_test", "y_test", "test"),
    ("train_images", "train_labels", "train"),
    ("val_images", "val_labels", "val"),
    ("test_images", "test_labels", "test"),
    ("images_train", "labels_train", "train"),
    ("images_test", "labels_test", "test"),
    ("xtr", "str", "train"),  # the University of Sydney's noisy sets: S noisy, Y clean
    ("xtr", "ytr", "train"),
    ("xts", "yts", "test"),
)
IMAGES = ("images", "image", "x", "data", "pixels")
BLOBS = ("jpeg", "encoded", "blob", "bytes")
OFFSETS = ("offset", "offsets")
LABELS = ("labels", "label", "y", "targets", "target", "given")
TRUTHS = ("true", "true_labels", "true_label", "clean_labels", "clean_label", "y_true", "y_clean")
IDS = ("image_id", "image_ids", "ids", "id", "path", "paths", "file_names", "filenames")
CLASSES = ("classes", "class_names", "label_names", "names")


@dataclass
class _Part:
    """One array of images with its labels; `split` is empty where there is only one unnamed part."""

    images: str
    labels: str
    split: str = ""


def sniff(source: str) -> bool:
    """Is it a .npz file?"""
    path = Path(source).expanduser()
    return path.suffix.lower() == ".npz" and path.is_file()


@reader(
    "npz",
    title="NumPy arrays (.npz)",
    sniff=sniff,
    options={
        "images": "name of the array of images; no: the images are not here, only labels are read",
        "labels": "name of the array of labels",
        "true": "name of the array of true labels",
        "classes": "array, or file with class names in order, one a line (default: the array classes, else the labels)",
        "ids": "name of the array of image ids (without images; default: image_id or ids, else numbers)",
        "shape": "shape of one image where rows are flat: 28x28, 32x32x3 or 3x32x32",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read the arrays under their usual names (x_train and y_train, images and labels …) or those of the options."""
    file = file_of(source)
    with Npz(file) as arrays:
        with_images = options.get("images", "").lower() not in NO
        parts = _asked_parts(arrays, options, with_images=with_images) or _usual_parts(arrays)
        if not parts:
            raise BadInput(
                f"{file.name} holds the arrays {', '.join(arrays) or 'none'}",
                wanted="images and labels, or x_train and y_train",
                hint="name them with the options images and labels",
            )
        classes = _class_names(arrays, options)
        coded, sizes = _labels(arrays, parts, classes)
        records = _records(arrays, parts, coded, sizes)
        _add_truth(arrays, options, records, coded.classes)
        found = Found(coded.classes, records)
        if not with_images:
            _add_ids(arrays, options, records)
            found.notes.append("Only labels were read: the images are not here.")
            return build(found, Pixels("none"))
        if parts[0].images.lower() in BLOBS:
            return _from_blob(arrays, parts[0], found, progress)
        data = _images(arrays, parts, sizes, options)
    return build(found, Pixels("array", data=data), look_at_array(data, progress))


def _asked_parts(arrays: Npz, options: Options, *, with_images: bool) -> list[_Part]:
    if "images" not in options and "labels" not in options:
        return []
    images = options.get("images") or arrays.first((*IMAGES, *BLOBS)) or ""
    labels = options.get("labels") or arrays.first(LABELS) or ""
    for name in (images, labels) if with_images else (labels,):
        _check_named(arrays, name)
    return [_Part(images, labels)]


def _usual_parts(arrays: Npz) -> list[_Part]:
    parts: list[_Part] = []
    for images, labels, split in PAIRS:
        names = arrays.first((images,)), arrays.first((labels,))
        if names[0] and names[1] and all(part.images != names[0] for part in parts):
            parts.append(_Part(names[0], names[1], split))
    images_key, labels_key = arrays.first((*IMAGES, *BLOBS)), arrays.first(LABELS)
    if not parts and images_key and labels_key:
        parts.append(_Part(images_key, labels_key))
    return parts


def _class_names(arrays: Npz, options: Options) -> tuple[str, ...] | None:
    asked = options.get("classes")
    if asked is not None and asked not in arrays:
        return read_classes(asked)
    key = asked or arrays.first(CLASSES)
    if key is None:
        return None
    names = arrays[key]
    return tuple(clean_name(name) for name in names.tolist()) if names.ndim == 1 and names.dtype.kind in "US" else None


def _labels(arrays: Npz, parts: list[_Part], classes: tuple[str, ...] | None) -> tuple[Coded, list[int]]:
    loaded = [_one_per_image(arrays[part.labels], part.labels) for part in parts]
    kinds = {values.dtype.kind in "iubf" for values in loaded}
    if len(kinds) > 1:
        raise BadInput(f"The label arrays of {arrays.path.name} mix names and numbers", wanted="one kind")
    sizes = [len(values) for values in loaded]
    joined = np.concatenate(loaded)
    if classes is not None and len(joined) and len(classes) == len(joined):
        classes = None  # as long as the labels: a name for each image, not for each class
    starts = np.cumsum([0, *sizes])

    def row_name(row: int) -> str:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        return f"{arrays.path.name}: row {row - int(starts[part])} of {parts[part].labels}"

    return code_labels(joined, classes=classes, row_name=row_name), sizes


def _one_per_image(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Labels (N,); (N, 1) is accepted, one-hot rows are not guessed at."""
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise BadInput(f"The array {name} has the shape {values.shape}", wanted="one label per image, shape (images,)")
    return values


def _records(arrays: Npz, parts: list[_Part], coded: Coded, sizes: list[int]) -> pd.DataFrame:
    stem = arrays.path.stem
    names = [name for part, n in zip(parts, sizes, strict=True) for name in numbered(part.split or stem, n)]
    records = pd.DataFrame({"path": names, "given": coded.numbers})
    if any(part.split for part in parts):
        records["split"] = np.repeat([part.split for part in parts], sizes)
    return records


def _add_ids(arrays: Npz, options: Options, records: pd.DataFrame) -> None:
    found = _beside(arrays, options.get("ids") or arrays.first(IDS), len(records), things="ids", each="one per label")
    if found is not None:
        records["path"] = [clean_name(name) for name in found[1].tolist()]


def _add_truth(arrays: Npz, options: Options, records: pd.DataFrame, classes: tuple[str, ...]) -> None:
    found = _beside(
        arrays, options.get("true") or arrays.first(TRUTHS), len(records), things="labels", each="one per image"
    )
    if found is not None:
        key, truth = found
        records["true"] = code_labels(
            truth, classes=classes, row_name=lambda row: f"{arrays.path.name}: row {row} of {key}"
        ).numbers


def _beside(arrays: Npz, key: str | None, n: int, *, things: str, each: str) -> tuple[str, NDArray[Any]] | None:
    """The key and the array (N,) with one of `things` for every record, or None where there is no key."""
    if key is None:
        return None
    _check_named(arrays, key)
    values = _one_per_image(arrays[key], key)
    if len(values) != n:
        raise BadInput(f"The array {key} has {len(values)} {things}", wanted=f"{n}, {each}")
    return key, values


def _check_named(arrays: Npz, key: str) -> None:
    if key not in arrays:
        raise BadInput(f"{arrays.path.name} has no array {key!r}", wanted="one of " + ", ".join(arrays))


def _images(arrays: Npz, parts: list[_Part], sizes: list[int], options: Options) -> NDArray[np.uint8]:
    shape = parse_shape(options.get("shape"))
    loaded = []
    for part, n in zip(parts, sizes, strict=True):
        images = as_pixels(arrays[part.images], shape=shape, what=f"The array {part.images} in {arrays.path.name}")
        _same_length(arrays, part, len(images), n)
        loaded.append(images)
    if len({images.shape[1:] for images in loaded}) > 1:
        raise BadInput(f"The image arrays of {arrays.path.name} differ in size", wanted="one size")
    return np.concatenate(loaded) if len(loaded) > 1 else loaded[0]


def _same_length(arrays: Npz, part: _Part, n_images: int, n_labels: int) -> None:
    if n_images != n_labels:
        raise BadInput(
            f"{arrays.path.name} has {n_images} images in {part.images} and {n_labels} labels in {part.labels}",
            wanted="the same number",
        )


def _from_blob(arrays: Npz, part: _Part, found: Found, progress: Progress) -> Dataset:
    """Encoded images end to end: image i is blob[offset[i]:offset[i + 1]]."""
    key = arrays.first(OFFSETS)
    if key is None:
        raise BadInput(f"{arrays.path.name} has {part.images} without offsets", wanted="an array offset beside it")
    blob, offsets = arrays[part.images], arrays[key].astype(np.int64)
    if blob.dtype != np.uint8 or blob.ndim != 1:
        raise BadInput(f"The array {part.images} is {blob.dtype} {blob.shape}", wanted="uint8 (bytes,)")
    if offsets.ndim != 1 or offsets[0] < 0 or (np.diff(offsets) < 0).any() or offsets[-1] > len(blob):
        raise BadInput(f"The array {key} does not fit {part.images}", wanted="rising positions inside it")
    _same_length(arrays, part, len(offsets) - 1, len(found.records))
    return build(found, Pixels("blob", data=blob, offsets=offsets), look_at_blob(blob, offsets, progress))
