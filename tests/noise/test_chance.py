"""The number of wrong labels and the chance of each: right with strong and with weak models, whatever was confused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.types import Predictions
from analysis.noise.chance import Combined, calibrate
from analysis.noise.combine import scored
from analysis.noise.estimate import estimate_wrong
from analysis.noise.scorer import ScorerInputs
from analysis.noise.typical import TYPICAL, Places, places

K = 8
STRONG, WEAK = 5.0, 2.2  # how far the score of the true class stands out: right in 98 % and in 55 % of the images


def case(
    strength: float, *, share: float, pairs: bool, n: int = 2000, seed: int = 0
) -> tuple[ScorerInputs, np.ndarray]:
    """(Inputs, which labels are wrong.) The model is too sure of itself, as a small network is."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, K, n)
    logits = rng.normal(0, 1.3, (n, K))
    logits[np.arange(n), true] += strength
    probs = np.exp(1.5 * logits)
    probs /= probs.sum(axis=1, keepdims=True)
    step = np.ones(n, np.int64) if pairs else rng.integers(1, K, n)
    given = np.where(rng.random(n) < share, (true + step) % K, true)
    return ScorerInputs(given, Predictions("m", K, np.ones(n, bool), probs=probs), K), given != true


def learnt(inputs: ScorerInputs) -> Combined:
    found = scored(inputs).chances
    assert found is not None
    return found


def placed(inputs: ScorerInputs) -> Places:
    probs = inputs.predictions.probs
    assert probs is not None

    def doubt(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 - probs[rows, labels])

    everything = np.arange(len(inputs.given))
    value = doubt(everything, inputs.given)
    return places(value, inputs.given, inputs.facts.predicted, seen=everything, ask=doubt)


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("strength", [STRONG, WEAK])
def test_wrong_labels_stand_at_any_place_and_mistakes_at_the_edge(strength: float, *, pairs: bool) -> None:
    inputs, wrong = case(strength, share=0.15, pairs=pairs, n=4000)
    found = placed(inputs)
    typical = wrong & (np.bincount(found.rows, found.typical, minlength=len(wrong)) > 0)
    rate = typical.sum() / wrong.sum()
    # a wrong label whose image the model mistakes as well is no image of the predicted class
    assert TYPICAL * 0.7 < rate < TYPICAL * 1.25
    mistaken = ~wrong[found.rows]
    assert not mistaken.any() or found.typical[mistaken].mean() < TYPICAL / 2


@pytest.mark.parametrize(("strength", "most"), [(STRONG, 0.03), (WEAK, 0.24)])
@pytest.mark.parametrize("pairs", [True, False])
def test_the_interval_holds_the_share_in_nearly_all_samples_and_is_narrow_enough_to_tell_something(
    strength: float, most: float, *, pairs: bool
) -> None:
    held, width = [], []
    for seed in range(40):
        inputs, wrong = case(strength, share=0.1, pairs=pairs, n=1000, seed=seed)
        _, _, low, high = placed(inputs).shares()
        held.append(low <= wrong.mean() <= high)
        width.append(high - low)
    assert np.mean(held) >= 0.9
    assert np.mean(width) < most + 0.06


@pytest.mark.parametrize("strength", [STRONG, WEAK])
def test_without_wrong_labels_the_lower_end_is_next_to_nothing(strength: float) -> None:
    inputs, _ = case(strength, share=0, pairs=False)
    found = learnt(inputs)
    assert found.low < 0.02
    assert (found.suspicion > 0.9).mean() < 0.01


@pytest.mark.parametrize("pairs", [True, False])
def test_a_weak_model_tells_chances_that_are_near_what_happens(*, pairs: bool) -> None:
    inputs, wrong = case(WEAK, share=0.15, pairs=pairs, n=4000)
    found = learnt(inputs)
    assert found.low <= wrong.mean() <= found.high
    assert abs(found.suspicion.mean() - wrong.mean()) < 0.06
    sure = found.suspicion > 0.6
    assert not sure.any() or abs(found.suspicion[sure].mean() - wrong[sure].mean()) < 0.25


def test_chances_never_fall_along_the_order_and_stay_between_least_and_most() -> None:
    rng = np.random.default_rng(0)
    own = np.concatenate([rng.normal(0, 1, 900), rng.normal(3, 1, 100)])
    rows = np.arange(900, 1000)
    doubted = Places(rows, rng.random(100), rng.normal(3, 1, (100, 20)), 100, 1000)
    found = calibrate(own, rng.normal(2, 1, 1000), doubted)
    in_order = found.suspicion[np.argsort(own, kind="stable")]
    assert (np.diff(in_order) > 0).all()
    assert (found.least <= found.suspicion + 1e-5).all() and (found.suspicion <= found.most + 1e-5).all()
    assert found.low <= found.share <= found.high
    assert found.suspicion.mean() == pytest.approx(found.share, abs=0.02)


def test_shares_count_typical_places_and_take_off_what_mistakes_leave_there() -> None:
    even = (np.arange(400) + 0.5) / 400
    rows = np.arange(400)
    low, high, lowest, highest = Places(rows, even, np.zeros((400, 1)), 400, 4000).shares()
    assert low == pytest.approx(0.1, abs=0.001) and high == pytest.approx(0.1, abs=0.001)
    assert lowest < low and highest > high
    edge = 1 - (1 - even) ** 10
    assert Places(rows, edge, np.zeros((400, 1)), 400, 4000).shares()[0] < 0.02
    crowd = np.where(np.arange(400) < 200, 0.01, even)
    ends = Places(rows, crowd, np.zeros((400, 1)), 400, 4000).shares()
    assert ends[2] < ends[0] <= ends[1] < ends[3] and ends[1] == pytest.approx(0.1, abs=0.01)
    # only some of the doubted labels looked at: the same shares
    some = Places(rows[::4], even[::4], np.zeros((100, 1)), 400, 4000).shares()
    assert some[0] == pytest.approx(low, abs=0.002) and some[2] < lowest


def test_images_that_differ_by_rounding_only_share_their_places_by_lot() -> None:
    predicted, everything = np.zeros(600, np.int64), np.arange(600)
    given = (everything < 200).astype(np.int64)
    found = places(
        np.full(600, 0.3 + 1e-13), given, predicted, seen=everything, ask=lambda rows, _: np.full(len(rows), 0.3)
    )
    assert abs(found.place.mean() - 0.5) < 0.07 and 0.15 < found.typical.mean() < 0.35


def test_without_a_doubted_label_nothing_is_claimed() -> None:
    nothing = Places(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 16)), 0, 500)
    low, high, lowest, highest = nothing.shares()
    assert low == high == lowest == 0 and 0 < highest < 0.02
    found = calibrate(np.arange(500.0), np.arange(100.0), nothing)
    assert found.suspicion.max() < 1e-5 and found.share == 0


def test_the_order_of_rows_changes_neither_share_nor_interval() -> None:
    inputs, _ = case(WEAK, share=0.1, pairs=True, n=800)
    probs = inputs.predictions.probs
    assert probs is not None
    order = np.random.default_rng(1).permutation(800)
    first, moved = (
        learnt(ScorerInputs(inputs.given[at], Predictions("m", K, np.ones(800, bool), probs=probs[at]), K, tie=at))
        for at in (np.arange(800), order)
    )
    assert (first.share, first.low, first.high) == pytest.approx((moved.share, moved.low, moved.high), abs=1e-12)
    np.testing.assert_allclose(first.most[order], moved.most, atol=1e-9)


def test_intervals_of_classes_hold_the_truth_where_wrong_labels_sit_in_one_class() -> None:
    inputs, wrong = case(STRONG, share=0.3, pairs=True, n=3000)
    right = (inputs.given - wrong) % K
    only = right == 0
    given = np.where(only, inputs.given, right)
    moved = ScorerInputs(given, inputs.predictions, K)
    found = estimate_wrong(moved, learnt(moved))
    truth = np.bincount(given, given != right, minlength=K) / np.bincount(given, minlength=K)
    held = [
        low <= share <= high for low, share, high in zip(found["class_low"], truth, found["class_high"], strict=True)
    ]
    assert sum(held) >= K - 1 and held[1]
    assert max(range(K), key=lambda k: found["classes"][k]) == 1
