"""The vote of the nearest images: copies of an image confirm nothing."""

from __future__ import annotations

import numpy as np

from analysis.base.types import Neighbours, Predictions
from analysis.noise.scorer import ScorerInputs
from analysis.noise.scorers.neighbours import neighbours


def inputs(given: list[int], index: list[list[int]], similarity: list[list[float]]) -> ScorerInputs:
    n = len(given)
    near = Neighbours(np.array(index, np.int32), np.array(similarity, np.float32))
    predictions = Predictions("m", 2, np.ones(n, bool), probs=np.full((n, 2), 0.5))
    return ScorerInputs(np.array(given), predictions, 2, neighbours=near)


INDEX = [[1, 2, 3], [0, 2, 3], [3, 4, 5], [2, 4, 5], [2, 3, 5], [2, 3, 4]]
USUAL = [0.9, 0.8, 0.8]


def test_a_copy_with_the_same_wrong_label_does_not_defend_it() -> None:
    near = [[1.0, 0.8, 0.8], [1.0, 0.8, 0.8], USUAL, USUAL, USUAL, USUAL]
    found = neighbours(inputs([0, 0, 1, 1, 1, 1], INDEX, near))
    apart = neighbours(inputs([0, 0, 1, 1, 1, 1], INDEX, [USUAL] * 6))
    assert found[0] > apart[0] > 0.5
    np.testing.assert_array_equal(found[2:], apart[2:])


def test_a_copy_with_another_label_votes_against() -> None:
    near = [[1.0, 0.8, 0.8], [1.0, 0.8, 0.8], USUAL, USUAL, USUAL, USUAL]
    found = neighbours(inputs([0, 1, 1, 1, 1, 1], INDEX, near))
    assert found[0] == 1


def test_where_all_images_are_that_close_they_vote_like_any_others() -> None:
    close = [[0.99999, 0.99998, 0.99998]] * 6
    found = neighbours(inputs([0, 0, 1, 1, 1, 1], INDEX, close))
    np.testing.assert_allclose(found, neighbours(inputs([0, 0, 1, 1, 1, 1], INDEX, [[0.9, 0.9, 0.9]] * 6)), atol=1e-4)
