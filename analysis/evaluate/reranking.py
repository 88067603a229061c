"""Models scored and ranked anew when label errors are taken out, without running any of them. [Higuchi22] [Beyer20]

M models, N images. What a model gets right is a matter of two questions, asked once per image: does it say the given
label, and does it say one that holds? Every way of scoring is a sum over kinds of label error of one or the other, so
one pass over the images serves all ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.labelsets import LabelSets
from analysis.evaluate.kinds import CLEAN, NAMES, NONE_FITS, SEVERAL, WITHOUT, WRONG, kinds_of

Array = NDArray[Any]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
By = Literal["given", "held"]
RESAMPLES = 2000
BLOCK = 1 << 24  # weights of resamples held at once: 64 MiB


@dataclass(frozen=True)
class Way:
    """A way of scoring: which kinds of images count, and whether the given label or one that holds must be said."""

    name: str
    title: str
    short: str
    plain: str
    parts: tuple[tuple[int, By], ...]

    @property
    def kinds(self) -> tuple[int, ...]:
        """The kinds of label error whose images count."""
        return tuple(kind for kind, _ in self.parts)


_EVERY = (CLEAN, WRONG, SEVERAL, WITHOUT, NONE_FITS)
WAYS: dict[str, Way] = {
    way.name: way
    for way in (
        Way("all", "All images", "All", "the given label, on all images", tuple((kind, "given") for kind in _EVERY)),
        Way(
            "without_wrong",
            "Without wrong labels",
            "Without wrong",
            "the given label, without images that hold one other label",
            tuple((kind, "given") for kind in _EVERY if kind != WRONG),
        ),
        Way(
            "without_all",
            "Without label errors",
            "Without errors",
            "the given label, on images where it alone holds",
            ((CLEAN, "given"),),
        ),
        Way(
            "corrected",
            "Corrected labels",
            "Corrected",
            "one label per image: the right one where it is another, the given one where it is one of several; "
            "images without a single right label are left out",
            ((CLEAN, "given"), (WRONG, "held"), (SEVERAL, "given")),
        ),
        Way(
            "real",
            "Any label that holds",
            "Any that holds",
            "any label that holds counts as right (ReaL accuracy); images that no label fits are left out",
            ((CLEAN, "given"), (WRONG, "held"), (SEVERAL, "held"), (WITHOUT, "held")),
        ),
    )
}


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What M models get right on N images: `given` (M, N) they say the given label, `held` (M, N) one that holds.

    `kinds` (N,) are the kinds of label error. `names` are the models'.
    """

    names: tuple[str, ...]
    given: Bools
    held: Bools
    kinds: NDArray[np.int8]

    def on(self, rows: Array) -> Outcomes:
        """The same on some images only."""
        return Outcomes(self.names, self.given[:, rows], self.held[:, rows], self.kinds[rows])


@dataclass(frozen=True, eq=False)
class Scored:
    """M models scored in one way on `n` images.

    `n_right` (M,); `accuracy` (M,) with its bootstrap interval `low`..`high` (95 %, NaN without images); `rank` (M,)
    from 1, equal accuracies sharing the better one, with its interval `rank_low`..`rank_high` over the same resamples.
    `only[i, j]` (M, M): images that count and that model i gets right and model j does not.
    """

    n: int
    n_right: Ints
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rank: Ints
    rank_low: Ints
    rank_high: Ints
    only: Ints


def outcomes(models: Iterable[tuple[str, Array]], given: Array, sets: LabelSets, *, k: int = 1) -> Outcomes:
    """What models get right among their `k` best classes; `models` gives (name, top_class (N,) or (N, >= k)), of which
    one is held at a time."""
    names, as_given, as_held = [], [], []
    for name, top in models:
        lists = top[:, None] if top.ndim == 1 else top
        if lists.shape[1] < k or len(lists) != len(given):
            raise BadInput(f"{name} has {lists.shape} classes", wanted=f"{len(given)} images with {k} classes each")
        names.append(name)
        held = np.zeros(len(given), bool)
        said = np.zeros(len(given), bool)
        for column in lists[:, :k].T:
            held |= sets.hold(column)
            said |= column == given
        as_given.append(said)
        as_held.append(held)
    if not names:
        raise BadInput("There are no models to compare", wanted="the predictions of at least one")
    return Outcomes(tuple(names), np.stack(as_given), np.stack(as_held), kinds_of(given, sets))


def score(found: Outcomes, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Scored]:
    """Every way of scoring, by its name. All ways share the resampled images, so their intervals belong together.

    One pass in blocks of resamples: images are drawn with replacement as a matrix of counts, and all models are scored
    by one product with it. `resamples` of 0 leaves the intervals as wide as they can be.
    """
    pieces = _pieces(found)
    drawn = _resampled(pieces, found.kinds, resamples, seed)
    pairs = {part: _both(piece) for part, piece in pieces.items()}
    scored = {}
    for way in WAYS.values():
        n = sum(pieces[part].shape[1] for part in way.parts)
        both = sum((pairs[part] for part in way.parts), np.zeros((len(found.names),) * 2, np.int64))
        n_right = np.diagonal(both)
        hits = sum((drawn.hits[part] for part in way.parts), np.zeros((len(found.names), resamples)))
        total = sum((drawn.totals[kind] for kind in way.kinds), np.zeros(resamples))
        scored[way.name] = _scored(n, n_right, n_right[:, None] - both, hits=hits, total=total)
    return scored


def right_on(found: Outcomes, way: Way, model: int) -> tuple[Bools, Bools]:
    """(right (N,), counts (N,)) of one model in one way of scoring."""
    right, counts = np.zeros(len(found.kinds), bool), np.zeros(len(found.kinds), bool)
    for kind, by in way.parts:
        mine = found.kinds == kind
        counts |= mine
        right |= mine & getattr(found, by)[model]
    return right, counts


def by_group(found: Outcomes, way: Way, group: Array, n_groups: int) -> tuple[Ints, Ints]:
    """(n_right (M, G), n (G,)) of one way per group of images, such as classes or communities; `group` (N,)."""
    _, counts = right_on(found, way, 0)
    n = np.bincount(group[counts], minlength=n_groups)
    rows = [np.bincount(group[right_on(found, way, m)[0]], minlength=n_groups) for m in range(len(found.names))]
    return np.stack(rows).astype(np.int64), n.astype(np.int64)


def ranks(accuracy: Array) -> Ints:
    """Ranks from 1 along the first axis, the highest first, NaN last; equal ones share the better rank."""
    from scipy.stats import rankdata

    values = np.asarray(accuracy, np.float64)
    return np.asarray(rankdata(np.where(np.isnan(values), np.inf, -values), method="min", axis=0), np.int64)


# -- inside ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Drawn:
    """Per piece the images each model gets right in every resample (M, R), per kind how many there are (R,)."""

    hits: dict[tuple[int, By], NDArray[np.float64]]
    totals: dict[int, NDArray[np.float64]]


def _pieces(found: Outcomes) -> dict[tuple[int, By], Bools]:
    """(M, n) right or not, by kind and question: what the ways of scoring are made of."""
    wanted = {part for way in WAYS.values() for part in way.parts}
    return {(kind, by): getattr(found, by)[:, found.kinds == kind] for kind, by in sorted(wanted)}


def _resampled(pieces: dict[tuple[int, By], Bools], kinds: NDArray[np.int8], resamples: int, seed: int) -> _Drawn:
    """Images are numbered by their kind here: which of them is drawn is a matter of chance anyway, and a kind is then
    a slice of the weights, not a copy."""
    hits = {part: np.zeros((len(piece), resamples)) for part, piece in pieces.items()}
    totals = {kind: np.zeros(resamples) for kind, _ in pieces}
    as_floats = {part: piece.astype(np.float32) for part, piece in pieces.items()}
    ends = np.concatenate([[0], np.cumsum(np.bincount(kinds, minlength=len(NAMES)))])
    for at, weights in _weights(len(kinds), resamples, seed):
        for kind, total in totals.items():
            counted = weights[:, ends[kind] : ends[kind + 1]]
            total[at] = counted.sum(axis=1, dtype=np.float64)
            for by in ("given", "held"):
                if (kind, by) in hits:
                    hits[kind, by][:, at] = as_floats[kind, by] @ counted.T  # counts below 2**24: exact in float32
    return _Drawn(hits, totals)


def _weights(n: int, resamples: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Blocks of resamples: how often each image was drawn, (block, N) float32; none without images."""
    if n == 0:
        return
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // n)
    for start in range(0, resamples, step):
        weights = np.empty((min(step, resamples - start), n), np.float32)
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n, dtype=np.int32), minlength=n)
        yield slice(start, start + len(weights)), weights


def _both(right: Bools, block: int = 1 << 18) -> Ints:
    """Images that two models get right, (M, M)."""
    total = np.zeros((len(right),) * 2, np.int64)
    for start in range(0, right.shape[1], block):
        part = right[:, start : start + block].astype(np.float32)
        total += (part @ part.T).astype(np.int64)
    return total


def _scored(n: int, n_right: Ints, only: Ints, *, hits: NDArray[np.float64], total: NDArray[np.float64]) -> Scored:
    m = len(n_right)
    accuracy = n_right / n if n else np.full(m, np.nan)
    drawn = hits[:, total > 0] / total[total > 0]  # a resample of few images may hold none that counts
    if n == 0 or drawn.shape[1] == 0:
        low, high = np.full(m, np.nan if n == 0 else 0.0), np.full(m, np.nan if n == 0 else 1.0)
        rank_low, rank_high = np.ones(m, np.int64), np.full(m, m)
    else:
        low, high = np.percentile(drawn, (2.5, 97.5), axis=1)
        rank_low, rank_high = np.percentile(ranks(drawn), (2.5, 97.5), axis=1, method="inverted_cdf").astype(np.int64)
    return Scored(
        n, n_right, accuracy, low, high, rank=ranks(n_right), rank_low=rank_low, rank_high=rank_high, only=only
    )
