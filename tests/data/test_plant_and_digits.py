"""Planted labels: the exact share, the pattern asked for, the truth kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput
from analysis.data.plant import lookalikes, plant, plant_matrix
from analysis.data.reader import read

PARTNER = np.array([1, 2, 0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.floats(0, 1), st.sampled_from(["uniform", "pairs", "mixture"]), st.integers(0, 5))
def test_the_share_is_exact_and_nothing_is_flipped_to_itself(n: int, share: float, pattern: str, seed: int) -> None:
    true = np.random.default_rng(seed).integers(0, 3, n)
    kept = true.copy()
    found = plant(true, 3, share=share, pattern=pattern, partner=PARTNER, seed=seed)
    assert found.changed.sum() == round(share * n) == (found.given != true).sum()
    assert np.array_equal(true, kept)
    assert np.array_equal(found.given[found.to_partner], PARTNER[true[found.to_partner]])
    assert (found.to_partner <= found.changed).all()
    n_partner = {"uniform": 0, "pairs": round(share * n), "mixture": round(share * n) - round(share * n) // 2}[pattern]
    assert found.to_partner.sum() == n_partner
    again = plant(true, 3, share=share, pattern=pattern, partner=PARTNER, seed=seed)
    assert np.array_equal(found.given, again.given)


def test_uniform_reaches_all_other_classes_alike() -> None:
    found = plant(np.zeros(9000, int), 10, share=1.0, seed=3)
    counts = np.bincount(found.given, minlength=10)
    assert counts[0] == 0 and counts[1:].min() > 850 and counts[1:].max() < 1150


def test_another_seed_gives_other_labels() -> None:
    true = np.zeros(50, int)
    assert not np.array_equal(plant(true, 4, share=0.5, seed=1).given, plant(true, 4, share=0.5, seed=2).given)


def test_what_plant_refuses() -> None:
    with pytest.raises(BadInput, match="The share of wrong labels is 1.5"):
        plant(np.zeros(3, int), 2, share=1.5)
    with pytest.raises(BadInput, match="There is 1 class"):
        plant(np.zeros(3, int), 1, share=0.5)
    with pytest.raises(BadInput, match="Row 1 has the true label 2"):
        plant(np.array([0, 2]), 2, share=0.5)
    for partner in (None, np.array([0, 1])):
        with pytest.raises(ValueError, match="needs a partner other than itself"):
            plant(np.zeros(3, int), 2, share=0.5, pattern="pairs", partner=partner)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.integers(0, 200), st.integers(0, 9))
def test_a_matrix_is_planted_as_exactly_as_whole_images_allow(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.ones(k), k)
    true = rng.integers(0, k, n)
    found, changed = plant_matrix(true, matrix, seed=seed)
    counts = np.zeros((k, k))
    np.add.at(counts, (true, found), 1)
    assert np.abs(counts - matrix * np.bincount(true, minlength=k)[:, None]).max(initial=0) < 1
    assert np.array_equal(changed, found != true)


def test_a_matrix_whose_columns_sum_to_one_is_refused() -> None:
    with pytest.raises(BadInput, match="row = true class, every row summing to one"):
        plant_matrix(np.array([0, 1]), np.array([[0.9, 0.2], [0.1, 0.8]]).T[:, ::-1] * [[1, 1], [1, 0.5]])


def test_look_alikes_are_the_nearest_means() -> None:
    vectors = np.array([[0.0, 0], [0, 2], [1, 1], [10, 0], [9, 1]])
    assert lookalikes(vectors, np.array([0, 0, 1, 2, 2]), 3).tolist() == [1, 0, 1]


def test_the_demo_is_what_it_says() -> None:
    dataset, _ = read("digits")
    told, true = dataset.about["planted"], dataset.true
    assert true is not None and len(dataset) == 1797
    wrong = dataset.given != true
    assert wrong.sum() == told["n"] == 144 == told["n_uniform"] + told["n_lookalike"]
    assert told["n_uniform"] == told["n_lookalike"] == 72
    to_partner = [told["lookalikes"][str(t)] == str(g) for t, g in zip(true[wrong], dataset.given[wrong], strict=True)]
    assert sum(to_partner) >= 72
    assert told["sentence"].startswith("144 of the 1,797 labels were made wrong on purpose: 72 to any other digit")
    assert dataset.pixels.data is not None and dataset.pixels.data.shape == (1797, 8, 8)
    assert dataset.pixels.data.max() == 255
    assert np.bincount(true).min() > 170


def test_the_demo_without_or_with_other_mistakes() -> None:
    clean, _ = read("digits?share=0")
    assert clean.true is not None and np.array_equal(clean.given, clean.true) and "planted" not in clean.about
    pairs, _ = read("digits?share=0.2&pattern=lookalikes&seed=4")
    assert pairs.about["planted"]["n_uniform"] == 0 and pairs.about["planted"]["n"] == 359
    assert pairs.fingerprint != clean.fingerprint
    with pytest.raises(BadInput, match="The option pattern is 'odd' – wanted: one of uniform, lookalikes, mixture"):
        read("digits?pattern=odd")
