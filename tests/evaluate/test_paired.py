"""Two models on the same images, on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from analysis.base.errors import BadInput
from analysis.evaluate.paired import adjusted, changed_classes, changed_pairs, mcnemar


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 5), (7, 7), (3, 12), (40, 11)])
def test_the_test_is_the_exact_binomial_one(one: int, other: int) -> None:
    expected = binomtest(min(one, other), one + other).pvalue if one + other else 1.0
    assert mcnemar(np.array([one]), np.array([other]))[0] == pytest.approx(expected)


def test_adjusted_p_values_follow_benjamini_and_hochberg() -> None:
    p = np.array([0.03, 0.001, 0.5, 0.02])
    assert adjusted(p) == pytest.approx([0.04, 0.004, 0.5, 0.04])
    assert len(adjusted(np.zeros(0))) == 0


def cases(*rows: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(given, one, other) from (given, predicted by one, predicted by other, number of images)."""
    listed = [row[:3] for row in rows for _ in range(row[3])]
    given, one, other = np.array(listed).T
    return given, one, other


def test_a_pair_counts_images_of_both_directions_once_and_tells_gained_from_lost() -> None:
    # of the pair 0-1: six only by one, two only by the other, three by both; the last goes from pair 0-1 to pair 0-2
    found = changed_pairs(*cases((0, 1, 0, 4), (1, 0, 1, 1), (0, 0, 1, 2), (1, 0, 0, 3), (0, 1, 2, 1)), 3)
    assert found["source"].tolist() == [0, 0] and found["target"].tolist() == [1, 2]
    first = found.iloc[0]
    assert (first["n_one"], first["n_other"], first["lost"], first["gained"]) == (9, 5, 6, 2)
    assert first["change"] == first["gained"] - first["lost"] == -4
    assert first["p"] == pytest.approx(binomtest(2, 8).pvalue)


def test_pairs_without_a_differing_image_are_no_change() -> None:
    assert changed_pairs(*cases((0, 1, 1, 9), (2, 2, 2, 9)), 3).empty


def test_classes_tell_better_from_worse() -> None:
    found = changed_classes(*cases((0, 1, 0, 10), (0, 0, 0, 5), (1, 1, 0, 3), (1, 0, 1, 1)), 4)
    assert found["class_id"].tolist() == [0, 1], "classes without images are left out, the largest change comes first"
    assert found["change"].tolist() == [10, -2]
    assert found["gained"].tolist() == [10, 1] and found["lost"].tolist() == [0, 3]
    assert found["n_images"].tolist() == [15, 4] and found["n_one"].tolist() == [5, 3]
    assert found["p"].iloc[0] == pytest.approx(2 * 0.5**10)


def test_equal_models_are_hardly_ever_called_different() -> None:
    rng = np.random.default_rng(0)
    given = rng.integers(0, 50, 20_000)

    def model() -> np.ndarray:
        return np.where(rng.random(len(given)) < 0.7, given, rng.integers(0, 50, len(given)))

    found = changed_classes(given, model(), model(), 50)
    assert (found["q"] <= 0.05).sum() <= 2
    better = np.where(rng.random(len(given)) < 0.85, given, rng.integers(0, 50, len(given)))
    assert (changed_classes(given, model(), better, 50).query("q <= 0.05")["change"] > 0).sum() > 40


def test_another_number_of_images_is_refused() -> None:
    with pytest.raises(BadInput, match="10 labels, 10 and 9 predictions"):
        changed_pairs(np.zeros(10, int), np.zeros(10, int), np.zeros(9, int), 2)
