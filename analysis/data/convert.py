"""Numbers of a user's model to probabilities: checked as they are, or converted when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks, scratch
from analysis.base.checks import check_finite, check_probabilities, quick_floats
from analysis.base.config import Convert
from analysis.base.errors import BadInput
from analysis.base.progress import Progress

EXACT = 1e-5  # sums nearer to one are left as they are; float16 is given the room its rounding needs
EXACT_HALF = 1e-3


def to_probabilities(
    values: NDArray[Any], *, n_classes: int, convert: Convert, what: str, progress: Progress
) -> NDArray[Any]:
    """Probabilities (N, K) from `values` (N, K): unchanged where they are probabilities, else converted as asked.

    softmax takes logits; normalise divides non-negative rows by their sum. Raises BadInput naming the file and the
    first bad row.
    """
    if values.ndim != 2 or values.shape[1] != n_classes:
        raise BadInput(
            f"{what} has the shape {values.shape}",
            wanted=f"(images, {n_classes} classes)",
            hint="classes without images must be named too: give the reader a class list",
        )
    if values.dtype.kind not in "fiub":
        raise BadInput(f"{what} holds {values.dtype}", wanted="numbers")
    if convert == "softmax":
        return _softmax(values, what)
    if convert == "normalise":
        return _normalise(values, what)
    with named(what):
        check_probabilities(values, n_classes=n_classes)
    return _exact(values, what, progress)


@contextmanager
def named(what: str) -> Iterator[None]:
    """Put the name of the file before the message of a check that does not know it."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{what}: {error.found}", wanted=error.wanted, hint=error.hint) from error


def _softmax(values: NDArray[Any], what: str) -> NDArray[np.float32]:
    with named(what):
        check_finite(values, "the values")
    out = scratch(values.shape, np.float32)
    already = True
    for rows in row_blocks(len(values), values.shape[1] * 8):
        block = np.asarray(values[rows], np.float64)
        already &= bool((block >= 0).all() and (np.abs(block.sum(axis=1) - 1) < 1e-3).all())
        powers = np.exp(block - block.max(axis=1, keepdims=True))
        out[rows] = powers / powers.sum(axis=1, keepdims=True)
    if already and len(values):
        raise BadInput(f"{what} holds probabilities already", wanted="logits for softmax", hint="leave --convert out")
    return out


def _normalise(values: NDArray[Any], what: str) -> NDArray[np.float32]:
    with named(what):
        check_finite(values, "the values")
    out = scratch(values.shape, np.float32)
    for rows in row_blocks(len(values), values.shape[1] * 8):
        block = np.asarray(values[rows], np.float64)
        negative = np.any(block < 0, axis=1)
        total = block.sum(axis=1)
        bad = np.flatnonzero(negative | (total <= 0))
        if len(bad):
            has = "a negative value" if negative[bad[0]] else "only zeros"
            raise BadInput(
                f"{what}: row {rows.start + int(bad[0])} holds {has}", wanted="values of 0 or more with a positive sum"
            )
        out[rows] = block / total[:, None]
    return out


def _exact(values: NDArray[Any], what: str, progress: Progress) -> NDArray[Any]:
    """Divide rows that are off by a hair (checked before) by their sum, and say so; most files pass unchanged."""
    near = EXACT_HALF if values.dtype == np.float16 else EXACT
    changed, worst = 0, 0.0
    out: NDArray[Any] = values
    for rows in row_blocks(len(values), values.shape[1] * 8):
        if _near_enough(quick_floats(values[rows]), near):
            continue
        block = np.asarray(values[rows], np.float64)
        total = block.sum(axis=1)
        off = (np.abs(total - 1) > near) | (block < 0).any(axis=1) | (block > 1).any(axis=1)
        if not off.any():
            continue
        if out is values:
            out = scratch(values.shape, np.float64 if values.dtype == np.float64 else np.float32)
            for part in row_blocks(len(values), values.shape[1] * 8):
                out[part] = values[part]
        clipped = block[off].clip(0, None)
        out[np.flatnonzero(off) + rows.start] = clipped / clipped.sum(axis=1, keepdims=True)
        changed += int(off.sum())
        worst = max(worst, float(np.abs(total[off] - 1).max()))
    if changed:
        progress.note(f"{what}: {changed:,} rows were divided by their sum (off by at most {worst:.1g})")
    return out


def _near_enough(block: NDArray[Any], near: float) -> bool:
    # sums in the type of the block are off by less than half of `near`
    inside = block.min(initial=0) >= 0 and block.max(initial=0) <= 1
    return bool(inside and (np.abs(np.einsum("ij->i", block) - 1) <= near / 2).all())
