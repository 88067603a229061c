"""Classification data sets of torchvision by name, such as torchvision:CIFAR10. The one place outside of the models
that imports torchvision, and only when such a source is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from analysis.base.errors import BadInput, NotAvailable, NotFoundHere
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, blob_of, build
from analysis.data.decode import as_jpeg, as_png
from analysis.data.labels import clean_name, code_labels, read_classes
from analysis.data.pixel_arrays import as_pixels
from analysis.data.reader import Options, flag, reader
from analysis.data.scan import look_at_array, look_at_blob

PREFIX = "torchvision:"
DEFAULT_ROOT = "~/.cache/lookalike/torchvision"
USUAL_SPLITS = ("train", "val", "valid", "test")
OURS = {"valid": "val"}
LOSSLESS_UP_TO = 96  # pixels: larger pictures of file-based sets would swell several times as PNG
NO_SETS = {"DatasetFolder", "ImageFolder", "VisionDataset", "wrap_dataset_for_transforms_v2"}
OWN_OPTIONS = {"root", "download", "classes", "split"}


@dataclass(frozen=True)
class _Part:
    """One split of a data set as torchvision gives it: a sequence of (image, class number)."""

    name: str
    items: Any


def sniff(source: str) -> bool:
    """Does it start with torchvision: ?"""
    return source.startswith(PREFIX)


@reader(
    "torchvision_set",
    title="torchvision data sets (torchvision:NAME)",
    sniff=sniff,
    options={
        "root": f"folder with the data, or to download into (default {DEFAULT_ROOT})",
        "split": "splits to read, separated by commas (default: train, val and test, as far as there are)",
        "download": "yes or no (default yes, and only where the files are not there)",
        "classes": "file with class names in order, one a line (default: those of the data set)",
        "size": "FakeData: number of images",
        "image_size": "FakeData: such as 3x32x32",
        "num_classes": "FakeData: number of classes",
        "version": "INaturalist: such as 2021_valid",
        "background": "Omniglot: yes or no",
        "target_type": "for sets with several kinds of label, such as OxfordIIITPet or INaturalist",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read all splits, or those asked for. Arrays are taken as they are, pictures are encoded anew."""
    name = source.removeprefix(PREFIX)
    parts = _parts(_class_of(name), name, options)
    paths = [f"{part.name}/{i:06d}" for part in parts for i in range(len(part.items))]
    split = [part.name for part in parts for _ in range(len(part.items))]
    stored = getattr(parts[0].items, "classes", None)
    names = read_classes(options.get("classes")) or _names(stored)
    arrays = [_whole_array(part.items) for part in parts]
    notes: list[str] = []
    if all(array is not None for array in arrays):
        whole = [array for array in arrays if array is not None]
        images = as_pixels(np.concatenate([pixels for pixels, _ in whole]), shape=None, what=name)
        labels: Any = np.concatenate([numbers for _, numbers in whole])
        pixels, looked = Pixels("array", data=images), look_at_array(images, progress)
    else:
        encoded, labels, lossy = _collect(parts, name, progress)
        if lossy:
            notes.append(f"{lossy:,} images larger than {LOSSLESS_UP_TO} pixels were stored as JPEG of quality 95.")
        data, offsets = blob_of(encoded)
        pixels, looked = Pixels("blob", data=data, offsets=offsets), look_at_blob(data, offsets, progress)
    coded = code_labels(labels, classes=names, row_name=lambda row: f"{name}: {paths[row]}")
    records = pd.DataFrame({"path": paths, "given": coded.numbers, "split": split})
    return build(Found(coded.classes, records, notes=notes), pixels, looked)


def _class_of(name: str) -> Any:
    try:
        from torchvision import datasets
    except ImportError as error:
        raise NotAvailable(
            "The package torchvision is not installed", wanted="it, for its data sets", hint="pip install torchvision"
        ) from error
    known = [known_name for known_name in datasets.__all__ if known_name not in NO_SETS]
    if name not in known:
        raise NotFoundHere(f"torchvision has no data set {name!r}", wanted="one of " + ", ".join(known))
    return getattr(datasets, name)


def _names(stored: Any) -> tuple[str, ...] | None:
    """Class names; some sets give several words for one class, and a few give numbers or nothing."""
    if not stored:
        return None
    names = tuple(clean_name(", ".join(map(str, n)) if isinstance(n, (tuple, list)) else n) for n in stored)
    if len(set(names)) < len(names):  # ImageNet has two classes "crane" and two "maillot"
        names = tuple(f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names))
    return names


# -- making the data set objects -----------------------------------------------------------------------------------
def _parts(kind: Any, name: str, options: Options) -> list[_Part]:
    parameters = inspect.signature(kind).parameters
    shared = _arguments(parameters, name, options)
    asked = [part.strip() for part in options.get("split", "").split(",") if part.strip()]
    if name == "EMNIST":
        shared["split"] = asked.pop(0) if asked else "balanced"  # there the word means the selection of letters
    if "train" in parameters:
        choices: dict[str, dict[str, Any]] = {"train": {"train": True}, "test": {"train": False}}
    elif "split" in parameters:
        choices = {OURS.get(split, split): {"split": split} for split in asked or USUAL_SPLITS}
    else:
        choices = {"images": {}}
    unknown = [part for part in asked if part not in choices and "split" not in parameters]
    if unknown:
        raise BadInput(f"{name} has no split {unknown[0]!r}", wanted="one of " + ", ".join(choices))
    if asked and "train" in parameters:
        choices = {part: choices[part] for part in asked}
    optional = not asked and "split" in parameters
    made = [
        _Part(part, items)
        for part, extra in choices.items()
        if (items := _made(kind, name, {**shared, **extra}, options, optional=optional)) is not None
    ]
    if not made:
        raise BadInput(f"{name} has none of the splits {', '.join(choices)}", hint="name one with the option split")
    return made


def _arguments(parameters: Any, name: str, options: Options) -> dict[str, Any]:
    shared: dict[str, Any] = {}
    for key, text in options.items():
        if key in OWN_OPTIONS:
            continue
        if key not in parameters:
            raise BadInput(f"The data set {name} has no option {key!r}")
        shared[key] = _value(key, text)
    if "root" in parameters:
        root = Path(options.get("root", DEFAULT_ROOT)).expanduser()
        root.mkdir(parents=True, exist_ok=True)
        shared["root"] = str(root)
    return shared


def _value(key: str, text: str) -> Any:
    if key == "image_size":
        return tuple(int(part) for part in text.lower().split("x"))
    if key == "background":
        return text.lower() in ("yes", "true", "1")
    return int(text) if text.isascii() and text.isdigit() else text


def _made(kind: Any, name: str, arguments: dict[str, Any], options: Options, *, optional: bool) -> Any:
    """The data set from the files at hand, else downloaded; None for an unknown split that nobody asked for."""
    can_download = "download" in inspect.signature(kind).parameters
    tries = [{"download": False}] if can_download else [{}]
    if can_download and flag(options, "download", default=True):
        tries.append({"download": True})
    error: Exception | None = None
    for extra in tries:
        try:
            return kind(**arguments, **extra)
        except ValueError as wrong:
            if optional and "split" in str(wrong).lower():
                return None
            raise BadInput(f"{name}: {' '.join(str(wrong).split())[:300]}") from wrong
        except (RuntimeError, OSError, ImportError) as missing:
            error = missing
    raise NotAvailable(
        f"{name} is not in {arguments.get('root')} and could not be fetched: {' '.join(str(error).split())[:200]}",
        wanted="its files, or a network",
        hint="fetch it elsewhere with torchvision and name the folder with ?root=DIR",
    ) from error


# -- reading the items ---------------------------------------------------------------------------------------------
def _whole_array(items: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Images and labels of sets that hold them in memory (MNIST, CIFAR, SVHN …), else None."""
    data, targets = getattr(items, "data", None), getattr(items, "targets", getattr(items, "labels", None))
    if data is None or targets is None or not hasattr(data, "__array__"):
        return None
    images, labels = np.asarray(data), np.asarray(targets)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or labels.shape != (len(images),):
        return None
    return images, labels


def _collect(parts: list[_Part], name: str, progress: Progress) -> tuple[list[bytes], NDArray[np.int64], int]:
    progress.start("collecting images", sum(len(part.items) for part in parts))
    encoded, labels, lossy = [], [], 0
    for image, label in (pair for part in parts for pair in _pairs(part, name)):
        small = max(image.size) <= LOSSLESS_UP_TO
        encoded.append(as_png(image) if small else as_jpeg(image))
        lossy += not small
        labels.append(label)
        progress.advance()
    return encoded, np.array(labels, np.int64), lossy


def _pairs(part: _Part, name: str) -> Iterator[tuple[Image.Image, int]]:
    for i in range(len(part.items)):
        item = part.items[i]
        pair: tuple[Any, Any] = item if isinstance(item, tuple) and len(item) == 2 else (None, None)
        image, label = pair
        if getattr(label, "ndim", None) == 0:
            label = label.item()  # a tensor or NumPy number
        if not isinstance(image, Image.Image) or not isinstance(label, int):
            kinds = [type(value).__name__ for value in item] if isinstance(item, tuple) else [type(item).__name__]
            raise BadInput(
                f"{name} gives ({', '.join(kinds)}) for {part.name}/{i:06d}",
                wanted="an image and one class: a classification set",
            )
        yield image, label
