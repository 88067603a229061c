"""Verdicts on images say why an edge exists, and mended labels thin it: the recount is that of a graph built anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.base.config import GraphSettings
from analysis.confusion.fixes import Verdicts, read_verdicts, remaining, split_pairs
from analysis.confusion.graph import build_graph
from analysis.confusion.matrix import confusion_table
from analysis.confusion.report import edges_table
from tests.confusion.planted import dense, random_probs

K = 6


def decisions(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["verdict", "given", "new_label"])


def test_decisions_become_kinds_and_unsure_ones_say_nothing():
    said = decisions(
        ("relabel", "cat", "dog"),
        ("keep", "cat", ""),
        ("relabel", "cat", "cat"),
        ("several", "cat", "cat\x1fdog"),
        ("none_fits", "dog", ""),
        ("unsure", "cat", ""),
        ("skip", "cat", ""),
        ("relabel", "dog", "cat"),
        ("relabel", "dog", "a new class"),
    )
    rows = np.array([10, 11, 12, 13, 14, 15, 16, -1, 18])
    found = read_verdicts(said, rows, {"cat": 0, "dog": 1})
    assert found.row.tolist() == [10, 11, 12, 13, 14, 18]
    assert found.kind.tolist() == [0, 1, 1, 2, 3, 0]
    assert found.label.tolist() == [1, -1, -1, -1, -1, -1]


def test_a_pair_is_split_by_what_was_said_of_its_confusions_in_both_directions():
    given, predicted = np.array([0, 1, 0, 0, 2, 0]), np.array([1, 0, 1, 1, 0, 0])
    verdicts = Verdicts(np.arange(6), np.array([0, 0, 1, 3, 2, 0]), np.full(6, -1))
    table = split_pairs(given, predicted, verdicts).set_index(["source", "target"])
    assert table.loc[(0, 1)].to_dict() == {"noise": 2, "overlap": 1, "several": 0, "none_fits": 1, "judged": 4}
    assert table.loc[(0, 2), "several"] == 1
    assert len(table) == 2, "an image that was predicted as labelled is no confusion"
    nothing = Verdicts(*np.zeros((3, 0), np.int64))
    assert split_pairs(given, predicted, nothing).empty


@pytest.mark.parametrize("weights", ["count", "rate"])
def test_the_recount_is_that_of_a_graph_built_from_the_mended_labels(weights: str) -> None:
    rng = np.random.default_rng(0)
    given, probs = rng.integers(0, K, 400), random_probs(400, K, seed=1)
    settings = GraphSettings(prune="none", weights=weights, top=3)
    graph = build_graph(given, dense(probs), n_classes=K, settings=settings)
    edges = edges_table(graph, confusion_table(given, dense(probs), K))
    rows = rng.choice(400, 60, replace=False)
    swapped = rows[:60:2], rows[1::2]  # every class keeps its size, for which a rate is not recounted
    mended = given.copy()
    mended[swapped[0]], mended[swapped[1]] = given[swapped[1]], given[swapped[0]]
    classes, scores = dense(probs).top(5)
    order = np.argsort(rows)
    verdicts = Verdicts(rows[order], np.zeros(60, np.int64), mended[rows[order]])
    anew = build_graph(mended, dense(probs), n_classes=K, settings=settings)
    found = remaining(edges, verdicts, given=given, top_class=classes, top_prob=scores, made=graph.parameters)
    assert found == pytest.approx(np.asarray(anew.weight[edges["source"], edges["target"]]).ravel(), abs=1e-6)
    assert not np.allclose(found, edges["weight"])


def test_images_of_several_things_and_of_none_confuse_nobody_and_kept_labels_stay():
    given, predicted = np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0])
    top = {"top_class": predicted[:, None], "top_prob": np.ones((4, 1), np.float32)}
    edges = pd.DataFrame({"source": [0], "target": [1], "weight": [4.0]})
    made = {"top": 1, "weights": "count"}

    def left(*kinds: int) -> float:
        verdicts = Verdicts(np.arange(len(kinds)), np.array(kinds, np.int64), np.full(len(kinds), -1))
        return float(remaining(edges, verdicts, given=given, **top, made=made)[0])

    assert [left(), left(1, 1), left(2), left(2, 3, 3, 2)] == [4, 4, 3, 0]


def test_a_mended_label_can_make_another_edge_heavier():
    given = np.array([0])
    top = {"top_class": np.array([[1]]), "top_prob": np.ones((1, 1), np.float32)}
    edges = pd.DataFrame({"source": [0, 1], "target": [1, 2], "weight": [1.0, 5.0]})
    verdicts = Verdicts(np.array([0]), np.array([0]), np.array([2]))
    found = remaining(edges, verdicts, given=given, **top, made={"top": 1, "weights": "count"})
    assert found.tolist() == [0.0, 6.0]
