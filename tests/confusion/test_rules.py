"""R1, R2, R3 on a hand-made case, and how they contain each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from analysis.confusion.rules import cross_community, disagrees, not_listed, strict

COMMUNITY = np.array([0, 0, 1, 1, 2])


def test_the_three_rules_on_one_image_each():
    given = np.array([0, 0, 0, 0])
    top = np.array([[0, 2], [1, 2], [2, 1], [2, 4]])  # right, within, cross with a kin second, cross altogether
    assert disagrees(given, top[:, 0]).tolist() == [False, True, True, True]
    assert cross_community(given, top[:, 0], COMMUNITY).tolist() == [False, False, True, True]
    assert not_listed(given, top).tolist() == [False, True, True, True]
    assert strict(given, top, COMMUNITY).tolist() == [False, False, False, True]


@settings(max_examples=50, deadline=None)
@hypothesis_given(seed=st.integers(0, 10_000), k=st.integers(1, 5))
def test_strict_implies_cross_and_not_listed_and_both_imply_disagreement(seed, k):
    rng = np.random.default_rng(seed)
    given = rng.integers(0, 5, 40)
    top = np.argsort(rng.random((40, 5)), axis=1)[:, :k]
    r1, r2, r3 = strict(given, top, COMMUNITY), cross_community(given, top[:, 0], COMMUNITY), not_listed(given, top)
    plain = disagrees(given, top[:, 0])
    assert (r2 | ~r1).all() and (r3 | ~r1).all()
    assert (plain | ~r2).all() and (plain | ~r3).all()
