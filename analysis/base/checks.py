"""Checks at the door for labels and probabilities: one pass in blocks, the first bad row named (METHODS 0)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import over_blocks, row_blocks
from analysis.base.errors import BadInput

ROW_SUM_TOLERANCE = 1e-3  # farther off is refused, nearer is normalised
PLAINLY = ROW_SUM_TOLERANCE / 2  # a quick sum that is nearer than this needs no exact one
FEW_BEST = 32  # up to here looking for the maximum again and again is quicker than sorting
LOWEST, HIGHEST = -1e-6, 1 + 1e-4  # values beyond are no probabilities


def check_labels(labels: NDArray[Any], n_classes: int, *, lowest: int, what: str) -> None:
    """Refuse labels (N,) that are no whole numbers in lowest..n_classes-1."""
    if not np.issubdtype(labels.dtype, np.integer):
        raise BadInput(f"The {what} labels are {labels.dtype}", wanted=f"whole numbers in {lowest}..{n_classes - 1}")
    bad = np.flatnonzero((labels < lowest) | (labels >= n_classes))
    if len(bad):
        raise BadInput(
            f"Row {bad[0]} has the {what} label {labels[bad[0]]}", wanted=f"a class in {lowest}..{n_classes - 1}"
        )


def top_of_block(block: NDArray[Any], k: int) -> NDArray[np.int64]:
    """The k best columns (n, k) of each row of a block (n, K), best first, the lower column first on ties."""
    if k > FEW_BEST:
        return np.argsort(-block, axis=1, kind="stable")[:, :k]
    best = np.empty((len(block), k), np.int64)
    left, at = block.copy() if k > 1 else block, np.arange(len(block))
    for place in range(k):  # processors find a maximum many times faster than they partition
        best[:, place] = left.argmax(axis=1)
        if place < k - 1:
            left[at, best[:, place]] = -np.inf
    return best


def check_probabilities(probs: NDArray[Any], *, n_classes: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Refuse (N, K) values that are no probabilities; give back the best class (N,) of each row and its value (N,).

    The lowest class wins a tie. One pass, which is why the check and the best class come together. Raises BadInput with
    the first bad row: wrong shape, NaN or infinity, values outside 0..1 ("look like logits"), rows not summing to one.
    """
    check_width(probs, n_classes)
    probs = np.asarray(probs)  # slices of a plain array are cheaper to make than slices of a memory map
    best, value = np.empty(len(probs), np.int64), np.empty(len(probs), probs.dtype)
    doubtful: list[slice] = []

    def look(rows: slice) -> None:
        block = quick_floats(probs[rows])
        best[rows] = block.argmax(axis=1)
        top = block[np.arange(len(block)), best[rows]]
        value[rows] = top
        if not _plainly_good(block, top):
            doubtful.append(rows)

    over_blocks(look, len(probs), n_classes * probs.itemsize)
    for rows in sorted(doubtful, key=lambda rows: rows.start):
        check_block(quick_floats(probs[rows]), rows.start)
    return best, value


def check_width(probs: NDArray[Any], n_classes: int) -> None:
    """Refuse anything but (N, `n_classes`)."""
    if probs.ndim != 2 or probs.shape[1] != n_classes:
        raise BadInput(f"The probabilities have the shape {probs.shape}", wanted=f"(images, {n_classes} classes)")


def quick_floats(block: NDArray[Any]) -> NDArray[Any]:
    """The block itself where processors calculate with its type, else (half precision, whole numbers) as float32."""
    return block if block.dtype in (np.float32, np.float64) else block.astype(np.float32)


def _plainly_good(block: NDArray[Any], top: NDArray[Any]) -> bool:
    # in this order: NaN fails the first comparison, infinity one of the two, so that the sum never meets them
    if not (block.min() >= LOWEST and top.max() <= HIGHEST):
        return False
    # einsum adds float32 several times faster than `sum` does float64, and is off by far less than the other half
    return bool((np.abs(np.einsum("ij->i", block) - 1) <= PLAINLY).all())


def check_block(block: NDArray[Any], start: int) -> None:
    """Refuse rows (n, K), numbered from `start`, that are no probabilities."""
    low, high = block.min(axis=1), block.max(axis=1)
    finite = np.isfinite(low) & np.isfinite(high)
    in_range = (low >= LOWEST) & (high <= HIGHEST)
    with np.errstate(invalid="ignore"):  # infinities of both signs
        total = block.sum(axis=1, dtype=np.float64)
    good = finite & in_range & (np.abs(total - 1) <= ROW_SUM_TOLERANCE)
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        _refuse_row(start + first, bool(finite[first]), bool(in_range[first]), float(total[first]))


def _refuse_row(row: int, finite: bool, in_range: bool, total: float) -> None:
    if not finite:
        raise BadInput(f"Row {row} holds NaN or infinity", wanted="finite probabilities")
    if not in_range:
        raise BadInput(
            f"Row {row} has values outside 0..1: these look like logits",
            wanted="probabilities",
            hint="apply softmax, or ask for it with --convert softmax",
        )
    hint = "a row of zeros says nothing: leave the image out" if total == 0 else "or divide with --convert normalise"
    raise BadInput(f"Row {row} sums to {total:.6g}", wanted="rows that sum to one", hint=hint)


def check_top(top_class: NDArray[Any], top_prob: NDArray[Any], n_classes: int) -> None:
    """Refuse top-k lists: (N, k) classes and values of one shape, best first, rows summing to at most one."""
    if top_class.ndim != 2 or top_class.shape != top_prob.shape or top_class.shape[1] == 0:
        raise BadInput(
            f"Top-k classes have the shape {top_class.shape} and their values {top_prob.shape}",
            wanted="the same shape (images, k) with k >= 1",
        )
    check_finite(top_prob, "The top-k probabilities")
    for rows in row_blocks(len(top_class), top_class.shape[1] * 16):
        _check_top_block(np.asarray(top_class[rows]), np.asarray(top_prob[rows]), rows.start, n_classes=n_classes)


def _check_top_block(classes: NDArray[Any], values: NDArray[Any], start: int, *, n_classes: int) -> None:
    bad = (classes < 0) | (classes >= n_classes)
    if bad.any():
        row = start + int(np.flatnonzero(bad.any(axis=1))[0])
        raise BadInput(f"Row {row} names a class outside 0..{n_classes - 1}", wanted="class numbers")
    total = values.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero((values < LOWEST).any(axis=1) | (total > 1 + ROW_SUM_TOLERANCE))
    if len(wrong):
        raise BadInput(
            f"Row {start + wrong[0]} of the top-k values sums to {total[wrong[0]]:.6g}",
            wanted="probabilities, at most one",
        )
    unsorted = np.flatnonzero((np.diff(values, axis=1) > 1e-6).any(axis=1))
    if len(unsorted):
        raise BadInput(
            f"Row {start + unsorted[0]} of the top-k values is not sorted", wanted="the most probable class first"
        )


def check_finite(values: NDArray[Any], what: str) -> None:
    """Refuse NaN and infinity in (N, …) values, naming the row."""
    width = int(np.prod(values.shape[1:])) if values.ndim > 1 else 1
    for rows in row_blocks(len(values), width * values.itemsize):
        good = np.isfinite(np.asarray(values[rows]).reshape(len(values[rows]), -1)).all(axis=1)
        if not good.all():
            raise BadInput(f"{what} hold NaN or infinity in row {rows.start + int(np.flatnonzero(~good)[0])}")
