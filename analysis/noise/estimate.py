"""How many labels are wrong: in all, per given class and per pair of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.noise.chance import Combined
from analysis.noise.scorer import ScorerInputs

Floats = NDArray[np.float64]
PAIRS = 200  # the fullest ones are listed
NORMAL = 1.96  # standard deviations on either side of a 95 % interval


def estimate_wrong(inputs: ScorerInputs, chances: Combined | None) -> dict[str, Any]:
    """The estimated share of wrong labels over all, per class and per pair.

    With `chances` (as `combine` learns them) the expected numbers are sums of suspicion, `method` "chances"; without,
    1 - trace Q of the calibrated confident joint [North21a], "confident_joint", which takes a weak model's own mistakes
    for wrong labels. Gives `value`, `n` (images), `n_images`, `low`, `high`: a 95 % interval for the chance of drawing
    these images, and with `chances` also for how the errors came about; no interval holds what the model gets wrong
    and is sure of, so it is a hint, to be checked by a random audit (METHODS 8.3). `classes`, and with `chances`
    `class_low`, `class_high`: the share per given class, in class order, None for a class without images. `pairs`, the
    fullest ones first: `given`, `suggested`, and `n` wrong labels of that pair, with `low` and `high` where known.
    """
    if chances is None:
        return _by_joint(inputs)
    p = np.asarray(chances.suspicion, np.float64)
    value = float(p.mean())
    stretch = (min(chances.low, value) / value, max(chances.high, value) / value) if value else (0.0, 1.0)
    classes = _expected(p, inputs.given, inputs.n_classes, stretch)
    shares = [[None if n == 0 else float(x / n) for x, n in zip(side, classes[3], strict=True)] for side in classes[:3]]
    return {
        "method": "chances",
        "value": value,
        "low": stretch[0] * value,
        "high": stretch[1] * value,
        "n": round(float(p.sum())),
        "n_images": len(p),
        "classes": shares[0],
        "class_low": shares[1],
        "class_high": shares[2],
        "pairs": _pairs(inputs, p, stretch),
    }


def _expected(p: Floats, group: NDArray[Any], n_groups: int, stretch: tuple[float, float]) -> list[Floats]:
    """Expected wrong labels per group, the ends of their 95 % intervals, and the images, each (G,).

    `stretch`: by how much all chances together may be too high and too low.
    """
    total, images = np.bincount(group, p, minlength=n_groups), np.bincount(group, minlength=n_groups)
    spread = NORMAL * np.sqrt(np.bincount(group, p * (1 - p), minlength=n_groups))
    low, high = np.maximum(0, stretch[0] * total - spread), np.minimum(images, stretch[1] * total + spread)
    return [total, low, high, images]


def _pairs(inputs: ScorerInputs, p: Floats, stretch: tuple[float, float]) -> list[dict[str, Any]]:
    differs = inputs.facts.other != inputs.given
    keys = inputs.given[differs] * inputs.n_classes + inputs.facts.other[differs]
    names, group = np.unique(keys, return_inverse=True)
    total, low, high, _ = _expected(p[differs], group, len(names), stretch)
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
