"""The map: repeatable, faithful to groups, and never stopped by odd features."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.config import MapSettings
from analysis.base.errors import BadInput
from analysis.embed.neighbours import nearest
from analysis.embed.project import pca_layout, umap_layout


def groups(n: int, d: int = 20, many: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    of = np.arange(n) % many
    return (rng.normal(size=(n, d)) * 0.3 + rng.normal(size=(many, d))[of]).astype(np.float32), of


def layout(X: np.ndarray, **settings: float):
    return umap_layout(X, nearest(X, 15), MapSettings(**settings))


def test_groups_stay_together_and_the_same_seed_gives_the_same_map():
    X, of = groups(150)
    one = layout(X)
    assert one.method == "umap" and one.xy.dtype == np.float32
    distance = np.linalg.norm(one.xy[:, None] - one.xy[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (of[distance.argmin(axis=1)] == of).mean() > 0.98
    np.testing.assert_array_equal(layout(X).xy, one.xy)
    assert (layout(X, seed=1).xy != one.xy).any()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 15])
def test_few_images_are_laid_out_by_pca_which_is_said(n):
    found = layout(groups(n)[0])
    assert found.method == "pca"
    assert "too few" in found.parameters["why"]
    assert found.xy.shape == (n, 2)


@pytest.mark.parametrize("n", [16, 17, 25])
def test_barely_enough_images_are_laid_out_by_umap(n):
    found = layout(groups(n)[0])
    assert found.method == "umap" and found.parameters["neighbours"] == min(15, n)


def test_constant_features_fall_back_and_say_why():
    for value in (0.0, 3.5):
        found = layout(np.full((40, 8), value, np.float32))
        assert found.method == "pca" and not found.xy.any()
        assert "same features" in found.parameters["why"]


ODD = {
    "one dimension": np.linspace(-1, 1, 40, dtype=np.float32)[:, None],
    "two points many times": np.repeat(np.eye(2, 5, dtype=np.float32), 20, axis=0),
    "every image four times": np.repeat(groups(10)[0], 4, axis=0),
    "all in one direction": np.outer(np.arange(1, 41), np.ones(6)).astype(np.float32),
    "some zero rows": np.concatenate([np.zeros((20, 5)), np.eye(5).repeat(4, 0)]).astype(np.float32),
    "very large": groups(40)[0] * np.float32(1e30),
    "very small": groups(40)[0] * np.float32(1e-30),
    "half precision": groups(40)[0].astype(np.float16),
    "opposite points": np.concatenate([np.ones((10, 3)), -np.ones((10, 3))]).astype(np.float32),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_features_give_a_finite_map(name):
    found = layout(ODD[name])
    assert found.method == "umap"
    assert np.isfinite(found.xy).all() and found.xy.any()


def test_pca_keeps_the_direction_of_largest_variance_first():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1, 10, 3]
    xy = pca_layout(X).xy
    assert abs(np.corrcoef(xy[:, 0], X[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(xy[:, 1], X[:, 2])[0, 1]) > 0.98


def test_neighbours_of_other_images_are_refused():
    X = groups(30)[0]
    with pytest.raises(BadInput, match="30 features and neighbours of 20 images"):
        umap_layout(X, nearest(X[:20], 5), MapSettings())
