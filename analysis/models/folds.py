"""Stratified cross-validation folds, by seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_folds(given: NDArray[np.integer], n_folds: int, *, seed: int) -> NDArray[np.int64]:
    """The fold (N,) in 0..n_folds-1 of every image.

    The images of a class are shuffled and dealt out one by one, each class going on where the last one stopped: in
    every fold a class has the same number of images, give or take one, and so have the folds as wholes. A class with
    fewer images than folds is absent from some folds; a class with one image is absent from the training images of
    the fold that holds it. With fewer images than folds every image is a fold of its own.
    """
    n_folds = max(1, min(n_folds, len(given)))
    rng = np.random.default_rng([seed, 0xF01D])
    order = rng.permutation(len(given))
    order = order[np.argsort(given[order], kind="stable")]
    folds = np.empty(len(given), np.int64)
    folds[order] = np.arange(len(given)) % n_folds
    return folds
