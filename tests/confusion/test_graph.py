"""Algorithm 1: against a slow reference, its choices, its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.base.config import GraphSettings
from analysis.base.errors import BadInput
from analysis.base.types import Predictions
from analysis.confusion import matrix
from analysis.confusion.graph import build_graph, class_scores, top_for
from tests.confusion.planted import dense, only_labels, planted, random_probs


def reference(y: np.ndarray, P: np.ndarray, top: int) -> np.ndarray:
    """METHODS 1.2 word by word."""
    W = np.zeros((P.shape[1],) * 2)
    for i in range(len(y)):
        best = np.argsort(-P[i].astype(float), kind="stable")[:top]
        s = P[i][best].astype(float)
        s = s / s.sum()
        for c, value in zip(best, s, strict=True):
            if c != y[i] and value > 0:
                W[y[i], c] += value
                W[c, y[i]] += value
    return W


@pytest.mark.parametrize(("n", "k", "top"), [(200, 7, 2), (200, 7, 3), (300, 30, 5), (50, 40, 5), (20, 3, 9)])
def test_count_weights_equal_the_slow_reference(n, k, top):
    P = random_probs(n, k, seed=n + k)
    y = np.random.default_rng(1).integers(0, k, n)
    graph = build_graph(y, dense(P), n_classes=k, settings=GraphSettings(top=top, weights="count", prune="none"))
    np.testing.assert_allclose(graph.weight.toarray(), reference(y, P, top), rtol=1e-9, atol=1e-12)
    assert graph.mass_kept == 1.0


@hypothesis_settings(max_examples=40, deadline=None)
@hypothesis_given(
    data=hnp.arrays(np.int64, st.tuples(st.integers(1, 60), st.just(3)), elements=st.integers(0, 5)),
    top=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_order_of_images_changes_nothing_and_the_weight_is_symmetric(data, top, seed):
    y = data[:, 0]
    raw = np.random.default_rng(seed).random((len(y), 6))
    P = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(y))
    settings = GraphSettings(top=top)
    one = build_graph(y, dense(P), n_classes=6, settings=settings)
    other = build_graph(y[order], dense(P[order]), n_classes=6, settings=settings)
    assert (one.weight.toarray() == other.weight.toarray()).all()  # exactly, not nearly
    assert (one.weight.toarray() == one.weight.toarray().T).all()
    assert (one.community == other.community).all()
    assert (one.stability == other.stability).all()
    assert one.parameters == other.parameters


def test_every_positive_score_makes_an_edge_however_small():
    P = np.array([[1.0, 1e-9, 0.0], [1e-30, 1.0, 1e-20]])
    graph = build_graph(
        np.array([0, 1]), dense(P), n_classes=3, settings=GraphSettings(top=3, prune="none", weights="count")
    )
    weight = graph.weight.toarray()
    assert weight[0, 1] == pytest.approx(1e-9, rel=1e-6)
    assert 0 < weight[1, 2] < 1e-14
    assert weight[0, 2] == 0


def test_top_k_lists_give_the_same_graph_as_the_dense_rows_they_come_from():
    P = random_probs(400, 30, seed=3)
    y = np.random.default_rng(0).integers(0, 30, 400)
    whole = dense(P)
    classes, scores = whole.top(8)
    listed = Predictions("test", 30, whole.held_out, top_class=classes, top_prob=scores)
    one = build_graph(y, whole, n_classes=30, settings=GraphSettings())
    other = build_graph(y, listed, n_classes=30, settings=GraphSettings())
    assert (one.weight.toarray() == other.weight.toarray()).all()


def test_labels_alone_give_the_off_diagonal_counts_of_both_directions():
    y, a, _ = planted([3, 4], n=500)
    H = np.zeros((7, 7))
    np.add.at(H, (y, a), 1)
    np.fill_diagonal(H, 0)
    graph = build_graph(y, only_labels(a, 7), n_classes=7, settings=GraphSettings(prune="none", weights="count"))
    np.testing.assert_array_equal(graph.weight.toarray(), H + H.T)


def test_rates_are_the_mean_of_both_directions_per_image():
    y = np.array([0, 0, 0, 0, 1, 1])
    a = np.array([0, 1, 1, 2, 0, 1])
    graph = build_graph(y, only_labels(a, 3), n_classes=3, settings=GraphSettings(prune="none", weights="rate"))
    np.testing.assert_allclose(graph.weight.toarray()[0], [0, (2 / 4 + 1 / 2) / 2, (1 / 4) / 2])


def test_uneven_classes_get_rates_and_even_ones_counts():
    a = np.zeros(30, int)
    even = build_graph(np.repeat([0, 1], [20, 10]), only_labels(a, 3), n_classes=3, settings=GraphSettings())
    uneven = build_graph(np.repeat([0, 1], [21, 9]), only_labels(a, 3), n_classes=3, settings=GraphSettings())
    assert even.parameters["weights"] == "count"  # the empty class does not make it uneven
    assert uneven.parameters["weights"] == "rate"


def test_number_of_best_classes():
    assert [top_for(GraphSettings(), k) for k in (1, 2, 20, 21, 1000)] == [1, 2, 2, 5, 5]
    assert top_for(GraphSettings(top=3), 10) == 3
    assert top_for(GraphSettings(top=30), 10) == 10


def test_pruning_keeps_what_is_heavier_than_the_threshold_and_tells_the_mass_kept():
    y, a, _ = planted([5, 5, 5], n=3000, inside=0.4, outside=0.2)
    settings = {
        rule: GraphSettings(prune=rule, weights="count") for rule in ("none", "median", "median_over_one", "auto")
    }
    graphs = {
        rule: build_graph(y, only_labels(a, 15), n_classes=15, settings=chosen) for rule, chosen in settings.items()
    }
    whole = graphs["none"].weight.toarray()
    values = whole[np.triu_indices(15, 1)]
    median = np.median(values[values > 0])
    np.testing.assert_array_equal(graphs["median"].weight.toarray(), np.where(whole > median, whole, 0))
    assert graphs["median"].mass_kept == pytest.approx(values[values > median].sum() / values.sum())
    assert graphs["median_over_one"].parameters["threshold"] == np.median(values[values > 1])
    assert graphs["none"].parameters["threshold"] == 0


def test_auto_prunes_only_where_structure_is_weak():
    strong = planted([5, 5, 5], n=3000, inside=0.4, outside=0.01)
    weak = planted([5, 5, 5], n=6000, inside=0.08, outside=0.5)
    for (y, a, truth), rule in ((strong, "none"), (weak, "median")):
        graph = build_graph(y, only_labels(a, 15), n_classes=15, settings=GraphSettings())
        assert graph.parameters["prune"] == rule
        assert graph.parameters["prune_asked"] == "auto"
        assert (graph.parameters["modularity_unpruned"] >= 0.3) == (rule == "none")
        if rule == "none":
            np.testing.assert_array_equal(graph.community, truth)


def test_even_confusion_is_called_no_community_structure():
    k = 8
    y, a = np.divmod(np.arange(k * k), k)
    y, a = np.tile(y, 5), np.tile(a, 5)
    graph = build_graph(y, only_labels(a, k), n_classes=k, settings=GraphSettings(prune="none"))
    assert graph.modularity < 0.1
    assert "no community structure" in graph.parameters["note"]


def test_equal_weights_survive_median_pruning_with_a_note():
    graph = build_graph(
        np.array([0, 1, 0, 1]),
        only_labels(np.array([1, 0, 0, 1]), 2),
        n_classes=2,
        settings=GraphSettings(prune="median"),
    )
    assert graph.weight.nnz == 2
    assert graph.parameters["prune"] == "none"
    assert "Pruning would have left no edge" in graph.parameters["note"]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_no_errors_at_all_leave_every_class_alone(k):
    y = np.arange(20) % k
    graph = build_graph(y, only_labels(y, k), n_classes=k, settings=GraphSettings())
    assert graph.weight.nnz == 0
    assert graph.community.tolist() == list(range(k))
    assert graph.stability.tolist() == [1.0] * k
    assert (graph.modularity, graph.mass_kept) == (0.0, 1.0)
    assert "every class stands alone" in graph.parameters["note"]


def test_chunks_and_the_sparse_path_give_exactly_the_dense_result(monkeypatch):
    P, y = random_probs(300, 40, seed=5), np.random.default_rng(2).integers(0, 40, 300)
    dense_path = class_scores(y, dense(P), n_classes=40, top=5).toarray()
    monkeypatch.setattr(matrix, "DENSE_CELLS", 10)
    monkeypatch.setattr(matrix, "CHUNK", 37)
    np.testing.assert_array_equal(class_scores(y, dense(P), n_classes=40, top=5).toarray(), dense_path)


def test_a_hundred_thousand_classes_need_no_square_matrix():
    k = 100_000
    y, a, _ = planted([k // 10] * 10, n=2_000)
    graph = build_graph(y, only_labels(a, k), n_classes=k, settings=GraphSettings(seeds=1))
    assert graph.parameters["method"] == "leiden"
    assert graph.weight.nnz <= 2 * np.count_nonzero(y != a)
    assert len(graph.community) == k


def test_unusable_input_is_refused():
    y, P = np.array([0, 1]), dense(random_probs(2, 3, seed=0))
    with pytest.raises(BadInput, match="3 labels and 2 predictions"):
        build_graph(np.array([0, 1, 2]), P, n_classes=3, settings=GraphSettings())
    with pytest.raises(BadInput, match="know 3 classes and the labels 4"):
        build_graph(y, P, n_classes=4, settings=GraphSettings())
    with pytest.raises(BadInput, match="Row 1 has the given label 7"):
        build_graph(np.array([0, 7]), P, n_classes=3, settings=GraphSettings())
    with pytest.raises(BadInput, match="median of the weights over one"):
        build_graph(y, P, n_classes=3, settings=GraphSettings(weights="rate", prune="median_over_one"))
    with pytest.raises(BadInput, match=r"python-louvain cannot be used at resolution 0\.5"):
        build_graph(y, P, n_classes=3, settings=GraphSettings(method="louvain", resolution=0.5))
