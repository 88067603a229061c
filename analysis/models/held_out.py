"""Held-out probabilities and features of every image: the whole way, in parts that survive a killed run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.base.arrays import digest_of
from analysis.base.config import ModelSettings
from analysis.base.errors import NotFoundHere
from analysis.base.progress import Parts, Progress
from analysis.base.types import Dataset, Predictions
from analysis.models import Choice, finetune, patches, probe, zoo
from analysis.models.augment import Augment
from analysis.models.choice import SMALL_SIDE, Mode, choose
from analysis.models.device import Device, pick
from analysis.models.folds import stratified_folds
from analysis.models.images import Look, decoded, look
from analysis.models.networks import SMALL
from analysis.models.predict import Extractor, extract
from analysis.models.reduce import reduced
from analysis.models.train import Images, Plan

if TYPE_CHECKING:
    from analysis.models import Load


@dataclass(frozen=True)
class Work:
    """Everything the steps below share."""

    dataset: Dataset
    load: Load
    settings: ModelSettings
    choice: Choice
    seen: Look
    device: Device
    parts: Parts
    progress: Progress
    key: str  # names parts by all that decides them, so that parts of other settings are never taken


def predict_held_out(
    dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts, progress: Progress
) -> Predictions:
    """See `analysis.models.predict_held_out`."""
    work = _prepare(dataset, load, settings, parts=parts, progress=progress)
    folds = stratified_folds(dataset.given, settings.folds, seed=settings.seed)
    extractor = _extractor(work)
    features = extract(load, len(dataset), extractor, device=work.device, parts=parts, progress=progress)
    margin = None
    if work.choice.mode == "finetune":
        learnt = _finetuned(work, folds)
        probs, margin = learnt.probs, learnt.margin
    else:
        probs = probe.cross_validated(
            features,
            dataset.given,
            folds,
            n_classes=dataset.n_classes,
            seed=settings.seed,
            device=work.device.name if work.device.kind == "cuda" else "cpu",
            parts=parts,
            prefix=f"head_{work.key}",
            progress=progress,
        )
    return Predictions(
        model=_title(work),
        n_classes=dataset.n_classes,
        held_out=np.ones(len(dataset), bool),
        probs=probs,
        features=reduced(features) if isinstance(extractor.network, patches.PatchNetwork) else features,
        training_margin=margin,
    )


def settled(dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts) -> Choice:
    """The choice a killed run had settled, whatever the network says today; else made now and kept in `parts`."""
    name = f"choice_{_asked(dataset, settings)}"
    stored = parts.get(name)
    if stored is None:
        choice = choose(dataset, load, settings)
        parts.put(name, mode=np.array(choice.mode), model=np.array(choice.model), why=np.array(choice.why))
        return choice
    mode: Mode = "finetune" if str(stored["mode"]) == "finetune" else "probe"
    return Choice(mode, str(stored["model"]), str(stored["why"]), pick(settings.device).describe())


def _asked(dataset: Dataset, settings: ModelSettings) -> str:
    """A digest of all that a choice and the parts after it depend on."""
    asked = settings.model_dump_json(exclude={"device", "batch"})
    return digest_of(dataset.fingerprint, asked, content_of(settings.weights))[:12]


def _prepare(dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts, progress: Progress) -> Work:
    choice = settled(dataset, load, settings, parts=parts)
    return Work(
        dataset=dataset,
        load=load,
        settings=settings,
        choice=choice,
        seen=look(load, len(dataset)),
        device=pick(settings.device),
        parts=parts,
        progress=progress,
        key=f"{choice.model}_{_asked(dataset, settings)}",
    )


def content_of(weights: str | None) -> str:
    """A digest of the file's content: new weights under an old name are other weights."""
    if weights is None:
        return ""
    path = Path(weights).expanduser()
    if not path.is_file():
        raise NotFoundHere(f"There is no file {path}", wanted="a file with the network's state dict")
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "blake2b").hexdigest()


def _title(work: Work) -> str:
    """What people read as the model's name."""
    name, settings = work.choice.model, work.settings
    origin = f" ({Path(settings.weights).name})" if settings.weights else ""
    way = "trained per fold" if work.choice.mode == "finetune" else "linear heads"
    return f"{name}{origin}, {way}"


# -- features --------------------------------------------------------------------------------------------------------
def _extractor(work: Work) -> Extractor:
    """Where the features come from: never from anything that has seen a given label.

    A network with weights of its own gives the features of its trunk, also where it is trained further afterwards; a
    network trained from nothing gives none, and patches take its place.
    """
    model = work.choice.model
    if model == zoo.PATCHES or (model in SMALL and work.settings.weights is None):
        return _patches(work)
    recipe = zoo.recipe_for(model, work.settings, side=work.seen.side)
    trunk = zoo.without_head(zoo.pretrained(model, work.settings, recipe, work.progress))
    batch = work.settings.batch or batch_for(recipe.fit.size, work.device)
    return Extractor(f"features_{work.key}", zoo.Prepared(trunk, recipe), recipe.fit, batch)


def _patches(work: Work) -> Extractor:
    """The patch dictionary of this data set, learnt or taken from the parts."""
    plan = patches.plan_for(work.seen)
    stored = work.parts.get(f"dictionary_{work.key}")
    if stored is None:
        n = len(work.dataset)
        chosen = np.random.default_rng([work.settings.seed, 0x5A]).permutation(n)[: patches.N_IMAGES]
        work.progress.start("patch dictionary", 1)
        learnt = patches.learn(decoded(work.load, np.sort(chosen), plan.fit), plan, seed=work.settings.seed)
        stored = {"filters": learnt.filters, "offset": learnt.offset}
        work.parts.put(f"dictionary_{work.key}", **stored)
        work.progress.advance()
    network = patches.PatchNetwork(patches.Dictionary(stored["filters"], stored["offset"]), plan)
    return Extractor(f"features_{work.key}", network, plan.fit, batch=work.settings.batch or 128, exact=True)


def batch_for(size: int, device: Device) -> int:
    """Images at once through a network, by their size: what measured fastest, where memory allows it."""
    most = 512 if device.is_accelerator else 64
    return max(8, min(most, most * 224**2 // size**2)) if size > 64 else 4 * most


# -- training --------------------------------------------------------------------------------------------------------
def _finetuned(work: Work, folds: NDArray[np.int64]) -> finetune.Learnt:
    dataset, settings, model = work.dataset, work.settings, work.choice.model
    recipe = zoo.recipe_for(model, settings, side=work.seen.side)
    from_weights = settings.weights is not None or model not in SMALL

    def make() -> torch.nn.Module:
        if not from_weights:
            return zoo.Prepared(zoo.build(model, dataset.n_classes), recipe)
        trunk = zoo.pretrained(model, settings, recipe, work.progress)
        return zoo.Prepared(zoo.with_head(trunk, dataset.n_classes), recipe)

    small = work.seen.side <= SMALL_SIDE
    augment = Augment(shift=0.1, zoom=0.0 if small else 0.15, flip=not (small and work.seen.grey))
    plan = Plan(
        epochs=settings.epochs or epochs_for(len(dataset), from_weights=from_weights),
        batch=settings.batch or train_batch_for(len(dataset), from_weights=from_weights),
        rate=rate_for(model, from_weights=from_weights),
        augment=augment,
        seed=settings.seed,
    )
    job = finetune.Job(
        images=Images(work.load, len(dataset), recipe.fit),
        given=dataset.given,
        n_classes=dataset.n_classes,
        make=make,
        plan=plan,
        device=work.device,
    )
    prefix = f"learnt_{work.key}_{plan.batch}"
    return finetune.cross_validated(job, folds, parts=work.parts, prefix=prefix, progress=work.progress)


def epochs_for(n_images: int, *, from_weights: bool) -> int:
    """Epochs by data size: few images need many, and networks with weights need few."""
    seen, least, most = (60_000, 3, 12) if from_weights else (600_000, 12, 40)
    return int(min(most, max(least, seen // max(1, n_images))))


def train_batch_for(n_images: int, *, from_weights: bool) -> int:
    """Images per step: small sets need small steps to make enough of them."""
    return 32 if from_weights else int(min(128, max(16, 2 ** round(np.log2(max(1, n_images) / 50)))))


def rate_for(model: str, *, from_weights: bool) -> float:
    """The highest learning rate: networks without batch normalisation, and given weights, bear less."""
    if from_weights:
        return 0.005
    return 0.02 if model in ("lenet", "alexnet_small") else 0.1
