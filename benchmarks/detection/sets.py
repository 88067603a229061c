"""The images of the detection benchmark and the labels they come with, a loader per data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.arrays import digest_of
from analysis.base.config import ModelSettings
from analysis.base.types import Dataset, Pixels

SQUEEZENET = "squeezenet1_0_imagenet_caffe.npz"


class Skipped(Exception):
    """A case cannot run here; the message says what is absent."""


@dataclass(frozen=True, eq=False)
class Material:
    """Images with labels: `labels` (N,) in 0..K-1, `settings` the model that looks at them, `paths` of files."""

    name: str
    pixels: Pixels
    labels: np.ndarray
    settings: ModelSettings
    paths: tuple[str, ...] = ()
    rows: np.ndarray | None = None

    def dataset(self, given: np.ndarray, n_classes: int) -> Dataset:
        """The data set with other labels; the fingerprint is that of the images, so that features are found again."""
        n = len(given)
        names = list(self.paths) or [f"{i:06d}" for i in range(n)]
        rows = np.arange(n) if self.rows is None else self.rows
        table = pd.DataFrame({"image_id": names, "path": names, "source_row": rows, "given": given})
        content = self.pixels.data if self.pixels.data is not None else "\0".join(self.paths)
        classes = tuple(str(k) for k in range(n_classes))
        return Dataset(table, classes, digest_of(self.name, content, rows), self.pixels)


def digits(data: Path, *, images: int, seed: int) -> Material:  # noqa: ARG001  # embedded, and small
    """The 1,797 handwritten digits that come with scikit-learn."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    pixels = (loaded.images * 255 / 16).astype(np.uint8)
    return Material("digits", Pixels("array", data=pixels), loaded.target.astype(np.int64), patches(seed))


def fashion(data: Path, *, images: int, seed: int) -> Material:
    """Fashion-MNIST, training images."""
    file = load(data / "fashion_mnist" / "fashion_mnist.npz")
    pick = np.sort(np.random.default_rng(seed).permutation(len(file["y_train"]))[:images])
    pixels = Pixels("array", data=np.ascontiguousarray(file["x_train"][pick]))
    return Material("fashion_mnist", pixels, file["y_train"][pick].astype(np.int64), patches(seed))


def cifar10(data: Path, *, images: int, seed: int) -> Material:
    """The first training images of CIFAR-10, with the published labels."""
    pixels = _tiles(data / "cifar10" / "train_first10000.webp")[:images]
    labels = load(data / "cifar10" / "labels.npz")["y_train"][: len(pixels)].astype(np.int64)
    return Material("cifar10", Pixels("array", data=pixels), labels, squeezenet(data, seed))


def cifar10_test(data: Path, *, seed: int) -> Material:
    """The test images of CIFAR-10, with the published labels."""
    pixels = _tiles(data / "cifar10" / "test_10000.webp")
    labels = load(data / "cifar10" / "labels.npz")["y_test"].astype(np.int64)
    return Material("cifar10_test", Pixels("array", data=pixels), labels, patches(seed))


def _tiles(path: Path) -> np.ndarray:
    from PIL import Image

    if not path.exists():
        raise Skipped(f"there is no {path.name} in {path.parent}")
    sprite = np.asarray(Image.open(path).convert("RGB"))
    return np.ascontiguousarray(sprite.reshape(100, 32, 100, 32, 3).swapaxes(1, 2).reshape(10000, 32, 32, 3))


def clothing(data: Path, *, images: int, seed: int) -> Material:
    """5,096 photos of clothes in 17 classes; their labels hold some natural errors that nobody has counted."""
    root = data / "clothing" / "images"
    if not root.exists():
        raise Skipped(f"there is no {root.name} in {root.parent}")
    files = sorted(path for path in root.glob("*/*") if not path.parent.name.startswith("_"))
    pick = np.sort(np.random.default_rng(seed).permutation(len(files))[:images])
    paths = tuple(str(files[i].relative_to(root)) for i in pick)
    _, labels = np.unique([Path(path).parts[0] for path in paths], return_inverse=True)
    return Material("clothing", Pixels("files", root=root), labels.astype(np.int64), squeezenet(data, seed), paths)


def tiny_imagenet(data: Path, *, images: int, seed: int) -> Material:
    """Tiny-ImageNet, validation: 200 classes of 25 images."""
    file = load(data / "tiny_imagenet" / "val_5000_NC.npz")
    n_classes = max(2, images // 25)
    kept = np.flatnonzero(file["label"] < n_classes)  # whole classes: of 25 images none can be spared
    pixels = Pixels("blob", data=file["jpeg"], offsets=file["offset"].astype(np.int64))
    labels = file["label"][kept].astype(np.int64)
    return Material("tiny_imagenet", pixels, labels, squeezenet(data, seed), rows=kept)


def patches(seed: int) -> ModelSettings:
    """The model that needs no weights."""
    return ModelSettings(model="patches", mode="probe", seed=seed)


def squeezenet(data: Path, seed: int) -> ModelSettings:
    """A small network with ImageNet weights."""
    weights = data / "weights" / SQUEEZENET
    if not weights.exists():
        raise Skipped(f"there is no {weights.name} in {weights.parent}")
    return ModelSettings(model="squeezenet1_0", weights=str(weights), preprocess="caffe", mode="probe", seed=seed)


def load(path: Path) -> dict[str, Any]:
    """The arrays of a file; Skipped where it is absent."""
    if not path.exists():
        raise Skipped(f"there is no {path.name} in {path.parent}")
    with np.load(path) as file:
        return dict(file)
