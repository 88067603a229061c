"""Weak-spot tables on a case small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.config import GraphSettings
from analysis.base.schema import check_table
from analysis.confusion.graph import build_graph
from analysis.confusion.layout import class_positions
from analysis.confusion.matrix import confusion_table
from analysis.confusion.report import (
    classes_table,
    communities_table,
    edges_table,
    gephi_tables,
    heaviest_pairs,
)
from tests.confusion.planted import dense, only_labels, planted, random_probs

# given -> predicted; two communities {0, 1, 2} and {3, 4}, a class 5 that is never wrong, a class 6 without images
CELLS = {
    (0, 0): 10, (0, 1): 6, (1, 0): 2, (1, 1): 10, (1, 2): 3, (2, 1): 3, (2, 2): 10,
    (3, 3): 10, (3, 4): 5, (4, 4): 10, (4, 0): 1, (5, 5): 10,
}  # fmt: skip


@pytest.fixture
def case():
    pairs = np.array([pair for pair, n in CELLS.items() for _ in range(n)])
    found = only_labels(pairs[:, 1], 7)
    graph = build_graph(pairs[:, 0], found, n_classes=7, settings=GraphSettings(prune="none", weights="count"))
    return graph, confusion_table(pairs[:, 0], found, 7)


def test_the_communities_are_as_planted(case):
    assert case[0].community.tolist() == [0, 0, 0, 1, 1, 2, 3]


def test_edges_count_both_directions(case):
    edges = edges_table(*case)
    check_table("edges", edges)
    assert edges.values.tolist() == [[0, 1, 8, 6, 2], [0, 4, 1, 0, 1], [1, 2, 6, 3, 3], [3, 4, 5, 5, 0]]


def test_classes(case):
    graph, confusion = case
    table = classes_table(
        graph,
        confusion,
        names=list("abcdefg"),
        n_suspects=np.arange(7),
        positions=class_positions(graph),
    )
    check_table("classes", table)
    assert table["n_images"].tolist() == [16, 15, 13, 15, 11, 10, 0]
    assert table["n_errors"].tolist() == [6, 5, 3, 5, 1, 0, 0]
    assert table["accuracy"].round(4).tolist()[:6] == [0.625, 0.6667, 0.7692, 0.6667, 0.9091, 1.0]
    assert np.isnan(table["accuracy"][6])
    assert table["worst_partner"].tolist() == [1, 0, 1, 4, 3, -1, -1]
    assert table["share_leaving"].tolist()[:5] == [0, 0, 0, 0, 1]
    assert table["share_leaving"][5:].isna().all()
    assert table["n_suspects"].tolist() == list(range(7))


def test_communities(case):
    table = communities_table(*case, n_suspects=np.arange(7))
    check_table("communities", table)
    assert table["n_classes"].tolist() == [3, 2, 1, 1]
    assert table["n_images"].tolist() == [44, 26, 10, 0]
    assert table["n_errors"].tolist() == [14, 6, 0, 0]
    np.testing.assert_allclose(table["error_rate"], [14 / 44, 6 / 26, 0, np.nan])
    np.testing.assert_allclose(table["inside_share"], [1, 5 / 6, np.nan, np.nan])
    np.testing.assert_allclose(table["mass_share"], [14 / 20, 5 / 20, 0, 0])
    np.testing.assert_allclose(table["headroom"], [14 / 80, 5 / 80, 0, 0])
    assert table["n_suspects"].tolist() == [3, 7, 5, 6]
    assert table["stability"].between(0, 1).all()


def test_heaviest_pairs_mark_more_than_two_to_one(case):
    graph, confusion = case
    pairs = heaviest_pairs(confusion, graph.community, inside=0)
    assert pairs.values.tolist() == [[0, 1, 6, 2, 8, True, False], [1, 2, 3, 3, 6, False, False]]
    assert heaviest_pairs(confusion, graph.community, inside=0, limit=1)["total"].tolist() == [8]
    assert len(heaviest_pairs(confusion, graph.community, inside=2)) == 0


def test_all_pairs_hold_every_error_once_and_tell_which_cross(case):
    graph, confusion = case
    pairs = heaviest_pairs(confusion, graph.community)
    assert pairs["total"].tolist() == [8, 6, 5, 1]
    assert pairs.loc[pairs["crosses"], ["source", "target"]].values.tolist() == [[0, 4]]


def test_exactly_two_to_one_is_not_marked():
    pairs = np.array([(0, 1)] * 4 + [(1, 0)] * 2)
    confusion = confusion_table(pairs[:, 0], only_labels(pairs[:, 1], 2), 2)
    assert heaviest_pairs(confusion, np.zeros(2, int))["lopsided"].tolist() == [False]


@pytest.mark.parametrize("k", [1, 2, 6])
def test_no_errors_give_whole_tables(k):
    y = np.arange(30) % k
    found = only_labels(y, k)
    graph, confusion = build_graph(y, found, n_classes=k, settings=GraphSettings()), confusion_table(y, found, k)
    edges = edges_table(graph, confusion)
    check_table("edges", edges)
    assert len(edges) == 0
    none = np.zeros(k, int)
    table = classes_table(graph, confusion, names=["x"] * k, n_suspects=none, positions=np.zeros((k, 2)))
    check_table("classes", table)
    assert table["worst_partner"].tolist() == [-1] * k
    groups = communities_table(graph, confusion, n_suspects=none)
    check_table("communities", groups)
    assert groups["headroom"].tolist() == [0.0] * k and groups["mass_share"].tolist() == [0.0] * k


def test_totals_agree_between_the_tables():
    y, _, _ = planted([4, 4, 4], n=900)
    P = random_probs(900, 12, seed=0)
    P[np.arange(900), y] += 1
    P /= P.sum(axis=1, keepdims=True)
    found = dense(P)
    graph, confusion = build_graph(y, found, n_classes=12, settings=GraphSettings()), confusion_table(y, found, 12)
    ones = np.ones(12, int)
    classes = classes_table(
        graph, confusion, names=[str(i) for i in range(12)], n_suspects=ones, positions=class_positions(graph)
    )
    groups = communities_table(graph, confusion, n_suspects=ones)
    assert groups["n_images"].sum() == classes["n_images"].sum() == 900
    assert groups["n_errors"].sum() == classes["n_errors"].sum() == (found.argmax() != y).sum()
    assert groups["mass_share"].sum() <= 1
    assert groups["headroom"].sum() <= groups["n_errors"].sum() / 900
    edges = edges_table(graph, confusion)
    assert edges["weight"].sum() == pytest.approx(graph.weight.sum() / 2)


def test_gephi_tables(case):
    nodes, edges = gephi_tables(case[0], list("abcdefg"))
    assert list(nodes.columns) == ["id", "label"] and len(nodes) == 7
    assert edges.iloc[0].tolist() == [0, 1, "undirected", "a – b", 8.0]
