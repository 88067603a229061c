"""Communities at several resolutions: found again over seeds, colours kept, the run's own among them."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.config import GraphSettings
from analysis.base.schema import check_table
from analysis.confusion.communities import kept_companions
from analysis.confusion.graph import build_graph
from analysis.confusion.levels import RESOLUTIONS, find_levels, seeds_for
from tests.confusion.planted import only_labels, planted

# far more confusion inside than between: four groups over a wide span of resolutions, single classes at the finest
SIZES = [6, 6, 6, 6]


@pytest.fixture(scope="module")
def case():
    given, predicted, _ = planted(SIZES, n=6000, seed=3)
    settings = GraphSettings(prune="none", method="leiden")
    return build_graph(given, only_labels(predicted, 24), n_classes=24, settings=settings), settings


def test_the_runs_own_communities_are_one_of_the_levels(case):
    graph, settings = case
    found = find_levels(graph, settings)
    check_table("levels", found["levels"])
    at = found["levels"]["own"].tolist().index(1)
    assert found["levels"]["resolution"].tolist() == list(RESOLUTIONS) and found["levels"]["own"].sum() == 1
    assert np.array_equal(found["level_community"][:, at], graph.community)
    assert np.allclose(found["level_stability"][:, at], graph.stability)


def test_finer_levels_have_no_fewer_groups_and_clear_groups_are_found_again(case):
    found = find_levels(*case)
    groups = found["levels"]["n_communities"] + found["levels"]["n_alone"]
    assert groups.is_monotonic_increasing and groups.iloc[0] <= 4 < groups.iloc[-1]
    clear = found["levels"]["resolution"].isin([1.0, 2.0]).to_numpy()
    assert (found["levels"].loc[clear, "n_communities"] == 4).all()
    assert found["level_stability"][:, clear].min() == pytest.approx(1)
    assert found["level_persistence"].min() >= 0 and found["level_persistence"].max() <= 1


def test_equal_input_gives_equal_levels_and_another_resolution_of_the_run_joins_them(case):
    graph, settings = case
    again = [find_levels(graph, settings) for _ in range(2)]
    assert all(np.array_equal(again[0][name], again[1][name]) for name in again[0] if name != "levels")
    more = find_levels(graph, settings.model_copy(update={"resolution": 1.5}))
    assert 1.5 in more["levels"]["resolution"].tolist() and len(more["levels"]) == len(RESOLUTIONS) + 1


def test_a_graph_without_edges_has_levels_too():
    labels = np.arange(4).repeat(3)
    graph = build_graph(labels, only_labels(labels, 4), n_classes=4, settings=GraphSettings())
    found = find_levels(graph, GraphSettings())
    assert (found["levels"]["n_alone"] == 4).all() and found["levels"]["stability"].isna().all()


def test_large_graphs_take_fewer_runs():
    assert [seeds_for(n) for n in (22, 40_000, 5_000_000)] == [10, 5, 3]


def test_companions_are_compared_without_the_class_itself():
    both = kept_companions(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]))
    assert both == pytest.approx([0.5, 0.5, 0.0, 1.0])
