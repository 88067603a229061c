"""Cross-validation folds: every class spread evenly, whatever its size."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.models.folds import stratified_folds


def test_every_class_is_spread_evenly_over_the_folds() -> None:
    given = np.repeat([0, 1, 2], [50, 23, 7])
    folds = stratified_folds(given, 5, seed=0)
    for label in range(3):
        counts = np.bincount(folds[given == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1


def test_the_seed_decides_and_repeats() -> None:
    given = np.arange(100) % 4
    assert np.array_equal(stratified_folds(given, 5, seed=1), stratified_folds(given, 5, seed=1))
    assert not np.array_equal(stratified_folds(given, 5, seed=1), stratified_folds(given, 5, seed=2))


def test_classes_of_one_image_are_dealt_to_different_folds() -> None:
    folds = stratified_folds(np.arange(10), 5, seed=0)
    assert np.bincount(folds).tolist() == [2] * 5


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_fewer_images_than_folds(n: int) -> None:
    assert sorted(stratified_folds(np.zeros(n, int), 5, seed=0)) == list(range(n))
