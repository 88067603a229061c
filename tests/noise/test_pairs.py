"""Wrong labels that pile up in few pairs of classes are found there, and nothing changes where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.types import Predictions
from analysis.evaluate.detection import average_precision
from analysis.noise.combine import scored, suspects
from analysis.noise.pairs import Placed, pile_up
from analysis.noise.scorer import ScorerInputs

K = 8
SINGLE = ("self_confidence", "normalized_margin", "usual_confidence", "rank_sum", "confident_learning")


def case(kind: str, *, n: int = 4_000, seed: int = 0) -> tuple[ScorerInputs, np.ndarray]:
    """Classes that a model mixes up in pairs (0 and 1, 2 and 3, ...), with wrong labels of a kind; (inputs, wrong)."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % K
    strength = np.full(n, 4.5)
    if kind == "one pair":  # never the other way round
        given = np.where((true == 0) & (rng.random(n) < 0.5), 1, true)
    elif kind == "one class":  # which is learnt badly, therefore
        given = np.where((true == 5) & (rng.random(n) < 0.5), rng.integers(0, K, n), true)
        strength[true == 5] = 2.5
    else:
        given = np.where(rng.random(n) < 0.08, (true + rng.integers(1, K, n)) % K, true)
    logits = rng.normal(0, 1, (n, K))
    logits[np.arange(n), true] += strength
    if kind != "everywhere":
        logits[np.arange(n), true ^ 1] += rng.normal(2, 1, n) * strength / 4.5
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return ScorerInputs(given, Predictions("m", K, np.ones(n, bool), probs=probs), K), given != true


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["one pair", "one class"])
def test_where_wrong_labels_pile_up_they_come_before_the_mistakes_of_the_model(kind: str, seed: int) -> None:
    inputs, wrong = case(kind, seed=seed)
    table = scored(inputs).table
    best = max(average_precision(wrong, table[name]) for name in table.columns if name in SINGLE)
    assert average_precision(wrong, table["suspicion"]) > best + 0.01


def test_where_all_pairs_are_alike_no_pair_counts_more_than_another() -> None:
    inputs, _ = case("everywhere")
    chances = scored(inputs).chances
    assert chances is not None and chances.piled is not None
    piled = chances.piled
    mixed = inputs.facts.predicted != inputs.given
    assert np.abs(piled.factor[mixed]).max() < np.log(1.1)


def test_an_image_has_no_say_in_its_own_factor() -> None:
    given, other = np.divmod(np.arange(400) % 16, 4)
    drawn = Placed(given, other, np.linspace(0, 1, 400), 4)
    images = Placed(np.array([0] * 9 + [2]), np.array([1] * 9 + [3]), np.array([0.9] * 8 + [0.1, 0.9]), 4)
    factor = pile_up(images, drawn, mixed=np.ones(10, bool)).factor
    assert factor[9] < 0  # the only sure case of its pair
    assert factor[8] > factor[0] > 1  # no sure case itself, but eight others are


def test_numbers_of_drawn_labels_and_of_images_need_not_agree() -> None:
    rng = np.random.default_rng(0)
    images = Placed(rng.integers(0, 90_000, 500), rng.integers(0, 90_000, 500), rng.random(500), 94_682)
    drawn = Placed(rng.integers(0, 90_000, 70), rng.integers(0, 90_000, 70), rng.random(70), 94_682)
    piled = pile_up(images, drawn, mixed=np.zeros(500, bool))
    assert np.isfinite(piled.factor).all() and np.isfinite(piled.weight(drawn)).all()
    assert (piled.weight(drawn) > 0).all()


def test_a_reason_says_where_wrong_labels_pile_up_and_only_there() -> None:
    inputs, wrong = case("one pair")
    found = scored(inputs)
    table = suspects([str(i) for i in range(len(wrong))], found.table, inputs, chances=found.chances)
    told = table[table["reasons"].str.contains("pile up in this pair")]
    assert set(zip(told["given"], told["suggested"], strict=True)) == {(1, 0)}
    number = told["reasons"].str.extract(r"pair: (\d+) others").astype(int)[0]
    assert number.between(20, wrong.sum()).all()
    assert not suspects([str(i) for i in range(len(wrong))], found.table, inputs)["reasons"].str.contains("pile").any()
