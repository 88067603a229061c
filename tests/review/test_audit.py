"""The random audit: a sample that no score chose, and how well its intervals hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.review.audit import Audit, AuditRule, audit_result, draw, finite_wilson, take_sample
from analysis.review.said import OPEN, RIGHT, SKIPPED, UNSURE, WRONG

N = 1000
IDS = [f"img-{i}.png" for i in range(N)]
NOBODY = np.array([], np.int64)
FIXED = [33, 83, 68, 30, 95]  # the five smallest hashes, worked out apart from the code


def verdicts(**rows: list[int]) -> np.ndarray:
    """What is known of 10 images: `wrong=[0, 1]` …"""
    codes = {"right": RIGHT, "wrong": WRONG, "unsure": UNSURE, "skipped": SKIPPED}
    made = np.zeros(10, np.int8)
    for name, found in rows.items():
        made[found] = codes[name]
    return made


def audit_of(sample: list[int], outside: list[int] | None = None) -> Audit:
    population = np.ones(10, bool)
    population[outside or []] = False
    return Audit(np.array(sample), population)


# -- drawing ----------------------------------------------------------------------------------------------------------
def test_a_sample_depends_on_ids_and_seed_alone() -> None:
    rows = draw(IDS, m=50, seed=3)
    shuffled = np.random.default_rng(0).permutation(N)
    again = draw([IDS[i] for i in shuffled], m=50, seed=3)
    assert [IDS[i] for i in rows] == [IDS[shuffled[i]] for i in again]
    assert len(set(rows.tolist())) == 50
    assert set(draw(IDS, m=50, seed=4).tolist()) != set(rows.tolist())


def test_a_sample_is_the_same_on_every_machine_for_good() -> None:
    assert draw([f"{i}" for i in range(100)], m=5, seed=1).tolist() == FIXED


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    assert draw(IDS, m=200, seed=1)[:50].tolist() == draw(IDS, m=50, seed=1).tolist()


def test_excluded_images_are_never_drawn_and_the_population_may_be_smaller_than_the_sample() -> None:
    exclude = np.arange(0, N, 2)
    assert (draw(IDS, m=100, seed=1, exclude=exclude) % 2 == 1).all()
    assert sorted(draw(IDS[:7], m=200, seed=1, exclude=np.array([0, 3]))) == [1, 2, 4, 5, 6]
    assert draw(["\udcff.png", "\u00e9.png"], m=2, seed=1).size == 2, "file names that are no text"


def test_every_image_is_drawn_equally_often() -> None:
    counts = np.zeros(60)
    for seed in range(1500):
        counts[draw(IDS[:60], m=6, seed=seed)] += 1
    expected = 1500 * 6 / 60
    chi2 = float(((counts - expected) ** 2 / (expected * 0.9)).sum())
    assert chi2 < 98.3, "beyond the 99.9 % point of 59 degrees of freedom"


def test_the_population_is_what_nobody_had_judged_or_everything() -> None:
    judged = np.arange(100)
    unjudged = take_sample(IDS, AuditRule(m=300, seed=5), judged)
    assert not unjudged.population[:100].any() and unjudged.population[100:].all()
    assert unjudged.sample.min() >= 100 and len(unjudged.sample) == 300
    assert take_sample(IDS, AuditRule(m=300, seed=5, population="all"), judged).population.all()


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"m": 0}, "The m of an audit is 0"),
        ({"m": "200"}, "The m of an audit is 200"),
        ({"seed": -1}, "The seed of an audit is -1"),
        ({"as_of": True}, "The as_of of an audit is True"),
        ({"population": "mine"}, "The population of an audit is 'mine'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], found: str) -> None:
    with pytest.raises(BadInput, match=found):
        AuditRule.of(rule)


def test_a_rule_comes_back_from_the_store_as_it_went_in() -> None:
    rule = AuditRule(m=77, seed=2**40, as_of=12, population="all")
    assert AuditRule.of({**rule.as_rule(), "something later versions know": 1}) == rule


# -- counting ---------------------------------------------------------------------------------------------------------
def test_a_sample_counts_up_to_the_first_image_nobody_looked_at() -> None:
    audit = audit_of([3, 1, 7, 5, 9])
    result = audit_result(audit, verdicts(wrong=[3, 5, 9], right=[1]))
    assert (result.counted, result.wrong, result.right, result.waiting) == (2, 1, 1, 2)
    assert result.rate == 0.5, "5 and 9 were judged elsewhere before their turn"
    later = audit_result(audit, verdicts(wrong=[3, 5, 9], right=[1, 7]))
    assert (later.counted, later.wrong, later.right, later.waiting) == (5, 3, 2, 0)


def test_unsure_and_skipped_images_count_as_neither_and_are_said() -> None:
    result = audit_result(audit_of([0, 1, 2, 3]), verdicts(wrong=[0], right=[1], unsure=[2], skipped=[3]))
    assert (result.judged, result.unsure, result.rate) == (2, 2, 0.5)
    assert "2 images of the sample could not be judged and count as neither right nor wrong." in result.sentence()


def test_before_the_first_judgement_nothing_is_claimed() -> None:
    result = audit_result(audit_of([0, 1]), verdicts(unsure=[0], wrong=[5]))
    assert (result.rate, result.remaining, result.share_wrong, result.found_share) == (None, None, None, None)
    assert result.rate_interval == (0, 1) and result.remaining_interval == (0, 9)
    assert result.sentence() == "None of the 2 images of this random sample has a judgement that counts yet."


def test_with_everything_audited_the_intervals_have_no_width() -> None:
    audit = audit_of(list(range(10)))
    result = audit_result(audit, verdicts(wrong=[0, 1, 2], right=list(range(3, 10))))
    assert result.rate_interval == (0.3, 0.3) and result.share_interval == (0.3, 0.3)
    assert result.remaining_interval == (0, 0) and result.found_interval == (1, 1)
    assert (result.remaining, result.share_wrong, result.found_share, result.chance) == (0, 0.3, 1, None)


def test_what_was_known_before_is_counted_as_it_is_and_the_rest_is_estimated() -> None:
    audit = audit_of([4, 5], outside=[0, 1, 2, 3])  # six images in the population
    result = audit_result(audit, verdicts(wrong=[0, 1, 4, 9], right=[2, 3, 5]))
    assert (result.population, result.found, result.found_inside, result.unjudged) == (6, 4, 2, 3)
    assert result.rate == 0.5
    assert result.remaining == 1, "half of six, less the two found"
    assert result.share_wrong == 0.5 and result.found_share == 0.8
    assert result.chance == pytest.approx(1 / 3)
    low, high = result.remaining_interval
    assert 0 <= low <= 1 <= high <= 3, "only three of the population are open"


def test_no_estimate_is_beyond_what_is_possible() -> None:
    result = audit_result(audit_of([0]), verdicts(wrong=[0], right=list(range(3, 10))))
    assert result.remaining == 2, "the sample says all ten are wrong, but seven are known to be right"
    assert result.remaining_interval == (1, 2), "at least 21 % of ten are wrong"
    none = audit_result(audit_of([9]), verdicts(wrong=[0, 1], right=[9]))
    assert none.remaining == 0, "two wrong labels were found where the sample says there is none"


def test_a_verdict_outside_the_population_that_was_taken_back_widens_the_interval() -> None:
    audit = audit_of([2, 3, 4, 5, 6, 7, 8, 9], outside=[0, 1])
    known = verdicts(right=[1, 2, 3, 4, 5, 6, 7, 8, 9], wrong=[0])
    assert audit_result(audit, known).share_interval == (0.1, 0.1)
    back = known.copy()
    back[0] = OPEN
    assert audit_result(audit, back).share_interval == (0.0, 0.1)


def test_the_interval_without_replacement_is_wilsons_for_a_small_sample_and_shrinks_with_the_rest() -> None:
    assert finite_wilson(12, 200, 10**9) == pytest.approx((0.0347, 0.1019), abs=1e-4)
    widths = [high - low for low, high in (finite_wilson(12, 200, size) for size in (10**6, 1000, 300, 210, 200))]
    assert widths == sorted(widths, reverse=True) and widths[-1] == 0
    assert finite_wilson(0, 0, 50) == (0, 1)


def test_the_sentence_gives_every_figure_with_its_interval() -> None:
    verdict = np.zeros(N, np.int8)
    audit = take_sample(IDS, AuditRule(m=200, seed=1), NOBODY)
    verdict[audit.sample] = RIGHT
    verdict[audit.sample[:20]] = WRONG
    verdict[np.flatnonzero(verdict == OPEN)[:30]] = WRONG  # found by a queue
    assert audit_result(audit, verdict).sentence() == (
        "Of 200 images drawn at random from 1,000, 20 have a wrong label: 6.9 to 14.3 % of them all (95 % interval). "
        "About 50 wrong labels are not found yet (between 18 and 94); in the whole data set 6.8 to 14.4 % of the "
        "labels are wrong. The 50 found so far are 34.7 to 73.5 % of all wrong labels."
    )
    verdict[audit.sample[150]] = OPEN
    assert (
        audit_result(audit, verdict)
        .sentence()
        .endswith("The sample is judged up to image 150 of 200; 49 behind it wait for those before them.")
    )


# -- how well it holds ------------------------------------------------------------------------------------------------
def world(seed: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """(what each label is, a queue that shows wrong labels early)."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(N) < rate
    return np.where(wrong, WRONG, RIGHT).astype(np.int8), np.argsort(rng.normal(size=N) - 1.5 * wrong)


def judged(truth: np.ndarray, queue: np.ndarray, *, audit: Audit, how: str) -> np.ndarray:
    """What is known when queue and audit were worked in some order; "part" leaves 40 % of the audit undone.

    Nobody is asked for an image that was judged already, wherever that was.
    """
    verdict = np.zeros(N, np.int8)
    verdict[~audit.population] = truth[~audit.population]
    sample, queue = audit.sample.tolist(), queue[:300].tolist()
    enough = int(len(sample) * 0.6) if how == "part" else len(sample)
    if how == "while":  # three of the queue, one of the audit, and so on
        turns = [row for i, row in enumerate(sample) for row in (*queue[3 * i : 3 * i + 3], row)]
    else:
        turns = [*sample, *queue] if how == "after" else [*queue, *sample]
    steps = 0
    for row in turns:
        if how == "part" and row in sample and verdict[row] == OPEN:
            steps += 1
            if steps > enough:
                continue
        verdict[row] = truth[row]
    return verdict


@pytest.mark.parametrize("how", ["before", "while", "after", "part"])
@pytest.mark.parametrize(("rate", "m"), [(0.02, 100), (0.05, 250), (0.2, 60), (0.2, 300)])
def test_the_intervals_cover_the_truth_whenever_the_queue_is_worked(how: str, rate: float, m: int) -> None:
    """At 95 % nominal; 450 runs each. Half of the samples are drawn when 75 images were judged already."""
    runs = 450
    covered = dict.fromkeys(("rate", "remaining", "share", "found"), 0)
    errors = []
    for seed in range(runs):
        truth, queue = world(seed, rate)
        before = queue[:75] if seed % 2 else NOBODY
        audit = take_sample(IDS, AuditRule(m=m, seed=seed), before)
        verdict = judged(truth, queue[75:], audit=audit, how=how)
        result = audit_result(audit, verdict)
        n_wrong = int((truth == WRONG).sum())
        remaining = int(((truth == WRONG) & (verdict != WRONG)).sum())
        actual = {
            "rate": ((truth == WRONG)[audit.population].mean(), result.rate_interval),
            "remaining": (remaining, result.remaining_interval),
            "share": (n_wrong / N, result.share_interval),
            "found": ((n_wrong - remaining) / n_wrong, result.found_interval),
        }
        for name, (value, (low, high)) in actual.items():
            covered[name] += low - 1e-12 <= value <= high + 1e-12
        assert result.rate is not None
        errors.append(result.rate - actual["rate"][0])
    assert min(covered.values()) / runs >= 0.93, covered
    bias, spread = float(np.mean(errors)), float(np.std(errors)) / np.sqrt(runs)
    assert abs(bias) < 3.5 * spread, f"the estimate is off by {bias:.4f} on average"


def test_without_the_rule_of_the_gap_a_queue_would_bias_the_audit() -> None:
    """What the rule is for: to count everything judged of a half-done sample overstates the noise."""
    naive = []
    for seed in range(100):
        truth, queue = world(seed, 0.05)
        audit = take_sample(IDS, AuditRule(m=250, seed=seed), NOBODY)
        verdict = judged(truth, queue, audit=audit, how="part")
        seen = verdict[audit.sample]
        naive.append((seen == WRONG).sum() / (seen != OPEN).sum() - (truth == WRONG).mean())
    assert np.mean(naive) > 0.01
