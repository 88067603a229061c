"""Large matrices: read where they lie, in memory that grows with the images and not with the classes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.base import arrays
from analysis.base.errors import BadInput
from analysis.base.progress import Silent
from analysis.base.types import Predictions
from analysis.noise.filters import FILTERS, confident_learning
from analysis.noise.rows import entropies
from analysis.plain import score

N, K = 40_000, 250  # 38 MiB of float32


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Path]:
    """Given labels, 10 % of them wrong, and a file of probabilities, written block by block."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("mapped") / "probs.npy"
    probs = np.lib.format.open_memmap(path, "w+", np.float32, (N, K))
    true = rng.integers(0, K, N)
    for start in range(0, N, 2000):
        block = np.zeros((2000, K), np.float32)
        for step in range(3):  # the true class and the two after it: a graph that is quickly taken apart
            block[np.arange(2000), (true[start : start + 2000] + step) % K] = rng.random(2000, np.float32) ** (
                1 + 4 * step
            )
        probs[start : start + 2000] = block / block.sum(axis=1, keepdims=True)
    probs.flush()
    return np.where(rng.random(N) < 0.1, (true + 3) % K, true), path


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds for large matrices holds for these."""
    monkeypatch.setattr(arrays, "THREADED_BYTES", 1 << 20)
    monkeypatch.setattr(arrays, "SCRATCH_BYTES", 1 << 20)


@contextmanager
def at_most(mebibytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < mebibytes


def predictions(path: Path) -> Predictions:
    return Predictions("m", K, np.ones(N, bool), probs=np.load(path, mmap_mode="r"))


def test_every_filter_reads_a_mapped_matrix_in_little_memory(mapped: tuple[np.ndarray, Path]) -> None:
    given, path = mapped
    with at_most(20):
        found = confident_learning(given, predictions(path))
        masks = {name: found.mask(name) for name in FILTERS}
        assert found.pairs.rank.any() and len(found.facts.margin) == N
    assert all(500 < mask.sum() < N / 2 for mask in masks.values())
    whole = confident_learning(given, Predictions("m", K, np.ones(N, bool), probs=np.load(path)))
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask, whole.mask(name))


def test_top_k_lists_are_read_in_blocks(mapped: tuple[np.ndarray, Path]) -> None:
    given, path = mapped
    classes, values = predictions(path).top(5)
    many = 10  # times the rows
    lists = Predictions(
        "m", K, np.ones(N * many, bool), top_class=np.tile(classes, (many, 1)), top_prob=np.tile(values, (many, 1))
    )
    with at_most(110):
        mask = confident_learning(np.tile(given, many), lists).mask()
    assert 0.05 < mask.mean() < 0.3


def score_little(folder: Path) -> None:
    """So that memory is not that of modules which are loaded on first use."""
    np.save(folder / "few.npy", np.full((6, 2), 0.5))
    np.save(folder / "some.npy", np.arange(6) % 2)
    score(str(folder / "some.npy"), str(folder / "few.npy"), str(folder / "few.parquet"), progress=Silent())


def test_the_table_of_scores_needs_no_copy_of_the_matrix(mapped: tuple[np.ndarray, Path], tmp_path: Path) -> None:
    given, path = mapped
    np.save(tmp_path / "labels.npy", np.where(np.arange(N) % 50, given, -1))  # every fiftieth without a label
    score_little(tmp_path)
    with at_most(34):
        counts = score(str(tmp_path / "labels.npy"), str(path), str(tmp_path / "out.parquet"), progress=Silent())
    assert counts["images"] == N and counts["unlabelled"] == N // 50
    table = pd.read_parquet(tmp_path / "out.parquet")
    np.testing.assert_array_equal(table["flag_prune_by_noise_rate"], table["is_suspect"])
    assert {f"flag_{name}" for name in FILTERS} <= set(table.columns)
    assert not table["flag_predicted_neq_given"][::50].any() and table["flag_predicted_neq_given"].any()


def test_the_table_of_scores_costs_few_bytes_an_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    score_little(tmp_path)
    peaks = []
    for n in (50_000, 200_000):
        probs = rng.dirichlet(np.full(3, 0.3), n).astype(np.float32)
        np.save(tmp_path / "labels.npy", np.where(rng.random(n) < 0.1, 0, probs.argmax(axis=1)))
        np.save(tmp_path / "probs.npy", probs)
        tracemalloc.start()
        score(str(tmp_path / "labels.npy"), str(tmp_path / "probs.npy"), str(tmp_path / "o.parquet"), progress=Silent())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 150_000 < 270


def test_rows_off_by_a_hair_are_put_right_without_a_copy_in_memory(
    mapped: tuple[np.ndarray, Path], tmp_path: Path
) -> None:
    given, path = mapped
    np.save(tmp_path / "labels.npy", given)
    off = np.lib.format.open_memmap(tmp_path / "probs.npy", "w+", np.float32, (N, K))
    off[:] = np.load(path, mmap_mode="r") * np.float32(1.00005)
    off.flush()
    score_little(tmp_path)
    with at_most(34):
        score(str(tmp_path / "labels.npy"), str(tmp_path / "probs.npy"), str(tmp_path / "a.parquet"), progress=Silent())
    score(str(tmp_path / "labels.npy"), str(path), str(tmp_path / "b.parquet"), progress=Silent())
    first, second = (pd.read_parquet(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert (first["is_suspect"] != second["is_suspect"]).mean() < 1e-3 and first["is_suspect"].sum() > 500


def test_the_table_is_the_same_as_csv(tmp_path: Path) -> None:
    score_little(tmp_path)
    score(str(tmp_path / "some.npy"), str(tmp_path / "few.npy"), str(tmp_path / "few.csv"), progress=Silent())
    table = pd.read_csv(tmp_path / "few.csv", index_col="row")
    pd.testing.assert_frame_equal(
        table, pd.read_parquet(tmp_path / "few.parquet"), check_dtype=False, check_names=False
    )


@pytest.mark.parametrize("threads", [1, 4])
def test_the_first_bad_row_is_named_on_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "CACHE_BYTES", 1000)
    monkeypatch.setattr(arrays, "_processors", lambda: threads)
    for spoil, said in ((np.nan, "holds NaN"), (-np.inf, "holds NaN or infinity"), (9.0, "has values outside")):
        probs = np.full((3000, 10), 0.1, np.float32)
        probs[[777, 2500], 3] = spoil
        with pytest.raises(BadInput, match=f"Row 777 {said}"):
            Predictions("m", 10, np.ones(3000, bool), probs=probs)
    probs = np.full((3000, 10), 0.1, np.float16)
    probs[[778, 2500], 3] = 0.103  # off by .003
    with pytest.raises(BadInput, match="Row 778 sums to 1.00"):
        Predictions("m", 10, np.ones(3000, bool), probs=probs)


@pytest.mark.parametrize("kind", ["dense", "half", "one class", "lists"])
def test_facts_of_rows_are_those_of_a_plain_loop(kind: str) -> None:
    rng = np.random.default_rng(0)
    k = 1 if kind == "one class" else 6
    probs = rng.dirichlet(np.full(k, 0.5), 300).astype(np.float16 if kind == "half" else np.float32)
    given = rng.integers(0, k, 300)
    found = Predictions("m", k, np.ones(300, bool), probs=probs)
    if kind == "lists":
        classes, values = found.top(k)
        found = Predictions("m", k, np.ones(300, bool), top_class=classes, top_prob=values)
    facts = confident_learning(given, found).facts
    others = [np.delete(row, y) for row, y in zip(probs.astype(np.float64), given, strict=True)]
    p_other = np.array([row.max(initial=0) for row in others])
    np.testing.assert_array_equal(facts.p_other, p_other)
    np.testing.assert_array_equal(facts.predicted, probs.argmax(axis=1))
    np.testing.assert_array_equal(facts.margin, p_other - probs[np.arange(300), given])
    some = rng.permutation(300)[:50]
    np.testing.assert_array_equal(facts.margin_at(some), facts.margin[some])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_entropies_are_exact_where_the_model_is_certain(dtype: Any) -> None:
    probs = np.array([[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]], dtype)
    found = entropies(Predictions("m", 3, np.ones(3, bool), probs=probs))
    assert found[0] == 0
    np.testing.assert_allclose(found[1:], np.log([2, 3]), rtol=1e-3 if dtype == np.float16 else 1e-6)
