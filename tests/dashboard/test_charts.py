from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.charts.palette import DARK, LIGHT
from dashboard.charts.scatter import Colouring, can_colour, colouring_of_column, legend_of, sample_points

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


def test_a_legend_names_the_most_frequent_by_colour_and_shape_and_counts_the_rest() -> None:
    category = np.repeat(np.arange(70), np.arange(70, 0, -1))
    legend = legend_of(Colouring("given label", category=category, names=[f"c{k}" for k in range(70)]), DARK)
    assert [line.name for line in legend.lines] == [f"c{k}" for k in range(14)] and legend.more == "and 56 more"
    assert len({(line.colour, line.glyph) for line in legend.lines}) == 14
    few = legend_of(colouring(140, 70), DARK, np.array([3, 73, 5]))
    assert [line.name for line in few.lines] == ["c3", "c5"] and not few.more, "what stands out is named"


def test_suspicion_is_a_scale_and_the_undecided_are_plain() -> None:
    scaled = legend_of(Colouring("suspicion", value=np.linspace(0, 1, 50)), LIGHT)
    assert (scaled.kind, scaled.lines, scaled.low, scaled.high) == ("value", (), "0", "1")
    plain = Colouring("decision", category=np.arange(50) % 2, names=["not judged", "kept"], plain=0)
    legend = legend_of(plain, LIGHT)
    assert legend.lines[0].colour == LIGHT.faint and legend.lines[1].colour == LIGHT.categories[1]


def test_a_column_of_few_values_is_categories_and_one_of_many_numbers_a_scale() -> None:
    split = colouring_of_column(pd.Series(["train", "test", None, "train"]), "split")
    assert split.names == ["test", "train", "no value"] and split.plain == 2
    assert split.category is not None and split.category.tolist() == [1, 0, 2, 1]
    numbers = pd.Series([*np.linspace(10, 20, 199), 1e9, np.nan])
    scale = colouring_of_column(numbers, "width")
    assert scale.value is not None and scale.category is None and scale.title.startswith("width (1 without")
    assert scale.value.min() == 0 and scale.value.max() == 1
    assert 0.4 < scale.value[100] < 0.6, "one wrong number does not make all others look the same"
    flags = colouring_of_column(pd.Series([True, False, True]), "flag")
    assert flags.names == ["False", "True"]


@pytest.mark.parametrize(
    ("values", "can"),
    [([1, 2] * 20, True), ([1] * 40, False), (["a", "b"] * 20, True), ([f"text {i}" for i in range(40)], False)],
)
def test_only_columns_that_colours_can_tell_apart_are_offered(values: list[object], can: bool) -> None:
    assert can_colour(pd.Series(values)) is can
    assert not can_colour(pd.Series([[1]] * 40))
