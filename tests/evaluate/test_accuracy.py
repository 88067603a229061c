"""Accuracy against given and true labels."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.evaluate.accuracy import OVERALL, accuracy, accuracy_table

PREDICTED = np.array([0, 0, 1, 1, 2])
GIVEN = np.array([0, 1, 1, 1, 0])
TRUE = np.array([0, 0, 1, -1, 2])


def test_overall_accuracy_and_interval() -> None:
    found = accuracy(PREDICTED, GIVEN)
    assert (found.n_right, found.n, found.value) == (3, 5, 0.6)
    assert (found.low, found.high) == wilson(3, 5)


def test_images_of_unknown_truth_are_left_out() -> None:
    assert (accuracy(PREDICTED, TRUE).n_right, accuracy(PREDICTED, TRUE).n) == (4, 4)


def test_table_has_a_row_per_class_and_comparison() -> None:
    table = accuracy_table(PREDICTED, GIVEN, n_classes=4, true=TRUE).set_index(["against", "class_id"])
    assert len(table) == 2 * (4 + 1)
    assert table.loc[("given", OVERALL), "accuracy"] == 0.6
    assert table.loc[("given", 1), ["n", "n_right"]].tolist() == [3, 2]
    assert table.loc[("true", 2), ["n", "n_right", "accuracy"]].tolist() == [1, 1, 1.0]
    empty = table.loc[("given", 3)]
    assert np.isnan(empty["accuracy"]) and (empty["low"], empty["high"]) == (0, 1)
    assert set(accuracy_table(PREDICTED, GIVEN, n_classes=4)["against"]) == {"given"}


def test_bad_labels_are_refused() -> None:
    with pytest.raises(BadInput, match="Row 1 has the true label 9"):
        accuracy_table(PREDICTED, GIVEN, n_classes=3, true=np.array([0, 9, 0, 0, 0]))
    with pytest.raises(BadInput, match="Row 0 has the given label -1"):
        accuracy_table(PREDICTED, np.full(5, -1), n_classes=3)
    with pytest.raises(BadInput, match=r"Predicted classes are \(5,\), labels \(4,\)"):
        accuracy(PREDICTED, GIVEN[:4])
