"""The same linear heads trained on two versions of the labels, in pairs that differ in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.models import probe
from analysis.models.device import pick
from analysis.models.folds import stratified_folds

Labels = NDArray[np.integer[Any]]
SHARE = 0.9  # of the training images that each seed draws: seeds then differ in what they saw, not in rounding alone


@dataclass(frozen=True, eq=False)
class Versions:
    """Two versions of the labels of N images, `before` and `after` (N,) in 0..K-1; -1 = not trained on."""

    before: Labels
    after: Labels
    n_classes: int


def retrained(
    features: NDArray[np.floating],
    versions: Versions,
    trusted: NDArray[np.integer],
    *,
    n_folds: int,
    seeds: Sequence[int],
    device: str = "auto",
    progress: Progress,
) -> tuple[Labels, Labels]:
    """What heads trained on either version predict for the trusted images: two (S, M) arrays of class numbers.

    features (N, D); `trusted` (M,) rows that are predicted. With one fold no trusted image is ever trained on; with
    more, each fold of them is predicted by heads that were trained on the others. Either way both versions see the same
    images, in the same folds, from the same seed.
    """
    place = pick(device)
    name = place.name if place.kind == "cuda" else "cpu"
    out = np.zeros((2, len(seeds), len(trusted)), np.int64)
    progress.start("training on both versions", 2 * len(seeds) * n_folds * probe.STEPS)
    for s, seed in enumerate(seeds):
        folds = stratified_folds(versions.before[trusted], n_folds, seed=seed)
        drawn = np.random.default_rng([seed, 0x90]).random(len(features)) < SHARE
        for fold in np.unique(folds):
            held = trusted[folds == fold]
            train = drawn.copy()
            train[held] = False
            pair = _pair(features, versions, train, held=held, seed=seed, device=name, progress=progress)
            out[:, s, folds == fold] = pair
    return out[0], out[1]


def _pair(
    features: NDArray[np.floating],
    versions: Versions,
    train: NDArray[np.bool_],
    *,
    held: Labels,
    seed: int,
    device: str,
    progress: Progress,
) -> list[Labels]:
    """What the heads of both versions predict for the rows `held`; the same labels make the same head."""
    test = np.asarray(features[held], np.float32)
    found: list[Labels] = []
    for labels in (versions.before, versions.after):
        rows = np.flatnonzero(train & (labels >= 0))
        if not len(rows):
            raise BadInput("No image is left to train on", wanted="fewer trusted or dropped images")
        if found and np.array_equal(versions.before[train], labels[train]):
            progress.advance(probe.STEPS)
            found.append(found[0])
            continue
        head = probe.fit(
            np.asarray(features[rows], np.float32),
            labels[rows].astype(np.int64),
            seed=seed,
            device=device,
            progress=progress,
        )
        found.append(head.probabilities(test, versions.n_classes).argmax(axis=1))
    return found
