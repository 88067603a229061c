"""Learning from verdicts: what it learns, when it starts, and that the gain it shows is honest."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evaluate.detection import average_precision
from analysis.review.learning import ENOUGH, REACH, Images, learn, rows_to_learn_from, stage
from analysis.review.said import OPEN, RIGHT, SKIPPED, UNSURE, WRONG

K = 8
COMMUNITY = np.arange(K) // 2


def images(*, n: int = 4000, bad: float = 0.9, other: float = 0.1, seed: int = 0) -> tuple[Images, np.ndarray]:
    """Suspicion that knows nothing of two bad pairs of classes: (images, which are wrong)."""
    rng = np.random.default_rng(seed)
    given = rng.integers(0, K, n)
    suggested = (given + rng.integers(1, K, n)) % K
    is_bad = ((given == 1) & (suggested == 2)) | ((given == 5) & (suggested == 4))
    wrong = rng.random(n) < np.where(is_bad, bad, other)
    suspicion = np.clip(np.where(wrong, 0.3, 0.25) + rng.normal(0, 0.1, n), 0, 1)
    return Images(given, suggested, suspicion, COMMUNITY), wrong


def judged(wrong: np.ndarray, n: int, *, seed: int = 1) -> np.ndarray:
    """Verdicts on `n` images, the others open."""
    verdict = np.full(len(wrong), OPEN, np.int8)
    rows = np.random.default_rng(seed).permutation(len(wrong))[:n]
    verdict[rows] = np.where(wrong[rows], WRONG, RIGHT)
    return verdict


def test_a_bad_pair_of_classes_moves_up_among_the_images_nobody_judged() -> None:
    looks, wrong = images()
    verdict = judged(wrong, 800)
    found = learn(looks, verdict)
    assert found is not None
    left = verdict == OPEN
    before = average_precision(wrong[left], looks.suspicion[left])
    after = average_precision(wrong[left], found.order[left])
    assert after > before + 0.15
    assert found.low > 0 and abs((found.after - found.before) - (after - before)) < 0.12
    assert "Learning from them helps" in found.sentence()


def test_where_nothing_is_to_be_learnt_no_gain_is_claimed() -> None:
    looks, wrong = images(bad=0.1)
    found = learn(looks, judged(wrong, 800))
    assert found is not None
    assert found.low <= 0
    assert "Learning from them helps" not in found.sentence()
    assert "chosen because they came first" in found.sentence()


def test_the_gain_is_measured_on_verdicts_that_were_not_learnt_from() -> None:
    rng = np.random.default_rng(2)
    n = 600  # nearly every image is of a pair of its own: to learn its own verdict would be perfect
    given = np.arange(n) % 300
    looks = Images(given, (given + 1 + rng.integers(0, 299, n)) % 300, rng.random(n), np.arange(300))
    found = learn(looks, judged(rng.random(n) < 0.3, n))
    assert found is not None
    assert found.after < 0.45


def test_the_order_changes_only_as_far_down_as_verdicts_reach() -> None:
    looks, wrong = images()
    by_suspicion = np.argsort(-looks.suspicion, kind="stable")
    verdict = np.full(len(wrong), OPEN, np.int8)
    first = by_suspicion[:500]
    verdict[first] = np.where(wrong[first], WRONG, RIGHT)
    found = learn(looks, verdict)
    assert found is not None
    assert found.reach == REACH * 500
    near, far = by_suspicion[: found.reach], by_suspicion[found.reach :]
    assert found.order[near].min() > found.order[far].max()
    np.testing.assert_array_equal(np.argsort(-found.order[far], kind="stable"), np.arange(len(far)))
    bad = (looks.given[near] == 1) & (looks.suggested[near] == 2)
    assert found.order[near][bad].mean() > found.order[near][~bad].mean() + 0.05


def test_verdicts_on_a_random_sample_reach_far_down() -> None:
    looks, wrong = images()
    found = learn(looks, judged(wrong, 400))
    assert found is not None
    assert 0.8 * len(wrong) < found.reach < len(wrong)


@pytest.mark.parametrize("n", [ENOUGH - 1, 30, 0])
def test_few_verdicts_teach_nothing(n: int) -> None:
    looks, wrong = images(n=1000, other=0.3)
    verdict = judged(wrong, n)
    assert learn(looks, verdict) is None and stage(verdict) == 0


def test_verdicts_of_one_kind_teach_nothing_and_open_ones_do_not_count() -> None:
    verdict = np.full(1000, RIGHT, np.int8)
    assert len(rows_to_learn_from(verdict)) == 0
    verdict[:400] = np.where(np.arange(400) % 2, WRONG, RIGHT)
    verdict[400:] = np.where(np.arange(600) % 2, UNSURE, SKIPPED)
    np.testing.assert_array_equal(rows_to_learn_from(verdict), np.arange(400))
    assert stage(verdict) == 400


def test_the_order_changes_in_whole_steps_only() -> None:
    _, wrong = images(n=1000, other=0.3)
    assert [stage(judged(wrong, n)) for n in (300, 399, 400, 499)] == [300, 300, 400, 400]


def test_the_same_verdicts_teach_the_same() -> None:
    looks, wrong = images(n=1500)
    one, two = (learn(looks, judged(wrong, 400)) for _ in range(2))
    assert one is not None and two is not None
    np.testing.assert_array_equal(one.order, two.order)
    assert (one.low, one.high) == (two.low, two.high)
    assert ((one.order >= 0) & (one.order <= 1)).all()
