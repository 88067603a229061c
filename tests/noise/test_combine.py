"""The table of scores, the list of suspects, the reasons and the estimate."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.base.errors import BadInput
from analysis.base.progress import Silent
from analysis.base.schema import check_table
from analysis.base.types import ConfusionGraph, Neighbours, Predictions
from analysis.evaluate.detection import average_precision
from analysis.noise.combine import (
    BY_CLASS,
    BY_PROBABILITY,
    combined,
    score_all,
    scored,
    skipped_scorers,
    suspects,
)
from analysis.noise.estimate import estimate_wrong
from analysis.noise.filters import FILTERS
from analysis.noise.scorer import SCORERS, ScorerInputs

CLASSES = ("cat", "dog", "<b>car</b>", "truck")


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def case(*, n: int = 400, seed: int = 0, wrong: float = 0.1, near: bool = True, graph: bool = True) -> ScorerInputs:
    """Cats and dogs, cars and trucks, confused within the pairs; uniform label errors."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % 4
    logits = rng.normal(0, 1, (n, 4))
    logits[np.arange(n), true] += 4
    logits[np.arange(n), true ^ 1] += 2
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = np.where(rng.random(n) < wrong, (true + rng.integers(1, 4, n)) % 4, true)
    features = np.eye(4)[true] + rng.normal(0, 0.25, (n, 4))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    cosine = features @ features.T
    np.fill_diagonal(cosine, -2)
    index = np.argsort(-cosine, axis=1)[:, :10]
    neighbours = Neighbours(index.astype(np.int32), np.take_along_axis(cosine, index, axis=1).astype(np.float32))
    weight = sparse.csr_array(np.array([[0, 9, 1, 1], [9, 0, 1, 1], [1, 1, 0, 9], [1, 1, 9, 0]], float))
    built = ConfusionGraph(weight, np.array([0, 0, 1, 1]), np.ones(4), 0.4, 1.0, {})
    return ScorerInputs(
        given,
        Predictions("m", 4, np.ones(n, bool), probs=probs, features=features if near else None),
        4,
        neighbours=neighbours if near else None,
        graph=built if graph else None,
        classes=CLASSES,
    )


def truth(n: int = 400) -> np.ndarray:
    return np.arange(n) % 4


def test_the_table_has_the_declared_columns_and_one_per_scorer() -> None:
    inputs = case()
    table = score_all(inputs)
    check_table("scores", table)
    assert len(table) == 400 and set(SCORERS.names()) - {"agreement", "training_margin"} <= set(table.columns)
    assert ((table["suspicion"] >= 0) & (table["suspicion"] <= 1)).all()
    assert (table["suggested"] != inputs.given).all()
    differs = table["predicted"] != inputs.given
    assert (table["suggested"][differs] == table["predicted"][differs]).all()
    np.testing.assert_array_equal(table["is_suspect"], inputs.confident.mask("prune_by_noise_rate"))


def test_what_is_missing_is_left_out_and_named() -> None:
    notes, inputs = Notes(), case(near=False, graph=False)
    table = score_all(inputs, progress=notes)
    assert not {"neighbours", "class_image_graph"} & set(table) and set(table["kind"]) == {"none"}
    assert "The scorer neighbours is left out: needs neighbours" in notes.notes
    assert skipped_scorers(case()) == {"agreement": "needs models", "training_margin": "needs training"}


def test_kind_tells_whether_the_prediction_leaves_the_community() -> None:
    inputs = case()
    table = score_all(inputs)
    predicted, given = table["predicted"].to_numpy(), inputs.given
    expected = np.where(predicted == given, "none", np.where(predicted // 2 == given // 2, "within", "cross"))
    np.testing.assert_array_equal(table["kind"], expected)
    assert set(table["kind"]) == {"none", "within", "cross"}


def test_the_default_order_uses_known_scorers_and_finds_more_than_each_alone() -> None:
    assert {*BY_PROBABILITY, *BY_CLASS} <= set(SCORERS.names())
    gains = []
    for seed in range(5):
        inputs = case(seed=seed)
        table = score_all(inputs)
        wrong = inputs.given != truth()
        alone = [average_precision(wrong, table[name].to_numpy()) for name in ("rank_sum", "neighbours")]
        gains.append(average_precision(wrong, table["suspicion"].to_numpy()) - max(alone))
        plain = average_precision(wrong, (table["predicted"].to_numpy() != inputs.given).astype(float))
        assert average_precision(wrong, table["suspicion"].to_numpy()) > plain + 0.1
    assert np.mean(gains) > 0


def test_too_few_images_are_ordered_by_rank_and_the_user_is_told() -> None:
    notes, inputs = Notes(), case(n=80, near=False)
    table = score_all(inputs, progress=notes)
    np.testing.assert_allclose(table["suspicion"], table["rank_sum"], rtol=0, atol=1e-12)
    assert notes.notes[-1] == "Suspicion is a place among all images, no chance: there are fewer than 100 images."


def test_combined_is_a_mean_of_ranks() -> None:
    columns = {"self_confidence": np.array([0.1, 0.9]), "normalized_margin": np.array([0.2, 0.1])}
    np.testing.assert_allclose(combined(columns, BY_PROBABILITY), [0.75, 0.75])


def test_predicted_classes_alone_are_ordered_by_edge_weight() -> None:
    base = case(near=False)
    best = base.predictions.top(1)
    inputs = replace(
        base, predictions=Predictions("m", 4, np.ones(400, bool), top_class=best[0], top_prob=np.ones((400, 1)))
    )
    table = score_all(inputs)
    differs = table["predicted"] != inputs.given
    np.testing.assert_array_equal(table["suspicion"][differs].rank(), table["edge_weight"][differs].rank())
    assert table["suspicion"][differs].nunique() > 1
    assert table["suspicion"][differs].min() > table["suspicion"][~differs].max()


def listed(inputs: ScorerInputs) -> tuple[pd.DataFrame, list[str], pd.DataFrame]:
    ids = [f"img/{i:04d}" for i in range(len(inputs.given))]
    scores = score_all(inputs)
    return suspects(ids, scores, inputs), ids, scores


def test_suspects_hold_every_queue_and_come_most_suspicious_first() -> None:
    inputs = case()
    table, ids, scores = listed(inputs)
    check_table("suspects", table)
    union = scores["predicted"].to_numpy() != inputs.given
    for name in FILTERS:
        union |= inputs.confident.mask(name)
    assert set(table["row"]) == set(np.flatnonzero(union)) and len(table) == union.sum()
    assert (np.diff(table["suspicion"]) <= 0).all()
    assert table["image_id"].tolist() == [ids[row] for row in table["row"]]
    np.testing.assert_array_equal(table["given"], inputs.given[table["row"]])
    np.testing.assert_array_equal(table["is_suspect"], table["rank_in_pair"] > 0)


def test_equal_images_are_ordered_by_id_whatever_the_order_of_rows() -> None:
    probs = np.tile([[0.1, 0.9]], (6, 1))
    probs[3:] = [0.9, 0.1]
    given = np.zeros(6, np.int64)
    ids = ["b", "c", "a", "x", "y", "z"]
    orders = []
    for order in (np.arange(6), np.array([5, 1, 2, 3, 4, 0])):
        inputs = ScorerInputs(given[order], Predictions("m", 2, np.ones(6, bool), probs=probs[order]), 2)
        table = suspects([ids[i] for i in order], score_all(inputs), inputs)
        orders.append(table["image_id"].tolist())
    assert orders == [["a", "b", "c"], ["a", "b", "c"]]


def test_nothing_suspicious_gives_an_empty_list_of_the_right_kind() -> None:
    probs = np.tile(np.eye(2), (5, 1))
    inputs = ScorerInputs(np.arange(10) % 2, Predictions("m", 2, np.ones(10, bool), probs=probs), 2)
    table, _, _ = listed(inputs)
    assert len(table) == 0
    check_table("suspects", table)


def reason_of(inputs: ScorerInputs, row: int) -> str:
    table, _, _ = listed(inputs)
    return table.set_index("row").loc[row, "reasons"]


def one_image(probs: list[float], *, given: int, near: list[int]) -> ScorerInputs:
    """`case` with image 0 replaced: its probabilities, its label and the labels of its ten neighbours."""
    base = case(wrong=0.0)
    labels, matrix = base.given.copy(), np.array(base.predictions.probs)
    labels[0], matrix[0] = given, probs
    assert base.neighbours is not None
    index = base.neighbours.index.copy()
    index[0] = [4 + label + 4 * i for i, label in enumerate(near)]
    return replace(
        base,
        given=labels,
        predictions=Predictions("m", 4, np.ones(400, bool), probs=matrix),
        neighbours=Neighbours(index, base.neighbours.similarity),
    )


def test_a_reason_says_what_the_model_and_the_neighbours_say_and_where_to_look() -> None:
    inputs = one_image([0.01, 0.93, 0.05, 0.01], given=0, near=[1] * 9 + [0])
    assert reason_of(inputs, 0) == (
        "The model gives “dog” 93 % and the given label “cat” 1 %."
        " 9 of the 10 most similar images are labelled “dog” and 1 “cat”."
        " 13 other images are mixed up between “cat” and “dog” (classes of one community): look at the detail."
    )


def test_a_reason_across_communities_holds_hostile_names_as_plain_text() -> None:
    inputs = one_image([0.001, 0.002, 0.996, 0.001], given=0, near=[0] * 6 + [2] * 4)
    assert reason_of(inputs, 0) == (
        "The model gives “<b>car</b>” over 99 % and the given label “cat” under 1 %."
        " 6 of the 10 most similar images are also labelled “cat”."
        " No other image is mixed up between “cat” and “<b>car</b>”: look for a gross error."
    )


def test_a_reason_without_neighbours_and_graph_is_one_sentence() -> None:
    inputs = replace(one_image([0.01, 0.93, 0.05, 0.01], given=0, near=[1] * 10), neighbours=None, graph=None)
    assert reason_of(inputs, 0) == "The model gives “dog” 93 % and the given label “cat” 1 %."


@pytest.mark.parametrize(
    ("near", "said"),
    [
        ([1] * 10, "All 10 of the most similar images are labelled “dog”."),
        ([0] * 10, "All 10 of the most similar images are also labelled “cat”."),
        ([1] * 8 + [2] * 2, "8 of the 10 most similar images are labelled “dog” and none “cat”."),
    ],
)
def test_the_neighbours_are_told_in_few_words(near: list[int], said: str) -> None:
    inputs = replace(one_image([0.01, 0.93, 0.05, 0.01], given=0, near=near), graph=None)
    assert reason_of(inputs, 0) == f"The model gives “dog” 93 % and the given label “cat” 1 %. {said}"


def lists(top_class: list[list[int]], top_prob: list[list[float]]) -> ScorerInputs:
    """Four images of two classes and one more class, the first image with these best classes, the rest sure."""
    width = len(top_class[0])
    classes = np.array([*top_class, *([k, 2, 1 - k][:width] for k in (0, 1, 1))])
    probs = np.array([*top_prob, *([[1.0, 0.0, 0.0][:width]] * 3)])
    predictions = Predictions("m", 3, np.ones(4, bool), top_class=classes, top_prob=probs)
    return ScorerInputs(np.array([0, 0, 1, 1]), predictions, 3, classes=("cat", "dog", "eel"))


def test_a_reason_claims_no_probability_that_nobody_gave() -> None:
    assert reason_of(lists([[1]], [[1.0]]), 0) == "The model says “dog” and does not name the given label “cat”."
    assert reason_of(lists([[1]], [[0.8]]), 0) == (
        "The model says “dog” with 80 % and does not name the given label “cat”."
    )
    assert reason_of(lists([[1, 2]], [[0.8, 0.1]]), 0) == (
        "The model says “dog” with 80 % and does not name the given label “cat”."
    )
    assert reason_of(lists([[1, 0]], [[0.8, 0.1]]), 0) == "The model gives “dog” 80 % and the given label “cat” 10 %."


def test_top_one_predictions_that_agree_have_nothing_to_suggest() -> None:
    predicted, given = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    predictions = Predictions("m", 2, np.ones(4, bool), top_class=predicted[:, None], top_prob=np.full((4, 1), 0.9))
    table = score_all(ScorerInputs(given, predictions, 2))
    assert table["suggested"].tolist() == [0, 1, 1, 0]
    assert table["p_suggested"].tolist() == [0.0, 0.0, 0.9, 0.0]
    assert table["suspicion"].idxmax() == 2


@pytest.mark.parametrize("learnt", [True, False])
def test_estimate_is_near_the_planted_share_and_can_be_stored(*, learnt: bool) -> None:
    inputs = case(n=4000, wrong=0.12)
    found = estimate_wrong(inputs, scored(inputs).chances if learnt else None)
    actual = float(np.mean(inputs.given != truth(4000)))
    assert found["low"] < found["value"] < found["high"]
    assert abs(found["value"] - actual) < 0.04
    assert found["n"] == round(found["value"] * 4000) and len(found["classes"]) == 4
    json.dumps(found, allow_nan=False)


def test_a_class_without_images_has_no_estimate() -> None:
    probs = np.tile([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], (5, 1))
    inputs = ScorerInputs(np.arange(10) % 2, Predictions("m", 3, np.ones(10, bool), probs=probs), 3)
    assert estimate_wrong(inputs, None)["classes"] == [0.0, 0.0, None]


def test_inputs_that_do_not_belong_together_are_refused() -> None:
    inputs = case()
    with pytest.raises(BadInput, match="The predictions are for 4 classes – wanted: 5"):
        replace(inputs, n_classes=5)
    with pytest.raises(BadInput, match="There are 3 class names – wanted: 4"):
        replace(inputs, classes=CLASSES[:3])
    with pytest.raises(BadInput, match="The neighbours have 10 rows"):
        replace(inputs, neighbours=Neighbours(np.zeros((10, 2), np.int32), np.zeros((10, 2), np.float32)))
    with pytest.raises(BadInput, match="2 image ids, 400 given labels and 400 scores"):
        suspects(["a", "b"], score_all(inputs), inputs)
