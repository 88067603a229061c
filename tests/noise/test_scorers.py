"""The contract that every registered scorer is held to."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import sparse

from analysis.base.references import REFERENCES
from analysis.base.types import ConfusionGraph, Neighbours, Predictions
from analysis.noise.scorer import SCORERS, Scorer, ScorerInputs

NAMES = SCORERS.names()
MOVED = ("probs", "top_class", "top_prob", "features", "training_margin")
BUILT_IN = {
    "self_confidence",
    "normalized_margin",
    "confidence_weighted_entropy",
    "edge_weight",
    "neighbours",
    "confident_learning",
    "rank_sum",
    "class_image_graph",
    "agreement",
    "training_margin",
}


def planted(*, n: int = 200, k: int = 5, seed: int = 0, wrong: int = 1, top: int | None = None) -> ScorerInputs:
    """Well separated classes, the first `wrong` images with the given label of another class."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % k
    logits = rng.normal(0, 0.5, (n, k))
    logits[np.arange(n), true] += 6
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = true.copy()
    given[:wrong] = (given[:wrong] + 1) % k
    features = np.eye(k)[true] + rng.normal(0, 0.1, (n, k))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    cosine = features @ features.T
    np.fill_diagonal(cosine, -2)
    index = np.argsort(-cosine, axis=1)[:, :10]
    near = Neighbours(index.astype(np.int32), np.take_along_axis(cosine, index, axis=1).astype(np.float32))
    held_out = np.ones(n, bool)
    seen = {"features": features, "training_margin": np.where(given == true, 2, -2) + rng.uniform(-1, 1, n)}
    if top is None:
        predictions = Predictions("m", k, held_out, probs=probs, **seen)
    else:
        best = np.argsort(-probs, axis=1)[:, :top]
        top_prob = np.take_along_axis(probs, best, axis=1)
        predictions = Predictions("m", k, held_out, top_class=best, top_prob=top_prob, **seen)
    return ScorerInputs(given, predictions, k, neighbours=near, graph=ring(k), models=(true, true))


def ring(k: int) -> ConfusionGraph:
    weight = np.zeros((k, k))
    for i in range(k):
        weight[i, (i + 1) % k] = weight[(i + 1) % k, i] = 1
    return ConfusionGraph(sparse.csr_array(weight), np.zeros(k, np.int64), np.ones(k), 0.0, 1.0, {})


def permuted(inputs: ScorerInputs, order: np.ndarray) -> ScorerInputs:
    """The same images in another order."""
    p, near = inputs.predictions, inputs.neighbours
    assert near is not None
    back = np.argsort(order)
    moved = {name: None if (a := getattr(p, name)) is None else a[order] for name in MOVED}
    return ScorerInputs(
        inputs.given[order],
        Predictions(p.model, p.n_classes, p.held_out[order], **moved),
        inputs.n_classes,
        neighbours=Neighbours(back[near.index[order]].astype(np.int32), near.similarity[order]),
        graph=inputs.graph,
        models=tuple(model[order] for model in inputs.models),
    )


@pytest.fixture(params=NAMES)
def spec(request: pytest.FixtureRequest) -> Scorer:
    return SCORERS.get(request.param)


def test_all_built_in_scorers_are_found_and_load() -> None:
    assert set(NAMES) >= BUILT_IN
    assert SCORERS.unavailable() == {}


@pytest.mark.parametrize("top", [None, 1, 3])
def test_shape_range_and_finite(spec: Scorer, top: int | None) -> None:
    inputs = planted(wrong=20, top=top)
    values = spec.score(inputs)
    assert values.shape == (200,) and values.dtype == np.float64
    assert np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1


@pytest.mark.parametrize("top", [None, 3])
def test_the_planted_error_comes_first(spec: Scorer, top: int | None) -> None:
    values = spec.score(planted(wrong=1, top=top))
    assert values[0] > values[1:].max()


@pytest.mark.parametrize("top", [None, 3])
def test_the_order_of_rows_does_not_matter(spec: Scorer, top: int | None) -> None:
    inputs = planted(wrong=20, top=top, seed=3)
    order = np.random.default_rng(1).permutation(200)
    np.testing.assert_allclose(spec.score(permuted(inputs, order)), spec.score(inputs)[order], rtol=0, atol=1e-12)


def test_inputs_stay_as_they_are_and_the_answer_repeats(spec: Scorer) -> None:
    inputs, untouched = planted(wrong=20), planted(wrong=20)
    first = spec.score(inputs)
    np.testing.assert_array_equal(spec.score(inputs), first)
    np.testing.assert_array_equal(inputs.given, untouched.given)
    np.testing.assert_array_equal(inputs.predictions.probs, untouched.predictions.probs)
    assert inputs.neighbours is not None and untouched.neighbours is not None
    np.testing.assert_array_equal(inputs.neighbours.index, untouched.neighbours.index)
    np.testing.assert_array_equal(inputs.neighbours.similarity, untouched.neighbours.similarity)


def test_title_and_source_are_given_and_the_source_is_in_the_bibliography(spec: Scorer) -> None:
    keys = re.findall(r"\[([A-Z][A-Za-z]*\d\d[a-z]?)\b", spec.source)
    assert spec.title and keys and spec.plain.endswith(".")
    assert set(keys) <= set(REFERENCES)
    assert spec.score.__doc__


def test_one_class_and_one_image_do_not_crash(spec: Scorer) -> None:
    near = Neighbours(np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32))
    predictions = Predictions(
        "m", 1, np.ones(1, bool), probs=np.ones((1, 1)), features=np.ones((1, 3)), training_margin=np.zeros(1)
    )
    values = spec.score(
        ScorerInputs(np.zeros(1, np.int64), predictions, 1, neighbours=near, graph=None, models=(np.zeros(1, int),))
    )
    assert values.shape == (1,) and 0 <= values[0] <= 1


@pytest.mark.parametrize("name", [name for name, spec in SCORERS.items() if spec.reason is not None])
def test_reasons_are_sentences(name: str) -> None:
    reason = SCORERS.get(name).reason
    assert reason is not None
    said = reason(planted(wrong=1), 0)
    assert said.endswith(".") and "“class 0”" in said
