"""How many labels are wrong, estimated from the calibrated confident joint."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.base.arrays import wilson
from analysis.noise.scorer import ScorerInputs


def estimate_wrong(inputs: ScorerInputs) -> dict[str, Any]:
    """The estimated share of wrong labels, 1 - trace Q of the calibrated joint, over all and per class. [North21a]

    Gives `value`, `n` (images, cleanlab's off_diagonal_calibrated), `n_images`, and `low`, `high`: a Wilson 95 %
    interval that covers the chance of drawing these images, not what the model gets wrong [Wilson27]; `classes`: the
    share per given class, in class order, None for a class without images. It depends on how well calibrated the
    model is: a hint, to be checked by a random audit (METHODS 8.3).
    """
    joint = inputs.confident.joint
    right = joint.diagonal()
    n_images = int(joint.n_given.sum())
    wrong = n_images - int(right.sum())
    low, high = wilson(wrong, n_images)
    shares = np.divide(
        joint.n_given - right, joint.n_given, out=np.full(inputs.n_classes, np.nan), where=joint.n_given > 0
    )
    return {
        "value": wrong / n_images,
        "low": low,
        "high": high,
        "n": wrong,
        "n_images": n_images,
        "classes": [None if np.isnan(share) else float(share) for share in shares],
    }
