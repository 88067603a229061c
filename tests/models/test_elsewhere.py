"""Looks at large matrices on a device: the answers are those of the processor, and nothing fails for want of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.base.errors import BadInput, NotAvailable
from analysis.base.progress import Silent
from analysis.base.types import Predictions
from analysis.embed import neighbours
from analysis.embed.neighbours import nearest
from analysis.models import elsewhere, memory, rowwise, tiles
from analysis.models.device import Device, pick
from analysis.models.elsewhere import Elsewhere
from analysis.noise.confident_joint import confident_joint
from analysis.noise.filters import FILTERS, confident_learning
from tests.models.makers import Listening

DTYPES = [np.float16, np.float32, np.float64]
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


class Here(Elsewhere):
    """Takes everything to a device that is named, the processor through torch included."""

    def __init__(self, name: str = "cpu", progress: Silent | None = None) -> None:
        super().__init__("cuda", progress or Silent())
        self._device = pick("cuda") if name == "cuda" else Device("cpu", bf16=False)
        self.done = 0

    def _attempt(self, work: Any) -> Any:
        found = super()._attempt(work)
        self.done += found is not None
        return found


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks, the last one not full, although the inputs are small."""
    monkeypatch.setattr(rowwise, "BLOCK_BYTES", 5_000)
    monkeypatch.setattr(tiles, "COLUMNS", 37)
    monkeypatch.setattr(Elsewhere, "rows_at_once", 41)


def noisy(k: int, dtype: Any, *, n: int = 900, steps: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Given labels and probabilities; with `steps`, so coarse that many are equal."""
    rng = np.random.default_rng(k)
    probs = rng.dirichlet(np.full(k, 0.4), n)
    if steps:
        probs = rng.multinomial(steps, probs) / steps
    true = np.array([rng.choice(k, p=row / row.sum()) for row in probs])
    return np.where(rng.random(n) < 0.2, rng.integers(0, k, n), true), probs.astype(dtype)


def real(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(shared / "cifar10" / "labels.npz") as file:
        return file["y_test"].astype(np.int64), file["cleanlab_test_pyx"]


def dense(probs: np.ndarray, looks: Any = None) -> Predictions:
    return Predictions("m", probs.shape[1], np.ones(len(probs), bool), probs=probs, looks=looks)


def assert_same(given: np.ndarray, probs: np.ndarray, name: str) -> None:
    """Every fact, count, threshold and flag, with and without the device."""
    looks = Here(name)
    ours, theirs = confident_learning(given, dense(probs)), confident_learning(given, dense(probs, looks))
    assert looks.done >= 1
    for fact in ("predicted", "p_predicted", "p_given", "other", "p_other", "margin"):
        np.testing.assert_array_equal(getattr(ours.facts, fact), getattr(theirs.facts, fact), err_msg=fact)
    assert ours.facts.p_predicted.dtype == theirs.facts.p_predicted.dtype
    for form in ("code", "paper"):
        one, other = (confident_joint(given, run.predictions, run.facts, form=form) for run in (ours, theirs))
        for part in ("threshold", "guess", "given", "true", "count"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part), err_msg=f"{form}: {part}")
    for name_of_filter in FILTERS:
        np.testing.assert_array_equal(ours.mask(name_of_filter), theirs.mask(name_of_filter), err_msg=name_of_filter)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("k", "steps"), [(1, 0), (2, 0), (7, 4), (7, 0), (120, 30)])
def test_facts_and_flags_are_those_of_the_processor(name: str, dtype: Any, k: int, steps: int) -> None:
    assert_same(*noisy(k, dtype, steps=steps), name)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_facts_and_flags_of_real_predictions_are_those_of_the_processor(
    name: str, dtype: Any, shared_data: Path
) -> None:
    given, probs = real(shared_data)
    assert_same(given, probs.astype(dtype), name)


@pytest.mark.parametrize("name", DEVICES)
def test_a_mapped_matrix_is_read_whatever_its_order(name: str, tmp_path: Path) -> None:
    given, probs = noisy(7, np.float32)
    for order in ("C", "F"):
        np.save(tmp_path / f"{order}.npy", np.asarray(probs, order=order))
        assert_same(given, np.load(tmp_path / f"{order}.npy", mmap_mode="r"), name)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_best_classes_come_in_order_and_the_lower_one_first(name: str, k: int) -> None:
    probs = noisy(60, np.float32, steps=20)[1]
    for ours, theirs in zip(dense(probs).top(k), dense(probs, Here(name)).top(k), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("spoil", "said"), [(np.nan, "NaN"), (-np.inf, "NaN"), (9.0, "logits"), (0.103, "sums to")])
def test_the_first_bad_row_is_named(name: str, dtype: Any, spoil: float, said: str) -> None:
    probs = np.full((3000, 10), 0.1, dtype)
    probs[[777, 2500], 3] = spoil
    with pytest.raises(BadInput, match=f"Row 777.*{said}"):
        dense(probs, Here(name))


def test_rows_off_by_a_hair_are_let_through_as_on_the_processor() -> None:
    probs = np.full((3000, 10), 0.1, np.float64)
    probs[::7] *= 1.0008  # not plainly good, and still within the tolerance
    looks = Here()
    assert len(dense(probs, looks)) == 3000 and looks.done == 1


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize(("n", "d", "k"), [(300, 8, 5), (65, 2, 15), (20, 30, 19), (2, 3, 5)])
def test_nearest_images_are_those_of_the_processor(name: str, n: int, d: int, k: int) -> None:
    X = np.random.default_rng(n).normal(size=(n, d)).astype(np.float32)
    X[n // 2 :: 3] = X[0]  # copies, and a row that is like nothing
    X[1] = 0
    looks = Here(name)
    ours, theirs = nearest(X, k), nearest(X, k, tiles=looks)
    assert looks.done >= 1
    np.testing.assert_array_equal(ours.index, theirs.index)
    np.testing.assert_array_equal(ours.similarity, theirs.similarity)


@pytest.mark.parametrize("name", DEVICES)
def test_real_features_have_the_same_neighbours(name: str, shared_data: Path) -> None:
    with np.load(shared_data / "faces_lfw" / "embeddings.npz") as file:
        X = file[file.files[0]] if "embeddings" not in file else file["embeddings"]
    X = X[:600]
    ours, theirs = nearest(X, 15), nearest(X, 15, tiles=Here(name))
    np.testing.assert_array_equal(ours.index, theirs.index)


def test_a_row_and_its_copies_all_tie_on_the_device() -> None:
    found = nearest(np.ones((90, 4), np.float32), 5, tiles=Here())
    assert found.index[0].tolist() == [1, 2, 3, 4, 5]
    assert found.index[2].tolist() == [0, 1, 3, 4, 5]
    assert found.index[89].tolist() == [0, 1, 2, 3, 4]


def test_products_are_made_in_full_precision_and_the_setting_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    keys = tiles._keys
    monkeypatch.setattr(tiles, "_keys", lambda *a: (seen.append(torch.get_float32_matmul_precision()), keys(*a))[1])
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        nearest(np.eye(50, 9, dtype=np.float32), 3, tiles=Here())
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    assert set(seen) == {"highest"}


# -- want of room, and want of a device ----------------------------------------------------------------------------
def short_of_memory(times: int) -> Any:
    """A failure of the first `times` blocks."""
    left = [times]
    start = rowwise.Stream._start

    def fail(self: Any, *args: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return start(self, *args)

    return fail


def test_less_goes_to_the_device_at_once_when_its_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given, probs = noisy(7, np.float32)
    rooms: list[int] = []
    best = rowwise.best
    monkeypatch.setattr(rowwise, "best", lambda *a, room, **b: (rooms.append(room), best(*a, room=room, **b))[1])
    monkeypatch.setattr(rowwise.Stream, "_start", short_of_memory(2))
    assert_same(given, probs, "cpu")
    assert rooms[0] == memory.CPU_ROOM and rooms[2] == rooms[1] // 2 == rooms[0] // 4


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), torch.AcceleratorError("CUDA error: device-side failure", 700)],
    ids=["full", "broken"],
)
def test_the_processor_goes_on_where_the_device_cannot(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    given, probs = noisy(7, np.float32)

    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(rowwise.Stream, "_start", fail)
    heard = Listening()
    looks = Here(progress=heard)
    found = confident_learning(given, dense(probs, looks))
    np.testing.assert_array_equal(found.mask(), confident_learning(given, dense(probs)).mask())
    X = np.random.default_rng(0).normal(size=(90, 4))
    np.testing.assert_array_equal(nearest(X, 5, tiles=looks).index, nearest(X, 5).index)
    assert looks.done == 0
    assert heard.notes == ["cpu has no room for large matrices or has failed: the processor goes on."]


def test_other_errors_are_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("a mistake in the program")

    monkeypatch.setattr(rowwise.Stream, "_start", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        dense(noisy(3, np.float32)[1], Here())


def test_a_search_too_long_for_the_processor_is_approximate_once_the_device_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gone(Here):
        def best_columns(self, *_: Any) -> None:
            return None

    monkeypatch.setattr(neighbours, "EXACT_WORK", 10.0)
    monkeypatch.setattr(neighbours, "approximate", lambda *_, **__: "approximate")
    X = np.random.default_rng(0).normal(size=(90, 4))
    assert nearest(X, 5, tiles=Gone()) == "approximate"  # type: ignore[comparison-overlap]
    np.testing.assert_array_equal(nearest(X, 5, tiles=Here()).index[:, 0], np.argmax(_similar(X), axis=1))


def _similar(X: np.ndarray) -> np.ndarray:
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    found: np.ndarray = unit @ unit.T - 9 * np.eye(len(X))
    return found


@pytest.mark.parametrize("asked", ["cpu", "mps"])
def test_other_devices_than_cuda_leave_it_to_the_processor(asked: str) -> None:
    looks = Elsewhere(asked, Silent())
    assert looks.best(noisy(3, np.float32)[1], 1) is None
    assert not looks.takes(10**5, 500)


def test_auto_looks_for_a_gpu_only_when_the_matrix_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(elsewhere, "has_driver", lambda: asked.append("driver") or True)
    monkeypatch.setattr("analysis.models.device.pick", lambda name: asked.append(name) or Device("cpu", bf16=False))
    looks, probs = Elsewhere("auto", Silent()), noisy(3, np.float32)[1]
    assert looks.best(probs, 1) is None and not looks.takes(1000, 10) and asked == []
    monkeypatch.setattr(elsewhere, "PAYS_BYTES", probs.nbytes)
    for _ in range(2):  # asked once
        assert looks.best(probs, 1) is None
    assert asked == ["driver", "auto"]


def test_a_gpu_asked_for_and_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.models.device.available", lambda: ["cpu"])
    with pytest.raises(NotAvailable, match="There is no device 'cuda' here"):
        Elsewhere("cuda", Silent()).best(noisy(3, np.float32)[1], 1)


@pytest.mark.parametrize("values", [np.full((9, 2), 0.5, ">f4"), np.eye(3, dtype=np.int64)], ids=["swapped", "whole"])
def test_types_that_a_device_does_not_know_are_left_to_the_processor(values: np.ndarray) -> None:
    looks = Here()
    assert dense(values, looks).argmax().tolist() == dense(values).argmax().tolist()
    assert looks.done == 0


def test_lists_of_the_best_classes_stay_on_the_processor() -> None:
    given, probs = noisy(7, np.float32)
    classes, values = dense(probs).top(3)
    looks = Here()
    held_out = np.ones(len(given), bool)
    found = Predictions("m", 7, held_out, top_class=classes, top_prob=values, looks=looks)
    assert confident_learning(given, found).mask().any() and looks.done == 0


def test_an_unknown_device_is_refused_without_loading_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "analysis.models.device"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    with pytest.raises(NotAvailable, match="There is no device 'gpu'.*cuda:N"):
        Elsewhere("gpu", Silent())
