"""Metrics of detection: known values, ties, agreement with scikit-learn, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from analysis.base.errors import BadInput
from analysis.evaluate.detection import (
    auroc,
    average_precision,
    bootstrap_interval,
    found_among,
    precision_at,
    recall_at_share,
)

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(w for w, _ in rows) < len(rows)
)


def split(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([w for w, _ in rows]), np.array([s / 4 for _, s in rows])


@settings(deadline=None)
@given(CASES)
def test_agrees_with_scikit_learn_ties_included(rows: list[tuple[bool, int]]) -> None:
    wrong, suspicion = split(rows)
    assert average_precision(wrong, suspicion) == pytest.approx(average_precision_score(wrong, suspicion))
    assert auroc(wrong, suspicion) == pytest.approx(roc_auc_score(wrong, suspicion))


@settings(deadline=None)
@given(CASES, st.integers(0, 10))
def test_row_order_does_not_matter(rows: list[tuple[bool, int]], seed: int) -> None:
    wrong, suspicion = split(rows)
    order = np.random.default_rng(seed).permutation(len(wrong))
    k = 1 + seed % len(wrong)
    for metric in (average_precision, auroc, lambda w, s: precision_at(w, s, k)):
        assert metric(wrong[order], suspicion[order]) == pytest.approx(metric(wrong, suspicion))


def test_ties_at_the_cut_count_in_expectation() -> None:
    wrong = np.array([True, False, True, False])
    suspicion = np.array([0.9, 0.5, 0.5, 0.5])
    assert precision_at(wrong, suspicion, 1) == 1
    assert found_among(wrong, suspicion, 2) == pytest.approx(1 + 1 / 3)
    assert precision_at(wrong, suspicion, 4) == 0.5
    drawn = [wrong[np.lexsort((np.random.default_rng(i).random(4), -suspicion))][:3].sum() for i in range(2000)]
    assert found_among(wrong, suspicion, 3) == pytest.approx(np.mean(drawn), abs=0.05)


def test_recall_at_a_share_reviews_a_whole_number_of_images() -> None:
    wrong = np.zeros(100, bool)
    wrong[[0, 1, 2, 50]] = True
    suspicion = np.linspace(1, 0, 100)
    assert recall_at_share(wrong, suspicion, 0.03) == pytest.approx(0.75)  # 3 images, not 4 for a rounding error
    assert recall_at_share(wrong, suspicion, 0.001) == pytest.approx(0.25)
    assert recall_at_share(wrong, suspicion, 1.0) == 1


def test_bootstrap_interval_holds_the_value_repeats_and_narrows_with_more_images() -> None:
    rng = np.random.default_rng(0)

    def case(n: int) -> tuple[np.ndarray, np.ndarray]:
        wrong = rng.random(n) < 0.2
        return wrong, wrong * 0.3 + rng.random(n)

    small, large = case(80), case(2000)
    low, high = bootstrap_interval(average_precision, *small, resamples=200)
    assert low < average_precision(*small) < high
    assert (low, high) == bootstrap_interval(average_precision, *small, resamples=200)
    narrow = bootstrap_interval(average_precision, *large, resamples=200)
    assert narrow[1] - narrow[0] < (high - low) / 2


def test_refusals_say_what_is_wrong() -> None:
    wrong, suspicion = np.array([True, False]), np.array([0.1, 0.2])
    with pytest.raises(BadInput, match="No label is wrong: there is nothing to find"):
        average_precision(np.zeros(2, bool), suspicion)
    with pytest.raises(BadInput, match="All labels are wrong"):
        auroc(np.ones(2, bool), suspicion)
    with pytest.raises(BadInput, match="row 1 is not finite"):
        auroc(wrong, np.array([0.1, np.nan]))
    with pytest.raises(BadInput, match="wrong is int64"):
        auroc(wrong.astype(np.int64), suspicion)
    with pytest.raises(BadInput, match=r"The first 3 of 2 images were asked for – wanted: a number in 1\.\.2"):
        precision_at(wrong, suspicion, 3)
    with pytest.raises(BadInput, match=r"The share 0 of the images"):
        recall_at_share(wrong, suspicion, 0)
