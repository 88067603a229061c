"""Order, filters, windows and progress of review queues."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput
from analysis.base.schema import check_table
from analysis.review.queue import QueueFilter, bias_sentence, ordered, progress, select, undecided, window


def suspects(*items: tuple[int, int, int, float]) -> pd.DataFrame:
    """A suspects table of (row, given, suggested, suspicion), most suspicious first."""
    rows = sorted(items, key=lambda item: -item[3])
    table = pd.DataFrame(
        {
            "row": [item[0] for item in rows],
            "image_id": [f"{item[0]}.png" for item in rows],
            "given": [item[1] for item in rows],
            "suggested": [item[2] for item in rows],
            "suspicion": [item[3] for item in rows],
            "is_suspect": [item[3] > 0.5 for item in rows],
            "kind": ["within" if abs(item[1] - item[2]) == 1 else "cross" for item in rows],
            "reasons": "because",
        }
    ).astype({"row": int, "given": int, "suggested": int, "suspicion": float, "is_suspect": bool})
    check_table("suspects", table)
    return table


FIVE = suspects((10, 0, 1, 0.9), (3, 2, 0, 0.8), (7, 0, 1, 0.7), (1, 1, 0, 0.6), (8, 0, 1, 0.2))


def verdicts(**said: str) -> pd.DataFrame:
    """Decisions in force by row: `r10="keep"`."""
    facts = {"image_id": [f"{name[1:]}.png" for name in said], "verdict": list(said.values())}
    new = ["dog" if verdict == "relabel" else "" for verdict in said.values()]
    return pd.DataFrame(
        {**facts, "given": "cat", "new_label": new}, columns=["image_id", "verdict", "given", "new_label"]
    )


def test_by_pair_asks_one_question_at_a_time() -> None:
    queue = ordered(FIVE)
    assert list(zip(queue["given"], queue["suggested"], strict=True)) == [(0, 1), (0, 1), (0, 1), (1, 0), (2, 0)]
    assert queue["row"].tolist() == [10, 7, 8, 1, 3], "inside a pair the most suspicious first"


def test_both_directions_of_a_pair_stand_together_although_another_pair_is_between_them_in_weight() -> None:
    table = suspects((0, 0, 1, 0.9), (1, 2, 3, 0.5), (2, 1, 0, 0.1))
    assert ordered(table)["row"].tolist() == [0, 2, 1]


def test_ties_are_broken_by_neighbourhood_and_then_by_row() -> None:
    table = suspects((0, 0, 1, 0.5), (1, 0, 1, 0.5), (2, 0, 1, 0.5), (3, 0, 1, 0.5))
    assert ordered(table)["row"].tolist() == [0, 1, 2, 3]
    assert ordered(table, neighbourhood=np.array([7, 1, 1, 0]))["row"].tolist() == [3, 1, 2, 0]


def test_plain_order_is_the_most_suspicious_first() -> None:
    assert ordered(FIVE, "suspicion")["row"].tolist() == [10, 3, 7, 1, 8]
    with pytest.raises(BadInput, match="There is no queue order 'random'"):
        ordered(FIVE, "random")  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0, 1)), max_size=20),
    st.randoms(use_true_random=False),
    st.sampled_from(["by_pair", "suspicion"]),
)
def test_an_order_is_a_permutation_that_does_not_depend_on_the_order_of_the_input(items, random, order) -> None:  # type: ignore[no-untyped-def]
    table = suspects(*((i, *item) for i, item in enumerate(items)))
    queue = ordered(table, order)
    assert sorted(queue["row"]) == list(range(len(items)))
    places = list(range(len(items)))
    random.shuffle(places)
    pd.testing.assert_frame_equal(ordered(table.iloc[places], order), queue)
    if order == "by_pair":
        runs = (queue[["given", "suggested"]] != queue[["given", "suggested"]].shift()).any(axis=1).sum()
        assert runs == len(queue[["given", "suggested"]].drop_duplicates()), "each pair and direction is one block"


def test_filters() -> None:
    def rows(**wanted: object) -> list[int]:
        return select(FIVE, QueueFilter(**wanted), community_of=np.array([0, 0, 1]))["row"].tolist()  # type: ignore[arg-type]

    assert rows() == [10, 3, 7, 1, 8]
    assert rows(pair=(0, 1)) == [10, 7, 8]
    assert rows(pair=(1, 0)) == [1]
    assert rows(pair=(1, 0), both_directions=True) == [10, 7, 1, 8]
    assert rows(rows=(8, 3, 99)) == [3, 8]
    assert rows(rows=()) == []
    assert rows(kind="cross") == [3]
    assert rows(only_flagged=True) == [10, 3, 7, 1]
    assert rows(community=0) == [10, 7, 1, 8]
    assert rows(community=0, kind="within", rows=(1, 3)) == [1]
    with pytest.raises(BadInput, match="A queue of one community needs the communities of a run"):
        select(FIVE, QueueFilter(community=0))


def test_decided_images_leave_the_queue_and_windows_stay_inside_it() -> None:
    left = undecided(FIVE, verdicts(r10="keep", r99="keep", r1="skip"))
    assert left["row"].tolist() == [3, 7, 8]
    assert window(left, 1, 1)["row"].tolist() == [7]
    assert window(left, 2, 5)["row"].tolist() == [8]
    assert window(left, 50, 5)["row"].tolist() == [8]
    assert window(left, -3, 2)["row"].tolist() == [3, 7]
    assert len(window(left.iloc[:0], 0)) == 0


def test_progress_counts_wrong_right_and_open_verdicts() -> None:
    said = verdicts(r10="relabel", r3="several", r7="keep", r1="unsure", r55="none_fits")
    reached = progress(FIVE, said)
    assert (reached.total, reached.wrong, reached.right, reached.open_verdicts) == (5, 2, 1, 1)
    assert (reached.decided, reached.left) == (4, 1)
    assert reached.precision == pytest.approx(2 / 3)
    assert (reached.low, reached.high) == (pytest.approx(0.2077, abs=1e-4), pytest.approx(0.9385, abs=1e-4))


def test_progress_before_the_first_judgement_claims_nothing() -> None:
    reached = progress(FIVE, verdicts(r10="skip", r3="unsure"))
    assert (reached.precision, reached.low, reached.high) == (None, 0.0, 1.0)


def test_choosing_the_given_label_as_the_new_one_counts_as_right() -> None:
    reached = progress(FIVE, verdicts(r10="relabel").assign(new_label="cat"))
    assert (reached.wrong, reached.right) == (0, 1)


def test_the_sentence_on_selection_says_what_the_precision_does_not() -> None:
    reached = progress(FIVE, verdicts(r10="relabel", r3="several", r7="keep"))
    assert bias_sentence(reached, n_images=1205, method="the combined suspicion") == (
        "Known only where someone looked. The 3 reviewed images were chosen because the combined suspicion put them "
        "first; 2 of them were wrong. This says nothing about the 1,202 images nobody opened, and the share of all "
        "errors found cannot be computed from it."
    )
    one = bias_sentence(progress(FIVE, verdicts(r10="keep")), n_images=5, method="it")
    assert "The one reviewed image was chosen because it put it first; it was not found wrong." in one
    assert bias_sentence(progress(FIVE, verdicts()), n_images=9, method="x").startswith("Nobody has looked yet")
