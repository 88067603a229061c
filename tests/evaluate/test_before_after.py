"""The difference that cleaning makes: its value, its interval, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.evaluate.before_after import difference, points


def outcomes(p_before: float, p_after: float, *, seeds: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong for S seeds and M images: an image is hard or easy for all seeds alike."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    jitter = rng.normal(0, 0.02, (2, seeds, n))
    return hard + jitter[0] < p_before, hard + jitter[1] < p_after


def test_the_same_outcomes_are_exactly_no_difference() -> None:
    right = np.random.default_rng(0).random((5, 200)) < 0.8
    found = difference(right, right.copy())
    assert (found.value, found.low, found.high, found.gained, found.lost) == (0, 0, 0, 0, 0)
    assert found.verdict == "no difference" and found.sentence().startswith("No difference: both get the same")


def test_a_clear_gain_lies_above_zero_and_turned_round_is_a_loss() -> None:
    before, after = outcomes(0.8, 0.88, seeds=5, n=600, seed=1)
    found, turned = difference(before, after), difference(after, before)
    assert found.verdict == "better" and 0 < found.low < found.value < found.high
    assert found.value == pytest.approx(after.mean() - before.mean())
    assert turned.verdict == "worse" and turned.value == pytest.approx(-found.value)
    assert (turned.gained, turned.lost) == (found.lost, found.gained) and found.gained > 10 * found.lost
    assert "Better: 8" in found.sentence() and "95 % interval +" in found.sentence()
    assert "Worse" in turned.sentence() and "−" in turned.sentence()


def test_the_interval_covers_no_difference_as_often_as_it_promises() -> None:
    missed = sum(
        difference(*outcomes(0.8, 0.8, seeds=5, n=300, seed=seed), resamples=400).verdict != "no difference"
        for seed in range(120)
    )
    assert missed <= 12  # 6 are expected of 120


def test_seeds_that_disagree_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    before = rng.random((6, 400)) < 0.8
    steady, erratic = before.copy(), before.copy()
    wrong = np.flatnonzero(~before.any(axis=0) | True)[:400]
    steady[:, wrong[:40]] = True
    for s in range(6):
        erratic[s, wrong[: 80 if s < 3 else 0]] = True
    a, b = difference(before, steady), difference(before, erratic)
    assert a.value == pytest.approx(b.value, abs=0.01)
    assert b.high - b.low > 1.5 * (a.high - a.low)


def test_a_seed_or_an_image_less_on_one_side_is_refused() -> None:
    for before, after in ((np.ones((2, 3)), np.ones((2, 4))), (np.ones(3), np.ones(3)), (np.ones((2, 0)),) * 2):
        with pytest.raises(BadInput, match="wanted"):
            difference(before, after)


def test_points_have_a_sign() -> None:
    assert [points(share) for share in (0.0215, -0.004, 0.0)] == ["+2.1", "−0.4", "+0.0"]
