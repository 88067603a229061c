"""Checks at the door for labels and probabilities: one pass in blocks, the first bad row named (METHODS 0)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.errors import BadInput

ROW_SUM_TOLERANCE = 1e-3  # farther off is refused, nearer is normalised


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
    if k == 1:
        return block.argmax(axis=1)[:, None]
    if k * 8 >= block.shape[1]:
        return np.argsort(-block, axis=1, kind="stable")[:, :k]
    # `argpartition` picks arbitrarily among values tied at the cut: such rows are sorted whole
    chosen = np.sort(np.argpartition(-block, k - 1, axis=1)[:, :k], axis=1)
    values = np.take_along_axis(block, chosen, axis=1)
    best = np.take_along_axis(chosen, np.argsort(-values, axis=1, kind="stable"), axis=1)
    tied = np.count_nonzero(block >= values.min(axis=1, keepdims=True), axis=1) > k
    best[tied] = np.argsort(-block[tied], axis=1, kind="stable")[:, :k]
    return best


def check_probabilities(probs: NDArray[Any], *, n_classes: int) -> None:
    """Refuse (N, K) values that are no probabilities, naming the first bad row. One pass in blocks.

    Raises BadInput: wrong shape, NaN or infinity, values outside 0..1 ("look like logits"), rows not summing to one.
    """
    if probs.ndim != 2 or probs.shape[1] != n_classes:
        raise BadInput(f"The probabilities have the shape {probs.shape}", wanted=f"(images, {n_classes} classes)")
    for rows in row_blocks(len(probs), n_classes * probs.itemsize):
        block = np.asarray(probs[rows], dtype=np.float32 if probs.dtype == np.float16 else None)
        low, high, total = block.min(axis=1), block.max(axis=1), block.sum(axis=1, dtype=np.float64)
        finite = np.isfinite(low) & np.isfinite(high)
        in_range = (low >= -1e-6) & (high <= 1 + 1e-4)
        good = finite & in_range & (np.abs(total - 1) <= ROW_SUM_TOLERANCE)
        if good.all():
            continue
        first = int(np.flatnonzero(~good)[0])
        _refuse_row(rows.start + first, bool(finite[first]), bool(in_range[first]), float(total[first]))


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
    bad = (top_class < 0) | (top_class >= n_classes)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        raise BadInput(f"Row {row} names a class outside 0..{n_classes - 1}", wanted="class numbers")
    total = top_prob.sum(axis=1, dtype=np.float64)
    wrong = (top_prob < -1e-6).any(axis=1) | (total > 1 + ROW_SUM_TOLERANCE)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInput(f"Row {row} of the top-k values sums to {total[row]:.6g}", wanted="probabilities, at most one")
    if (np.diff(top_prob, axis=1) > 1e-6).any():
        row = int(np.flatnonzero((np.diff(top_prob, axis=1) > 1e-6).any(axis=1))[0])
        raise BadInput(f"Row {row} of the top-k values is not sorted", wanted="the most probable class first")


def check_finite(values: NDArray[Any], what: str) -> None:
    """Refuse NaN and infinity in (N, …) values, naming the row."""
    width = int(np.prod(values.shape[1:])) if values.ndim > 1 else 1
    for rows in row_blocks(len(values), width * values.itemsize):
        good = np.isfinite(np.asarray(values[rows]).reshape(len(values[rows]), -1)).all(axis=1)
        if not good.all():
            raise BadInput(f"{what} hold NaN or infinity in row {rows.start + int(np.flatnonzero(~good)[0])}")
