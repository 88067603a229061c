"""Patch features: what the dictionary learns, and that features follow the content, not the conditions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analysis.models import patches
from analysis.models.images import Fit, Look, decoded
from analysis.models.patches import PatchNetwork, Plan, learn, normalised, plan_for, spherical_kmeans, whitening
from analysis.models.reduce import reduced
from tests.models.makers import Loader, striped

PLAN = Plan(Fit(16, grey=True), patch=5, patterns=24, stride=1, grid=2)


@pytest.fixture(autouse=True)
def _few_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "N_PATCHES", 3000)


def bytes_of(n: int = 60, plan: Plan = PLAN) -> np.ndarray:
    return decoded(Loader(striped(n, side=16)).load, range(n), plan.fit)


def features(images: np.ndarray, plan: Plan = PLAN, dictionary: patches.Dictionary | None = None) -> np.ndarray:
    network = PatchNetwork(dictionary or learn(images, plan, seed=0), plan)
    with torch.inference_mode():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def test_the_seed_decides_the_dictionary() -> None:
    images = bytes_of()
    one, two, other = (learn(images, PLAN, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.filters, two.filters)
    assert not np.array_equal(one.filters, other.filters)


def test_features_are_what_the_slow_way_gives() -> None:
    """The convolution against the words of the method: normalise a patch, whiten it, compare it with a pattern."""
    images = bytes_of(2)
    dictionary = learn(images, PLAN, seed=0)
    linear = torch.from_numpy(dictionary.filters).reshape(PLAN.patterns, -1)
    found = features(images, dictionary=dictionary).reshape(2, PLAN.patterns, 2, 2)
    pixels = torch.from_numpy(images[..., 0]).float() / 255
    windows = normalised(pixels.unfold(1, 5, 1).unfold(2, 5, 1).reshape(-1, 25)) @ linear.T
    active = torch.relu(windows - torch.from_numpy(dictionary.offset) - patches.THRESHOLD).reshape(2, 12, 12, -1)
    wanted = active.reshape(2, 2, 6, 2, 6, -1).mean(dim=(2, 4)).permute(0, 3, 1, 2).sqrt()
    np.testing.assert_allclose(found, wanted.numpy(), atol=2e-3)


@pytest.mark.parametrize("grey", [True, False])
def test_brightness_and_contrast_matter_little(grey: bool) -> None:
    plan = Plan(Fit(16, grey=grey), patch=5, patterns=24, stride=1, grid=2)
    images = bytes_of(40, plan)
    dictionary = learn(images, plan, seed=0)
    darker = (images * 0.5 + 20).astype(np.uint8)
    first, second = features(images, plan, dictionary), features(darker, plan, dictionary)
    assert np.abs(first - second).mean() < 0.1 * np.abs(first - first[::-1]).mean()


def test_whitening_takes_correlation_out() -> None:
    rng = np.random.default_rng(0)
    mixed = torch.from_numpy(rng.normal(size=(5000, 4)) @ rng.normal(size=(4, 4)))
    mixed -= mixed.mean(dim=0)
    white = mixed @ whitening(mixed)
    assert torch.linalg.cond(mixed.T @ mixed) > 10
    assert torch.linalg.cond(white.T @ white) < 2


def test_kmeans_finds_directions_whatever_their_sign() -> None:
    rng = np.random.default_rng(0)
    axes = torch.eye(6)[:3]
    signs = torch.from_numpy(rng.choice([-1.0, 1.0], 600)).float()
    points = axes[torch.from_numpy(rng.integers(0, 3, 600))] * signs[:, None] + torch.from_numpy(
        rng.normal(0, 0.05, (600, 6))
    )
    found = spherical_kmeans(points.float(), 3, np.random.default_rng(1))
    assert (found @ axes.T).abs().max(dim=0).values.min() > 0.95


def test_more_patterns_than_patches_and_flat_patches_do_no_harm() -> None:
    points = torch.zeros(5, 4)
    assert torch.isfinite(spherical_kmeans(points, 9, np.random.default_rng(0))).all()


@pytest.mark.parametrize(
    ("side", "size"), [(8, 16), (16, 16), (17, 28), (28, 28), (32, 32), (48, 32), (49, 64), (4000, 64)]
)
def test_plans_follow_the_size_of_the_images(side: int, size: int) -> None:
    plan = plan_for(Look(side, grey=True))
    assert plan.fit.size == size and plan.fit.grey
    assert plan.width == plan.patterns * plan.grid**2 <= 3000


# -- fewer features --------------------------------------------------------------------------------------------------
def test_reduced_features_keep_the_neighbours_of_what_varies() -> None:
    rng = np.random.default_rng(0)
    given = np.arange(200) % 4
    wide = (rng.normal(size=(4, 300))[given] + rng.normal(0, 0.5, (200, 300))).astype(np.float32)
    narrow = reduced(wide, width=20)
    assert narrow.shape == (200, 20) and narrow.dtype == np.float32
    unit = narrow / np.linalg.norm(narrow, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -1)
    assert (given[cosine.argmax(axis=1)] == given).mean() > 0.95


def test_few_constant_and_single_rows_can_be_reduced() -> None:
    for features_in in (np.zeros((5, 40)), np.ones((1, 300)), np.eye(3)):
        out = reduced(features_in.astype(np.float32))
        assert np.isfinite(out).all() and out.shape == (len(features_in), min(128, features_in.shape[1]))
