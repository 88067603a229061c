"""Linear heads: what they learn, what they give to classes they never saw, and that folds stay apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analysis.base.errors import Cancelled
from analysis.base.progress import NoParts, Silent
from analysis.models.folds import stratified_folds
from analysis.models.probe import STEPS, cross_validated, fit, with_unseen
from tests.models.makers import Listening, Memory, Stopping


def blobs(n: int, classes: int, *, width: int = 12, noise: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    given = np.arange(n) % classes
    centres = rng.normal(0, 2, (classes, width))
    return (centres[given] + rng.normal(0, noise, (n, width))).astype(np.float32), given


def run(features: np.ndarray, given: np.ndarray, classes: int, parts: object = None) -> np.ndarray:
    folds = stratified_folds(given, 4, seed=0)
    kept = parts or NoParts()
    return cross_validated(
        features, given, folds, n_classes=classes, seed=0, parts=kept, prefix="p", progress=Silent()  # type: ignore[arg-type]
    )  # fmt: skip


def test_heads_tell_blobs_apart_and_know_how_sure_they_are() -> None:
    features, given = blobs(600, 4, noise=2.5)
    probs = run(features, given, 4)
    assert probs.dtype == np.float32
    right = probs.argmax(axis=1) == given
    assert 0.75 < right.mean() < 0.98, "the case is meant to be hard"
    assert abs(probs.max(axis=1).mean() - right.mean()) < 0.04


def test_features_that_say_nothing_give_the_shares_of_the_classes() -> None:
    rng = np.random.default_rng(0)
    given = (rng.random(400) < 0.25).astype(int)
    probs = run(rng.normal(size=(400, 30)).astype(np.float32), given, 2)
    assert abs(probs[:, 1].mean() - given.mean()) < 0.05
    assert probs[:, 1].max() < 0.6, "chance differences are not believed"


def test_scale_and_shift_of_a_feature_do_not_matter() -> None:
    features, given = blobs(200, 3)
    changed = features * np.geomspace(0.2, 5, features.shape[1], dtype=np.float32) + 5
    np.testing.assert_allclose(run(features, given, 3), run(changed, given, 3), atol=2e-2)


def test_a_held_out_label_does_not_change_its_own_probabilities() -> None:
    features, given = blobs(120, 3)
    folds = stratified_folds(given, 4, seed=0)
    changed = given.copy()
    changed[folds == 0] = (changed[folds == 0] + 1) % 3

    def held_out(labels: np.ndarray) -> np.ndarray:
        return cross_validated(
            features, labels, folds, n_classes=3, seed=0, parts=NoParts(), prefix="p", progress=Silent()
        )[folds == 0]

    np.testing.assert_array_equal(held_out(given), held_out(changed))


def test_unseen_classes_get_what_add_one_smoothing_gives() -> None:
    probs = with_unseen(np.array([[0.25, 0.75, 0, 0]]), np.array([0, 1]), 18)
    np.testing.assert_allclose(probs, [[0.225, 0.675, 0.05, 0.05]], rtol=1e-6)
    np.testing.assert_allclose(with_unseen(np.array([[0.25, 0.75]]), np.array([0, 1]), 18), [[0.25, 0.75]])
    np.testing.assert_allclose(with_unseen(np.zeros((1, 4)), np.array([], int), 0), [[0.25] * 4])


def test_finished_folds_are_taken_from_the_parts() -> None:
    features, given = blobs(80, 2)
    parts, heard = Memory(), Listening()
    first = run(features, given, 2, parts)
    assert parts.stored == ["p_0", "p_1", "p_2", "p_3"]
    parts.kept["p_2"]["probs"][:] = 0.5
    folds = stratified_folds(given, 4, seed=0)
    again = cross_validated(features, given, folds, n_classes=2, seed=0, parts=parts, prefix="p", progress=heard)
    assert (again[folds == 2] == 0.5).all()
    np.testing.assert_array_equal(again[folds != 2], first[folds != 2])
    assert heard.phases == {"held-out heads": (4 * STEPS, 4 * STEPS)}


@pytest.mark.parametrize("n", [1, 4, 40, 300])
def test_progress_reaches_its_end_whatever_is_skipped(n: int) -> None:
    features, given = blobs(n, 2)
    heard = Listening()
    folds = stratified_folds(given, 3, seed=0)
    cross_validated(features, given, folds, n_classes=2, seed=0, parts=NoParts(), prefix="p", progress=heard)
    done, total = heard.phases["held-out heads"]
    assert done == total == STEPS * min(3, n)


def test_a_fit_can_be_stopped_midway() -> None:
    features, given = blobs(300, 3)
    with pytest.raises(Cancelled):
        fit(features, given, seed=0, progress=Stopping("", 0))


def test_a_thousand_classes_with_few_images_each() -> None:
    features, given = blobs(3000, 1000, width=32, noise=0.5)
    with_few_steps = fit(features[::2], given[::2], seed=0)
    probs = with_few_steps.probabilities(features[1::2], 1000)
    assert probs.shape == (1500, 1000)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)


def test_the_number_of_threads_is_given_back() -> None:
    before = torch.get_num_threads()
    features, given = blobs(40, 2)
    fit(features, given, seed=0)
    assert torch.get_num_threads() == before


@pytest.mark.gpu
def test_heads_on_the_gpu_agree_with_those_on_the_cpu() -> None:
    features, given = blobs(600, 4, noise=2.5)
    on_cpu = fit(features, given, seed=0).probabilities(features, 4)
    on_gpu = fit(features, given, seed=0, device="cuda").probabilities(features, 4)
    np.testing.assert_allclose(on_gpu, on_cpu, atol=0.02)
