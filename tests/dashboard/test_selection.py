from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.base.condition_rows import Texts, field_of
from analysis.base.condition_text import parse
from analysis.base.conditions import Compare, Condition
from analysis.review.states import DECIDED, EXCLUDED, Decided, states_of
from dashboard import selection
from dashboard.conditions import LONGEST, where_of
from dashboard.ordering import most_suspicious
from dashboard.selection import (
    MAX_VERTICES,
    PARAMS,
    Columns,
    Filter,
    Polygon,
    fitting,
    from_params,
    inside,
    polygon,
    rows_of,
    to_params,
)

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def columns(n: int = 400, k: int = 6, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)
    labels, predicted, suggested = rng.integers(0, k, (3, n))
    community = np.arange(k) // 2
    split = pd.Series(rng.choice(["train", "test", None], n))  # type: ignore[arg-type]
    fields = {"split": field_of(split), "path": field_of(pd.Series([f"Holiday/{i}.png" for i in range(n)]))}
    states = (rng.integers(0, 6, n) + 1 + EXCLUDED * (rng.random(n) < 0.2)).astype(np.int8)
    xy, pca = rng.random((2, n, 2)).astype(np.float32) * 2
    return Columns(
        given=labels,
        predicted=predicted,
        suggested=suggested,
        community=community,
        suspicion=rng.random(n),
        is_suspect=rng.random(n) < 0.3,
        crosses=community[labels] != community[suggested],
        xy=xy,
        layouts=("umap", "pca"),
        layout={"umap": xy, "pca": pca}.__getitem__,
        states=lambda: states,
        field=fields.get,
        keys=tuple(fields),
    )


def brute(chosen: Filter, c: Columns) -> list[int]:
    """Every condition written out per image, as a reader would check it."""

    assert c.states is not None
    states, texts = c.states(), {}
    for name in ("split", "path"):
        found = c.field(name)
        assert isinstance(found, Texts)
        texts[name] = [found.values[k].as_py() if k >= 0 else "" for k in found.code.tolist()]

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
            assert c.xy is not None and c.layout is not None
            x, y = (c.layout(chosen.lasso_on) if chosen.lasso_on else c.xy)[i]
            tests.append(bool(0 <= x <= 1 and 0 <= y <= 1))
        tests.append(not chosen.images or i in chosen.images)
        low, high = chosen.suspicion or (0, 1)
        tests.append(low <= c.suspicion[i] <= high)
        tests.append(state_passes(chosen.decision, int(states[i])))
        for condition in chosen.where:
            assert isinstance(condition, Compare)
            text, value = str(texts[condition.key][i]), str(condition.value)
            tests.append(value.lower() in text.lower() if condition.op == "contains" else value == text)
        return all(tests)

    return [i for i in range(len(c)) if passes(i)]


def state_passes(decision: Decided, state: int) -> bool:
    if decision == "excluded":
        return state >= EXCLUDED
    return not decision or DECIDED[state % EXCLUDED] == decision


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
    lasso_on=st.sampled_from(["", "umap", "pca"]),
    only=st.sampled_from(["", "errors", "suspects", "cross", "within"]),
    images=st.lists(st.integers(0, 450), max_size=30, unique=True).map(tuple),
    decision=st.sampled_from(DECIDED),
    suspicion=st.sampled_from([None, (0.0, 0.5), (0.25, 0.75), (0.3, 1.0)]),
    where=st.lists(
        st.sampled_from(
            [Compare("split", "==", "train"), Compare("split", "==", "?"), Compare("path", "contains", "iday/1")]
        ),
        max_size=2,
        unique_by=lambda condition: condition.key,
    ).map(tuple),
).map(lambda chosen: chosen if chosen.lasso else replace(chosen, lasso_on=""))


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


def test_what_lies_inside_a_lasso_is_looked_for_once_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(xy: NDArray[np.floating], corners: Polygon) -> NDArray[np.bool_]:
        asked.append(len(xy))
        return inside(xy, corners)

    monkeypatch.setattr(selection, "inside", counted)
    one, other = columns(), columns(seed=1)
    first, again = rows_of(Filter(lasso=SQUARE), one), rows_of(Filter(lasso=SQUARE, given=1), one)
    assert asked == [len(one)] and set(again) == {row for row in first if one.given[row] == 1}
    assert len(rows_of(Filter(lasso=SQUARE), other)) and len(asked) == 2, "another run has another map"


def test_a_lasso_without_a_map_is_left_out_as_are_unknown_classes() -> None:
    asked = Filter(given=9, community=1, lasso=SQUARE)
    assert fitting(asked, n_classes=5, n_communities=2, has_map=False) == Filter(community=1)
    assert fitting(asked, n_classes=10, n_communities=1, has_map=True) == Filter(given=9, lasso=SQUARE)


def test_a_lasso_on_a_layout_that_the_run_lacks_is_left_out_and_old_links_mean_its_own() -> None:
    c = columns()
    asked = from_params({"lasso": "0~0_1~0_1~1_0~1", "lasso_on": "tsne"})
    assert asked == Filter(lasso=SQUARE, lasso_on="tsne") and len(rows_of(asked, c)) == 0
    assert fitting(asked, n_classes=6, n_communities=3, has_map=True, columns=c).is_empty
    old = fitting(from_params({"lasso": "0~0_1~0_1~1_0~1"}), n_classes=6, n_communities=3, has_map=True, columns=c)
    own, other = (rows_of(replace(old, lasso_on=name), c).tolist() for name in ("umap", "pca"))
    assert rows_of(old, c).tolist() == own != other


def test_corners_far_from_zero_keep_six_digits_in_a_link() -> None:
    corners = ((1234.56, 7.0), (1234.57, 7.0), (1234.57, 7.00001))
    assert polygon(corners) == corners and from_params(to_params(Filter(lasso=corners))).lasso == corners


@pytest.mark.parametrize("text", ["-1", "1.5", "", "x", "9" * 40, "١", "1 "])
def test_class_numbers_in_links_are_plain_digits(text: str) -> None:
    assert from_params({"given": text, "lasso": "nan~nan_1~2_x"}) == Filter()


def test_most_suspicious_first_and_ties_keep_their_order() -> None:
    suspicion = np.array([0.1, 0.9, 0.5, 0.9])
    assert most_suspicious(np.array([0, 1, 2, 3]), suspicion).tolist() == [1, 3, 2, 0]
    assert most_suspicious(np.array([2, 0]), suspicion).tolist() == [2, 0]


@pytest.mark.parametrize("values", [1, 4, 10_000])
def test_the_first_of_the_most_suspicious_are_the_same_however_many_are_asked_for(values: int) -> None:
    rng = np.random.default_rng(values)
    suspicion, rows = rng.integers(0, values, 500) / values, np.sort(rng.choice(500, 300, replace=False))
    everything = most_suspicious(rows, suspicion).tolist()
    for n in (0, 1, 7, 299, 300, 301):
        assert most_suspicious(rows, suspicion, n).tolist() == everything[:n]


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


# -- conditions on decisions and columns ------------------------------------------------------------------------------
hostile = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST)


@given(
    st.lists(
        st.builds(Compare, hostile, st.sampled_from(["==", "contains"]), hostile),
        max_size=3,
        unique_by=lambda c: c.key,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_text_of_a_column_survives_a_link(conditions: list[Condition]) -> None:
    chosen = Filter(where=tuple(conditions))
    assert from_params(to_params(chosen)) == chosen


def test_links_of_before_the_language_are_read() -> None:
    expected = (Compare("split", "==", "b"), Compare("path", "contains", "c d"))
    assert where_of("split:a,split:b,x,:y,z:,path*c%20d") == expected


def test_conditions_that_these_images_cannot_answer_are_left_out() -> None:
    asked = Filter(where=tuple(map(parse, ('split == "a"', "gone == 1", "split > 3"))))
    found = fitting(asked, n_classes=1, n_communities=1, has_map=True, columns=columns(20))
    assert found == Filter(where=(Compare("split", "==", "a"),))
    assert rows_of(asked, columns(20)).tolist() == rows_of(found, columns(20)).tolist()


def test_a_link_that_holds_any_condition_means_the_same_as_the_condition() -> None:
    c = columns()
    chosen = from_params({"where": 'split == "train" and not (path contains "1" or path contains "2")'})
    assert len(chosen.parts()) == 2 and from_params(to_params(chosen)) == chosen
    field = c.field("split")
    assert isinstance(field, Texts)
    split = [field.values[k].as_py() if k >= 0 else "" for k in field.code.tolist()]
    expected = [i for i in range(len(c)) if split[i] == "train" and not set("12") & set(str(i))]
    assert rows_of(chosen, c).tolist() == expected
    assert rows_of(chosen.without(chosen.parts()[0]), c).tolist() != expected


def test_only_filters_that_ask_what_was_said_change_with_decisions() -> None:
    assert from_params({"where": 'not (given == "a" or decision != "kept")'}).asks_what_was_said
    assert from_params({"where": "excluded == true"}).asks_what_was_said
    assert from_params({"where": 'suspicion > 0.5 and decision == "kept"'}).asks_what_was_said
    assert not Filter().asks_what_was_said
    assert not from_params({"where": "suspicion > 0.5", "given": "1"}).asks_what_was_said


@pytest.mark.parametrize("text", ["", "x", "0.5", "0.9~0.1", "-1~1", "nan~1", "0~inf", "0~1", "0~0.5~1"])
def test_a_range_of_suspicion_that_makes_no_sense_is_left_out(text: str) -> None:
    assert from_params({"suspicion": text}) == Filter()


def test_the_state_of_an_image_is_its_verdict_and_its_mark() -> None:
    verdicts = pd.Series(["keep", "relabel", "several", "none_fits", "unsure", "skip", "keep"])
    rows, excluded = np.array([0, 1, 2, 3, 4, 5, -1]), np.array([1, 6, -1])
    states = states_of(verdicts, rows, excluded, 8)
    c = columns(8)
    c = Columns(
        c.given, c.predicted, c.suggested, c.community, c.suspicion, c.is_suspect, c.crosses, None, lambda: states
    )
    expected = {"open": [5, 6, 7], "kept": [0], "changed": [1], "several": [2], "none_fits": [3], "unsure": [4]}
    for decision, passing in {**expected, "excluded": [1, 6]}.items():
        assert rows_of(Filter(decision=decision), c).tolist() == passing, decision  # type: ignore[arg-type]
