"""Cleaning by the class-image graph: planted wrong labels of people with few images, and what must never happen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.data.plant import plant
from analysis.noise import image_groups
from analysis.noise.class_image_graph import Cleaning, clean

WIDTH = 32


def people(sizes: list[int], *, seed: int = 0, spread: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """Features around a direction of its own for every person, and who is on each image."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(0, 1, (len(sizes), WIDTH))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return centres[who] + rng.normal(0, spread, (len(who), WIDTH)), who


def cleaned(features: np.ndarray, given: np.ndarray) -> Cleaning:
    return clean(features, given, n_classes=int(given.max()) + 1)


def test_planted_wrong_identities_are_found_and_given_back() -> None:
    features, who = people([8] * 60)
    given = plant(who, 60, share=0.1, seed=1).given
    wrong, found = given != who, cleaned(features, given)
    flagged = found.action != "keep"
    assert wrong[flagged].mean() >= 0.9 and flagged[wrong].mean() >= 0.9
    relabelled = wrong & (found.action == "relabel")
    assert (found.suggested == who)[relabelled].mean() >= 0.95 and relabelled.sum() >= 30
    assert found.noise == pytest.approx(0.1, abs=0.03)


def test_an_image_of_nobody_in_the_set_fits_no_class() -> None:
    features, who = people([8] * 41)
    given = np.where(who == 40, 3, who)[: 8 * 40 + 1]  # one image of person 40 under the name of person 3
    found = cleaned(features[: len(given)], given)
    assert found.action[-1] == "drop"
    assert (found.action[:-1] == "keep").all()


def test_a_single_image_is_suspicious_only_where_it_looks_like_somebody_else() -> None:
    features, who = people([1] * 100 + [6] * 20)
    features[0] = features[who == 110].mean(axis=0)
    suspicion = cleaned(features, who).suspicion
    assert suspicion[0] == suspicion.max() > 0.5
    assert suspicion[1:100].max() < 0.5


def test_of_two_like_images_the_one_that_contradicts_its_class_is_the_wrong_one() -> None:
    features, who = people([6] * 20 + [1] * 40)
    features = np.vstack([features, features[-1] + 0.001])  # the last person again, under another single person's name
    found = cleaned(features, np.r_[who, 30])
    assert found.action[-1] == "relabel" and found.suggested[-1] == who[-1]
    assert found.action[-2] == "keep"
    assert found.suspicion[-1] > 0.8 and found.suspicion[-2] < 0.2


def test_people_whom_nobody_resembles_are_suspected_as_far_as_there_are_such_people() -> None:
    features, who = people([8] * 60)
    given = plant(who, 60, share=0.1, seed=1).given
    among_themselves = cleaned(features, given).wrong
    assert among_themselves.other > 5 * among_themselves.none
    given, gone = given.copy(), who >= 40  # the last 20 people have no images of their own any more
    rows = np.flatnonzero(~gone | (given < 40))
    given = np.where(given[rows] < 40, given[rows], who[rows])
    strangers = cleaned(features[rows], given).wrong
    assert strangers.none > 2 * among_themselves.none


def test_wrong_images_that_hold_together_do_not_stand_for_the_class() -> None:
    features, who = people([60, 300])
    given = who.copy()
    given[60:75] = 0  # a fifth of what is labelled 0 shows class 1
    found = cleaned(features, given)
    assert (found.action[60:75] != "keep").all() and (found.suggested[60:75] == 1).all()
    assert (found.action[np.r_[:60, 75:360]] == "keep").all()


def test_two_styles_of_one_class_both_stay() -> None:
    features, style = people([30, 12, 40, 40])
    given = np.array([0, 0, 1, 2])[style]
    assert (cleaned(features, given).action == "keep").all()


def test_no_class_is_emptied_where_nothing_holds_together() -> None:
    features, who = people([8] * 20 + [1] * 3, spread=0.05)
    given = np.minimum(who, 20)  # three people under the name of one
    found = cleaned(features, given)
    assert not found.groups.consensus[20] and (found.groups.group[given == 20] >= 0).all()
    assert found.groups.consensus[:20].all() and (found.action[given < 20] == "keep").all()
    unclear = found.suspicion[given == 20]  # one of them may be right: suspicious, and none surely wrong
    assert unclear.min() > 0.3 and unclear.max() < 0.8


def test_large_classes_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features, who = people([90, 90, 90])
    given = plant(who, 3, share=0.1, seed=2).given
    monkeypatch.setattr(image_groups, "PART", 30)
    found = cleaned(features, given)
    assert len(found.groups.size) >= 9
    np.testing.assert_array_equal(found.action != "keep", given != who)


def test_another_label_would_have_its_own_suspicion() -> None:
    features, who = people([8] * 30)
    given = who.copy()
    given[0] = 17
    found, rows = cleaned(features, given), np.arange(40)
    np.testing.assert_array_equal(found.suspicion_if(rows, given[rows]), found.suspicion[rows])
    assert found.suspicion_if(rows[:1], who[:1])[0] < 0.1
    assert found.suspicion[0] > 0.9
    assert found.suspicion_if(rows[1:], (given[rows[1:]] + 5) % 30).min() > 0.5


def test_equal_features_and_zeros_do_not_crash() -> None:
    given = np.arange(12) % 3
    for features in (np.ones((12, 4)), np.zeros((12, 4)), np.eye(12)):
        assert np.isfinite(cleaned(features, given).suspicion).all()


def test_wrong_identities_among_real_faces(shared_data: Path) -> None:
    with np.load(shared_data / "faces_lfw" / "embeddings.npz") as file:
        features, identity = file["emb"].astype(np.float32), file["identity"]
    able = np.bincount(identity)[identity] >= 5
    names, who = np.unique(identity[able], return_inverse=True)
    given = plant(who, len(names), share=0.1, seed=7).given
    wrong, flagged = given != who, clean(features[able], given, n_classes=len(names)).action != "keep"
    assert wrong[flagged].mean() >= 0.9 and flagged[wrong].mean() >= 0.9
