from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cells import cells_in, filter_of
from dashboard.charts.folding import FOLDED, Axis, by_class, by_community, folded
from dashboard.charts.matrix import CELLS, cells_of, matrix_figure, say_cell, values_of
from dashboard.charts.palette import DARK, LIGHT
from dashboard.charts.scatter import Colouring, map_figure, sample_points
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


@given(st.integers(2, 60), st.integers(1, 40), st.integers(0, 3))
def test_folding_loses_no_image(k: int, at_most: int, seed: int) -> None:
    confusion, classes, dense = tables(k, seed)
    for axis in (by_class(classes, at_most=at_most), by_community(classes, at_most=at_most)):
        whole, errors = folded(confusion, axis, errors_only=False), folded(confusion, axis, errors_only=True)
        assert whole.count.sum() == dense.sum()
        assert whole.count.sum() - errors.count.sum() == dense.diagonal().sum()
        assert (errors.given_total == whole.count.sum(axis=1)).all(), "shares are of all images, errors or not"
        assert (whole.predicted_total == whole.count.sum(axis=0)).all()
        assert axis.group.min() >= 0 and axis.group.max() < len(axis)


def test_all_classes_stand_by_community_when_they_fit() -> None:
    confusion, classes, dense = tables(9)
    classes["community"] = [2, 0, 1, 0, 1, 2, 0, 1, 0]
    axis = by_class(classes)
    assert axis.class_id.tolist() == [1, 3, 6, 8, 2, 4, 7, 0, 5]
    matrix = folded(confusion, axis, errors_only=False)
    assert (matrix.count == dense[np.ix_(axis.class_id, axis.class_id)]).all()


def test_the_classes_with_most_errors_stay_and_the_rest_is_other() -> None:
    _, classes, _ = tables(50)
    axis = by_class(classes, at_most=10)
    assert axis.labels[-1] == "other (40)" and axis.class_id[-1] == FOLDED
    kept = set(axis.class_id[:-1].tolist())
    least = classes["n_errors"].iloc[sorted(kept)].min()
    assert all(classes["n_errors"].iloc[k] <= least for k in range(50) if k not in kept)


def test_a_community_can_be_looked_at_alone() -> None:
    _, classes, _ = tables(30)
    axis = by_class(classes, among=(classes["community"] == 4).to_numpy())
    assert axis.class_id.tolist() == [12, 13, 14, FOLDED]


def test_shares_are_of_their_row_or_column() -> None:
    confusion, classes, dense = tables(6)
    matrix = folded(confusion, by_class(classes), errors_only=True)
    off = dense - np.diag(dense.diagonal())
    assert np.allclose(matrix.share_of_given(), off / dense.sum(axis=1, keepdims=True))
    assert np.allclose(matrix.share_of_predicted(), off / dense.sum(axis=0, keepdims=True))
    shown = values_of(matrix, "share of given")
    assert np.isnan(shown[off == 0]).all() and np.allclose(shown[off > 0], 100 * matrix.share_of_given()[off > 0])


@pytest.mark.parametrize("measure", ["counts", "share of given", "share of predicted"])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("k", [1, 10, 60, 300])
def test_every_cell_with_something_in_it_can_be_clicked(k: int, log: bool, measure: str) -> None:
    confusion, classes, _ = tables(k)
    axis = by_class(classes)
    matrix = folded(confusion, axis, errors_only=True)
    figure = matrix_figure(matrix, axis, LIGHT, measure=measure, log=log)  # type: ignore[arg-type]  # parametrised
    heat, targets, *numbers = figure.data
    assert all(trace.hoverinfo == "skip" and len(trace.text) == len(targets.x) for trace in numbers)
    assert bool(numbers) == (len(axis) <= 16)
    assert heat.hoverinfo == "skip", "the heat map itself must not swallow the pointer"
    assert figure.data[CELLS] is targets and targets.hoverinfo == "text"
    places = set(zip(targets.y.tolist(), targets.x.tolist(), strict=True))
    assert places == set(zip(*np.nonzero(matrix.count), strict=True))
    assert len(targets.hovertext or ()) == len(cells_of(matrix).row)
    assert heat.z.dtype == np.float32


def test_names_reach_the_matrix_as_text() -> None:
    confusion, classes, _ = tables(5)
    axis = by_class(classes)
    figure = matrix_figure(folded(confusion, axis, errors_only=False), axis, DARK)
    said = json.dumps(figure.to_plotly_json(), default=str)
    assert "<img" not in said
    assert set(re.findall(r"<[^>]*>", "".join(figure.data[CELLS].hovertext))) == {"<b>", "</b>"}
    assert "&lt;img" in "".join(figure.layout.xaxis.ticktext)


def test_a_large_matrix_stays_small_on_the_wire() -> None:
    confusion, classes, _ = tables(1000)
    for axis in (by_class(classes), by_community(classes)):
        matrix = folded(confusion, axis, errors_only=True)
        assert len(matrix_figure(matrix, axis, LIGHT).to_json()) < 400_000


def test_what_a_cell_says() -> None:
    confusion, classes, dense = tables(6)
    axis = by_class(classes)
    matrix = folded(confusion, axis, errors_only=False)
    row, column = (int(np.flatnonzero(axis.class_id == k)[0]) for k in (2, 2))
    share = 100 * dense[2, 2] / dense[2].sum()
    said = say_cell(matrix, axis, (row, column), errors_only=False)
    assert said == f"30 images of <b>class 2</b> were predicted as labelled, {share:.1f} % of them."
    groups = by_community(classes)
    both = folded(confusion, groups, errors_only=True)
    assert "confused inside <b>community 1</b>" in say_cell(both, groups, (0, 0), errors_only=True)
    assert "predicted as one of <b>community 2</b>" in say_cell(both, groups, (0, 1), errors_only=True)


def small_axis() -> Axis:
    _, classes, _ = tables(50)
    return by_class(classes, at_most=10)


def test_a_click_gives_the_filter_whose_cell_is_framed() -> None:
    axis = small_axis()
    for cell in ((0, 1), (3, 3), (9, 0)):
        chosen = filter_of(cell, axis, Filter(class_id=7, both=True))
        assert chosen.pair == (axis.class_id[cell[0]], axis.class_id[cell[1]])
        assert cells_in(chosen, axis) == (cell,)
    assert len(cells_in(Filter(given=int(axis.class_id[0]), predicted=int(axis.class_id[1]), both=True), axis)) == 2


def test_other_leaves_its_side_open_and_means_errors() -> None:
    axis = small_axis()
    last = len(axis) - 1
    assert filter_of((2, last), axis, Filter()) == Filter(given=int(axis.class_id[2]), only="errors")
    assert filter_of((last, last), axis, Filter()) == Filter(only="errors")
    assert cells_in(Filter(given=int(axis.class_id[2]), only="errors"), axis) == ()


def test_a_block_of_communities_is_a_filter_too() -> None:
    _, classes, _ = tables(30)
    axis = by_community(classes)
    chosen = filter_of((4, 2), axis, Filter())
    assert chosen == Filter(community=4, into=2, only="errors")
    assert cells_in(chosen, axis) == ((4, 2),)


# -- map --------------------------------------------------------------------------------------------------------------
def test_a_map_that_fits_is_shown_whole() -> None:
    sample = sample_points(500, np.zeros(500, bool))
    assert sample.rows.tolist() == list(range(500))
    assert sample.sentence == "500 of 500 images shown."


@pytest.mark.parametrize("suspects", [0, 30, 900])
def test_a_sample_says_how_it_was_taken(suspects: int) -> None:
    first = np.zeros(5000, bool)
    first[np.random.default_rng(1).choice(5000, suspects, replace=False)] = True
    sample = sample_points(5000, first, at_most=400)
    assert len(sample.rows) == 400 == len(set(sample.rows.tolist()))
    assert (np.diff(sample.rows) > 0).all()
    assert first[sample.rows].sum() == min(suspects, 200)
    assert sample.sentence.startswith("400 of 5,000 images shown, sampled: ")
    assert sample_points(5000, first, at_most=400).rows.tolist() == sample.rows.tolist(), "the same at every visit"


def colouring(n: int, k: int = 12) -> Colouring:
    return Colouring("given label", category=np.arange(n) % k, names=[HOSTILE, *(f"c{i}" for i in range(1, k))])


def test_points_that_are_not_meant_are_faint_and_stay_selectable() -> None:
    xy = np.random.default_rng(0).random((100, 2))
    meant = np.arange(100) < 30
    figure = map_figure(xy, colouring(100), LIGHT, hover=[str(i) for i in range(100)], meant=meant)
    faint, points = figure.data[:2]
    assert len(faint.x) == 70 and faint.marker.color == LIGHT.faint
    assert len(points.x) == 30 and list(points.hovertext) == [str(i) for i in range(30)]
    assert points.x.dtype == np.float32
    assert all(trace.x == (None,) for trace in figure.data[2:]), "the legend adds no points"


def test_category_and_shape_go_together_on_the_map() -> None:
    xy = np.random.default_rng(0).random((140, 2))
    figure = map_figure(xy, colouring(140, 70), DARK, hover=[""] * 140)
    points = figure.data[1]
    looks = set(zip(points.marker.color.tolist(), points.marker.symbol.tolist(), strict=True))
    assert len(looks) == 70
    lines = [trace.name for trace in figure.data[2:]]
    assert len(lines) == 15 and lines[-1] == "and 56 more" and "<img" not in "".join(lines)


def test_suspicion_is_a_scale_and_the_undecided_are_plain() -> None:
    xy = np.random.default_rng(0).random((50, 2))
    value = np.linspace(0, 1, 50)
    scaled = map_figure(xy, Colouring("suspicion", value=value), LIGHT, hover=[""] * 50).data[1]
    assert scaled.marker.cmin == 0 and scaled.marker.cmax == 1 and scaled.marker.showscale
    plain = Colouring("decision", category=np.arange(50) % 2, names=["not judged", "kept"], plain=0)
    figure = map_figure(xy, plain, LIGHT, hover=[""] * 50)
    assert figure.data[2].marker.color == LIGHT.faint
    assert figure.data[1].marker.color[0] == len(LIGHT.categories) and figure.data[1].marker.color[1] == 1


def test_the_lasso_in_force_is_drawn() -> None:
    xy = np.zeros((3, 2))
    figure = map_figure(xy, colouring(3), LIGHT, hover=[""] * 3, outline=((0, 0), (1, 0), (1, 1)))
    assert figure.layout.shapes[0].path == "M 0,0 L 1,0 L 1,1 Z"
