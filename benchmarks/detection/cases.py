"""The cases of the detection benchmark: labels, held-out predictions, neighbours and which labels are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.base.config import ModelSettings
from analysis.base.errors import NotAvailable
from analysis.base.progress import NoParts, Silent
from analysis.base.types import Dataset, Neighbours, Predictions
from analysis.data.plant import plant, plant_matrix

SHARE = 0.08  # of planted wrong labels
NEIGHBOURS = 15


class Skipped(Exception):
    """A case cannot run here; the message says what is absent."""


@dataclass(frozen=True, eq=False)
class Case:
    """One data set with one kind of noise. `reviewed` (N,) bool: truth is known there only (None = everywhere)."""

    data: str
    noise: str
    given: np.ndarray
    predictions: Predictions
    wrong: np.ndarray
    neighbours: Neighbours | None = None
    reviewed: np.ndarray | None = None


def digits(data: Path, *, images: int, seed: int) -> Iterator[Case]:  # noqa: ARG001  # embedded, and small
    """The embedded digits with planted noise; probabilities of a logistic regression on the pixels, 5-fold."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    yield from _planted("digits", loaded.data / 16, loaded.target.astype(np.int64), seed=seed)


def fashion(data: Path, *, images: int, seed: int) -> Iterator[Case]:
    """Fashion-MNIST with planted noise; the model is the one that `run` would take."""
    file = _load(data / "fashion_mnist" / "fashion_mnist.npz")
    pick = np.sort(np.random.default_rng(seed).permutation(len(file["y_train"]))[:images])
    pixels, true = file["x_train"][pick], file["y_train"][pick].astype(np.int64)
    first = _model(pixels, true, ModelSettings(seed=seed))
    for noise, given in _patterns(true, first.argmax(), seed=seed):
        predictions = _model(pixels, given, ModelSettings(seed=seed))
        yield Case("fashion_mnist", noise, given, predictions, given != true, _near(predictions.features))


def cifar10n(data: Path, *, images: int, seed: int) -> Iterator[Case]:
    """CIFAR-10 with the labels people gave (CIFAR-10N); a head on SqueezeNet's ImageNet features."""
    from PIL import Image

    file, human = _load(data / "cifar10" / "labels.npz"), _load(data / "cifar10" / "cifar10n_NC.npz")
    weights = data / "weights" / "squeezenet1_0_imagenet_caffe.npz"
    sprite = np.asarray(Image.open(data / "cifar10" / "train_first10000.webp").convert("RGB"))
    pixels = sprite.reshape(100, 32, 100, 32, 3).swapaxes(1, 2).reshape(10000, 32, 32, 3)[:images]
    true = file["y_train"][: len(pixels)].astype(np.int64)
    settings = ModelSettings(model="squeezenet1_0", weights=str(weights), preprocess="caffe", mode="probe", seed=seed)
    for name in ("random_label1", "worse_label"):
        given = human[f"cifar10n_{name}"][: len(pixels)].astype(np.int64)
        predictions = _model(pixels, given, settings)
        yield Case("cifar10", f"human ({name})", given, predictions, given != true, _near(predictions.features))


def cifar10(data: Path, *, images: int, seed: int) -> Iterator[Case]:  # noqa: ARG001  # no model is trained
    """CIFAR-10 test: published probabilities, labels planted afterwards; features of a network trained elsewhere."""
    labels, outputs = _load(data / "cifar10" / "labels.npz"), _load(data / "cifar10" / "resnet20_outputs.npz")
    true, probs = labels["y_test"].astype(np.int64), labels["cleanlab_test_pyx"]
    predictions = Predictions("published, cross-validated", 10, np.ones(len(true), bool), probs=probs)
    near = _near(outputs["test_features"].astype(np.float32))
    for noise, given in _patterns(true, predictions.argmax(), seed=seed):
        yield Case("cifar10_test", noise, given, predictions, given != true, near)


def crowd(data: Path, *, images: int, seed: int) -> Iterator[Case]:  # noqa: ARG001  # no model is trained
    """Natural errors, as a crowd judged the reviewed images: MNIST with probabilities, two sets with classes only."""
    for name in ("mnist", "cifar100", "caltech256"):
        file = _load(data / "crowd" / f"{name}.npz")
        given = file["labels"].astype(np.int64)
        reviewed, wrong = np.zeros(len(given), bool), np.zeros(len(given), bool)
        reviewed[file["reviewed_ids"]] = True
        wrong[file["reviewed_ids"]] = file["is_error"]
        held_out, n_classes = np.ones(len(given), bool), int(given.max()) + 1
        if "probs" in file:
            predictions = Predictions("published, cross-validated", n_classes, held_out, probs=file["probs"])
        else:
            top = file["predicted"].astype(np.int64)[:, None]
            predictions = Predictions(
                "published classes", n_classes, held_out, top_class=top, top_prob=np.ones(top.shape, np.float32)
            )
        yield Case(name, "natural", given, predictions, wrong, reviewed=reviewed)


def _planted(name: str, vectors: np.ndarray, true: np.ndarray, *, seed: int) -> Iterator[Case]:
    near = _near(vectors)
    clean = _regression(vectors, true, seed=seed)
    for noise, given in _patterns(true, clean.argmax(), seed=seed):
        yield Case(name, noise, given, _regression(vectors, given, seed=seed), given != true, near)


def _patterns(true: np.ndarray, predicted: np.ndarray, *, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Uniform noise, flips to the class a clean model confuses most, and noise in the shape of its confusion."""
    k = int(true.max()) + 1
    confusion = np.zeros((k, k))
    np.add.at(confusion, (true, predicted), 1)
    np.fill_diagonal(confusion, 0)
    confusion += 1e-3 * (1 - np.eye(k))  # a class that is never confused flips to any other
    shape = SHARE * confusion / confusion.sum(axis=1, keepdims=True) + (1 - SHARE) * np.eye(k)
    partner = confusion.argmax(axis=1)
    percent = f"{SHARE:.0%}"
    yield f"uniform {percent}", plant(true, k, share=SHARE, seed=seed).given
    yield f"pairs {percent}", plant(true, k, share=SHARE, pattern="pairs", partner=partner, seed=seed).given
    yield f"confusion-shaped {percent}", plant_matrix(true, shape, seed=seed)[0]


def _regression(vectors: np.ndarray, given: np.ndarray, *, seed: int) -> Predictions:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    probs = cross_val_predict(LogisticRegression(max_iter=500), vectors, given, cv=folds, method="predict_proba")
    return Predictions("logistic regression", probs.shape[1], np.ones(len(given), bool), probs=probs)


def _model(pixels: np.ndarray, given: np.ndarray, settings: ModelSettings) -> Predictions:
    try:
        from analysis.data.images import ImageStore
        from analysis.models import predict_held_out
    except ImportError as error:
        raise Skipped(f"needs a room that is not there: {error}") from error
    dataset = _dataset(pixels, given)
    store = ImageStore(dataset.pixels, dataset.table)
    try:
        return predict_held_out(dataset, store.load, settings, parts=NoParts(), progress=Silent())
    except (NotAvailable, ImportError) as error:
        raise Skipped(str(error)) from error


def _dataset(pixels: np.ndarray, given: np.ndarray) -> Dataset:
    import pandas as pd

    from analysis.base.arrays import digest_of
    from analysis.base.types import Pixels

    names = [f"{i:06d}" for i in range(len(given))]
    table = pd.DataFrame({"image_id": names, "path": names, "source_row": np.arange(len(given)), "given": given})
    classes = tuple(str(k) for k in range(int(given.max()) + 1))
    return Dataset(table, classes, digest_of(pixels, given), Pixels("array", data=np.ascontiguousarray(pixels)))


def _near(features: np.ndarray | None) -> Neighbours | None:
    if features is None:
        return None
    from analysis.embed.neighbours import nearest

    return nearest(features, NEIGHBOURS)


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise Skipped(f"there is no {path.name} in {path.parent}")
    with np.load(path) as file:
        return dict(file)


GROUPS: dict[str, Callable[..., Iterator[Case]]] = {
    "digits": digits,
    "crowd": crowd,
    "cifar10": cifar10,
    "fashion": fashion,
    "cifar10n": cifar10n,
}
