"""Confident learning: equal to cleanlab 2.9, independent of row order, streamed, top-k."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.types import Predictions
from analysis.noise.confident_joint import confident_joint
from analysis.noise.filters import FILTERS, confident_learning, prune_by_noise_rate
from analysis.noise.rows import gather

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # cleanlab warns of its own imports
    cleanlab_filter = pytest.importorskip("cleanlab.filter", reason="cleanlab, the reference, is not installed")
    cleanlab_count = pytest.importorskip("cleanlab.count")

Case = tuple[np.ndarray, np.ndarray]


def noisy(n: int, k: int, *, seed: int, wrong: float = 0.15, empty: bool = False, sharp: float = 3.0) -> Case:
    """Given labels (n,) with uniform errors and probabilities (n, k) of a decent model; `empty`: no label is k - 1."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k - empty, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += sharp
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flip = rng.random(n) < wrong
    given = np.where(flip, rng.integers(0, k - empty, n), true)
    return given, probs


def dense(probs: np.ndarray) -> Predictions:
    return Predictions("m", probs.shape[1], np.ones(len(probs), bool), probs=probs)


def top_k(probs: np.ndarray, k: int) -> Predictions:
    best = np.argsort(-probs, axis=1, kind="stable")[:, :k]
    held_out = np.ones(len(probs), bool)
    values = np.take_along_axis(probs, best, axis=1)
    return Predictions("m", probs.shape[1], held_out, top_class=best, top_prob=values)


def reference(given: np.ndarray, probs: np.ndarray, name: str) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cleanlab_filter.find_label_issues(given, probs, filter_by=name, n_jobs=1)


@pytest.mark.parametrize("name", list(FILTERS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape",  # images, classes, is the last class empty, share of wrong labels
    [(60, 2, False, 0.2), (30, 10, False, 0.3), (800, 3, True, 0.1), (1500, 17, False, 0.3), (1500, 120, True, 0.2)],
    ids=str,
)
def test_equals_cleanlab(name: str, dtype: Any, shape: tuple[int, int, bool, float]) -> None:
    n, k, empty, wrong = shape
    for seed in range(3):
        given, probs = noisy(n, k, seed=seed, wrong=wrong, empty=empty)
        probs = probs.astype(dtype)
        ours = confident_learning(given, dense(probs)).mask(name)
        np.testing.assert_array_equal(ours, reference(given, probs, name))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_equals_cleanlab_with_two_thousand_classes_of_which_some_are_missing(dtype: Any) -> None:
    narrow, some = noisy(1500, 250, seed=3, wrong=0.2, sharp=4.0)
    there = np.sort(np.random.default_rng(0).permutation(2000)[:250])
    given, probs = there[narrow], np.full((1500, 2000), 1e-6)
    probs[:, there] = some
    probs = (probs / probs.sum(axis=1, keepdims=True)).astype(dtype)
    found = confident_learning(given, dense(probs))
    for name in ("prune_by_noise_rate", "confident_learning", "low_normalized_margin"):
        ours, theirs = found.mask(name), reference(given, probs, name)
        assert ours.sum() == theirs.sum() > 100
        assert (ours != theirs).sum() <= (4 if dtype == np.float16 else 0), name  # ties at the cut, see below


def test_a_model_that_knows_little_competes_with_all_of_the_class() -> None:
    """More wrong labels are expected than images lean to the other class: those of small margin count as well."""
    given, probs = noisy(400, 5, seed=1, wrong=0.6, sharp=0.4)
    found = confident_learning(given, dense(probs))
    margin = (
        probs[found.pruned.rows, found.pruned.true[found.pruned.pair]]
        - probs[found.pruned.rows, given[found.pruned.rows]]
    )
    np.testing.assert_allclose(found.pruned.margin, margin)
    for name in FILTERS:
        np.testing.assert_array_equal(found.mask(name), reference(given, probs, name), err_msg=name)
        np.testing.assert_array_equal(confident_learning(given, top_k(probs, 5)).mask(name), found.mask(name))


@pytest.mark.parametrize("name", list(FILTERS))
def test_equals_cleanlab_in_half_precision(name: str) -> None:
    given, probs = noisy(600, 4, seed=5)
    probs = probs.astype(np.float16)
    ours, theirs = confident_learning(given, dense(probs)).mask(name), reference(given, probs, name)
    assert ours.sum() == theirs.sum() > 0
    # equal values at the cut are common with 11 bits, and cleanlab leaves their order to chance
    assert (ours != theirs).sum() <= 2


FLAGGED = {
    "mnist": dict.fromkeys(FILTERS, 15) | {"predicted_neq_given": 87},
    "cifar10": {
        "prune_by_noise_rate": 284,
        "prune_by_class": 284,
        "both": 226,
        "confident_learning": 244,
        "predicted_neq_given": 706,
        "low_self_confidence": 244,
        "low_normalized_margin": 244,
    },
}


def real(name: str, shared: Path) -> Case:
    if name == "mnist":
        with np.load(shared / "crowd" / "mnist.npz") as file:
            return file["labels"].astype(np.int64), file["probs"]
    with np.load(shared / "cifar10" / "labels.npz") as file:
        labels, probs = file["y_test"].astype(np.int64), file["cleanlab_test_pyx"]
    if name == "cifar10":
        return labels, probs
    with np.load(shared / "cifar10" / "resnet20_outputs.npz") as file:
        logits = file["test_logits"].astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    rng = np.random.default_rng(0)
    given = np.where(rng.random(len(labels)) < 0.1, rng.integers(0, 10, len(labels)), labels)
    return given, powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_equals_cleanlab_on_a_network_that_is_certain_of_most_images(dtype: Any, shared_data: Path) -> None:
    given, probs = real("network", shared_data)
    probs = probs.astype(dtype)
    found = confident_learning(given, dense(probs))
    for name in FILTERS:
        ours, theirs = found.mask(name), reference(given, probs, name)
        assert ours.sum() == theirs.sum() > 500
        # in half precision hundreds of images have exactly the same values, and cleanlab goes by the order of the rows
        assert (ours != theirs).sum() <= (0.02 * ours.sum() if dtype == np.float16 else 0), name


@pytest.mark.parametrize("name", list(FLAGGED))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_equals_cleanlab_on_real_predictions(name: str, dtype: Any, shared_data: Path) -> None:
    given, probs = real(name, shared_data)
    probs = probs.astype(dtype)
    found = confident_learning(given, dense(probs))
    for filter_by, n in FLAGGED[name].items():
        mask = found.mask(filter_by)
        np.testing.assert_array_equal(mask, reference(given, probs, filter_by), err_msg=filter_by)
        if dtype != np.float16:
            assert mask.sum() == n
    if name == "cifar10" and dtype == np.float16:
        assert found.mask("prune_by_noise_rate").sum() == 285


def test_the_joint_equals_cleanlab() -> None:
    for k, empty in ((3, False), (17, True), (120, False)):
        given, probs = noisy(900, k, seed=k, empty=empty)
        predictions = dense(probs)
        joint = confident_joint(given, predictions, gather(given, predictions))
        square = np.zeros((k, k), int)
        square[joint.given, joint.true] = joint.count
        np.testing.assert_array_equal(square, cleanlab_count.compute_confident_joint(given, probs))
        np.testing.assert_array_equal(square.sum(axis=1), np.bincount(given, minlength=k))
        np.testing.assert_array_equal(square.diagonal(), joint.diagonal())


def test_beyond_the_dense_limit_the_joint_is_the_same_but_for_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    given, probs = noisy(900, 40, seed=1)
    near = confident_learning(given, dense(probs))
    monkeypatch.setattr("analysis.noise.confident_joint.DENSE_CLASSES", 0)
    far = confident_learning(given, dense(probs))
    np.testing.assert_array_equal(far.joint.diagonal().sum(), near.joint.diagonal().sum())
    assert np.mean(far.mask() != near.mask()) < 0.02


def test_ten_thousand_classes_need_no_square_matrix() -> None:
    import tracemalloc

    k, n = 10_000, 20_000
    rng = np.random.default_rng(0)
    true = np.arange(n) % k
    top = np.stack([true, (true + 1) % k], axis=1)
    values = np.stack([rng.uniform(0.5, 0.8, n), rng.uniform(0.1, 0.2, n)], axis=1)
    given = true.copy()
    given[:400] = (given[:400] + 1) % k
    predictions = Predictions("m", k, np.ones(n, bool), top_class=top, top_prob=values)
    tracemalloc.start()
    mask = prune_by_noise_rate(given, predictions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mask[:400].mean() > 0.9 and mask[400:].mean() < 0.01
    assert peak < 50 << 20  # the square matrix alone would be 800 MB


@pytest.mark.parametrize("name", list(FILTERS))
def test_row_order_does_not_matter_ties_included(name: str) -> None:
    given, probs = noisy(700, 4, seed=2, wrong=0.3, sharp=1.5)
    # few distinct rows: ties everywhere, also between rows that are equal in all
    probs = np.round(probs * 10) / 10
    probs[:, 0] += 1 - probs.sum(axis=1)
    probs = np.abs(probs) / np.abs(probs).sum(axis=1, keepdims=True)
    tie = np.random.default_rng(0).permutation(700)
    mask = confident_learning(given, dense(probs), tie=tie).mask(name)
    assert 0 < mask.sum() < 700
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(700)
        moved = confident_learning(given[order], dense(probs[order]), tie=tie[order]).mask(name)
        np.testing.assert_array_equal(moved, mask[order])


@pytest.mark.parametrize("name", list(FILTERS))
def test_top_k_of_all_classes_equals_dense_and_fewer_are_close(name: str) -> None:
    given, probs = noisy(1000, 12, seed=4)
    whole = confident_learning(given, dense(probs)).mask(name)
    np.testing.assert_array_equal(confident_learning(given, top_k(probs, 12)).mask(name), whole)
    few = confident_learning(given, top_k(probs, 5)).mask(name)
    # what is not listed counts as 0, so low self-confidence cannot tell an unlisted label from another
    assert (few & whole).sum() / (few | whole).sum() > 0.8


def test_memory_map_is_read_in_blocks(tmp_path: Path) -> None:
    import tracemalloc

    given, probs = noisy(20_000, 100, seed=0)
    np.save(tmp_path / "probs.npy", probs.astype(np.float32))
    mapped = np.load(tmp_path / "probs.npy", mmap_mode="r")
    predictions = dense(mapped)
    tracemalloc.start()
    mask = prune_by_noise_rate(given, predictions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(mask, prune_by_noise_rate(given, dense(probs.astype(np.float32))))
    assert peak < 20 << 20  # vectors of N and blocks of 4 MiB; the map is 8 MB and a float64 copy would be 16


def test_the_facts_behind_a_flag() -> None:
    given, probs = noisy(2000, 5, seed=1)
    found = confident_learning(given, dense(probs))
    mask, pairs = found.mask(), found.pairs
    np.testing.assert_array_equal(pairs.true >= 0, mask)
    assert (pairs.rank[mask] >= 1).all() and (pairs.rank[mask] <= pairs.expected[mask]).all()
    assert (pairs.true[mask] != given[mask]).all() and not pairs.rank[~mask].any()
    # inside one pair the ranks follow the margin towards that class
    one = mask & (given == 0) & (pairs.true == 1)
    margin = probs[one, 1] - probs[one, 0]
    assert one.sum() > 3
    np.testing.assert_array_equal(np.argsort(pairs.rank[one]), np.argsort(-margin))


def test_the_two_forms_of_the_confident_class_differ_where_the_best_class_misses_its_threshold() -> None:
    given = np.array([0, 0, 1, 1, 2, 2])
    probs = np.array(
        [
            [0.9, 0.05, 0.05],
            [0.9, 0.05, 0.05],
            [0.7, 0.2, 0.1],
            [0.7, 0.2, 0.1],
            [0.5, 0.3, 0.2],
            [0.5, 0.21, 0.29],
        ]
    )
    predictions = dense(probs)
    facts = gather(given, predictions)
    code = confident_joint(given, predictions, facts, form="code").guess
    paper = confident_joint(given, predictions, facts, form="paper").guess
    # row 5: class 0 (0.5) misses its threshold 0.9, classes 1 (0.21 >= 0.2) and 2 (0.29 >= 0.245) reach theirs
    assert (code[5], paper[5]) == (0, 2)
    np.testing.assert_array_equal(code[:5], paper[:5])


def test_classes_of_one_image_are_left_alone() -> None:
    given, probs = noisy(200, 3, seed=0)
    given[given == 2] = 1
    given[0], probs[0] = 2, [0.98, 0.01, 0.01]
    found = confident_learning(given, dense(probs))
    assert not found.mask("prune_by_noise_rate")[0] and not found.mask("prune_by_class")[0]


def test_bad_input_is_refused_with_the_row() -> None:
    given, probs = noisy(20, 3, seed=0)
    with pytest.raises(BadInput, match="There are 19 given labels and 20 rows of predictions"):
        confident_learning(given[1:], dense(probs))
    with pytest.raises(BadInput, match="The given labels are float64"):
        confident_learning(given.astype(float), dense(probs))
    given[7] = 3
    with pytest.raises(BadInput, match="Row 7 has the given label 3"):
        confident_learning(given, dense(probs))
    with pytest.raises(NotFoundHere, match="There is no filter named 'magic'"):
        confident_learning(given % 3, dense(probs)).mask("magic")
