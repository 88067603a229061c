"""Figures per class on a matrix small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.base.arrays import wilson
from analysis.confusion.report import heaviest_pairs
from dashboard.charts import folding
from dashboard.charts.folding import counted
from dashboard.per_class import class_figures, heaviest_cells, partners

DENSE = np.array([[8, 2, 0, 0], [1, 5, 4, 0], [0, 0, 0, 0], [0, 0, 1, 9]])  # class 2 has no image of its own


@pytest.fixture
def confusion() -> pd.DataFrame:
    given, predicted = np.nonzero(DENSE)
    return pd.DataFrame({"given": given, "predicted": predicted, "count": DENSE[given, predicted]})


def test_figures_of_every_class(confusion: pd.DataFrame) -> None:
    found = class_figures(confusion, 4)
    assert found["n_images"].tolist() == [10, 10, 0, 10] and found["n_errors"].tolist() == [2, 5, 0, 1]
    assert found["recall"].tolist()[:2] == [0.8, 0.5] and np.isnan(found["recall"][2])
    assert found["precision"].round(4).tolist() == [0.8889, 0.7143, 0.0, 1.0]
    assert (found["low"][0], found["high"][0]) == wilson(8, 10)
    assert found["low"].isna().tolist() == [False, False, True, False]
    assert found["partner"].tolist() == [1, 2, 1, 2]
    assert found["as_partner"].tolist() == [2, 4, 0, 1] and found["from_partner"].tolist() == [1, 0, 4, 0]


def test_a_class_that_is_never_confused_has_no_partner() -> None:
    alone = pd.DataFrame({"given": [0, 1], "predicted": [0, 1], "count": [3, 3]})
    assert class_figures(alone, 3)["partner"].tolist() == [-1, -1, -1]
    assert heaviest_cells(alone, limit=5).empty


def test_every_pair_is_seen_from_both_ends(confusion: pd.DataFrame) -> None:
    seen = partners(heaviest_pairs(confusion, np.zeros(4, int)))
    assert len(seen) == 6
    of_one = seen[seen["class_id"] == 1]
    assert of_one["partner"].tolist() == [2, 0] and of_one["as_partner"].tolist() == [4, 1]
    assert of_one["from_partner"].tolist() == [0, 2]


def test_the_heaviest_cells_keep_their_direction_and_share(confusion: pd.DataFrame) -> None:
    found = heaviest_cells(confusion, limit=2)
    assert found[["given", "predicted", "count"]].values.tolist() == [[1, 2, 4], [0, 1, 2]]
    assert found["share"].tolist() == [0.4, 0.2]


@pytest.mark.parametrize("dense", [0, 10**6])
def test_the_matrix_of_some_images_is_the_table_a_run_would_hold(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "DENSE", dense)
    given, predicted = np.array([0, 0, 1, 3]), np.array([1, 1, 1, 0])
    assert counted(given, predicted, 4).values.tolist() == [[0, 1, 2], [1, 1, 1], [3, 0, 1]]
    assert counted(given[:0], predicted[:0], 4).empty
