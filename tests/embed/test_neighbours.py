"""Nearest images: against brute force, ties, degenerate features."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.base.progress import Silent
from analysis.embed import neighbours
from analysis.embed.neighbours import approximate, nearest


def brute_force(X: np.ndarray, k: int) -> np.ndarray:
    unit = X.astype(np.float64) / np.maximum(np.linalg.norm(X.astype(np.float64), axis=1, keepdims=True), 1e-300)
    S = np.round(unit @ unit.T, 6)
    np.fill_diagonal(S, -np.inf)
    return np.argsort(-S, axis=1, kind="stable")[:, :k]


def features(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize(("n", "d", "k"), [(300, 8, 5), (65, 2, 15), (20, 30, 19)])
def test_equals_brute_force_over_several_tiles(n, d, k, monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", 17)
    monkeypatch.setattr(neighbours, "COLUMNS", 23)
    X = features(n, d)
    found = nearest(X, k)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    S = unit @ unit.T
    np.testing.assert_allclose(found.similarity, np.take_along_axis(S, found.index, 1), atol=3e-6)
    np.fill_diagonal(S, -2)
    np.testing.assert_allclose(found.similarity, -np.sort(-S, axis=1)[:, :k], atol=3e-6)
    assert (found.index != np.arange(n)[:, None]).all()
    assert found.index.dtype == np.int32 and found.similarity.dtype == np.float32


def test_tiles_do_not_change_the_result(monkeypatch):
    X = np.repeat(features(40, 5), 3, axis=0)
    whole = nearest(X, 7)
    for rows, columns in ((7, 11), (120, 3), (1, 120)):
        monkeypatch.setattr(neighbours, "ROWS", rows)
        monkeypatch.setattr(neighbours, "COLUMNS", columns)
        again = nearest(X, 7)
        np.testing.assert_array_equal(again.index, whole.index)
        np.testing.assert_array_equal(again.similarity, whole.similarity)


def test_duplicates_are_neighbours_and_the_lower_row_comes_first():
    X = np.repeat(features(3, 6), 4, axis=0)
    found = nearest(X, 3)
    assert found.index[5].tolist() == [4, 6, 7]
    assert found.index[0].tolist() == [1, 2, 3]
    np.testing.assert_allclose(found.similarity, 1, atol=1e-6)


def test_constant_features_tie_everywhere():
    found = nearest(np.ones((50, 4), np.float32), 5)
    assert found.index[0].tolist() == [1, 2, 3, 4, 5]
    assert found.index[2].tolist() == [0, 1, 3, 4, 5]
    assert found.index[49].tolist() == [0, 1, 2, 3, 4]


def test_rows_of_zeros_are_similar_to_nothing():
    X = features(6, 3)
    X[2] = 0
    found = nearest(X, 5)
    assert found.similarity[2].tolist() == [0.0] * 5
    assert found.index[2].tolist() == [0, 1, 3, 4, 5]


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 0)), (2, (2, 1)), (5, (5, 4)), (50, (50, 15))])
def test_k_shrinks_with_the_number_of_images(n, shape):
    assert nearest(features(n, 3), 15).index.shape == shape


def test_scale_of_a_row_does_not_matter_and_nothing_overflows():
    X = features(60, 4)
    scaled = X * np.logspace(-30, 30, 60, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(nearest(scaled, 5).index, nearest(X, 5).index)


def test_half_precision_memory_maps_are_read(tmp_path):
    np.save(tmp_path / "x.npy", features(50, 4).astype(np.float16))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(nearest(mapped, 5).index, nearest(np.array(mapped), 5).index)


def test_nan_is_refused_with_its_row():
    X = features(10, 3)
    X[4, 1] = np.nan
    with pytest.raises(BadInput, match="features hold NaN or infinity in row 4"):
        nearest(X, 3)


class Counter(Silent):
    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def start(self, what: str, total: int) -> None:
        self.total += total

    def advance(self, n: int = 1) -> None:
        self.done += n


def test_progress_reaches_its_total(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", 16)
    counter = Counter()
    nearest(features(50, 4), 5, progress=counter)
    assert counter.total == counter.done == 50


@pytest.mark.slow
def test_descent_finds_nearly_all_exact_neighbours_and_repeats():
    centres = np.random.default_rng(1).normal(size=(20, 16)) * 3
    X = (features(1_500, 16) + centres[np.arange(1_500) % 20]).astype(np.float32)
    X[100:110] = X[100]  # duplicates
    X[700] = 0
    exact = nearest(X, 10)
    found = approximate(X, 10, seed=0, progress=Silent())
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.index, found.index, strict=True)])
    assert kept > 0.97
    assert (found.index != np.arange(len(X))[:, None]).all()
    assert (found.index >= 0).all()
    assert (np.diff(found.similarity, axis=1) <= 0).all()
    np.testing.assert_array_equal(approximate(X, 10, seed=0, progress=Silent()).index, found.index)
