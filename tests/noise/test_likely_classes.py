"""Predictions from features alone: held out, honest about strangers, fair to the only image of a class."""

from __future__ import annotations

import numpy as np

from analysis.noise.combine import score_all, suspects
from analysis.noise.likely_classes import likely_classes
from analysis.noise.scorer import ScorerInputs
from tests.noise.test_class_image_graph import people


def test_an_image_is_predicted_by_the_others_of_its_class_and_not_by_its_own_label() -> None:
    features, who = people([8] * 30)
    given = who.copy()
    given[::8] = (given[::8] + 1) % 30
    found = likely_classes(features, given, n_classes=30)
    assert (found.argmax() == who).mean() > 0.97
    assert found.held_out.all() and found.features is features


def test_a_stranger_belongs_to_no_class() -> None:
    features, who = people([8] * 21)
    rows = np.r_[np.arange(160), 160]
    found = likely_classes(features[rows], np.where(who == 20, 3, who)[rows], n_classes=20)
    assert found.top_prob is not None
    assert found.top_prob[-1].sum() < 0.5 < found.top_prob[:-1].sum(axis=1).min()


def test_the_only_image_of_a_class_keeps_it_unless_it_looks_like_another() -> None:
    features, who = people([1] * 50 + [6] * 20)
    features[0] = features[who == 60].mean(axis=0)
    predicted = likely_classes(features, who, n_classes=70).argmax()
    assert predicted[0] == 60
    np.testing.assert_array_equal(predicted[1:50], np.arange(1, 50))


def test_the_class_image_graph_names_the_suspects_where_there_is_no_classifier() -> None:
    features, who = people([8] * 30)
    given = who.copy()
    given[:40:8] = 17
    predictions = likely_classes(features, given, n_classes=30)
    inputs = ScorerInputs(given, predictions, 30, by_features=True)
    table = score_all(inputs)
    np.testing.assert_array_equal(table["is_suspect"], inputs.cleaning.action != "keep")
    assert table["is_suspect"][:40:8].all()
    listed = suspects([f"{i:03d}" for i in range(240)], table, inputs)
    assert set(np.flatnonzero(table["is_suspect"])) <= set(listed["row"])
    assert listed["reasons"].str.contains("Its mean similarity to the nearest [78] images labelled").any()
