"""The cases of the detection benchmark: labels, held-out predictions, neighbours and which labels are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import identities
import noise
import numpy as np
import sets
from sets import Material, Skipped, load
from store import Heads, Store

from analysis.base.arrays import digest_of
from analysis.base.errors import NotAvailable
from analysis.base.progress import Silent
from analysis.base.types import Neighbours, Predictions
from analysis.data.images import ImageStore
from analysis.noise.likely_classes import likely_classes

FULL_SHARES = (0.08, 0.25)  # of planted wrong labels; the first one alone in a quick run
NEIGHBOURS = 15
MADE = 1  # to be raised when the models of this repository give other predictions: stored ones are then made anew
CROWDS = ("mnist", "cifar100", "caltech256")
COUNTED = {"mnist": 15 / 10_000, "cifar10_test": 54 / 10_000}  # labels wrong from the start, by a crowd (METHODS 8.2)


@dataclass(frozen=True, eq=False)
class Case:
    """One data set with one kind of noise.

    `wrong` (N,) bool, known where `reviewed` (N,) bool is True (None = everywhere). `true` (N,) the true labels where
    they are known of all images, -1 = a class without an image. `by_features`: there is no classifier, the predictions
    are made of features and labels. `natural`: the share of labels wrong from the start as people counted them, in the
    images that they saw; None = nobody has.
    """

    data: str
    noise: str
    given: np.ndarray
    predictions: Predictions
    wrong: np.ndarray
    neighbours: Neighbours | None = None
    reviewed: np.ndarray | None = None
    true: np.ndarray | None = None
    by_features: bool = False
    natural: float | None = None


@dataclass(frozen=True)
class Plan:
    """What to run: where the data are, how many images a model looks at, the seed, more shares and cases or not."""

    data: Path
    store: Store
    images: int
    seed: int = 0
    full: bool = False

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the labels, that are planted."""
        return FULL_SHARES if self.full else FULL_SHARES[:1]


def planted(loader: Callable[..., Material]) -> Callable[[Plan], Iterator[Case]]:
    """The cases of a data set whose labels are taken for true: none planted, then every kind of planted noise."""

    def cases(plan: Plan) -> Iterator[Case]:
        material = loader(plan.data, images=plan.images, seed=plan.seed)
        first = looked_at(material, material.labels, plan)
        for kind, given in _patterns(material, first.argmax(), plan):
            predictions = looked_at(material, given, plan)
            yield _case(material, kind, given, predictions, plan=plan)

    return cases


def cifar10n(plan: Plan) -> Iterator[Case]:
    """CIFAR-10 with the labels that people gave, one person each (CIFAR-10N)."""
    material = sets.cifar10(plan.data, images=plan.images, seed=plan.seed)
    human = load(plan.data / "cifar10" / "cifar10n_NC.npz")
    for name in ("random_label1", "worse_label"):
        given = human[f"cifar10n_{name}"][: len(material.labels)].astype(np.int64)
        yield _case(material, f"human ({name})", given, looked_at(material, given, plan), plan=plan)


def cifar10_test(plan: Plan) -> Iterator[Case]:
    """CIFAR-10 test: published probabilities, labels planted afterwards; features of a network trained elsewhere."""
    labels, outputs = load(plan.data / "cifar10" / "labels.npz"), load(plan.data / "cifar10" / "resnet20_outputs.npz")
    material = sets.cifar10_test(plan.data, seed=plan.seed)
    found = Predictions("published, cross-validated", 10, np.ones(10_000, bool), probs=labels["cleanlab_test_pyx"])
    found = replace(found, features=outputs["test_features"].astype(np.float32))
    for kind, given in _patterns(material, found.argmax(), plan):
        yield _case(material, kind, given, found, plan=plan)


def crowd(plan: Plan) -> Iterator[Case]:
    """Natural errors, as a crowd judged the reviewed images: MNIST with probabilities, two sets with classes only."""
    for name in CROWDS:
        file = load(plan.data / "crowd" / f"{name}.npz")
        given = file["labels"].astype(np.int64)
        reviewed, wrong = np.zeros(len(given), bool), np.zeros(len(given), bool)
        reviewed[file["reviewed_ids"]] = True
        wrong[file["reviewed_ids"]] = file["is_error"]
        n_classes = int(given.max()) + 1
        if "probs" in file:
            held_out = np.ones(len(given), bool)
            predictions = Predictions("published, cross-validated", n_classes, held_out, probs=file["probs"])
        else:
            predictions = listed("published classes", file["predicted"], 1.0, n_classes)
        counted = COUNTED.get(name)
        yield Case(name, "natural, crowd", given, predictions, wrong, reviewed=reviewed, natural=counted)


def imagenet(plan: Plan) -> Iterator[Case]:
    """ImageNet validation with ReaL: wrong where a list of labels is there and does not hold the given one.

    Predictions: the classes of one network; the best class of another with its probability; the votes of ten networks'
    five best classes, each giving 1/rank.
    """
    folder = plan.data / "imagenet_val"
    file, other = load(folder / "labels_and_errors.npz"), load(folder / "imagenetx_predictions_NC.npz")
    given = file["label"].astype(np.int64)
    start, flat = file["real_ptr"], file["real_flat"]
    owner = np.repeat(np.arange(len(given)), np.diff(start))
    fits = np.bincount(owner, flat == given[owner], minlength=len(given)) > 0
    known = np.diff(start) > 0
    top1 = listed("one network's classes", file["cleanlab_cv_argmax"], 1.0, 1000)
    vit = listed("ViT, best class", other["imagenetx_ViT"], other["imagenetx_ViT_prob"], 1000)
    votes = plan.store.once(f"votes {MADE}", lambda: _votes(load(folder / "top5_10models.npz")["top5"]))
    ten = Predictions("ten networks' five best", 1000, np.ones(len(given), bool), **votes)
    for predictions in (top1, vit, ten):
        kind = f"natural, ReaL; {predictions.model}"
        counted = float(1 - fits[known].mean())
        yield Case("imagenet_val", kind, given, predictions, known & ~fits, reviewed=known, natural=counted)


def faces(plan: Plan) -> Iterator[Case]:
    """People without a classifier: planted identities, and the names as they are against the errata of the set."""
    features, people, documented = identities.faces(plan.data)
    for kind, rows, given in identities.planted(people, full=plan.full, seed=plan.seed):
        case = _by_features(kind, features[rows], given, plan)
        true = people[rows]
        names = np.unique(given)
        place = np.minimum(np.searchsorted(names, true), len(names) - 1)
        yield replace(case, wrong=given != true, true=np.where(names[place] == true, place, -1))
    yield replace(_by_features("documented errors", features, people, plan), wrong=documented)


def _by_features(kind: str, features: np.ndarray, given: np.ndarray, plan: Plan) -> Case:
    """The predictions are those of the program with `images=no`; nothing is known to be wrong yet."""
    names, coded = np.unique(given, return_inverse=True)
    found = likely_classes(features, coded, n_classes=len(names))
    nothing = np.zeros(len(given), bool)
    return Case(identities.NAME, kind, coded, found, nothing, neighbours=_near(features, plan), by_features=True)


def listed(model: str, predicted: np.ndarray, probability: np.ndarray | float, n_classes: int) -> Predictions:
    """Predictions that name one class an image."""
    top = predicted.astype(np.int64)[:, None]
    prob = np.broadcast_to(np.asarray(probability, np.float32).reshape(-1, 1), top.shape)
    return Predictions(model, n_classes, np.ones(len(top), bool), top_class=top, top_prob=np.array(prob))


def _votes(top5: np.ndarray) -> dict[str, np.ndarray]:
    """The five classes with most votes of (models, N, 5) lists and their share of all votes."""
    models, n, width = top5.shape
    weight = np.broadcast_to(1 / np.arange(1, width + 1), top5.shape)
    key = np.arange(n)[None, :, None] * 1000 + top5
    keys, inverse = np.unique(key, return_inverse=True)
    total = np.bincount(inverse.ravel(), weight.ravel()) / (models * weight[0, 0].sum())
    row, cls = keys // 1000, keys % 1000
    order = np.lexsort((cls, -total, row))
    place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    order = order[place < width]
    return {"top_class": cls[order].reshape(n, width), "top_prob": total[order].reshape(n, width).astype(np.float32)}


def looked_at(material: Material, given: np.ndarray, plan: Plan) -> Predictions:
    """Held-out predictions on these labels by the code of this repository, or those stored before."""
    from analysis.models import predict_held_out

    k = int(material.labels.max()) + 1
    dataset = material.dataset(given, k)
    name = digest_of("predictions", MADE, dataset.fingerprint, given, material.settings.model_dump_json())

    def make() -> dict[str, np.ndarray]:
        images = ImageStore(dataset.pixels, dataset.table)
        try:
            parts = Heads(plan.store)
            found = predict_held_out(dataset, images.load, material.settings, parts=parts, progress=Silent())
        except (NotAvailable, ImportError) as error:
            raise Skipped(str(error)) from error
        return {"probs": found.probs, "features": found.features, "model": np.array(found.model)}

    made = plan.store.once(name, make)
    held_out = np.ones(len(given), bool)
    return Predictions(str(made["model"]), k, held_out, probs=made["probs"], features=made["features"])


def _case(material: Material, noise: str, given: np.ndarray, predictions: Predictions, *, plan: Plan) -> Case:
    true = material.labels
    near = _near(predictions.features, plan)
    counted = COUNTED.get(material.name)
    return Case(material.name, noise, given, predictions, given != true, near, true=true, natural=counted)


def _near(features: np.ndarray, plan: Plan) -> Neighbours:
    from analysis.embed.neighbours import nearest

    def make() -> dict[str, np.ndarray]:
        found = nearest(features, NEIGHBOURS)
        return {"index": found.index, "similarity": found.similarity}

    name = digest_of("neighbours", MADE, features, NEIGHBOURS)
    return Neighbours(**plan.store.once(name, make))


def _patterns(material: Material, predicted: np.ndarray, plan: Plan) -> Iterator[tuple[str, np.ndarray]]:
    def weaker() -> np.ndarray:
        seen = material.dataset(material.labels, int(material.labels.max()) + 1).fingerprint
        name = digest_of("thumbnail model", MADE, seen, material.labels)
        return plan.store.once(name, lambda: {"probs": noise.thumbnail_model(material)})["probs"]

    return noise.patterns(material.labels, predicted, shares=plan.shares, weaker=weaker, seed=plan.seed)


GROUPS: dict[str, Callable[[Plan], Iterator[Case]]] = {
    "digits": planted(sets.digits),
    "crowd": crowd,
    "cifar10_test": cifar10_test,
    "fashion": planted(sets.fashion),
    "cifar10n": cifar10n,
    "clothing": planted(sets.clothing),
    "tiny_imagenet": planted(sets.tiny_imagenet),
    "imagenet": imagenet,
    "faces": faces,
}
