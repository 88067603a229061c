"""Modularity, detectors, canonical numbers, stability."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.base.config import GraphSettings
from analysis.confusion.communities import canonical, choose_method, detect, modularity, partitions, stability

METHODS = ["louvain", "leiden", "networkx"]


def graph_of(edges: list[tuple[int, int, float]], k: int) -> sparse.csr_array:
    weight = np.zeros((k, k))
    for s, t, w in edges:
        weight[s, t] = weight[t, s] = w
    return sparse.csr_array(weight)


def cliques(count: int, size: int, *, bridge: float = 0.1, alone: int = 0) -> tuple[sparse.csr_array, np.ndarray]:
    """Cliques in a ring, joined by weak bridges, and classes without an edge."""
    edges = [(c * size + i, c * size + j, 1.0) for c in range(count) for i in range(size) for j in range(i)]
    if count > 1:
        edges += [(c * size, ((c + 1) % count) * size + 1, bridge) for c in range(count)]
    truth = np.r_[np.repeat(np.arange(count), size), count + np.arange(alone)]
    return graph_of(edges, count * size + alone), truth


@hypothesis_settings(max_examples=60, deadline=None)
@hypothesis_given(seed=st.integers(0, 10_000), resolution=st.floats(0.2, 4))
def test_modularity_equals_that_of_networkx(seed, resolution):
    rng = np.random.default_rng(seed)
    k = 9
    raw = np.triu(rng.random((k, k)) * (rng.random((k, k)) < 0.5), 1)
    community = rng.integers(0, 3, k)
    weight = sparse.csr_array(raw + raw.T)
    if not weight.nnz:
        assert modularity(weight, community) == 0
        return
    groups = [set(np.flatnonzero(community == c).tolist()) for c in range(3)]
    wanted = nx.community.modularity(nx.from_numpy_array(raw + raw.T), groups, resolution=resolution)
    assert modularity(weight, community, resolution=resolution) == pytest.approx(wanted)


@hypothesis_settings(max_examples=60, deadline=None)
@hypothesis_given(st.lists(st.integers(-5, 5), max_size=30), st.randoms())
def test_canonical_numbers_do_not_depend_on_the_names_used(names, random):
    values = sorted(set(names))
    renamed = dict(zip(values, random.sample(range(100), len(values)), strict=True))
    one = canonical(np.array(names, int))
    other = canonical(np.array([renamed[name] for name in names], int))
    assert one.tolist() == other.tolist()
    sizes = np.bincount(one)
    assert (np.diff(sizes) <= 0).all()
    firsts = [one.tolist().index(c) for c in range(len(sizes))]
    assert all(a < b for c, (a, b) in enumerate(itertools.pairwise(firsts)) if sizes[c] == sizes[c + 1])


@pytest.mark.parametrize("method", METHODS)
def test_every_detector_finds_cliques_and_leaves_the_unlinked_alone(method):
    weight, truth = cliques(4, 5, alone=3)
    found = detect(weight, GraphSettings(method=method))
    assert found.community.tolist() == truth.tolist()
    assert found.method == method
    assert found.modularity == pytest.approx(modularity(weight, truth))
    assert len(found.by_seed) == 5


@pytest.mark.parametrize("method", METHODS)
def test_disconnected_parts_are_never_joined(method):
    weight = graph_of([(0, 5, 1.0), (1, 2, 3.0), (7, 8, 2.0), (8, 9, 1.0)], 11)
    community = detect(weight, GraphSettings(method=method)).community
    parts = sparse.csgraph.connected_components(weight)[1]
    assert all(len(set(parts[community == c])) == 1 for c in range(community.max() + 1))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_partition(method):
    rng = np.random.default_rng(0)
    raw = np.triu(rng.random((60, 60)) * (rng.random((60, 60)) < 0.2), 1)
    weight = sparse.csr_array(raw + raw.T)
    settings = GraphSettings(method=method, seed=3)
    one, other = detect(weight, settings), detect(weight, settings)
    assert one.community.tolist() == other.community.tolist() and one.by_seed == other.by_seed
    assert one.modularity == pytest.approx(max(one.by_seed))
    assert one.seed == 3 + int(np.argmax(one.by_seed))


def test_which_detector_auto_takes():
    def chosen(n_classes: int, n_edges: int, **settings: object) -> str:
        return choose_method(GraphSettings(**settings), n_classes=n_classes, n_edges=n_edges)

    assert chosen(1_000, 8_760) == "louvain"
    assert chosen(200, 19_900) == "louvain"
    assert chosen(1_000, 50_000) == "leiden"
    assert chosen(1_001, 10) == "leiden"
    assert chosen(10, 10, resolution=0.5) == "leiden"
    assert chosen(5_000, 10, method="louvain") == "louvain"
    assert chosen(10, 10, method="networkx", resolution=0.5) == "networkx"


def test_lower_resolution_gives_no_more_communities():
    weight, _ = cliques(12, 4, bridge=0.5)
    numbers = [
        int(partitions(weight, "leiden", resolution=r, seeds=[0])[0].max()) + 1 for r in (0.05, 0.3, 1.0, 3.0, 30.0)
    ]
    assert numbers == sorted(numbers)
    assert numbers[0] < 12 <= numbers[-1]


def test_clear_communities_are_stable_and_one_between_two_is_less_so():
    weight, truth = cliques(2, 6, bridge=0.1)
    steady, runs = stability(weight, truth, GraphSettings())
    assert runs == 10
    assert steady.tolist() == [1.0] * 12
    ring = graph_of([(i, (i + 1) % 30, 1.0) for i in range(30)], 31)  # a ring can be cut anywhere
    found = detect(ring, GraphSettings())
    loose, _ = stability(ring, found.community, GraphSettings())
    assert loose[:30].mean() < 0.8
    assert loose[30] == 1.0  # a class without an edge has no companions to lose
    assert (loose >= 0).all() and (loose <= 1).all()


def test_stability_is_the_mean_overlap_of_companions(monkeypatch):
    from analysis.confusion import communities

    final = np.array([0, 0, 0, 0, 1, 1])
    runs = [np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])]
    monkeypatch.setattr(communities, "partitions", lambda *_, **__: runs)
    weight = graph_of([(0, 1, 1.0)], 6)
    steady, n_runs = stability(weight, final, GraphSettings())
    assert n_runs == 2
    third = (1 + 2 / 3) / 2  # two of three companions stay
    np.testing.assert_allclose(steady, [third, third, third, 0.5, (1 + 1 / 2) / 2, (1 + 1 / 2) / 2])
