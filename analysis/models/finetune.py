"""Held-out probabilities by training the network itself, once per fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.base.progress import Parts, Progress
from analysis.models.calibrate import best_temperature
from analysis.models.device import Device
from analysis.models.folds import stratified_folds
from analysis.models.memory import Batch
from analysis.models.probe import Matrix, with_unseen
from analysis.models.train import Images, Plan, Rows, Trainer, seeded

HELD_BACK = 10  # one in so many of a fold's training images sets the temperature instead of the weights
FEWEST = 100  # such images: from fewer no temperature is fitted, and all images train


@dataclass(frozen=True)
class Job:
    """What is trained on what: images and given labels (N,) of K classes, and how to make a new network for K."""

    images: Images
    given: NDArray[np.int64]
    n_classes: int
    make: Callable[[], torch.nn.Module]
    plan: Plan
    device: Device


@dataclass(frozen=True)
class Learnt:
    """Held-out probabilities (N, K) float32, and how willingly each label was learnt.

    `margin` (N,) float32: the area under the margin of the given label [Pleiss20], the mean of the networks that were
    trained on the image; NaN where none was.
    """

    probs: Matrix
    margin: NDArray[np.float32]


def cross_validated(job: Job, folds: NDArray[np.int64], *, parts: Parts, prefix: str, progress: Progress) -> Learnt:
    """Held-out probabilities: every fold by a network that was trained on the others; and the margins while learning.

    folds (N,) as `stratified_folds` makes them. Finished folds, and the last saved epoch of the one at work, are kept
    in `parts` under `prefix`. The networks' own features are not given away: each fold's network has axes of its own,
    and a network that has learnt an image's given label puts the image where that label wants it.
    """
    out = np.zeros((len(job.given), job.n_classes), np.float32)
    margin, networks = np.zeros(len(job.given)), np.zeros(len(job.given))
    names = np.unique(folds)
    # one for all folds: what did not fit into memory once will not fit the next time
    batch = Batch(job.plan.batch, progress)
    for number, fold in enumerate(names):
        test = np.flatnonzero(folds == fold)
        learn, held = _split(job, np.flatnonzero(folds != fold))
        total = job.plan.epochs * len(learn)
        progress.start(f"training, fold {number + 1} of {len(names)}", total)
        part = parts.get(f"{prefix}_{fold}")
        if part is None:
            keep = _Kept(parts, f"{prefix}_{fold}_epoch")
            trained, margins = _trained(job, learn, batch=batch, keep=keep, progress=progress)
            part = {"probs": _probabilities(job, trained, learn=learn, held=held, test=test), "margins": margins}
            parts.put(f"{prefix}_{fold}", **part)
            parts.put(keep.name)  # the epoch is no longer needed: its name stays, its megabytes go
        else:
            progress.advance(total)
        out[test] = part["probs"]
        margin[learn] += part["margins"]
        networks[learn] += 1
    mean = np.divide(margin, networks, out=np.full(len(margin), np.nan), where=networks > 0)
    return Learnt(out, mean.astype(np.float32))


def _split(job: Job, train: Rows) -> tuple[Rows, Rows]:
    """The images that train the weights, and those held back for the temperature."""
    held = stratified_folds(job.given[train], HELD_BACK, seed=job.plan.seed) == 0
    if held.sum() < FEWEST:
        held[:] = False
    return train[~held], train[held]


@dataclass(frozen=True)
class _Kept:
    parts: Parts
    name: str


def _trained(
    job: Job, learn: Rows, *, batch: Batch, keep: _Kept, progress: Progress
) -> tuple[Trainer | None, NDArray[np.float32]]:
    if len(learn) == 0:
        return None, np.zeros(0, np.float32)
    with seeded(job.plan.seed, job.device):
        network = job.make()
    trainer = Trainer(network, job.plan, images=job.images, device=job.device, batch=batch)
    return trainer, trainer.fit(learn, job.given[learn], parts=keep.parts, name=keep.name, progress=progress)


def _probabilities(job: Job, trained: Trainer | None, *, learn: Rows, held: Rows, test: Rows) -> Matrix:
    """Probabilities (n, K) of the images `test`; even ones where there was nothing to train on."""
    if trained is None:
        return np.full((len(test), job.n_classes), 1 / job.n_classes, np.float32)
    given = torch.from_numpy(job.given[held])
    temperature = best_temperature(trained.predict(held), given) if len(held) else 1.0
    probs = torch.softmax(trained.predict(test).double() / temperature, dim=1).numpy()
    present = np.unique(job.given[learn])
    seen = np.zeros_like(probs)
    seen[:, present] = probs[:, present] / probs[:, present].sum(axis=1, keepdims=True)
    return with_unseen(seen, present, len(learn))
