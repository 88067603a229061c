"""Positions for drawing: no class on another, communities apart, the unlinked in rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from analysis.base.config import GraphSettings
from analysis.confusion.graph import build_graph
from analysis.confusion.layout import class_positions, sunflower
from tests.confusion.planted import only_labels, planted


def drawn(sizes: list[int], n: int, **how: float):
    y, a, _ = planted(sizes, n=n, **how)
    graph = build_graph(y, only_labels(a, sum(sizes)), n_classes=sum(sizes), settings=GraphSettings(seeds=1))
    return graph, class_positions(graph)


SIZES = [([1], 5), ([2], 50), ([5, 5], 500), ([9, 5, 3], 2_000), ([20] * 10, 8_000), ([60] * 16 + [1] * 40, 30_000)]


@pytest.mark.parametrize(("sizes", "n"), SIZES)
def test_classes_keep_their_distance(sizes, n):
    graph, xy = drawn(sizes, n)
    assert xy.shape == (sum(sizes), 2) and np.isfinite(xy).all()
    if len(xy) > 1:
        assert KDTree(xy).query(xy, k=2)[0][:, 1].min() > 0.99
    np.testing.assert_array_equal(class_positions(graph), xy)


def test_communities_fill_discs_that_do_not_touch():
    graph, xy = drawn([30, 20, 10, 10, 5, 3], 20_000)
    of = graph.community
    middles = np.array([xy[of == c].mean(axis=0) for c in range(of.max() + 1)])
    radii = np.array([np.linalg.norm(xy[of == c] - middles[c], axis=1).max() for c in range(of.max() + 1)])
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    one, other = np.triu_indices(len(middles), 1)
    assert (apart[one, other] > radii[one] + radii[other]).all()


def test_linked_communities_are_drawn_nearer_than_unlinked_ones():
    rng = np.random.default_rng(0)
    pairs = [(c * 5 + i, c * 5 + j) for c in range(6) for i in range(5) for j in range(5) for _ in range(4)]
    pairs += [(c * 5 + int(rng.integers(5)), c * 5 + 5 + int(rng.integers(5))) for c in range(5) for _ in range(6)]
    y, a = np.array(pairs).T  # six groups in a chain
    graph = build_graph(y, only_labels(a, 30), n_classes=30, settings=GraphSettings(prune="none"))
    xy = class_positions(graph)
    middles = np.array([xy[c * 5 : c * 5 + 5].mean(axis=0) for c in range(6)])
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)
    neighbours = np.mean([apart[c, c + 1] for c in range(5)])
    assert neighbours < 0.7 * apart[np.triu_indices(6, 2)].mean()


def test_classes_without_an_edge_stand_in_order_below_the_others():
    y = np.repeat(np.arange(12), 5)
    a = y.copy()
    a[:10:2], a[5:10:2] = 1, 0  # only classes 0 and 1 are confused
    graph = build_graph(y, only_labels(a, 12), n_classes=12, settings=GraphSettings())
    xy = class_positions(graph)
    assert xy[2:, 1].max() < xy[:2, 1].min() - 1
    below = xy[2:]
    assert [tuple(p) for p in below] == sorted(map(tuple, below), key=lambda p: (-p[1], p[0]))


def test_nothing_confused_gives_a_block():
    y = np.arange(100)
    graph = build_graph(y, only_labels(y, 100), n_classes=100, settings=GraphSettings())
    width, height = np.ptp(class_positions(graph), axis=0)
    assert width == height == pytest.approx(13.5)


def test_many_communities_and_large_ones_need_no_forces():
    graph, xy = drawn([450] * 2 + [2] * 500, 60_000, inside=0.6, outside=0.0)
    assert graph.community.max() > 400
    linked = np.diff(graph.weight.indptr) > 0
    assert KDTree(xy[linked]).query(xy[linked], k=2)[0][:, 1].min() > 0.99


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1_000])
def test_sunflower_slots_are_even(n):
    slots = sunflower(n)
    assert slots.shape == (n, 2)
    if n > 1:
        nearest = KDTree(slots).query(slots, k=2)[0][:, 1]
        assert nearest.min() >= 0.999
        assert nearest.max() < 2.5
