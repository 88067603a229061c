from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.palette import DARK, LIGHT
from dashboard.charts.scatter import Colouring, map_figure, sample_points

HOSTILE = "<img src=x onerror=alert(1)>"


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
