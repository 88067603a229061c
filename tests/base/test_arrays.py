from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as having
from hypothesis import strategies as st
from scipy.stats import rankdata

from analysis.base.arrays import digest_of, mean_ranks, row_blocks, wilson


@having(st.lists(st.integers(0, 5).map(float), max_size=40))
def test_mean_ranks_average_ties(values: list[float]) -> None:
    array = np.array(values)
    expected = rankdata(array) / max(1, len(array))
    np.testing.assert_allclose(mean_ranks(array), expected)


def test_row_blocks_cover_every_row_once() -> None:
    seen = np.concatenate([np.arange(1000)[rows] for rows in row_blocks(1000, 48, block_bytes=1000)])
    np.testing.assert_array_equal(seen, np.arange(1000))
    assert list(row_blocks(0, 8)) == []


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
