from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.selection import (
    MAX_VERTICES,
    PARAMS,
    Columns,
    Filter,
    fitting,
    from_params,
    inside,
    most_suspicious,
    polygon,
    rows_of,
    to_params,
)

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def columns(n: int = 400, k: int = 6, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)
    labels, predicted, suggested = rng.integers(0, k, (3, n))
    community = np.arange(k) // 2
    return Columns(
        given=labels,
        predicted=predicted,
        suggested=suggested,
        community=community,
        suspicion=rng.random(n),
        is_suspect=rng.random(n) < 0.3,
        crosses=community[labels] != community[suggested],
        xy=rng.random((n, 2)).astype(np.float32) * 2,
    )


def brute(chosen: Filter, c: Columns) -> list[int]:
    """Every condition written out per image, as a reader would check it."""

    def passes(i: int) -> bool:
        g, p = int(c.given[i]), int(c.predicted[i])
        forward = (chosen.given in (None, g)) and (chosen.predicted in (None, p))
        back = chosen.both and chosen.pair is not None and (p, g) == chosen.pair
        tests = [forward or back]
        tests.append(chosen.class_id in (None, g, p))
        tests.append(chosen.community in (None, int(c.community[g])))
        tests.append(chosen.into in (None, int(c.community[p])))
        suspect, cross = bool(c.is_suspect[i]), bool(c.crosses[i])
        wanted = {"": True, "errors": g != p, "suspects": suspect, "cross": suspect and cross}
        tests.append(wanted.get(chosen.only, suspect and not cross))
        if chosen.lasso:
            assert c.xy is not None
            x, y = c.xy[i]
            tests.append(bool(0 <= x <= 1 and 0 <= y <= 1))
        tests.append(not chosen.images or i in chosen.images)
        return all(tests)

    return [i for i in range(len(c)) if passes(i)]


maybe = st.none() | st.integers(0, 5)
filters = st.builds(
    Filter,
    given=maybe,
    predicted=maybe,
    both=st.booleans(),
    class_id=maybe,
    community=st.none() | st.integers(0, 2),
    into=st.none() | st.integers(0, 2),
    lasso=st.sampled_from([(), SQUARE]),
    only=st.sampled_from(["", "errors", "suspects", "cross", "within"]),
    images=st.lists(st.integers(0, 450), max_size=30, unique=True).map(tuple),
)


@given(filters, st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_rows_are_those_that_pass_every_condition(chosen: Filter, seed: int) -> None:
    c = columns(seed=seed)
    assert rows_of(chosen, c).tolist() == brute(chosen, c)


@given(filters)
@settings(max_examples=150, deadline=None)
def test_link_gives_the_filter_back(chosen: Filter) -> None:
    params = to_params(chosen)
    assert set(params) <= set(PARAMS)
    assert from_params(params) == chosen


@given(st.dictionaries(st.sampled_from(PARAMS), st.text(max_size=40)))
@settings(max_examples=200, deadline=None)
def test_any_link_can_be_read(params: dict[str, str]) -> None:
    found = from_params(params)
    assert from_params(to_params(found)) == found
    rows_of(fitting(found, n_classes=6, n_communities=3, has_map=True), columns(20))


@given(filters)
@settings(max_examples=100, deadline=None)
def test_chips_removed_one_by_one_leave_no_filter(chosen: Filter) -> None:
    left = chosen
    for n, part in enumerate(left.parts(), start=1):
        left = left.without(part)
        assert len(left.parts()) == len(chosen.parts()) - n
    assert left.is_empty


def test_both_adds_the_opposite_direction() -> None:
    c = columns()
    one = set(rows_of(Filter(given=1, predicted=2), c).tolist())
    other = set(rows_of(Filter(given=2, predicted=1), c).tolist())
    assert one and other
    assert set(rows_of(Filter(given=1, predicted=2, both=True), c).tolist()) == one | other


def test_a_lasso_without_a_map_is_left_out_as_are_unknown_classes() -> None:
    asked = Filter(given=9, community=1, lasso=SQUARE)
    assert fitting(asked, n_classes=5, n_communities=2, has_map=False) == Filter(community=1)
    assert fitting(asked, n_classes=10, n_communities=1, has_map=True) == Filter(given=9, lasso=SQUARE)


@pytest.mark.parametrize("text", ["-1", "1.5", "", "x", "9" * 40, "١", "1 "])
def test_class_numbers_in_links_are_plain_digits(text: str) -> None:
    assert from_params({"given": text, "lasso": "nan~nan_1~2_x"}) == Filter()


def test_most_suspicious_first_and_ties_keep_their_order() -> None:
    suspicion = np.array([0.1, 0.9, 0.5, 0.9])
    assert most_suspicious(np.array([0, 1, 2, 3]), suspicion).tolist() == [1, 3, 2, 0]
    assert most_suspicious(np.array([2, 0]), suspicion).tolist() == [2, 0]


def test_inside_follows_a_concave_outline() -> None:
    u_shape = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)]
    points = np.array([[0.5, 2], [1.5, 2], [2.5, 2], [1.5, 0.5], [5, 5], [-1, 1]])
    assert inside(points, u_shape).tolist() == [True, False, True, True, False, False]
    assert inside(points, u_shape[:2]).tolist() == [False] * 6
    assert inside(np.empty((0, 2)), u_shape).shape == (0,)


def test_inside_agrees_with_a_circle() -> None:
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = polygon(np.c_[np.cos(angles), np.sin(angles)] * 100)
    assert 3 <= len(circle) <= MAX_VERTICES
    points = np.random.default_rng(0).uniform(-150, 150, (20_000, 2))
    radius = np.hypot(*points.T)
    clear = np.abs(radius - 100) > 1  # the sixty corners cut the arc by 0.14
    assert (inside(points, circle) == (radius < 100))[clear].all()


@pytest.mark.parametrize(
    "points", [[], [[0, 0], [1, 1]], [[0, 0]] * 9, [[0, 0], [1, float("inf")], [2, 2]], [[1], [2]]]
)
def test_outlines_that_enclose_nothing(points: list[list[float]]) -> None:
    assert polygon(points) == ()
