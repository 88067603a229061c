"""Files with the predictions of one or several models: kinds, order of rows, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.base.types import Dataset
from analysis.data.model_predictions import Ranked, ranked_models
from tests.factory import make_dataset

N, K = 12, 5


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset(n=N, classes=K)


def ranked(path: Path, dataset: Dataset, arrays: dict[str, Any], **how: Any) -> list[Ranked]:
    np.savez(path, **arrays)
    return list(ranked_models(path, dataset, **how))


def test_several_models_in_one_file(tmp_path: Path, dataset: Dataset) -> None:
    top = np.random.default_rng(0).integers(0, K, (3, N)).astype(np.int16)
    found = ranked(tmp_path / "m.npz", dataset, {"models": ["a", "b", "c"], "top1": top})
    assert [model.name for model in found] == ["a", "b", "c"]
    assert all(np.array_equal(model.top_class, rows[:, None]) for model, rows in zip(found, top, strict=True))


def test_the_five_best_classes_are_taken_where_they_stand_beside_the_best_one(tmp_path: Path, dataset: Dataset) -> None:
    top = np.stack([np.argsort(np.random.default_rng(s).random((N, K)), axis=1) for s in range(2)])
    found = ranked(tmp_path / "m.npz", dataset, {"models": ["a", "b"], "top1": top[..., 0], "top5": top})
    assert np.array_equal(found[1].top_class, top[1])


def test_rows_are_matched_by_the_names_of_the_images(tmp_path: Path, dataset: Dataset) -> None:
    order = np.random.default_rng(1).permutation(N)
    top = np.random.default_rng(2).integers(0, K, (2, N))
    ids = dataset.table["image_id"].to_numpy(str)[order]
    found = ranked(tmp_path / "m.npz", dataset, {"models": ["a", "b"], "top1": top[:, order], "image_ids": ids})
    assert np.array_equal(found[0].top_class[:, 0], top[0])


def test_one_model_may_come_as_probabilities_classes_or_lists(tmp_path: Path, dataset: Dataset) -> None:
    probs = np.random.default_rng(3).dirichlet(np.ones(K), N)
    dense = ranked(tmp_path / "vit.npz", dataset, {"probs": probs})[0]
    assert dense.name == "vit" and np.array_equal(dense.top_class, np.argsort(-probs, axis=1)[:, :5])
    assert dense.top_prob is not None and dense.top_prob[0, 0] == probs[0].max()
    listed = ranked(tmp_path / "x.npz", dataset, {"top5": dense.top_class}, name="mine")[0]
    assert listed.name == "mine" and listed.top_prob is None and np.array_equal(listed.top_class, dense.top_class)
    np.save(tmp_path / "bare.npy", probs.argmax(axis=1))
    (bare,) = ranked_models(tmp_path / "bare.npy", dataset)
    assert bare.top_prob is None and np.array_equal(bare.top_class[:, 0], probs.argmax(axis=1))


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        ({"models": ["a", "b"], "top1": np.zeros((3, N), int)}, "for 2 models"),
        ({"models": np.zeros(0, "U1"), "top1": np.zeros((0, N), int)}, "names no model"),
        ({"models": ["a", "a"], "top1": np.zeros((2, N), int)}, "'a' more than once"),
        ({"models": ["a"], "what": np.zeros((1, N), int)}, "holds the arrays"),
        ({"models": ["a"], "top1": np.zeros((1, N - 2), int)}, f"{N - 2} rows"),
        ({"models": ["a", "b"], "top1": np.array([[0] * N, [0] * 3 + [K] + [0] * (N - 4)])}, "m.npz, b: row 3"),
        ({"top5": np.zeros((N, 2, 2), int)}, "wanted: .images"),
    ],
)
def test_what_is_refused(tmp_path: Path, dataset: Dataset, arrays: dict[str, Any], found: str) -> None:
    with pytest.raises(BadInput, match=found):
        ranked(tmp_path / "m.npz", dataset, arrays)


def test_a_name_for_a_file_of_several_models_is_refused(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(BadInput, match="names of their own"):
        ranked(tmp_path / "m.npz", dataset, {"models": ["a"], "top1": np.zeros((1, N), int)}, name="x")
