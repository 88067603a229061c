"""The confusion matrix, hard and soft, sparse throughout (METHODS 1.1)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.arrays import row_blocks
from analysis.base.checks import check_labels
from analysis.base.errors import BadInput
from analysis.base.types import Predictions

DENSE_CELLS = 32_000_000  # 256 MiB of float64: up to 5,656 classes a dense bincount wins, beyond that memory does
SOFT_FLOOR = 0.01  # images; see `confusion_table`
EXACT_CLASSES = 200  # up to here the table keeps every soft cell
CHUNK = 4_000_000  # entries summed at a time


def check_given(given: NDArray[Any], predictions: Predictions, n_classes: int) -> NDArray[np.int64]:
    """Given labels (N,) as int64 in 0..n_classes-1, of the same length and classes as the predictions.

    Raises BadInput: another length, another number of classes, a label out of range (the row is named).
    """
    given = np.asarray(given)
    if len(given) != len(predictions):
        raise BadInput(f"There are {len(given)} labels and {len(predictions)} predictions", wanted="one per image")
    if predictions.n_classes != n_classes:
        raise BadInput(
            f"The predictions know {predictions.n_classes} classes and the labels {n_classes}",
            wanted="the same classes",
        )
    check_labels(given, n_classes, lowest=0, what="given")
    return given.astype(np.int64)


def sum_cells(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float64] | None, n_classes: int
) -> sparse.csr_array:
    """Sum `values` (M,), or ones, into the cells (row, column) of a sparse (K, K) float64 matrix.

    Dense counting while K x K fits, else coordinate lists chunk by chunk (SCALE 3).
    """
    dense = n_classes * n_classes <= DENSE_CELLS
    total = np.zeros(n_classes * n_classes) if dense else sparse.csr_array((n_classes, n_classes))
    for part in row_blocks(len(rows), 1, block_bytes=CHUNK):
        weights = None if values is None else values[part]
        if dense:
            total += np.bincount(rows[part] * n_classes + columns[part], weights, minlength=n_classes * n_classes)
        else:
            ones = np.ones(len(rows[part])) if weights is None else weights
            total = total + sparse.csr_array((ones, (rows[part], columns[part])), shape=(n_classes, n_classes))
    matrix = sparse.csr_array(total.reshape(n_classes, n_classes) if dense else total)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def hard_counts(given: NDArray[Any], predicted: NDArray[Any], n_classes: int) -> sparse.csr_array:
    """H[given, predicted] (K, K): number of images, float64."""
    return sum_cells(given.astype(np.int64), predicted.astype(np.int64), None, n_classes)


def soft_counts(given: NDArray[Any], predictions: Predictions, n_classes: int) -> sparse.csr_array:
    """S[given, predicted] (K, K): sum of the probabilities; of the listed classes only where predictions are top-k."""
    if predictions.probs is None:
        assert predictions.top_class is not None and predictions.top_prob is not None
        k = predictions.top_class.shape[1]
        columns = predictions.top_class.astype(np.int64).ravel()
        return sum_cells(np.repeat(given, k), columns, predictions.top_prob.astype(np.float64).ravel(), n_classes)
    probs = predictions.probs
    total = sparse.csr_array((n_classes, n_classes)) if n_classes**2 > DENSE_CELLS else np.zeros((n_classes,) * 2)
    for rows in row_blocks(len(probs), n_classes * probs.itemsize, block_bytes=64 << 20):
        block = np.asarray(probs[rows], np.float32)
        here, place = np.unique(given[rows], return_inverse=True)
        member = sparse.csr_array((np.ones(len(block), np.float32), (place, np.arange(len(block)))))
        sums = member @ block  # (classes here, K)
        if isinstance(total, np.ndarray):
            total[here] += sums
        else:
            entry = sparse.coo_array(sums)
            total = total + sparse.csr_array((entry.data, (here[entry.row], entry.col)), shape=total.shape)
    return sparse.csr_array(total)


def rates(counts: sparse.csr_array, *, axis: Literal["row", "column"] = "row") -> sparse.csr_array:
    """Counts (K, K) divided by their row sums (recall view) or column sums (precision view); empty ones stay 0."""
    sums = np.asarray(counts.sum(axis=1 if axis == "row" else 0), np.float64).ravel()
    factor = sparse.diags_array(np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0))
    return sparse.csr_array(factor @ counts if axis == "row" else counts @ factor)


def confusion_table(given: NDArray[Any], predictions: Predictions, n_classes: int) -> pd.DataFrame:
    """The matrix as a table `given, predicted, count, soft`: a row per cell with something in it, in row order.

    Above 200 classes cells without an image and with less than a hundredth of an image of probability are left out:
    softmax puts a little on every class, and a million such cells say nothing.
    """
    given = check_given(given, predictions, n_classes)
    hard = hard_counts(given, predictions.argmax(), n_classes).tocoo()
    soft = soft_counts(given, predictions, n_classes).tocoo()
    floor = SOFT_FLOOR if n_classes > EXACT_CLASSES else 0.0
    hard_key = hard.row.astype(np.int64) * n_classes + hard.col
    soft_key = soft.row.astype(np.int64) * n_classes + soft.col
    key = np.union1d(hard_key, soft_key[soft.data > floor])
    table = pd.DataFrame({"given": key // max(1, n_classes), "predicted": key % max(1, n_classes)})
    table["count"] = _looked_up(key, hard_key, hard.data).astype(np.int64)
    table["soft"] = _looked_up(key, soft_key, soft.data)
    return table


def counts_of(confusion: pd.DataFrame, n_classes: int) -> sparse.csr_array:
    """H[given, predicted] (K, K) back from the table, int64."""
    some = confusion[confusion["count"] > 0]
    cells = (some["given"].to_numpy(), some["predicted"].to_numpy())
    return sparse.csr_array((some["count"].to_numpy(np.int64), cells), shape=(n_classes, n_classes))


def _looked_up(key: NDArray[np.int64], known: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.float64]:
    """The value of each key, 0 where it is not among the known ones."""
    if not len(known):
        return np.zeros(len(key))
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], key), len(known) - 1)
    return np.where(known[order][at] == key, values[order][at], 0.0).astype(np.float64)
