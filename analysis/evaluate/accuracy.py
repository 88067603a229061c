"""Accuracy of held-out predictions with its uncertainty, against the given and, where known, the true labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.checks import check_labels
from analysis.base.errors import BadInput
from analysis.base.types import UNKNOWN

Array = NDArray[Any]
OVERALL = -1  # class number of the row over all classes


@dataclass(frozen=True)
class Share:
    """`n_right` of `n` images: `value` (NaN when n = 0) and its Wilson 95 % interval `low`..`high`. [Wilson27]"""

    n_right: int
    n: int
    value: float
    low: float
    high: float


def share(n_right: int, n: int) -> Share:
    """The share `n_right` of `n` with its interval."""
    low, high = wilson(n_right, n)
    return Share(n_right, n, n_right / n if n else float("nan"), low, high)


def accuracy(predicted: Array, labels: Array) -> Share:
    """Share of images whose predicted class (N,) is their label (N,); labels of -1 (not known) are left out."""
    if predicted.shape != labels.shape or labels.ndim != 1:
        raise BadInput(f"Predicted classes are {predicted.shape}, labels {labels.shape}", wanted="(images,) both")
    known = labels != UNKNOWN
    return share(int(np.count_nonzero(predicted[known] == labels[known])), int(known.sum()))


def accuracy_table(predicted: Array, given: Array, *, n_classes: int, true: Array | None = None) -> pd.DataFrame:
    """Accuracy over all (class_id -1) and per class, a row each: class_id, against, n, n_right, accuracy, low, high.

    `against` is "given" or, where true labels (N,) are passed, also "true"; a class is that of the label compared with.
    Accuracy against given labels that are partly wrong is not the accuracy against the truth: show which one it is.
    """
    rows = []
    for against, labels in (("given", given), ("true", true)):
        if labels is None:
            continue
        check_labels(labels, n_classes, lowest=0 if against == "given" else UNKNOWN, what=against)
        rows.append((OVERALL, against, accuracy(predicted, labels)))
        n = np.bincount(labels[labels >= 0], minlength=n_classes)
        n_right = np.bincount(labels[(labels >= 0) & (predicted == labels)], minlength=n_classes)
        rows += [(k, against, share(int(n_right[k]), int(n[k]))) for k in range(n_classes)]
    return pd.DataFrame(
        {
            "class_id": [class_id for class_id, _, _ in rows],
            "against": [against for _, against, _ in rows],
            "n": [found.n for _, _, found in rows],
            "n_right": [found.n_right for _, _, found in rows],
            "accuracy": [found.value for _, _, found in rows],
            "low": [found.low for _, _, found in rows],
            "high": [found.high for _, _, found in rows],
        }
    )
