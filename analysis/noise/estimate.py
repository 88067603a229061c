"""How many labels are wrong: in all, per given class and per pair of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.noise.chance import Combined
from analysis.noise.scorer import ScorerInputs

Array = NDArray[Any]
Floats = NDArray[np.float64]
PAIRS = 200  # the fullest ones are listed
NORMAL = 1.96  # standard deviations on either side of a 95 % interval


def estimate_wrong(inputs: ScorerInputs, chances: Combined | None) -> dict[str, Any]:
    """The estimated share of wrong labels over all, per class and per pair.

    With `chances` (as `combine` learns them) the expected numbers are sums of suspicion, `method` "chances"; without,
    1 - trace Q of the calibrated confident joint [North21a], "confident_joint", which takes a weak model's own mistakes
    for wrong labels. Gives `value`, `n` (images), `n_images`, `low`, `high`: a 95 % interval for the chance of drawing
    these images, and with `chances` also for what no data without verdicts can tell apart (`typical.py`). Wrong labels
    that the model takes for right are in no interval, so it is a hint, to be checked by a random audit (METHODS 8.3).
    `classes`, and with `chances` `class_low`, `class_high`: the share per given class, in class order, None for a class
    without images. `pairs`, the fullest ones first: `given`, `suggested`, and `n` wrong labels of that pair, with `low`
    and `high` where known.
    """
    if chances is None:
        return _by_joint(inputs)
    p = np.asarray(chances.suspicion, np.float64)
    value, low, high = float(p.mean()), float(chances.low), float(chances.high)
    classes = _expected(chances, inputs.given, inputs.n_classes)
    images = np.bincount(inputs.given, minlength=inputs.n_classes)
    shares = [[None if n == 0 else float(x / n) for x, n in zip(side, images, strict=True)] for side in classes]
    return {
        "method": "chances",
        "value": value,
        "low": min(low, value),
        "high": max(high, value),
        "n": round(float(p.sum())),
        "n_images": len(p),
        "classes": shares[0],
        "class_low": shares[1],
        "class_high": shares[2],
        "pairs": _pairs(inputs, chances),
    }


def _expected(chances: Combined, group: Array, n_groups: int, rows: Array | slice = slice(None)) -> list[Floats]:
    """Expected wrong labels per group of the images `rows`, and the ends of their 95 % intervals, each (G,)."""
    total, low, high = (
        np.bincount(group, p[rows], minlength=n_groups) for p in (chances.suspicion, chances.least, chances.most)
    )
    images = np.bincount(group, minlength=n_groups)
    # a sum of independent chances spreads about its mean like a Poisson count, so its mean lies at most this far off
    spread = NORMAL * np.sqrt(np.maximum(low, 0)), NORMAL * np.sqrt(high + 1)
    return [total, np.maximum(0, low - spread[0]), np.minimum(images, high + spread[1])]


def _pairs(inputs: ScorerInputs, chances: Combined) -> list[dict[str, Any]]:
    differs = np.flatnonzero(inputs.facts.other != inputs.given)
    keys = inputs.given[differs] * inputs.n_classes + inputs.facts.other[differs]
    names, group = np.unique(keys, return_inverse=True)
    total, low, high = _expected(chances, group, len(names), differs)
    first = np.argsort(-total, kind="stable")[:PAIRS]
    return [
        {
            "given": int(names[i] // inputs.n_classes),
            "suggested": int(names[i] % inputs.n_classes),
            "n": float(total[i]),
            "low": float(low[i]),
            "high": float(high[i]),
        }
        for i in first
    ]


def _by_joint(inputs: ScorerInputs) -> dict[str, Any]:
    joint = inputs.confident.joint
    right = joint.diagonal()
    n_images = int(joint.n_given.sum())
    wrong = n_images - int(right.sum())
    low, high = wilson(wrong, n_images)
    off = np.flatnonzero(joint.given != joint.true)
    first = off[np.argsort(-joint.count[off], kind="stable")][:PAIRS]
    return {
        "method": "confident_joint",
        "value": wrong / n_images,
        "low": low,
        "high": high,
        "n": wrong,
        "n_images": n_images,
        "classes": [
            None if n == 0 else float((n - ok) / n)
            for n, ok in zip(joint.n_given.tolist(), right.tolist(), strict=True)
        ],
        "pairs": [
            {"given": int(joint.given[i]), "suggested": int(joint.true[i]), "n": float(joint.count[i])} for i in first
        ],
    }
