"""Predictions from features and labels alone: the classes whose other images an image is like. Nothing is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.checks import top_of_block
from analysis.base.types import Predictions
from analysis.noise.class_image_graph import clean
from analysis.noise.evidence import BLOCK, Evidence

MODEL = "likeness to the images of each class"
TOP = 10


def likely_classes(
    features: NDArray[Any], given: NDArray[np.int64], *, n_classes: int, tie: NDArray[np.int64] | None = None
) -> Predictions:
    """The `TOP` likeliest classes of every image, each image compared with the others, itself left out.

    features (N, D), given (N,) in 0..K-1. All classes are as likely beforehand, and together as likely as none of
    them. What speaks for none is left out of the sums, but for the only image of a class: with itself left out its
    class is the one that nobody knows, so that it gets what the known ones leave. As no label of its own helps an
    image, the predictions are held out.
    """
    evidence = clean(features, given, n_classes=n_classes, tie=tie).evidence
    k = min(TOP, n_classes)
    top_class, top_prob = np.empty((len(given), k), np.int64), np.empty((len(given), k), np.float32)
    for rows in row_blocks(len(given), (len(evidence.groups.size) + n_classes) * 8, block_bytes=BLOCK):
        probs = _probabilities(evidence, np.arange(rows.start, rows.stop), n_classes)
        top_class[rows] = top_of_block(probs, k)
        top_prob[rows] = np.take_along_axis(probs, top_class[rows], axis=1)
    return Predictions(
        MODEL, n_classes, np.ones(len(given), bool), top_class=top_class, top_prob=top_prob, features=features
    )


def _probabilities(evidence: Evidence, rows: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """(M, K), rows summing to at most one."""
    given, groups = evidence.given[rows], evidence.groups
    odds = evidence.log_odds(rows).astype(np.float64)
    classes, starts = np.unique(groups.class_of, return_index=True)
    best = np.maximum.reduceat(odds, starts, axis=1)
    alone = np.flatnonzero(np.bincount(evidence.given, minlength=n_classes)[given] == 1)
    best[alone, np.searchsorted(classes, given[alone])] = -np.inf
    best -= np.log(len(classes))
    highest = np.maximum(best.max(axis=1), 0)[:, None]
    weight = np.exp(best - highest)
    none = np.exp(-highest[:, 0])
    total = weight.sum(axis=1) + none
    probs = np.zeros((len(rows), n_classes))
    probs[:, classes] = weight / total[:, None]
    probs[alone, given[alone]] = (none / total)[alone]
    return probs
