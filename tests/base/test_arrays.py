from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given as having
from hypothesis import strategies as st
from scipy.stats import rankdata

from analysis.base import arrays
from analysis.base.arrays import (
    COARSE,
    FINE,
    digest_of,
    mean_ranks,
    on_grids,
    over_blocks,
    row_blocks,
    scratch,
    take_rows,
    wilson,
)


@having(st.lists(st.integers(0, 5).map(float), max_size=40))
def test_mean_ranks_average_ties(values: list[float]) -> None:
    array = np.array(values)
    expected = rankdata(array) / max(1, len(array))
    np.testing.assert_allclose(mean_ranks(array), expected)


def test_row_blocks_cover_every_row_once() -> None:
    seen = np.concatenate([np.arange(1000)[rows] for rows in row_blocks(1000, 48, block_bytes=1000)])
    np.testing.assert_array_equal(seen, np.arange(1000))
    assert list(row_blocks(0, 8)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_on_threads_cover_every_row_once(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "THREADED_BYTES", 0)
    monkeypatch.setattr(arrays, "_processors", lambda: threads)
    monkeypatch.setattr(arrays, "CACHE_BYTES", 1000)
    seen, by = np.zeros(5000, int), set()

    def work(rows: slice) -> None:
        seen[rows] += 1
        by.add(threading.get_ident())
        time.sleep(0.001)

    over_blocks(work, 5000, 48)
    assert (seen == 1).all() and len(by) == threads

    def fails(rows: slice) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        over_blocks(fails, 5000, 48)


def test_sums_on_grids_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(10_000) ** 20
    sums = set()
    for _ in range(5):
        whole, rest = on_grids(rng.permutation(values))
        sums.add(float(np.cumsum(whole)[-1] / COARSE + np.cumsum(rest)[-1] / FINE))
    assert len(sums) == 1 and sums.pop() == pytest.approx(values.sum(), abs=1e-10)


def test_what_is_as_large_as_an_input_goes_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(3000.0).reshape(1000, 3)
    rows = np.arange(1, 1000, 2)
    assert take_rows(values, np.arange(1000)) is values
    assert not isinstance(take_rows(values, rows), np.memmap)
    monkeypatch.setattr(arrays, "SCRATCH_BYTES", 1000)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 100)
    some = take_rows(values, rows)
    assert isinstance(some, np.memmap) and isinstance(scratch((1000, 3), np.float16), np.memmap)
    np.testing.assert_array_equal(some, values[rows])


def test_the_wilson_interval_is_the_textbook_one() -> None:
    assert wilson(10, 200) == pytest.approx((0.0274, 0.0896), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 50)[0] == 0.0
    assert wilson(50, 50)[1] == pytest.approx(1.0)


def test_digests_tell_type_and_shape_apart() -> None:
    a = np.zeros(4, np.int32)
    digests = {
        digest_of(a),
        digest_of(a.reshape(2, 2)),
        digest_of(a.astype(np.int64)),
        digest_of("a", "b"),
        digest_of("ab"),
    }
    assert len(digests) == 5
    assert digest_of(a, "x") == digest_of(a.copy(), "x")
