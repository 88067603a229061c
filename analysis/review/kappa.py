"""Agreement of raters beyond chance, with intervals from resampled images. Pure arithmetic on category numbers.

All three coefficients are (observed - expected) / (1 - expected); they differ in what is expected by chance. Images
are the units that are resampled: the raters stay the same, so an interval speaks of other images, not other people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.arrays import row_blocks, wilson

TOO_FEW = 5  # images; below, no interval is given
RESAMPLES = 1000
NOBODY = -1  # in a set: fewer raters spoke of this image
_CERTAIN = 1e-12  # chance agreement closer to one than this is one, but for rounding
_DENSE = 1 << 16  # numbers; a small array is far quicker than a sparse one
_DEFINED = 0.9  # share of the resamples that must have a coefficient for the others to be left out

Measure = Literal["cohen", "fleiss", "alpha"]
Note = Literal["", "too few images", "one category only", "no disagreement seen", "too little variety"]
Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measured:
    """`raw`: share of agreeing pairs of opinions on the same image, mean over `n_images`, with its Wilson interval.

    `kappa`: agreement beyond chance, at most 1, 0 = as by chance; None where nothing but one category was used.
    `low`, `high`: its 95 % bootstrap interval; None, with the reason in `note`, where resampling tells nothing.
    """

    n_images: int
    raw: float | None
    raw_low: float | None
    raw_high: float | None
    kappa: float | None
    low: float | None
    high: float | None
    note: Note


@dataclass(frozen=True, eq=False)
class _Profiles:
    """The U different ways in which images were rated. `left`, `right` (U, C): whose chance agreement is expected."""

    images: Ints  # (U,) how many images were rated so
    agree: Floats  # (U,) share of agreeing pairs
    raters: Ints  # (U,)
    left: Any  # an array, or sparse where that would be large
    right: Any


def cohen(one: Ints, other: Ints, *, seed: list[int], resamples: int = RESAMPLES) -> Measured:
    """Cohen's kappa of two raters on the same N images: categories (N,) each. [Cohen60]"""
    return against(one, np.asarray(other)[:, None], seed=seed, resamples=resamples)


def against(own: Ints, others: Ints, *, seed: list[int], resamples: int = RESAMPLES) -> Measured:
    """One rater (N,) against all who rated the same images, (N, M) padded with NOBODY; each image counts once.

    With one other rater it is Cohen's kappa. [Cohen60]
    """
    if len(own) == 0:
        return _nothing()
    found, images = np.unique(np.column_stack([own, np.sort(others, axis=1)]), axis=0, return_counts=True)
    mine, theirs = _counts(found[:, :1], found), _counts(found[:, 1:], found)
    raters = theirs.sum(axis=1)
    share = theirs * (1 / raters[:, None])
    agree = (mine * share).sum(axis=1)
    return _measure(_Profiles(images, agree, raters, mine, share), "cohen", seed, resamples)


def fleiss(sets: Ints, *, seed: list[int], resamples: int = RESAMPLES) -> Measured:
    """Fleiss' kappa of N images rated by M raters each, whoever they are: categories (N, M). [Fleiss71]"""
    return _of_sets(sets, "fleiss", seed, resamples)


def krippendorff(sets: Ints, *, seed: list[int], resamples: int = RESAMPLES) -> Measured:
    """Krippendorff's alpha, nominal, of N images rated by 2 to M raters, (N, M) padded with NOBODY. [Krippendorff11]"""
    return _of_sets(sets, "alpha", seed, resamples)


def _of_sets(sets: Ints, measure: Measure, seed: list[int], resamples: int) -> Measured:
    if len(sets) == 0:
        return _nothing()
    found, images = np.unique(np.sort(sets, axis=1), axis=0, return_counts=True)
    counts = _counts(found, found)
    raters = counts.sum(axis=1)
    pairs = (counts * counts).sum(axis=1) - raters
    left = counts if measure == "alpha" else counts * (1 / raters[:, None])
    return _measure(_Profiles(images, pairs / (raters * (raters - 1)), raters, left, left), measure, seed, resamples)


def _counts(sets: Ints, among: Ints) -> Any:
    """How often every set (U, M) holds every category of `among`, (U, C); sparse where that would be large."""
    categories = np.unique(among[among != NOBODY])
    row, column = np.nonzero(sets != NOBODY)
    place = np.searchsorted(categories, sets[row, column])
    shape = len(sets), len(categories)
    if shape[0] * shape[1] > _DENSE:
        return sparse.csr_array((np.ones(len(row)), (row, place)), shape=shape)
    dense = np.zeros(shape)
    np.add.at(dense, (row, place), 1)
    return dense


def _measure(found: _Profiles, measure: Measure, seed: list[int], resamples: int) -> Measured:
    n = int(found.images.sum())
    raw = float(found.images @ found.agree) / n
    value = float(_coefficient(found, found.images[None, :], measure)[0])
    kappa = None if np.isnan(value) else value
    if n < TOO_FEW:
        return Measured(n, raw, None, None, kappa, None, None, "too few images")
    low, high, note = _interval(found, measure, seed, resamples)
    return Measured(n, raw, *wilson(raw * n, n), kappa, low, high, note if kappa is not None else "one category only")


def _interval(
    found: _Profiles, measure: Measure, seed: list[int], resamples: int
) -> tuple[float | None, float | None, Note]:
    n = int(found.images.sum())
    if float(found.images @ found.agree) == n:
        return None, None, "no disagreement seen"  # no resample could show any: the interval would have no width
    rng = np.random.default_rng(seed)
    shares = found.images / n
    blocks = row_blocks(resamples, len(shares) * 8, block_bytes=16 << 20)
    drawn = [_coefficient(found, rng.multinomial(n, shares, size=b.stop - b.start), measure) for b in blocks]
    values = np.concatenate(drawn)
    values = values[~np.isnan(values)]
    if len(values) < _DEFINED * resamples:
        return None, None, "too little variety"  # many a resample holds one category only
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high), ""


def _coefficient(found: _Profiles, images: Ints, measure: Measure) -> Floats:
    """The coefficient (B,) where the profiles occur `images` (B, U) times; NaN where only one category is used."""
    if measure == "alpha":
        spoken = images @ found.raters
        observed = images @ (found.raters * found.agree) / spoken
        used = images @ found.left
        expected = (used * (used - 1)).sum(axis=1) / (spoken * (spoken - 1))
    else:
        total = images.sum(axis=1)
        observed = images @ found.agree / total
        expected = ((images @ found.left) * (images @ found.right)).sum(axis=1) / total**2
    spare = 1 - expected
    undefined = spare < _CERTAIN
    return np.where(undefined, np.nan, (observed - expected) / np.where(undefined, 1, spare))


def _nothing() -> Measured:
    return Measured(0, None, None, None, None, None, None, "too few images")
