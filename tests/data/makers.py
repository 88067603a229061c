"""Tiny data sets made in code, one of each kind, for the tests of the readers."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.base.errors import BadInput, NotFoundHere, UserError


def picture(seed: int, *, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> Image.Image:
    """A small picture that no other seed gives."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write_idx(path: Path, array: np.ndarray, *, zipped: bool = False) -> None:
    """An IDX file of unsigned bytes."""
    data = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if zipped else data)


def image_folder(folder: Path, classes: Sequence[str] = ("cat", "dog"), per_class: int = 3) -> Path:
    """`folder` with a sub-folder per class."""
    for c, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            (folder / name / f"{i}.png").write_bytes(encoded(picture(100 * c + i)))
    return folder


def digits(_: Path) -> str:
    return "digits"


def folder_source(folder: Path) -> str:
    root = image_folder(folder / "photos")
    (root / "cat" / "torn.png").write_bytes(encoded(picture(1))[:60])
    (root / "cat" / "notes.txt").write_text("not an image")
    return str(root)


def folder_wrong(folder: Path) -> str:
    (folder / "cat").mkdir()
    (folder / "cat" / "a.png").write_bytes(b"no picture")
    return str(folder)


def csv_source(folder: Path) -> str:
    image_folder(folder)
    rows = [f"{c}/{i}.png,{c}" for c in ("cat", "dog") for i in range(3)]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows, "cat/gone.png,cat", "cat/0.png,dog"]))
    return str(folder / "list.csv")


def csv_wrong(folder: Path) -> str:
    (folder / "list.csv").write_text('path,label\na.png,cat\n"b.png,dog\n')
    return str(folder / "list.csv")


def parquet_source(folder: Path) -> str:
    images = [encoded(picture(i)) for i in range(4)] + [b"torn", None]
    frame = pd.DataFrame({"image": [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(images)]})
    frame["label"] = ["cat", "dog"] * 3
    frame.to_parquet(folder / "train-00000.parquet")
    return str(folder / "train-00000.parquet")


def parquet_wrong(folder: Path) -> str:
    (folder / "table.parquet").write_bytes(b"PAR1 but not really")
    return str(folder / "table.parquet")


def idx_source(folder: Path) -> str:
    rng = np.random.default_rng(0)
    for part, n in (("train", 5), ("t10k", 2)):
        pixels = rng.integers(0, 255, (n, 7, 6)).astype(np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", pixels, zipped=True)
        write_idx(folder / f"{part}-labels-idx1-ubyte", (np.arange(n) % 3).astype(np.uint8))
    return str(folder)


def idx_wrong(folder: Path) -> str:
    idx_source(folder)
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(9, np.uint8))
    return str(folder)


def npz_source(folder: Path) -> str:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (6, 5, 4, 3)).astype(np.uint8)
    np.savez(folder / "set.npz", images=images, labels=np.array([0, 1, 2, 0, -1, 1]))
    return str(folder / "set.npz")


def npz_wrong(folder: Path) -> str:
    np.savez(folder / "set.npz", images=np.zeros((3, 4, 4), np.uint8), labels=np.array([0.0, 0.5, 1.0]))
    return str(folder / "set.npz")


def torchvision_source(_: Path) -> str:
    return "torchvision:FakeData?size=6&image_size=3x8x8&num_classes=3"


def torchvision_wrong(_: Path) -> str:
    return "torchvision:NoSuchSet"


def huggingface_source(folder: Path) -> str:
    datasets = pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    rows = {"image": [picture(i) for i in range(5)], "label": [0, 1, 0, 1, -1]}
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(str(folder / "saved"))
    return str(folder / "saved")


def huggingface_wrong(folder: Path) -> str:
    pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    for name in ("state.json", "dataset_info.json"):
        (folder / name).write_text("{")
    return str(folder)


KIT = {1: "n02119789", 2: "n02100735", 3: "n01440764"}  # in the kit's order, which is not that of the wnids


def write_kit(folder: Path, numbers: Sequence[int]) -> Path:
    """The data folder of a development kit of three classes below one that has no images."""
    from scipy.io import savemat

    folder.mkdir(parents=True)
    kinds = [("ILSVRC2012_ID", float), ("WNID", object), ("words", object), ("gloss", object), ("num_children", float)]
    rows = [(number, wnid, "a word", "what it is", 0) for number, wnid in KIT.items()]
    synsets = np.array([*rows, (4, "n00001740", "entity", "all there is", 3)], dtype=kinds)
    savemat(folder / "meta.mat", {"synsets": synsets[:, None]})
    text = "".join(f"{number}\n" for number in numbers)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(text)
    return folder


def ilsvrc_source(folder: Path, numbers: Sequence[int] = (3, 1, 2, 1)) -> str:
    root = folder / "val"
    write_kit(root / "ILSVRC2012_devkit_t12" / "data", numbers)
    for n in (1, 2, 3, 4, 9):
        (root / f"ILSVRC2012_val_{n:08d}.JPEG").write_bytes(encoded(picture(n), "JPEG"))
    (root / "notes.txt").write_text("no image")
    return str(root)


def ilsvrc_wrong(folder: Path) -> str:
    return ilsvrc_source(folder, (3, 1, 4, 1))


@dataclass(frozen=True)
class Fixture:
    """A source of one kind with what must be found in it, and a broken one with the message it must give."""

    make: Callable[[Path], str]
    n: int
    aside: dict[str, str]  # end of path -> start of reason
    classes: int
    wrong: Callable[[Path], str]
    message: str
    error: type[UserError] = BadInput


FIXTURES: dict[str, Fixture] = {
    "digits": Fixture(digits, 1797, {}, 10, lambda _: "digits?share=0.9", "The option share is '0.9'"),
    "image_folder": Fixture(
        folder_source,
        6,
        {"torn.png": "torn.png ", "notes.txt": "not an image type"},
        2,
        folder_wrong,
        "cat/a.png: a.png is no image that can be read",
    ),
    "csv_list": Fixture(
        csv_source,
        6,
        {"gone.png": "there is no such file (line 8)", "cat/0.png": "listed again with another label, 'dog' (line 9)"},
        2,
        csv_wrong,
        "list.csv, line 3: ",
    ),
    "parquet": Fixture(
        parquet_source,
        4,
        {"4.png": "image 4 is no image", "5.png": "image 5 is empty"},
        2,
        parquet_wrong,
        "table.parquet cannot be read",
    ),
    "idx": Fixture(
        idx_source, 7, {}, 3, idx_wrong, "t10k-images-idx3-ubyte.gz has 2 images and t10k-labels-idx1-ubyte"
    ),
    "ilsvrc_val": Fixture(
        ilsvrc_source,
        4,
        {"00000009.JPEG": "ILSVRC2012_validation_ground_truth.txt has 4 lines", "notes.txt": "not a validation image"},
        3,
        ilsvrc_wrong,
        "Line 3 of ILSVRC2012_validation_ground_truth.txt is '4' – wanted: a number of the kit, 1 to 3",
    ),
    "npz": Fixture(
        npz_source, 5, {"set/000004": "no label"}, 3, npz_wrong, "set.npz: row 1 of labels has the label 0.5"
    ),
    "torchvision_set": Fixture(
        torchvision_source, 6, {}, 3, torchvision_wrong, "torchvision has no data set", NotFoundHere
    ),
    "huggingface": Fixture(
        huggingface_source, 4, {"images/000004": "no label"}, 2, huggingface_wrong, "cannot be loaded", UserError
    ),
}
