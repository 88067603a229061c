"""Plant wrong labels with a known pattern and keep the truth: for the demo, for benchmarks and for tests.

Axis convention: a transition matrix here is `given_of_true` with row = true class, p(given | true).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.base.checks import check_labels
from analysis.base.errors import BadInput

Pattern = Literal["uniform", "pairs", "mixture"]


@dataclass(frozen=True, eq=False)
class Planted:
    """Labels after planting: `given` (N,) int64 in 0..K-1, and where they were changed, `changed` (N,) bool.

    `to_partner` (N,) bool: changed to the partner class, not to a class drawn at random.
    """

    given: NDArray[np.int64]
    changed: NDArray[np.bool_]
    to_partner: NDArray[np.bool_]


def plant(
    true: NDArray[np.integer],
    n_classes: int,
    *,
    share: float,
    pattern: Pattern = "uniform",
    partner: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> Planted:
    """Change exactly round(share * N) labels of `true` (N,).

    uniform: to any other class, all equally likely. pairs: to `partner[class]` (K,), such as the look-alike. mixture:
    half of the changes (rounded down) uniform, the others to partners.
    """
    _check(true, n_classes, share)
    needs_partner = pattern != "uniform"
    if needs_partner and (partner is None or len(partner) != n_classes or (partner == np.arange(n_classes)).any()):
        raise ValueError(f"the pattern {pattern!r} needs a partner other than itself for each of {n_classes} classes")
    rng = np.random.default_rng(seed)
    n = round(share * len(true))
    rows = rng.permutation(len(true))[:n]
    n_uniform = {"uniform": n, "pairs": 0, "mixture": n // 2}[pattern]
    anywhere, to_partner = rows[:n_uniform], rows[n_uniform:]
    given = true.astype(np.int64)
    # one of the K-1 steps around the ring of classes never lands on the class itself
    given[anywhere] = (given[anywhere] + rng.integers(1, n_classes, n_uniform)) % n_classes
    if partner is not None:
        given[to_partner] = partner[given[to_partner]]
    moved = np.zeros(len(true), bool)
    moved[to_partner] = True
    return Planted(given, given != true, moved)


def plant_matrix(
    true: NDArray[np.integer], given_of_true: NDArray[np.floating], *, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give each class its row of `given_of_true` (K, K), p(given | true), as exactly as whole images allow.

    Returns (given (N,), changed (N,) bool). Counts per class are rounded by largest remainder, not drawn, so that the
    planted matrix is the one asked for.
    """
    k = len(given_of_true)
    if given_of_true.shape != (k, k) or (given_of_true < 0).any() or np.abs(given_of_true.sum(axis=1) - 1).max() > 1e-6:
        raise BadInput(
            f"The transition matrix has the shape {given_of_true.shape} or rows that do not sum to one",
            wanted="(classes, classes), row = true class, every row summing to one",
        )
    check_labels(np.asarray(true), k, lowest=0, what="true")
    rng = np.random.default_rng(seed)
    given = true.astype(np.int64)
    for label in range(k):
        rows = rng.permutation(np.flatnonzero(true == label))
        given[rows] = np.repeat(np.arange(k), _quota(given_of_true[label], len(rows)))
    return given, given != true


def lookalikes(vectors: NDArray[np.floating], labels: NDArray[np.integer], n_classes: int) -> NDArray[np.int64]:
    """For every class (K,) the class whose mean vector is nearest; `vectors` (N, D), every class has an image."""
    means = np.stack([vectors[labels == label].mean(axis=0) for label in range(n_classes)])
    square = (means**2).sum(axis=1)
    distance = square[:, None] + square - 2 * means @ means.T
    np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1)


def _quota(shares: NDArray[np.floating], n: int) -> NDArray[np.int64]:
    exact = shares * n
    counts = np.floor(exact).astype(np.int64)
    missing = n - int(counts.sum())
    counts[np.argsort(-(exact - counts), kind="stable")[:missing]] += 1
    return counts


def _check(true: NDArray[np.integer], n_classes: int, share: float) -> None:
    if not 0 <= share <= 1:
        raise BadInput(f"The share of wrong labels is {share}", wanted="a number in 0..1")
    if n_classes < 2:
        raise BadInput(f"There is {n_classes} class", wanted="two classes or more to plant wrong labels")
    check_labels(np.asarray(true), n_classes, lowest=0, what="true")
