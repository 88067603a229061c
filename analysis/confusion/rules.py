"""Rules that call a label wrong by the communities of its class and of the prediction (METHODS 1.6).

They are measured claims, not gates: precise when labels are wrong at random, worse than plain disagreement when people
mistook similar classes (METHODS 1.7). The product uses the border as a tag only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


def strict(given: NDArray[Any], top_class: NDArray[Any], community: NDArray[Any]) -> Flags:
    """R1, (N,): none of an image's listed best classes (N, k) is in the community of its given class."""
    return np.asarray((community[top_class] != community[given][:, None]).all(axis=1))


def cross_community(given: NDArray[Any], predicted: NDArray[Any], community: NDArray[Any]) -> Flags:
    """R2, (N,): the predicted class is in another community (K,) than the given class."""
    return np.asarray(community[predicted] != community[given])


def not_listed(given: NDArray[Any], top_class: NDArray[Any]) -> Flags:
    """R3, (N,): the given class is not among an image's listed best classes (N, k). Needs no graph."""
    return np.asarray((top_class != np.asarray(given)[:, None]).all(axis=1))


def disagrees(given: NDArray[Any], predicted: NDArray[Any]) -> Flags:
    """Plain disagreement, (N,), with which every rule is to be compared."""
    return np.asarray(predicted != given)
