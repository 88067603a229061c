"""Held-out probabilities and features of every image: the whole way, in parts that survive a killed run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import digest_of
from analysis.base.config import ModelSettings
from analysis.base.progress import Parts, Progress
from analysis.base.types import Dataset, Predictions
from analysis.models import patches, probe
from analysis.models.device import pick
from analysis.models.folds import stratified_folds
from analysis.models.images import decoded, look
from analysis.models.predict import Extractor, extract
from analysis.models.reduce import reduced

if TYPE_CHECKING:
    from analysis.models import Load


def predict_held_out(
    dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts, progress: Progress
) -> Predictions:
    """See `analysis.models.predict_held_out`."""
    device = pick(settings.device)
    key = digest_of(dataset.fingerprint, settings.seed)[:8]
    extractor = patch_extractor(dataset, load, settings, parts=parts, progress=progress, key=key)
    features = extract(load, len(dataset), extractor, device=device, parts=parts, progress=progress)
    folds = stratified_folds(dataset.given, settings.folds, seed=settings.seed)
    probs = probe.cross_validated(
        features,
        dataset.given,
        folds,
        n_classes=dataset.n_classes,
        seed=settings.seed,
        device=device.name if device.kind == "cuda" else "cpu",
        parts=parts,
        prefix=f"{extractor.name}_{settings.folds}_head",
        progress=progress,
    )
    held_out = np.ones(len(dataset), bool)
    return Predictions(
        model=extractor.name, n_classes=dataset.n_classes, held_out=held_out, probs=probs, features=reduced(features)
    )


def patch_extractor(
    dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts, progress: Progress, key: str
) -> Extractor:
    """The patch dictionary of this data set, learnt or taken from `parts`, as an extractor."""
    plan = patches.plan_for(look(load, len(dataset)))
    name = f"{plan.name}_{key}"
    stored = parts.get(f"{name}_dictionary")
    if stored is None:
        rows = sample_rows(len(dataset), settings.seed)
        progress.start("patch dictionary", 1)
        learnt = patches.learn(decoded(load, rows, plan.fit), plan, seed=settings.seed)
        stored = {"filters": learnt.filters, "offset": learnt.offset}
        parts.put(f"{name}_dictionary", **stored)
        progress.advance()
    network = patches.PatchNetwork(patches.Dictionary(stored["filters"], stored["offset"]), plan)
    return Extractor(name=name, network=network, fit=plan.fit, batch=settings.batch or 128, exact=True)


def sample_rows(n_images: int, seed: int) -> NDArray[np.int64]:
    """The rows that the dictionary is learnt from, ascending."""
    rng = np.random.default_rng([seed, 0x5A])
    return np.sort(rng.permutation(n_images)[: patches.N_IMAGES])
