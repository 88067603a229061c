"""Real data, where it lies beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.data.images import ImageStore
from analysis.data.reader import read

FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def test_the_clothing_photos(shared_data: Path) -> None:
    dataset, name = read(str(shared_data / "clothing" / "images"))
    assert name == "image_folder" and len(dataset) == 5096 and dataset.n_classes == 17
    assert len(dataset.set_aside) == 0
    assert max(dataset.table["width"].max(), dataset.table["height"].max()) == 176
    store = ImageStore(dataset.pixels, dataset.table)
    for row in range(0, 5096, 400):
        assert store.load(row).size == (dataset.table["width"][row], dataset.table["height"][row])


def test_the_clothing_list(shared_data: Path) -> None:
    dataset, name = read(str(shared_data / "clothing" / "images.csv"))
    assert name == "csv_list" and len(dataset) == 5391 and len(dataset.set_aside) == 0
    assert "Not sure" in dataset.classes and dataset.n_classes == 19


def test_fashion_mnist(shared_data: Path) -> None:
    dataset, name = read(str(shared_data / "fashion_mnist" / "fashion_mnist.npz"))
    assert name == "npz" and dataset.classes == FASHION and len(dataset) == 70_000
    assert dataset.table["split"].value_counts().to_dict() == {"train": 60_000, "test": 10_000}
    assert np.bincount(dataset.given).tolist() == [7000] * 10


def test_jpegs_in_a_blob(shared_data: Path) -> None:
    dataset, _ = read(str(shared_data / "tiny_imagenet" / "val_5000_NC.npz"))
    assert len(dataset) == 5000 and dataset.n_classes == 200 and dataset.pixels.kind == "blob"
    assert ImageStore(dataset.pixels, dataset.table).load(4999).mode == "RGB"


def test_cifar_10_as_arrays(shared_data: Path, tmp_path: Path) -> None:
    with Image.open(shared_data / "cifar10" / "test_10000.webp") as sprite:
        pixels = np.asarray(sprite.convert("RGB"))
    images = pixels.reshape(100, 32, 100, 32, 3).swapaxes(1, 2).reshape(10_000, 32, 32, 3)
    with np.load(shared_data / "cifar10" / "labels.npz") as labels:
        np.savez(tmp_path / "cifar10.npz", images=images, labels=labels["y_test"], classes=labels["classes"])
    dataset, _ = read(str(tmp_path / "cifar10.npz"))
    assert len(dataset) == 10_000 and dataset.classes[3] == "cat"
    store = ImageStore(dataset.pixels, dataset.table)
    assert np.array_equal(np.asarray(store.load(4321)), images[4321])


@pytest.mark.parametrize("part", ["train", "test"])
def test_outputs_of_a_real_network(shared_data: Path, tmp_path: Path, part: str) -> None:
    from analysis.data.plain_arrays import load_probs

    with np.load(shared_data / "cifar10" / "resnet20_outputs.npz") as stored:
        logits = stored[f"{part}_logits"]
    np.save(tmp_path / "logits.npy", logits)
    probs = load_probs(tmp_path / "logits.npy", convert="softmax")
    with np.load(shared_data / "cifar10" / "labels.npz") as labels:
        accuracy = (probs.argmax(axis=1) == labels[f"y_{part}"]).mean()
    assert accuracy == pytest.approx({"train": 0.9979, "test": 0.9173}[part], abs=2e-3)
