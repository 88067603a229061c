"""Agreement: against published examples and scikit-learn, and what it does where little or nothing is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.review.agreement import Agreements, agreements, overall, ratings
from analysis.review.kappa import NOBODY, cohen, fleiss, krippendorff

DIAGNOSES = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 00501 30012
51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""  # [Fleiss71 table 1]: 30 patients
OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]  # [Krippendorff11]: a row per rater


def sets_of(counts: list[list[int]]) -> np.ndarray:
    return np.array([np.repeat(np.arange(len(row)), row) for row in counts])


def current(*said: tuple[str, str, str], given: str = "cat", suggested: str = "dog", **more: Any) -> pd.DataFrame:
    """Rows of (image, reviewer, verdict); a verdict that is a class name relabels to it."""
    verdicts = ("keep", "several", "none_fits", "unsure", "skip")
    rows = [
        {
            "event_id": i,
            "image_id": image,
            "reviewer": reviewer,
            "verdict": word if word in verdicts else "relabel",
            "new_label": "" if word in verdicts else word,
            "given": given,
            "suggested": suggested,
            "purpose": "",
            **more,
        }
        for i, (image, reviewer, word) in enumerate(said)
    ]
    return pd.DataFrame(rows)


def crowd(n: int, reviewers: tuple[str, ...] = ("ada", "bob"), *, seed: int = 0, share: float = 0.8) -> pd.DataFrame:
    """Everybody judges all n images; the truth is keep or dog, told with that share, else at random."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["keep", "dog"], n)
    said = []
    for name in reviewers:
        own = np.where(rng.random(n) < share, truth, rng.choice(["keep", "dog", "fox", "none_fits", "unsure"], n))
        said += [(f"i{i}", name, str(word)) for i, word in enumerate(own)]
    return current(*said)


def test_fleiss_gives_the_figures_of_its_paper() -> None:
    counts = [[int(c) for c in row] for row in DIAGNOSES.split()]
    found = fleiss(sets_of(counts), seed=[0])
    assert found.raw == pytest.approx(0.555, abs=0.0006)
    assert found.kappa == pytest.approx(0.430, abs=0.0005)
    assert found.low is not None and found.high is not None and found.low < 0.430 < found.high


def test_fleiss_by_hand_on_three_images() -> None:
    """P = (1 + 1/3 + 1/3) / 3 = 5/9, shares 5/9 and 4/9, so expected 41/81 and kappa (45 - 41) / (81 - 41)."""
    found = fleiss(np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1]]), seed=[0])
    assert found.raw == pytest.approx(5 / 9) and found.kappa == pytest.approx(0.1)


def test_alpha_gives_the_figure_of_krippendorffs_example() -> None:
    said = np.array([[NOBODY if c == "." else int(c) for c in row] for row in OBSERVERS]).T
    sets = said[(said != NOBODY).sum(axis=1) > 1]
    assert krippendorff(sets, seed=[0]).kappa == pytest.approx(0.743, abs=0.0005)


@pytest.mark.parametrize("seed", range(5))
def test_cohen_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 4, 200)
    other = np.where(rng.random(200) < 0.6, one, rng.integers(0, 4, 200))
    assert cohen(one, other, seed=[0]).kappa == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


def test_two_reviewers_get_cohens_kappa_on_the_images_that_both_judged() -> None:
    log = crowd(60).drop(index=range(5))  # ada left five out
    said = ratings(log).pivot(index="image_id", columns="reviewer", values="category")
    assert len(said) == 55
    (pair,) = agreements(log).pairs
    assert pair.of == ("ada", "bob") and pair.found.n_images == 55 and pair.measure == "cohen"
    assert pair.found.kappa == pytest.approx(cohen_kappa_score(said["ada"], said["bob"]))
    assert pair.found.raw == pytest.approx((said["ada"] == said["bob"]).mean())
    assert [one.found.kappa for one in agreements(log).reviewers] == pytest.approx([pair.found.kappa] * 2)


def test_keeping_everything_is_agreement_without_insight() -> None:
    """Two people who keep every label have the same labels, and say nothing of right and wrong beyond chance."""
    said = [(f"{given}{i}", name, "keep", given) for given in ("cat", "cow") for i in range(5) for name in "ab"]
    log = pd.concat([current(row[:3], given=row[3]) for row in said], ignore_index=True)
    log = log.assign(event_id=range(len(log)))
    labels, verdicts = (agreements(log, view=view).overall.found for view in ("outcome", "verdict"))
    assert (labels.n_images, labels.raw, labels.kappa, labels.low) == (10, 1.0, 1.0, None)
    assert (verdicts.raw, verdicts.kappa, verdicts.low) == (1.0, None, None)
    assert verdicts.note == "one category only", "no kappa, and no number in its place"


def test_the_coefficient_fits_the_numbers_of_reviewers() -> None:
    three = crowd(40, ("ada", "bob", "cem"))
    assert (agreements(three).overall.measure, agreements(three).overall.n_reviewers) == ("fleiss", 3)
    fewer = three[~((three["reviewer"] == "cem") & (three["event_id"] % 2 == 0))]
    overall = agreements(fewer).overall
    assert overall.measure == "alpha" and "different numbers" in overall.why
    found = agreements(fewer)
    assert len(found.pairs) == 3 and [len(one.of) for one in found.reviewers] == [1, 1, 1]
    assert all(one.n_reviewers == 3 for one in found.reviewers)


def test_somebody_who_guesses_agrees_least_with_the_others() -> None:
    good = crowd(200, ("ada", "bob"), seed=1, share=0.95)
    bad = current(*[(f"i{i}", "eve", ("keep", "dog")[i % 2]) for i in range(200)]).assign(event_id=range(1000, 1200))
    found = agreements(pd.concat([good, bad], ignore_index=True)).reviewers
    assert found[0].of == ("eve",) and found[0].found.kappa is not None and found[1].found.kappa is not None
    assert found[0].found.kappa < 0.2 < found[1].found.kappa


def test_below_five_images_there_is_no_interval() -> None:
    four = crowd(4, seed=3)
    found = agreements(four).overall.found
    assert found.n_images == 4 and found.raw is not None
    assert (found.raw_low, found.low, found.note) == (None, None, "too few images")
    nobody = agreements(crowd(9, ("ada",))).overall.found
    assert (nobody.n_images, nobody.raw, nobody.kappa) == (0, None, None)
    empty = agreements(crowd(9).iloc[:0])
    assert empty.pairs == empty.reviewers == empty.class_pairs == () and empty.overall.n_reviewers == 0


def test_where_nobody_disagrees_no_interval_of_width_nothing_is_claimed() -> None:
    found = agreements(crowd(12, share=1.0)).overall.found
    assert (found.kappa, found.low, found.high, found.note) == (1.0, None, None, "no disagreement seen")
    assert found.raw_low is not None and found.raw_low < 0.8, "the plain agreement of twelve images is not that sure"


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Two raters who are right 8 times of 10 and else say the other of two words: kappa 0.36 in the long run."""
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(100):
        truth = rng.integers(0, 2, 80)
        one, other = (np.where(rng.random(80) < 0.8, truth, 1 - truth) for _ in range(2))
        found = cohen(one, other, seed=[trial], resamples=300)
        assert found.low is not None and found.high is not None
        hits += found.low < 0.36 < found.high
    assert 87 <= hits <= 99


def test_skips_and_settled_words_are_left_out_and_unsure_is_an_answer() -> None:
    log = current(("a", "ada", "keep"), ("a", "bob", "skip"), ("b", "ada", "unsure"), ("b", "bob", "keep"))
    settled = current(("b", "cem", "keep"), purpose="adjudicate")
    said = ratings(pd.concat([log, settled], ignore_index=True).assign(event_id=range(5)))
    assert list(said["image_id"]) == ["b", "b"]
    assert agreements(log).overall.found.raw == 0
    coarse = ratings(current(("a", "x", "dog"), ("a", "y", "none_fits"), ("a", "z", "unsure")), view="verdict")
    assert list(coarse["category"]) == ["wrong", "wrong", "cannot tell"]


def test_a_label_counts_however_it_was_chosen() -> None:
    log = current(("a", "x", "keep"), ("a", "y", "cat"), ("b", "x", "none_fits"), ("b", "y", "unsure"))
    assert list(ratings(log)["category"]) == ["cat", "cat", "none_fits", "unsure"]
    several = log.assign(verdict="several", new_label=["dog\vcat", "cat\vdog", "a\vb", "b\va"])
    assert list(ratings(several)["category"]) == ["cat\vdog"] * 2 + ["a\vb"] * 2


def test_the_same_label_is_the_same_whatever_was_suggested() -> None:
    one, other = current(("a", "x", "fox"), suggested="fox"), current(("a", "y", "fox"), suggested="dog")
    said = ratings(pd.concat([one, other], ignore_index=True).assign(event_id=[0, 1]))
    assert list(said["category"]) == ["fox", "fox"] and set(said["suggested"]) == {"fox"}


def parts(seed: int = 0, extra: bool = False) -> Agreements:
    log = [crowd(30, seed=1), crowd(30, seed=2, share=0.3).assign(given="cow", suggested="ox")]
    log[1]["image_id"] = "cow" + log[1]["image_id"]
    if extra:
        log.append(crowd(30, seed=3).assign(given="hen", suggested="", image_id=lambda f: "hen" + f["image_id"]))
    both = pd.concat(log, ignore_index=True)
    classes = ["cat", "dog", "cow", "ox", "hen"]
    community = np.array([0, 0, 1, 1, 2])
    return agreements(both.assign(event_id=range(len(both))), classes=classes, community=community, seed=seed)


def test_parts_come_worst_first_by_community_and_by_pair_of_classes() -> None:
    found = parts()
    assert [one.of for one in found.class_pairs] == [("cow", "ox"), ("cat", "dog")]
    assert [one.of for one in found.communities] == [(1,), (0,)]
    assert sum(one.found.n_images for one in found.communities) == found.overall.found.n_images == 60
    assert ("hen", "") not in [one.of for one in parts(extra=True).class_pairs], "nothing was suggested"


def test_asked_for_alone_the_agreement_of_all_is_the_same() -> None:
    said = crowd(40, ("ada", "bob", "eve"))
    assert overall(said) == agreements(said).overall
    assert overall(said[:0]) == agreements(said[:0]).overall


def test_intervals_depend_on_the_seed_alone() -> None:
    one, again, more = parts(), parts(), parts(extra=True)
    assert one == again
    assert one.overall.found.low != parts(seed=1).overall.found.low
    assert one.communities == tuple(c for c in more.communities if c.of != (2,)), "another group changes no interval"
    log = crowd(50)
    mixed = log.sample(frac=1, random_state=4)
    assert agreements(log) == agreements(mixed), "nor does the order of rows"
