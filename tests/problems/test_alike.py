"""Near duplicates and strangers planted among clean images are found, and clean images have none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.base.types import Neighbours
from analysis.embed.neighbours import nearest
from analysis.problems.alike import (
    Groups,
    differing,
    groups_by,
    groups_of,
    likeness,
    near_pairs,
    near_threshold,
    stranger_threshold,
)


def features(n: int = 900, seed: int = 0, classes: int = 6, d: int = 24) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (classes, d))
    return (centres[rng.integers(0, classes, n)] + rng.normal(0, 0.4, (n, d))).astype(np.float32)


def near_groups(near: Neighbours) -> list[list[int]]:
    at = near_threshold(near)
    pairs = near_pairs(near, at)
    close = pairs[pairs["similarity"] >= at]
    groups = groups_of(close["source"].to_numpy(), close["target"].to_numpy(), len(near.index))
    return [groups[i].tolist() for i in range(len(groups))]


@pytest.mark.parametrize("seed", range(4))
def test_clean_images_have_neither(seed: int) -> None:
    near = nearest(features(seed=seed), 15)
    assert near_groups(near) == []
    alike = likeness(near)
    assert (alike <= stranger_threshold(alike)).sum() == 0


@pytest.mark.parametrize("seed", range(4))
def test_planted_near_duplicates_are_found_in_their_groups(seed: int) -> None:
    made, rng = features(seed=seed), np.random.default_rng(seed)
    planted = [[3, 500], [10, 600, 700], [40, 800]]
    for first, *rest in planted:
        for row in rest:
            made[row] = made[first] + rng.normal(0, 0.01, made.shape[1])
    assert near_groups(nearest(made, 15)) == planted


def test_many_duplicates_do_not_hide_each_other() -> None:
    made, rng = features(), np.random.default_rng(0)
    made[500:650] = made[:150] + rng.normal(0, 0.01, (150, made.shape[1])).astype(np.float32)
    assert near_groups(nearest(made, 15)) == [[i, 500 + i] for i in range(150)]


@pytest.mark.parametrize("seed", range(4))
def test_planted_strangers_are_found(seed: int) -> None:
    made, rng = features(seed=seed), np.random.default_rng(seed + 100)
    strangers = [5, 77, 400]
    made[strangers] = rng.normal(0, 1.2, (3, made.shape[1]))
    alike = likeness(nearest(made, 15))
    assert np.flatnonzero(alike <= stranger_threshold(alike)).tolist() == strangers


def test_pairs_below_the_threshold_are_kept_so_that_it_can_be_lowered() -> None:
    near = Neighbours(
        np.array([[1, 2], [0, 2], [0, 1], [0, 1]], np.int32),
        np.array([[0.99, 0.975], [0.99, 0.5], [0.975, 0.5], [0.4, 0.4]], np.float32),
    )
    pairs = near_pairs(near, 0.99)
    assert pairs[["source", "target"]].to_numpy().tolist() == [[0, 1], [0, 2]]
    np.testing.assert_allclose(pairs["similarity"], [0.99, 0.975], rtol=1e-6)


def test_one_image_alone_has_no_neighbours_and_no_problem() -> None:
    near = nearest(np.ones((1, 4), np.float32), 15)
    assert near_groups(near) == [] and np.isnan(likeness(near)).all()
    assert stranger_threshold(likeness(near)) == -1.0


def test_groups_tell_which_hold_different_labels_and_give_all_but_their_first() -> None:
    groups = groups_of(np.array([5, 1, 7]), np.array([2, 4, 4]), 9)
    assert [groups[i].tolist() for i in range(2)] == [[1, 4, 7], [2, 5]]
    assert groups.sizes.tolist() == [3, 2] and groups.all_but_first.tolist() == [4, 7, 5]
    labels = np.array([0, 1, 3, 0, 1, 3, 0, 0, 0])
    assert differing(groups, labels).tolist() == [True, False]
    chosen = groups.some(np.array([1, 0]))
    assert [chosen[i].tolist() for i in range(2)] == [[2, 5], [1, 4, 7]]
    empty = groups.some(np.zeros(2, bool))
    assert len(empty) == 0 and differing(empty, labels).size == 0 and empty.all_but_first.size == 0


@given(st.lists(st.integers(0, 6), min_size=0, max_size=40))
@settings(max_examples=60, deadline=None)
def test_groups_are_what_a_table_would_group(label: list[int]) -> None:
    found: Groups = groups_by(np.array(label, np.int64))
    by_hand = [rows.tolist() for rows in pd.Series(range(len(label))).groupby(label).apply(np.array) if len(rows) > 1]
    assert [found[i].tolist() for i in range(len(found))] == sorted(by_hand)
