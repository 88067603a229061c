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
from analysis.models.train import Images, Plan, Trainer, seeded

HELD_BACK = 10  # one in so many of a fold's training images sets the temperature instead of the weights
FEWEST = 50  # such images: from fewer no temperature is fitted, and all images train


@dataclass(frozen=True)
class Job:
    """What is trained on what: images and given labels (N,) of K classes, and how to make a new network for K."""

    images: Images
    given: NDArray[np.int64]
    n_classes: int
    make: Callable[[], torch.nn.Module]
    plan: Plan
    device: Device


def cross_validated(job: Job, folds: NDArray[np.int64], *, parts: Parts, prefix: str, progress: Progress) -> Matrix:
    """Held-out probabilities (N, K) float32: every fold by a network that was trained on the others.

    folds (N,) as `stratified_folds` makes them. Finished folds, and the last saved epoch of the one at work, are kept
    in `parts` under `prefix`. The networks' own features are not given away: each fold's network has axes of its own,
    and a network that has learnt an image's given label puts the image where that label wants it.
    """
    out = np.zeros((len(job.given), job.n_classes), np.float32)
    names = np.unique(folds)
    # one for all folds: what did not fit into memory once will not fit the next time
    batch = Batch(job.plan.batch, progress)
    for number, fold in enumerate(names):
        test = np.flatnonzero(folds == fold)
        train = np.flatnonzero(folds != fold)
        progress.start(f"training, fold {number + 1} of {len(names)}", job.plan.epochs * len(train))
        part = parts.get(f"{prefix}_{fold}")
        if part is None:
            keep = _Kept(parts, f"{prefix}_{fold}_epoch")
            part = {"probs": _fold(job, train, test, batch=batch, keep=keep, progress=progress)}
            parts.put(f"{prefix}_{fold}", **part)
            parts.put(keep.name)  # the epoch is no longer needed: its name stays, its megabytes go
        out[test] = part["probs"]
    return out


@dataclass(frozen=True)
class _Kept:
    parts: Parts
    name: str


def _fold(
    job: Job, train: NDArray[np.int64], test: NDArray[np.int64], *, batch: Batch, keep: _Kept, progress: Progress
) -> Matrix:
    """Probabilities (n, K) of the images `test` by a network trained on the images `train`."""
    if len(train) == 0:
        return np.full((len(test), job.n_classes), 1 / job.n_classes, np.float32)
    held = stratified_folds(job.given[train], HELD_BACK, seed=job.plan.seed) == 0
    if held.sum() < FEWEST:
        held[:] = False
    learn = train[~held]
    with seeded(job.plan.seed, job.device):
        network = job.make()
    trainer = Trainer(network, job.plan, images=job.images, device=job.device, batch=batch)
    trainer.fit(learn, job.given[learn], parts=keep.parts, name=keep.name, progress=progress)
    temperature = 1.0
    if held.any():
        temperature = best_temperature(trainer.predict(train[held]), torch.from_numpy(job.given[train[held]]))
    probs = torch.softmax(trainer.predict(test).double() / temperature, dim=1).numpy()
    present = np.unique(job.given[learn])
    seen = np.zeros_like(probs)
    seen[:, present] = probs[:, present] / probs[:, present].sum(axis=1, keepdims=True)
    return with_unseen(seen, present, len(learn))
