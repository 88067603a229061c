from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as having
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from analysis.base.errors import BadInput, UserError
from analysis.base.types import ConfusionGraph, Dataset, Decision, Layout2D, Pixels, Predictions, Scores


def table(given: list[int], ids: list[str] | None = None) -> pd.DataFrame:
    ids = ids or [f"i{n}" for n in range(len(given))]
    return pd.DataFrame({"image_id": ids, "path": ids, "source_row": range(len(ids)), "given": given})


def dataset(given: list[int], ids: list[str] | None = None, classes: tuple[str, ...] = ("a", "b")) -> Dataset:
    return Dataset(table(given, ids), classes, "f", Pixels("none"))


def predictions(probs: np.ndarray) -> Predictions:
    return Predictions("m", probs.shape[1], np.ones(len(probs), bool), probs=probs)


def test_a_user_error_says_found_wanted_and_what_to_do() -> None:
    assert str(UserError("No.", wanted="yes", hint="say yes")) == "No – wanted: yes – say yes"


def test_a_dataset_refuses_what_would_go_wrong_later() -> None:
    with pytest.raises(BadInput, match="Row 1 has the given label 2 – wanted: a class in 0..1"):
        dataset([0, 2])
    with pytest.raises(BadInput, match="'x' occurs more than once"):
        dataset([0, 1], ["x", "x"])
    with pytest.raises(BadInput, match="no usable image"):
        dataset([])
    with pytest.raises(BadInput, match="same name"):
        dataset([0], classes=("a", "a"))
    with pytest.raises(BadInput, match="whole numbers"):
        Dataset(table([0]).assign(given=[0.5]), ("a",), "f", Pixels("none"))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([0.5, np.nan], "Row 3 holds NaN"),
        ([0.5, np.inf], "Row 3 holds NaN or infinity"),
        ([3.0, -2.0], "Row 3 has values outside 0..1: these look like logits"),
        ([0.5, 0.4], "Row 3 sums to 0.9"),
        ([0.0, 0.0], "Row 3 sums to 0 – .*a row of zeros"),
    ],
)
def test_probabilities_that_are_none_are_refused_by_row(bad: list[float], message: str) -> None:
    probs = np.full((6, 2), 0.5)
    probs[3] = bad
    with pytest.raises(BadInput, match=message):
        predictions(probs)


def test_a_bad_row_far_down_is_named_by_its_number() -> None:
    probs = np.full((200_000, 10), 0.1, np.float32)
    probs[173_456, 0] = 0.5
    with pytest.raises(BadInput, match="Row 173456 sums to 1.4"):
        predictions(probs)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounded_probabilities_pass(dtype: type) -> None:
    probs = np.random.default_rng(0).dirichlet(np.full(1000, 0.1), 50).astype(dtype)
    assert len(predictions(probs)) == 50


def test_top_k_lists_are_checked() -> None:
    held = np.ones(2, bool)
    good = np.array([[0, 1], [1, 0]])
    for top_class, top_prob, message in [
        (good, np.array([[0.9, 0.1], [0.2, 0.7]]), "Row 1 of the top-k values is not sorted"),
        (good, np.array([[0.9, 0.1], [0.9, 0.7]]), "Row 1 of the top-k values sums to 1.6"),
        (np.array([[0, 5], [1, 0]]), np.array([[0.9, 0.1], [0.8, 0.1]]), "Row 0 names a class outside"),
        (good, np.array([[0.9], [0.8]]), "same shape"),
    ]:
        with pytest.raises(BadInput, match=message):
            Predictions("m", 3, held, top_class=top_class, top_prob=top_prob)


def test_lengths_must_agree() -> None:
    with pytest.raises(BadInput, match="features has 3 rows – wanted: 2 rows"):
        Predictions("m", 2, np.ones(2, bool), probs=np.full((2, 2), 0.5), features=np.ones((3, 4)))


@having(hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 30)), elements=st.integers(0, 4).map(float)))
def test_top_is_a_stable_sort(values: np.ndarray) -> None:
    probs = (values + 0.1) / (values + 0.1).sum(axis=1, keepdims=True)
    for k in (1, 2, 5):
        ids, best = predictions(probs).top(k)
        expected = np.argsort(-probs, axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(ids, expected)
        np.testing.assert_array_equal(best, np.take_along_axis(probs, expected, axis=1))


def test_top_of_many_classes_is_a_stable_sort_with_ties_at_the_cut() -> None:
    rng = np.random.default_rng(0)
    for decimals in (1, 6):  # few values, so ties everywhere, and hardly any
        raw = np.round(rng.random((300, 120)), decimals) + 0.01
        probs = raw / raw.sum(axis=1, keepdims=True)
        expected = np.argsort(-probs, axis=1, kind="stable")[:, :7]
        np.testing.assert_array_equal(predictions(probs).top(7)[0], expected)


def test_prob_of_a_class_missing_from_a_top_k_list_is_zero() -> None:
    found = Predictions("m", 5, np.ones(1, bool), top_class=np.array([[3, 1]]), top_prob=np.array([[0.7, 0.2]]))
    assert found.prob_of(np.array([1]))[0] == pytest.approx(0.2)
    assert found.prob_of(np.array([0]))[0] == 0
    assert found.argmax().tolist() == [3]


def test_a_graph_is_symmetric() -> None:
    lopsided = sparse.csr_array(np.array([[0.0, 1.0], [0.0, 0.0]]))
    with pytest.raises(ValueError, match="symmetric"):
        ConfusionGraph(lopsided, np.zeros(2, int), np.ones(2), 0.0, 1.0, {})


def test_scores_and_layouts_are_finite_and_in_range() -> None:
    with pytest.raises(ValueError, match="outside 0..1"):
        Scores("s", np.array([0.1, 1.2]))
    with pytest.raises(ValueError, match="finite"):
        Layout2D(np.array([[0.0, np.nan]], np.float32), "m", {})


def test_a_new_label_comes_with_relabel_and_only_with_it() -> None:
    facts = {"image_id": "i", "given": "a", "suggested": "b", "reviewer": "r", "run_id": "r", "session": "s"}
    assert Decision(**facts, verdict="relabel", new_label="b", seq=1, decided_at=0.0).new_label == "b"
    with pytest.raises(BadInput, match="new label None"):
        Decision(**facts, verdict="relabel", new_label=None, seq=1, decided_at=0.0)
    with pytest.raises(BadInput, match="new label 'b'"):
        Decision(**facts, verdict="keep", new_label="b", seq=1, decided_at=0.0)
    with pytest.raises(BadInput, match="names what it undoes"):
        Decision(**facts, verdict="undo", new_label=None, seq=2, decided_at=0.0)
