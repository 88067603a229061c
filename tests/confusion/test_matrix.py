"""The confusion matrix as table and as sparse arrays."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.base.schema import check_table
from analysis.base.types import Predictions
from analysis.confusion import matrix
from analysis.confusion.matrix import confusion_table, counts_of, hard_counts, rates, soft_counts
from tests.confusion.planted import dense, only_labels, random_probs


def by_hand(y: np.ndarray, P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = P.shape[1]
    H, S = np.zeros((k, k)), np.zeros((k, k))
    for i, label in enumerate(y):
        H[label, P[i].argmax()] += 1
        S[label] += P[i]
    return H, S


def test_hard_and_soft_counts_equal_a_loop():
    P, y = random_probs(200, 9, seed=0), np.random.default_rng(0).integers(0, 8, 200)  # class 8 has no image
    H, S = by_hand(y, P)
    np.testing.assert_array_equal(hard_counts(y, P.argmax(axis=1), 9).toarray(), H)
    np.testing.assert_allclose(soft_counts(y, dense(P), 9).toarray(), S, rtol=1e-4)
    table = confusion_table(y, dense(P), 9)
    check_table("confusion", table)
    np.testing.assert_array_equal(counts_of(table, 9).toarray(), H)
    assert table["soft"].sum() == pytest.approx(200, rel=1e-4)
    assert (
        table[["given", "predicted"]].to_numpy() == sorted(map(tuple, table[["given", "predicted"]].to_numpy()))
    ).all()


def test_the_sparse_path_gives_the_dense_result(monkeypatch):
    P, y = random_probs(100, 12, seed=1), np.random.default_rng(1).integers(0, 12, 100)
    hard, soft = hard_counts(y, P.argmax(axis=1), 12).toarray(), soft_counts(y, dense(P), 12).toarray()
    monkeypatch.setattr(matrix, "DENSE_CELLS", 3)
    np.testing.assert_array_equal(hard_counts(y, P.argmax(axis=1), 12).toarray(), hard)
    np.testing.assert_allclose(soft_counts(y, dense(P), 12).toarray(), soft, rtol=1e-6)


def test_top_k_lists_count_what_they_hold():
    classes, scores = np.array([[0, 2], [1, 0]]), np.array([[0.7, 0.2], [0.5, 0.5]])
    table = confusion_table(
        np.array([0, 0]), Predictions("t", 3, np.ones(2, bool), top_class=classes, top_prob=scores), 3
    )
    assert table.values.tolist() == [[0, 0, 1, 1.2], [0, 1, 1, 0.5], [0, 2, 0, 0.2]]


def test_many_classes_drop_cells_that_hold_next_to_nothing_but_never_an_image():
    k = 300
    P = np.full((50, k), 1e-4 / (k - 1), np.float32)
    P[np.arange(50), np.arange(50)] = 1 - 1e-4
    y = np.r_[np.arange(49), 0]
    table = confusion_table(y, dense(P), k)
    assert len(table) == 50
    assert table["count"].sum() == 50
    assert ((table["given"] == 0) & (table["predicted"] == 49) & (table["count"] == 1)).sum() == 1


def test_rates_of_rows_and_columns_with_empty_ones():
    counts = hard_counts(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), 3)
    np.testing.assert_allclose(rates(counts).toarray(), [[1 / 3, 2 / 3, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(rates(counts, axis="column").toarray(), [[1, 2 / 3, 0], [0, 1 / 3, 0], [0, 0, 0]])


def test_one_class_and_no_images_left_out():
    table = confusion_table(np.zeros(5, int), only_labels(np.zeros(5, int), 1), 1)
    assert table.values.tolist() == [[0, 0, 5, 5]]


def test_labels_out_of_range_are_refused():
    with pytest.raises(BadInput, match="Row 2 has the given label -1"):
        confusion_table(np.array([0, 1, -1]), only_labels(np.zeros(3, int), 2), 2)
