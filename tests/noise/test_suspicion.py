"""Suspicion as a chance: calibrated where labels are planted, learnt without a verdict, the same in any row order."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from analysis.base.progress import Silent
from analysis.base.types import Neighbours, Predictions
from analysis.noise.chance import Combined
from analysis.noise.combine import odds, score_all, scored, suspects
from analysis.noise.estimate import estimate_wrong
from analysis.noise.scorer import SCORERS, ScorerInputs
from analysis.noise.suspicion import combine, labels_by_class, labels_by_image, why_no_chance

K = 6
ABLE = [name for name, spec in SCORERS.items() if spec.as_if and set(spec.needs) <= {"predictions", "neighbours"}]


def case(*, n: int = 3000, wrong: float = 0.1, pairs: bool = False, seed: int = 0) -> tuple[ScorerInputs, np.ndarray]:
    """Classes that a model tells apart well but not perfectly, with labels made wrong; (inputs, which are wrong)."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % K
    logits = rng.normal(0, 1.3, (n, K))
    logits[np.arange(n), true] += 5
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    step = np.ones(n, np.int64) if pairs else rng.integers(1, K, n)
    given = np.where(rng.random(n) < wrong, (true + step) % K, true)
    near = np.stack([rng.permutation(n)[:8] for _ in range(n)])
    near = near - near % K + np.where(rng.random((n, 8)) < 0.8, true[:, None], rng.integers(0, K, (n, 8)))
    near = np.minimum(near, n - 1).astype(np.int32)
    neighbours = Neighbours(near, np.full(near.shape, 0.9, np.float32))
    predictions = Predictions("m", K, np.ones(n, bool), probs=probs)
    return ScorerInputs(given, predictions, K, neighbours=neighbours), given != true


def chances(inputs: ScorerInputs) -> Combined:
    found = scored(inputs).chances
    assert found is not None
    return found


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("share", [0.03, 0.2])
def test_chances_are_as_often_right_as_they_say(share: float, *, pairs: bool) -> None:
    inputs, wrong = case(wrong=share, pairs=pairs)
    found = chances(inputs)
    assert found.low <= wrong.mean() <= found.high
    for low, high in ((0.0, 0.1), (0.1, 0.7), (0.7, 1.0)):
        here = (found.suspicion >= low) & (found.suspicion <= high)
        told, happened = found.suspicion[here].sum(), wrong[here].sum()
        assert abs(told - happened) <= (0.45 if pairs else 0.25) * here.sum() + 6
    assert abs(found.suspicion.sum() - wrong.sum()) < 0.03 * len(wrong)


def test_what_training_told_of_the_given_labels_is_not_taken_for_that_of_drawn_ones() -> None:
    inputs, _ = case(n=600)
    margin = np.random.default_rng(0).normal(size=600).astype(np.float32)
    trained = replace(inputs, predictions=replace(inputs.predictions, training_margin=margin))
    np.testing.assert_array_equal(chances(trained).suspicion, chances(inputs).suspicion)


def test_clean_labels_are_hardly_suspected() -> None:
    inputs, _ = case(wrong=0.0)
    found = chances(inputs)
    assert found.low < 0.003
    perfect = replace(inputs, predictions=replace(inputs.predictions, probs=np.eye(K)[inputs.given] * 0.94 + 0.01))
    assert chances(perfect).low == 0
    assert (found.suspicion > 0.5).mean() < 0.005


@pytest.mark.parametrize("name", ABLE)
def test_what_a_scorer_would_say_of_another_label_is_what_it_says_when_it_is_given(name: str) -> None:
    inputs, _ = case(n=300)
    spec = SCORERS.get(name)
    assert spec.as_if is not None
    everything = np.arange(300)
    np.testing.assert_allclose(spec.as_if(inputs, everything, inputs.given), spec.score(inputs), atol=1e-12)
    given = inputs.given.copy()
    given[7] = (given[7] + 2) % K
    changed = spec.score(replace(inputs, given=given))[7]
    # what is usual for a class moves a little with one label
    np.testing.assert_allclose(spec.as_if(inputs, np.array([7]), given[[7]]), [changed], atol=0.01)


def test_the_order_of_rows_makes_no_difference() -> None:
    inputs, _ = case(n=600)
    first = replace(inputs, neighbours=None, tie=np.arange(600))
    order = np.random.default_rng(1).permutation(600)
    probs = first.predictions.probs
    assert probs is not None
    moved = replace(
        first,
        given=first.given[order],
        predictions=replace(first.predictions, probs=probs[order]),
        tie=order,
    )
    np.testing.assert_allclose(chances(moved).suspicion, chances(first).suspicion[order], atol=1e-9)


def test_usual_confidence_measures_each_class_by_its_own_labels() -> None:
    probs = np.array([[0.9, 0.1]] * 4 + [[0.4, 0.6]] * 4 + [[0.55, 0.45]])
    inputs = ScorerInputs(np.array([0] * 4 + [1] * 4 + [0]), Predictions("m", 2, np.ones(9, bool), probs=probs), 2)
    value = SCORERS.get("usual_confidence").score(inputs)
    usual = (4 * 0.9 + 0.55) / 5, 0.6
    assert value[8] == pytest.approx((0.45 / usual[1]) / (0.45 / usual[1] + 0.55 / usual[0]))
    assert value[8] > 0.5 > inputs.facts.p_other[8]  # more than usual of the other class, though not the most probable


@pytest.mark.parametrize("draw", [labels_by_class, labels_by_image])
@pytest.mark.parametrize("top", [None, 2])
def test_drawn_labels_are_never_the_given_ones(draw: object, top: int | None) -> None:
    inputs, _ = case(n=400)
    if top is not None:
        best, values = inputs.predictions.top(top)
        listed = Predictions("m", K, np.ones(400, bool), top_class=best, top_prob=values)
        inputs = replace(inputs, predictions=listed)
    rows = np.repeat(np.arange(400), 3)
    labels = draw(inputs, rows, np.random.default_rng(0))  # type: ignore[operator]
    assert (labels != inputs.given[rows]).all() and labels.min() >= 0 and labels.max() < K
    assert len(np.unique(labels)) == K


def test_labels_drawn_by_class_go_where_the_class_is_confused() -> None:
    inputs, _ = case(n=3000, wrong=0.2, pairs=True)
    rows = np.flatnonzero(inputs.facts.predicted == inputs.given)
    drawn = labels_by_class(inputs, rows, np.random.default_rng(0))
    assert ((drawn - inputs.given[rows]) % K == 1).mean() > 0.6  # of five other classes, the one of the planted pair


def test_labels_drawn_by_image_follow_its_probabilities() -> None:
    probs = np.tile([[0.5, 0.45, 0.05]], (200, 1))
    inputs = ScorerInputs(np.zeros(200, np.int64), Predictions("m", 3, np.ones(200, bool), probs=probs), 3)
    drawn = labels_by_image(inputs, np.arange(200), np.random.default_rng(0))
    assert abs((drawn == 1).mean() - 0.9) < 0.08


def test_classes_without_a_probability_give_no_chance() -> None:
    inputs, _ = case(n=400)
    top = inputs.facts.predicted[:, None]
    bare = Predictions("m", K, np.ones(400, bool), top_class=top, top_prob=np.ones((400, 1)))
    inputs = replace(inputs, predictions=bare, neighbours=None)
    assert "no probability" in why_no_chance(inputs)
    assert combine(inputs, {"self_confidence": np.zeros(400)}) is None
    assert scored(inputs).chances is None


def test_expected_numbers_per_class_and_pair_add_up_and_cover_the_truth() -> None:
    inputs, wrong = case(n=6000, wrong=0.12, pairs=True)
    found = estimate_wrong(inputs, chances(inputs))
    sizes = np.bincount(inputs.given, minlength=K)
    assert found["n"] == pytest.approx(np.dot(found["classes"], sizes), abs=1)
    truth = np.bincount(inputs.given, wrong, minlength=K) / sizes
    inside = [low <= t <= high for low, t, high in zip(found["class_low"], truth, found["class_high"], strict=True)]
    assert sum(inside) >= K - 1
    fullest = found["pairs"][:K]
    assert {(pair["given"], pair["suggested"]) for pair in fullest} == {((k + 1) % K, k) for k in range(K)}
    assert all(pair["low"] <= pair["n"] <= pair["high"] for pair in found["pairs"])


def test_the_chance_is_told_in_words_at_the_end_of_the_reasons() -> None:
    inputs, _ = case(n=600)
    found = scored(inputs)
    ids = [str(i) for i in range(600)]
    with_words = suspects(ids, found.table, inputs, chances=found.chances)["reasons"]
    assert with_words.str.contains("All in all").all()
    assert not suspects(ids, found.table, inputs)["reasons"].str.contains("All in all").any()
    assert odds(0.31) == "All in all about 3 in 10 labels that look like this are wrong."
    assert odds(0.1) == "All in all about 1 in 10 labels that look like this is wrong."
    assert odds(0.01).startswith("All in all hardly any") and odds(0.97).startswith("All in all nearly every")


def test_a_weak_model_is_said_to_leave_the_number_uncertain() -> None:
    class Notes(Silent):
        said: ClassVar[list[str]] = []

        def note(self, message: str) -> None:
            self.said.append(message)

    sure, _ = case(n=1500)
    scored(sure, progress=Notes())
    assert not any("uncertain" in text for text in Notes.said)
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (1500, K))  # sure of itself and wrong in most images
    logits[np.arange(1500), sure.given] += 1.5
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    weak = replace(sure, neighbours=None, predictions=replace(sure.predictions, probs=probs))
    scored(weak, progress=Notes())
    assert any("uncertain" in text and "errs too often" in text for text in Notes.said)


def test_the_same_inputs_give_the_same_chances() -> None:
    inputs, _ = case(n=500)
    np.testing.assert_array_equal(score_all(inputs)["suspicion"], score_all(inputs)["suspicion"])
