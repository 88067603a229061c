"""Several models: their votes for and against a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.base.errors import BadInput
from analysis.base.types import Predictions
from analysis.evaluate.detection import average_precision
from analysis.noise.scorer import SCORERS, ScorerInputs
from analysis.noise.scorers.agreement import agreement, votes

PREDICTED = np.array([[0, 1, 2, 0], [0, 1, 2, 1], [0, 2, 0, 2], [0, 2, 1, 3]])  # 4 models, 4 images


def inputs(given: list[int]) -> ScorerInputs:
    top = PREDICTED[0][:, None]
    predictions = Predictions("m", 4, np.ones(4, bool), top_class=top, top_prob=np.ones(top.shape))
    return ScorerInputs(np.array(given), predictions, 4, models=tuple(PREDICTED[1:]))


def test_votes_for_the_label_and_for_the_strongest_other_class() -> None:
    own, other = votes(PREDICTED, np.array([0, 1, 1, 3]))
    np.testing.assert_array_equal(own, [1, 0.5, 0.25, 0.25])
    np.testing.assert_array_equal(other, [0, 0.5, 0.5, 0.25])


def test_suspicion_is_the_lead_of_the_other_class_and_can_be_asked_for_another_label() -> None:
    found = inputs([3, 1, 1, 0])
    np.testing.assert_array_equal(agreement(found), [1, 0.5, 0.625, 0.5])
    as_if = SCORERS.get("agreement").as_if
    assert as_if is not None
    np.testing.assert_array_equal(as_if(found, np.array([2, 0]), np.array([2, 0])), [0.375, 0])


def test_the_reason_counts_the_models() -> None:
    reason = SCORERS.get("agreement").reason
    assert reason is not None
    found = inputs([3, 1, 1, 0])
    assert reason(found, 0) == "All 4 models say “class 0”."
    assert reason(found, 2) == "2 of 4 models say “class 2” and 1 the given label “class 1”."


def test_a_model_that_has_not_seen_every_image_is_refused() -> None:
    with pytest.raises(BadInput, match="one class an image"):
        ScorerInputs(np.zeros(4, np.int64), inputs([0] * 4).predictions, 4, models=(np.zeros(3, np.int64),))


def test_ten_models_find_more_wrong_imagenet_labels_than_the_best_of_them(shared_data: Path) -> None:
    folder = shared_data / "imagenet_val"
    with np.load(folder / "top5_10models.npz") as models, np.load(folder / "labels_and_errors.npz") as labels:
        predicted, given = models["top5"][:, :, 0].astype(np.int64), labels["label"].astype(np.int64)
        wrong = labels["adansons_kind"] == 1
    own, other = votes(predicted, given)
    together = average_precision(wrong, other - own)
    alone = max(average_precision(wrong, (model != given).astype(float)) for model in predicted)
    assert together > 0.27 and together > 1.5 * alone
