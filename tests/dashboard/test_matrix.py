"""The confusion matrix on the screen: folding, figures, sentences, clicks."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.cells import Marks, cell_meant, communities_named, filter_of, marks_of, rest_of, stretches
from dashboard.charts.difference import delta, difference_figure
from dashboard.charts.folding import FOLDED, Axis, between, by_block, folded, usually_open
from dashboard.charts.grid import CELLS
from dashboard.charts.matrix import MEASURES, Drawn, Measure, cells_of, in_cell, matrix_figure, say_cell, values_of
from dashboard.charts.palette import DARK, LIGHT
from dashboard.selection import Filter

HOSTILE = "<img src=x onerror=alert(1)>"


def tables(k: int, seed: int = 0, *, per_class: int = 30) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """(confusion, classes, dense counts) of K classes in communities of three."""
    rng = np.random.default_rng(seed)
    dense = rng.poisson(0.4, (k, k))
    dense[np.arange(k), np.arange(k)] = per_class
    row, column = np.nonzero(dense)
    confusion = pd.DataFrame({"given": row, "predicted": column, "count": dense[row, column]})
    errors = dense.sum(axis=1) - per_class
    names = [HOSTILE if i == 0 else f"class {i}" for i in range(k)]
    classes = pd.DataFrame({"name": names, "n_errors": errors, "community": np.arange(k) // 3})
    return confusion, classes, dense


def whole(classes: pd.DataFrame) -> Axis:
    """Every block open."""
    return by_block(classes, set(classes["community"]), at_most=len(classes))


@settings(deadline=None)
@given(st.integers(2, 60), st.integers(1, 40), st.sets(st.integers(0, 19)), st.integers(0, 3))
def test_folding_loses_no_image(k: int, at_most: int, opened: set[int], seed: int) -> None:
    confusion, classes, dense = tables(k, seed)
    axis = by_block(classes, opened, at_most=at_most, must=[k - 1])
    every, errors = folded(confusion, axis, errors_only=False), folded(confusion, axis, errors_only=True)
    assert every.count.sum() == dense.sum()
    assert every.count.sum() - errors.count.sum() == dense.diagonal().sum()
    assert (errors.given_total == every.count.sum(axis=1)).all(), "shares are of all images, errors or not"
    assert (every.predicted_total == every.count.sum(axis=0)).all()
    assert axis.group.min() >= 0 and axis.group.max() < len(axis)
    of_rows = axis.community[axis.group]
    assert ((of_rows == FOLDED) | (of_rows == classes["community"])).all(), "no class stands in a foreign block"
    alone = axis.class_id[axis.group]
    assert ((alone == FOLDED) | (alone == np.arange(k))).all()


def test_all_classes_stand_by_community_when_they_fit() -> None:
    confusion, classes, dense = tables(9)
    classes["community"] = [2, 0, 1, 0, 1, 2, 0, 1, 0]
    axis = by_block(classes, usually_open(classes["community"].to_numpy()))
    assert axis.class_id.tolist() == [1, 3, 6, 8, 2, 4, 7, 0, 5]
    matrix = folded(confusion, axis, errors_only=False)
    assert (matrix.count == dense[np.ix_(axis.class_id, axis.class_id)]).all()
    assert axis.words() == "", "nothing is folded, nothing is said"


def test_many_classes_begin_with_a_row_per_community_and_open_block_by_block() -> None:
    _, classes, _ = tables(60)
    classes["community"] = np.arange(60) // 10
    assert usually_open(classes["community"].to_numpy()) == frozenset()
    closed = by_block(classes, ())
    assert closed.community.tolist() == list(range(6)) and (closed.class_id == FOLDED).all()
    assert closed.words().startswith("60 classes: 6 communities folded into a row each.")
    one = by_block(classes, {2})
    assert one.class_id.tolist() == [-1, -1, *range(20, 30), -1, -1, -1]
    assert one.rows_of(2).tolist() == list(range(2, 12))


def test_a_closed_block_of_one_class_is_that_class() -> None:
    _, classes, _ = tables(4)
    classes["community"] = [0, 0, 0, 1]
    assert by_block(classes, ()).class_id.tolist() == [FOLDED, 3]


def test_the_classes_with_most_errors_stay_and_the_rest_is_other_of_its_block() -> None:
    _, classes, _ = tables(50)
    classes["community"] = 0
    axis = by_block(classes, {0}, at_most=10)
    assert axis.labels[-1] == "other of community 1 (40)" and axis.rest.tolist() == [False] * 10 + [True]
    kept = set(axis.class_id[:-1].tolist())
    least = classes["n_errors"].iloc[sorted(kept)].min()
    assert all(classes["n_errors"].iloc[k] <= least for k in range(50) if k not in kept)
    last = next(k for k in range(50) if k not in kept)
    assert by_block(classes, {0}, at_most=10, must=[last]).position(class_id=last) is not None


def test_open_blocks_show_the_classes_that_they_exchange_first() -> None:
    confusion, classes, _ = tables(60)
    classes["community"] = np.arange(60) // 20
    of = classes["community"].to_numpy()
    alone = between(confusion, of, {1})
    both = between(confusion, of, {0, 1})
    wrong = confusion[confusion["given"] != confusion["predicted"]]
    inside = wrong[(of[wrong["given"]] == 1) & (of[wrong["predicted"]] == 1)]
    assert alone.sum() == 2 * inside["count"].sum() and not alone[of != 1].any()
    assert both[of == 0].sum() == both[of == 1].sum() > 0, "every image that crosses has an end in each"
    axis = by_block(classes, {0, 1}, weight=both, at_most=6)
    shown = axis.class_id[axis.class_id != FOLDED]
    assert both[shown].min() >= np.delete(both, shown).max()


@pytest.mark.parametrize(
    ("value", "text"), [(37, "37"), (999, "999"), (1182, "1.2k"), (9960, "10k"), (41_700, "42k"), (-15, "−15")]
)
def test_counts_in_cells_stay_short(value: int, text: str) -> None:
    assert in_cell(value, "counts") == text
    assert in_cell(abs(value), "counts", signed=True) == "+" + text.removeprefix("−")
    assert in_cell(4.1234, "share of given") == "4.1"


def test_communities_with_fewest_errors_are_other() -> None:
    _, classes, _ = tables(300)
    axis = by_block(classes, ())
    assert len(axis) == 41 and axis.labels[-1] == "other (180)" and axis.community[-1] == FOLDED
    assert "“other”" in axis.words() and "exports hold every class" in axis.words()


def test_shares_are_of_their_row_or_column() -> None:
    confusion, classes, dense = tables(6)
    matrix = folded(confusion, whole(classes), errors_only=True)
    off = dense - np.diag(dense.diagonal())
    assert np.allclose(matrix.share_of_given(), off / dense.sum(axis=1, keepdims=True))
    assert np.allclose(matrix.share_of_predicted(), off / dense.sum(axis=0, keepdims=True))
    shown = values_of(matrix, "share of given")
    assert np.isnan(shown[off == 0]).all() and np.allclose(shown[off > 0], 100 * matrix.share_of_given()[off > 0])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("k", [1, 10, 60, 300])
def test_every_cell_with_something_in_it_can_be_clicked(k: int, log: bool, measure: Measure) -> None:
    confusion, classes, _ = tables(k)
    axis = by_block(classes, {0, 1, 2, 3})
    matrix = folded(confusion, axis, errors_only=True)
    figure = matrix_figure(matrix, axis, LIGHT, drawn=Drawn(measure, log=log))
    heat, targets, *numbers = figure.data
    assert all(trace.hoverinfo == "skip" and len(trace.text) == len(targets.x) for trace in numbers)
    assert bool(numbers) == (len(axis) <= 16)
    assert heat.hoverinfo == "skip", "the heat map itself must not swallow the pointer"
    assert figure.data[CELLS] is targets and targets.hoverinfo == "text"
    places = set(zip(targets.y.tolist(), targets.x.tolist(), strict=True))
    assert places == set(zip(*np.nonzero(matrix.count), strict=True))
    assert len(targets.hovertext or ()) == len(cells_of(matrix)[0])
    assert heat.z.dtype == np.float32


def test_the_scale_ends_at_the_classes_not_at_the_blocks_beside_them() -> None:
    confusion, classes, _ = tables(60)
    classes["community"] = np.arange(60) // 10
    axis = by_block(classes, {2})
    matrix = folded(confusion, axis, errors_only=True)
    of_classes = axis.class_id != FOLDED
    heat = matrix_figure(matrix, axis, LIGHT, drawn=Drawn()).data[0]
    assert heat.zmax == matrix.count[np.ix_(of_classes, of_classes)].max() < matrix.count.max()


def test_names_reach_the_matrix_as_text() -> None:
    confusion, classes, _ = tables(5)
    axis = whole(classes)
    figure = matrix_figure(folded(confusion, axis, errors_only=False), axis, DARK, drawn=Drawn(errors_only=False))
    said = json.dumps(figure.to_plotly_json(), default=str)
    assert "<img" not in said
    assert set(re.findall(r"<[^>]*>", "".join(figure.data[CELLS].hovertext))) == {"<b>", "</b>"}
    assert "&lt;img" in "".join(figure.layout.xaxis.ticktext)


def test_a_large_matrix_stays_small_on_the_wire() -> None:
    confusion, classes, _ = tables(1000)
    classes["community"] = np.arange(1000) // 100
    for opened in ((), {3}, {3, 7}):
        axis = by_block(classes, opened)
        matrix = folded(confusion, axis, errors_only=True)
        assert len(matrix_figure(matrix, axis, LIGHT, drawn=Drawn()).to_json()) < 400_000


def test_what_a_cell_says() -> None:
    confusion, classes, dense = tables(6)
    axis = whole(classes)
    matrix = folded(confusion, axis, errors_only=False)
    row, column = (int(np.flatnonzero(axis.class_id == k)[0]) for k in (2, 2))
    share = 100 * dense[2, 2] / dense[2].sum()
    said = say_cell(matrix, axis, (row, column), Drawn(errors_only=False))
    assert said == f"30 images of <b>class 2</b> were predicted as labelled, {share:.1f} % of them."
    one, other = np.argwhere(dense - np.diag(dense.diagonal()) > 1)[0]
    cell = axis.position(class_id=one), axis.position(class_id=other)
    back = 100 * dense[one, other] / dense[:, other].sum()
    end = f"{back:.1f} % of all predicted class {other}."
    assert say_cell(matrix, axis, cell, Drawn("share of predicted")).endswith(end)
    groups = by_block(classes, ())
    both = folded(confusion, groups, errors_only=True)
    assert "confused inside <b>community 1</b>" in say_cell(both, groups, (0, 0), Drawn())
    assert "predicted as one of <b>community 2</b>" in say_cell(both, groups, (0, 1), Drawn())
    mixed = by_block(classes, {0})
    said = say_cell(folded(confusion, mixed, errors_only=True), mixed, (1, 3), Drawn())
    assert "labelled <b>class 1</b>" in said and "predicted as one of <b>community 2</b>" in said


# -- the difference of two --------------------------------------------------------------------------------------------
def test_the_difference_is_signed_and_its_scale_is_even_on_both_sides() -> None:
    one, classes, dense = tables(8, seed=1)
    other, _, other_dense = tables(8, seed=2)
    axis = whole(classes)
    parts = [folded(table, axis, errors_only=True) for table in (one, other)]
    change = (other_dense - dense)[np.ix_(axis.class_id, axis.class_id)]
    figure = difference_figure(*parts, axis, LIGHT, drawn=Drawn(), names=("a", "b"))
    heat, targets, numbers = figure.data
    known = np.isfinite(heat.z)
    assert (heat.z[known] == change[known]).all() and known.any()
    assert heat.zmin == -heat.zmax == -np.abs(change[known]).max()
    row, column = int(targets.y[0]), int(targets.x[0])
    n, m = int(parts[0].count[row, column]), int(parts[1].count[row, column])
    ends = f"{m - n} more" if m > n else f"{n - m} fewer" if m < n else "as many"
    assert f"{n} image" in targets.hovertext[0] and targets.hovertext[0].endswith(f"{m} in b, {ends}.")
    assert set("".join(numbers.text)) <= set("+−0123456789")


def test_a_difference_of_shares_is_in_points() -> None:
    one, classes, dense = tables(5, seed=1)
    other, _, other_dense = tables(5, seed=2)
    axis = whole(classes)
    parts = [folded(table, axis, errors_only=False) for table in (one, other)]
    found = delta(*parts, Drawn("share of given", errors_only=False))
    share = [d / d.sum(axis=1, keepdims=True) for d in (dense, other_dense)]
    known = np.isfinite(found)
    assert np.allclose(found[known], 100 * (share[1] - share[0])[np.ix_(axis.class_id, axis.class_id)][known])


# -- clicks and the filter --------------------------------------------------------------------------------------------
def small_axis() -> Axis:
    _, classes, _ = tables(60)
    classes["community"] = np.arange(60) // 20
    return by_block(classes, {0}, at_most=10)


def test_a_click_gives_the_filter_whose_cell_is_framed() -> None:
    axis = small_axis()
    for cell in ((0, 1), (3, 3), (9, 0)):
        chosen = filter_of(cell, axis, Filter(class_id=7, both=True, community=2))
        assert chosen == Filter(given=int(axis.class_id[cell[0]]), predicted=int(axis.class_id[cell[1]]))
        row, column = cell
        assert marks_of(chosen, axis) == Marks(((row, row, column, column),))
        assert cell_meant(chosen, axis) == cell
        assert len(marks_of(replace(chosen, both=True), axis).blocks) == 2
    whole_row = marks_of(Filter(given=int(axis.class_id[4]), only="errors"), axis)
    assert whole_row == Marks((), (4,), ())


def test_a_click_keeps_what_other_pages_set() -> None:
    axis = small_axis()
    lasso = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    old = Filter(given=1, predicted=2, lasso=lasso, only="suspects")
    assert filter_of((0, 1), axis, old).lasso == lasso and filter_of((0, 1), axis, old).only == "suspects"
    assert rest_of(old) == Filter(lasso=lasso, only="suspects")
    assert rest_of(Filter(given=1, only="errors")).is_empty, "only errors is what a click on the matrix sets itself"


def test_a_class_and_a_closed_block_make_a_filter_too() -> None:
    axis = small_axis()
    closed = int(np.flatnonzero(axis.community == 2)[0])
    chosen = filter_of((2, closed), axis, Filter())
    assert chosen == Filter(given=int(axis.class_id[2]), into=2, only="errors")
    assert marks_of(chosen, axis).blocks == ((2, 2, closed, closed),)
    assert filter_of((closed, closed), axis, Filter()) == Filter(community=2, into=2, only="errors")


def test_an_open_block_is_framed_whole_and_other_stands_for_its_community() -> None:
    axis = small_axis()
    rest = int(np.flatnonzero(axis.rest)[0])
    chosen = filter_of((rest, 0), axis, Filter())
    assert chosen == Filter(community=0, predicted=int(axis.class_id[0]), only="errors")
    assert marks_of(chosen, axis).blocks == ((0, 10, 0, 0),)
    assert cell_meant(chosen, axis) is None
    _, classes, _ = tables(300)
    many = by_block(classes, ())
    last = len(many) - 1
    assert filter_of((last, last), many, Filter()) == Filter(only="errors"), "all that is left names nothing"


def test_a_folded_class_is_pointed_at_where_it_is_folded() -> None:
    _, classes, _ = tables(60)
    classes["community"] = np.arange(60) // 20
    axis = by_block(classes, ())
    assert marks_of(Filter(given=25, predicted=3), axis).blocks == ((1, 1, 0, 0),)
    assert marks_of(Filter(class_id=45), axis) == Marks((), (2,), (2,))
    assert stretches((7, 2, 3, 7)) == [(2, 3), (7, 7)], "neighbouring rows have one frame"


def test_the_filter_opens_the_blocks_that_it_names() -> None:
    of = np.arange(60) // 20
    assert communities_named(Filter(given=25, into=0), of) == {1, 0}
    assert usually_open(of, communities_named(Filter(class_id=45), of)) == {2}


def test_two_matrices_side_by_side_have_one_scale() -> None:
    one, classes, _ = tables(12, seed=1)
    axis = whole(classes)
    pair = [folded(table, axis, errors_only=True) for table in (one, one.assign(count=one["count"] * 7))]
    figures = [matrix_figure(m, axis, LIGHT, drawn=Drawn(), beside=other) for m, other in (pair, pair[::-1])]
    assert figures[0].data[0].zmax == figures[1].data[0].zmax == pair[1].count.max()
    assert all(len(figure.data) == 2 for figure in figures), "there is no room for numbers"
