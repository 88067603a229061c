"""IDX files of the MNIST family (MNIST, Fashion-MNIST, KMNIST, EMNIST), plain or gzipped. [LeCun98]"""

from __future__ import annotations

import gzip
import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, build, numbered
from analysis.data.labels import code_labels, read_classes
from analysis.data.reader import Options, file_of, flag, reader
from analysis.data.scan import look_at_array

UNSIGNED_BYTE = 0x08
SIZE_LIMIT = 16 << 30
PARTS = {"train": "train", "t10k": "test", "test": "test", "valid": "val", "val": "val"}


def sniff(source: str) -> bool:
    """Is it an IDX image file, or a folder that holds one with the usual name?"""
    path = Path(source).expanduser()
    if path.is_dir():
        return bool(_image_files(path))
    return path.is_file() and _magic(path) in ((UNSIGNED_BYTE, 3), (UNSIGNED_BYTE, 4))


def _image_files(folder: Path) -> list[Path]:
    """Image files of a folder by name; of a file that is there plain and gzipped, the plain one."""
    found = {path.name.removesuffix(".gz"): path for path in sorted(folder.glob("*images*idx[34]*ubyte.gz"))}
    found.update({path.name: path for path in sorted(folder.glob("*images*idx[34]*ubyte"))})
    return [found[name] for name in sorted(found)]


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path, "rb")) if zipped else path.open("rb")


def _magic(path: Path) -> tuple[int, int] | None:
    try:
        with closing(_open(path)) as file:
            head = file.read(4)
    except (OSError, EOFError, zlib.error):
        return None
    return (head[2], head[3]) if len(head) == 4 and head[:2] == b"\0\0" else None


@reader(
    "idx",
    title="IDX files (MNIST family)",
    sniff=sniff,
    options={
        "labels": "label file of a single image file (default: the same name with labels-idx1)",
        "classes": "file with class names in order, one a line (default: the numbers)",
        "transpose": "yes: swap rows and columns, as EMNIST needs",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read all parts (train, test) of a folder, or one pair of files."""
    path = Path(source).expanduser()
    if path.is_dir():
        pairs = [(images, _labels_beside(images)) for images in _image_files(path)]
        if not pairs:
            raise NotFoundHere(f"There is no IDX image file in {source}", wanted="such as train-images-idx3-ubyte.gz")
    else:
        images = file_of(source)
        pairs = [(images, file_of(options["labels"]) if "labels" in options else _labels_beside(images))]
    loaded = [_pair(images, labels) for images, labels in pairs]
    names = [_part(images) for images, _ in pairs]
    shapes = {part.shape[1:] for part, _ in loaded}
    if len(shapes) > 1:
        raise BadInput(f"The image files in {source} have the sizes {sorted(shapes)}", wanted="one size")
    data = np.concatenate([part for part, _ in loaded])
    if flag(options, "transpose", default=False):
        data = np.ascontiguousarray(data.swapaxes(1, 2))
    coded = code_labels(
        np.concatenate([labels for _, labels in loaded]),
        classes=read_classes(options.get("classes")),
        row_name=lambda row: f"{source}: image {row}",
    )
    paths = [name for part, (images, _) in zip(names, loaded, strict=True) for name in numbered(part, len(images))]
    split = [part for part, (images, _) in zip(names, loaded, strict=True) for _ in range(len(images))]
    records = pd.DataFrame({"path": paths, "given": coded.numbers, "split": split})
    return build(Found(coded.classes, records), Pixels("array", data=data), look_at_array(data, progress))


def _part(images: Path) -> str:
    """Which part a file is, from its name; EMNIST puts the part in the middle."""
    words = images.name.lower().replace("_", "-").split("-")
    return next((PARTS[word] for word in words if word in PARTS), "images")


def _labels_beside(images: Path) -> Path:
    bare = images.name.removesuffix(".gz")
    for old in ("images-idx3", "images-idx4", "images.idx3", "images.idx4"):
        name = bare.replace(old, old.replace("images", "labels")[:-1] + "1")
        if name == bare:
            continue
        for candidate in (images.with_name(name), images.with_name(name + ".gz")):
            if candidate.is_file():
                return candidate
    raise NotFoundHere(
        f"There are no labels beside {images.name}",
        wanted="such as train-labels-idx1-ubyte.gz",
        hint="name them with the option labels",
    )


def _pair(images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels, numbers = read_idx(images), read_idx(labels)
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] not in (1, 3, 4)):
        raise BadInput(f"{images.name} has the shape {pixels.shape}", wanted="(images, rows, columns)")
    if numbers.ndim != 1:
        raise BadInput(f"{labels.name} has {numbers.ndim} dimensions", wanted="one: a label per image")
    if len(pixels) != len(numbers):
        raise BadInput(
            f"{images.name} has {len(pixels)} images and {labels.name} {len(numbers)} labels", wanted="the same number"
        )
    return pixels, numbers


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The uint8 array of an IDX file. The header is checked before anything is unpacked or allocated."""
    try:
        with closing(_open(path)) as file:
            return _read_body(file, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path.name} is damaged: {error}", wanted="a whole IDX file, plain or gzipped") from error


def _read_body(file: BinaryIO, name: str) -> NDArray[np.uint8]:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[3] == 0:
        raise BadInput(
            f"{name} does not start as an IDX file does ({head.hex(' ')})", wanted="00 00 08 03 or 00 00 08 01"
        )
    if head[2] != UNSIGNED_BYTE:
        raise BadInput(f"{name} holds values of type {head[2]:#04x}", wanted="0x08, unsigned bytes")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise BadInput(f"{name} ends inside its header", wanted="a whole IDX file")
    shape = struct.unpack(f">{head[3]}I", sizes)
    total = int(np.prod(shape, dtype=object))
    if total > SIZE_LIMIT:
        raise BadInput(f"{name} claims to hold {total:,} bytes {shape}", wanted=f"at most {SIZE_LIMIT:,}")
    body = _read_up_to(file, total + 1)
    if len(body) != total:
        what = "more" if len(body) > total else f"only {len(body):,}"
        raise BadInput(f"{name} should hold {total:,} bytes by its header {shape} and holds {what}")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _read_up_to(file: BinaryIO, n: int) -> bytes:
    """In pieces: a header may claim far more than the file holds."""
    pieces, left = [], n
    while left > 0 and (piece := file.read(min(left, 1 << 24))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
