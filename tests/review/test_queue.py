"""Order, windows and progress of review queues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput
from analysis.review.decisions import DecisionStore
from analysis.review.queue import RECENT, Recent, bias_sentence, ordered, progress, undecided, window
from analysis.review.said import Said, said_of
from tests.review.helpers import decision

N = 100
IDS = pd.Index([f"{i}.png" for i in range(N)])
QUEUE = np.array([10, 3, 7, 1, 8], np.int32)


@dataclass
class Images:
    """What an order looks at."""

    given: np.ndarray
    suggested: np.ndarray
    suspicion: np.ndarray


def images(*items: tuple[int, int, int, float]) -> tuple[np.ndarray, Images]:
    """(rows, facts by row) of (row, given, suggested, suspicion)."""
    rows = np.array([item[0] for item in items], np.int64)
    facts = Images(np.zeros(N, np.int64), np.zeros(N, np.int32), np.zeros(N))
    for row, label, suggested, suspicion in items:
        facts.given[row], facts.suggested[row], facts.suspicion[row] = label, suggested, suspicion
    return rows, facts


FIVE = images((10, 0, 1, 0.9), (3, 2, 0, 0.8), (7, 0, 1, 0.7), (1, 1, 0, 0.6), (8, 0, 1, 0.2))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    with DecisionStore(tmp_path / "decisions.sqlite") as made:
        yield made


def book(store: DecisionStore, said: dict[int, Any], **changes: Any) -> Said:
    """Book one verdict per row, and give all that stands."""
    first = store.last_seq() + 1
    changes = {"queue": "suspects", **changes}
    store.book([decision(first + i, f"{row}.png", verdict, **changes) for i, (row, verdict) in enumerate(said.items())])
    return said_of(store.current(), IDS)


# -- order ------------------------------------------------------------------------------------------------------------
def test_by_pair_asks_one_question_at_a_time_and_inside_it_the_most_suspicious_first() -> None:
    assert ordered(*FIVE).tolist() == [10, 7, 8, 1, 3]


def test_both_directions_of_a_pair_stand_together_although_another_pair_is_between_them_in_weight() -> None:
    assert ordered(*images((0, 0, 1, 0.9), (1, 2, 3, 0.5), (2, 1, 0, 0.1))).tolist() == [0, 2, 1]


def test_of_a_pair_the_heavier_direction_comes_first() -> None:
    assert ordered(*images((0, 0, 1, 0.3), (1, 1, 0, 0.9))).tolist() == [1, 0]
    assert ordered(*images((0, 1, 0, 0.5), (1, 0, 1, 0.5))).tolist() == [1, 0], "as heavy: the lower given class"


def test_ties_are_broken_by_neighbourhood_and_then_by_row() -> None:
    rows, facts = images((0, 0, 1, 0.5), (1, 0, 1, 0.5), (2, 0, 1, 0.5), (3, 0, 1, 0.5))
    near = np.array([7, 1, 1, 0])
    assert ordered(rows[::-1], facts).tolist() == [0, 1, 2, 3]
    assert ordered(rows, facts, neighbourhood=near).tolist() == [3, 1, 2, 0]
    assert ordered(rows, facts, "suspicion", neighbourhood=near).tolist() == [3, 1, 2, 0]


def test_plain_order_is_the_most_suspicious_first() -> None:
    assert ordered(*FIVE, "suspicion").tolist() == [10, 3, 7, 1, 8]
    with pytest.raises(BadInput, match="There is no queue order 'random'"):
        ordered(*FIVE, "random")  # type: ignore[arg-type]


def test_no_image_is_a_queue_too() -> None:
    assert ordered(np.array([], np.int64), FIVE[1]).tolist() == []


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 0.1, 0.2, 0.30000000000000004, 0.7, 1])),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
    st.sampled_from(["by_pair", "suspicion"]),
)
def test_an_order_is_a_permutation_that_does_not_depend_on_the_order_of_the_input(items, random, order) -> None:  # type: ignore[no-untyped-def]
    rows, facts = images(*((i, *item) for i, item in enumerate(items)))
    queue = ordered(rows, facts, order)
    assert sorted(queue.tolist()) == list(range(len(items)))
    places = list(range(len(items)))
    random.shuffle(places)
    assert ordered(rows[places], facts, order).tolist() == queue.tolist()
    if order == "by_pair":
        asked = [items[row][:2] for row in queue]
        runs = sum(one != before for one, before in zip(asked, [None, *asked], strict=False))
        assert runs == len(set(asked)), "each pair and direction is one block"
        pairs = [tuple(sorted(one)) for one in asked]
        assert sum(one != before for one, before in zip(pairs, [None, *pairs], strict=False)) == len(set(pairs))


# -- what is left -----------------------------------------------------------------------------------------------------
def test_judged_images_leave_and_skipped_ones_come_back_at_the_end_in_their_order() -> None:
    assert undecided(QUEUE, np.array([3, 99])).tolist() == [10, 7, 1, 8]
    assert undecided(QUEUE, np.array([3]), np.array([1, 8, 10, 50])).tolist() == [7, 10, 1, 8]
    assert undecided(QUEUE, QUEUE).tolist() == []


def test_windows_stay_inside_the_queue() -> None:
    left = np.array([3, 7, 8], np.int32)
    assert window(left, 1, 1).tolist() == [7]
    assert window(left, 2, 5).tolist() == [8]
    assert window(left, 50, 5).tolist() == [8]
    assert window(left, -3, 2).tolist() == [3, 7]
    assert len(window(left[:0], 0)) == 0


# -- progress ---------------------------------------------------------------------------------------------------------
def test_progress_counts_wrong_right_and_open_verdicts(store: DecisionStore) -> None:
    said = book(store, {10: "relabel", 3: "none_fits", 7: "keep", 1: "unsure", 8: "skip", 55: "none_fits"})
    reached = progress(QUEUE, said, tag="suspects")
    assert (reached.total, reached.wrong, reached.right, reached.unsure, reached.skipped) == (5, 2, 1, 1, 1)
    assert (reached.judged, reached.open_verdicts, reached.decided, reached.elsewhere) == (3, 2, 5, 0)
    assert reached.left == 1, "the skipped image comes back"
    assert reached.precision == pytest.approx(2 / 3)
    assert (reached.low, reached.high) == (pytest.approx(0.2077, abs=1e-4), pytest.approx(0.9385, abs=1e-4))


def test_progress_before_the_first_judgement_claims_nothing(store: DecisionStore) -> None:
    reached = progress(QUEUE, book(store, {10: "skip", 3: "unsure"}), tag="suspects")
    assert (reached.precision, reached.low, reached.high) == (None, 0.0, 1.0)
    assert (reached.recent.precision, reached.recent.high) == (None, 1.0)


def test_verdicts_of_an_audit_and_of_a_queue_never_meet_in_one_precision(store: DecisionStore) -> None:
    book(store, {10: "relabel", 3: "relabel"})
    said = book(store, {7: "keep", 1: "keep", 8: "keep"}, queue="audit:a")
    queue, audit = progress(QUEUE, said, tag="suspects"), progress(QUEUE, said, tag="audit:a")
    assert (queue.precision, queue.judged, queue.elsewhere, queue.left) == (1.0, 2, 3, 0)
    assert (audit.precision, audit.judged, audit.elsewhere, audit.left) == (0.0, 3, 2, 0)


def test_what_another_queue_judged_counts_here_but_is_not_recent_here(store: DecisionStore) -> None:
    book(store, {10: "relabel", 3: "relabel"}, queue="community:2")
    said = book(store, {7: "keep"})
    reached = progress(QUEUE, said, tag="suspects")
    assert (reached.wrong, reached.right) == (2, 1)
    assert (reached.recent.judged, reached.recent.wrong) == (1, 0)


def test_recent_is_the_last_fifty_of_this_queue_in_the_order_of_booking(store: DecisionStore) -> None:
    assert RECENT == 50
    queue = np.arange(N)
    book(store, dict.fromkeys(range(40, 80), "relabel"))
    book(store, dict.fromkeys(range(40), "keep"))
    book(store, {80: "relabel"}, queue="pair:1>2")
    said = book(store, {81: "unsure", 82: "skip"})
    recent = progress(queue, said, tag="suspects").recent
    assert (recent.judged, recent.wrong, recent.precision) == (50, 10, 0.2)
    assert (recent.low, recent.high) == (pytest.approx(0.1124, abs=1e-4), pytest.approx(0.3304, abs=1e-4))


def test_an_image_that_two_people_judged_is_recent_once(store: DecisionStore) -> None:
    book(store, {1: "relabel", 2: "keep"}, reviewer="ada")
    said = book(store, {1: "relabel"}, reviewer="bob")
    assert progress(QUEUE, said, tag="suspects").recent.judged == 1, "row 2 is not in the queue"
    assert progress(np.array([1, 2]), said, tag="suspects").recent.judged == 2


def test_the_time_left_is_the_median_pace_times_what_is_left(store: DecisionStore) -> None:
    for row, seconds in ((10, 1.0), (3, 4.0), (7, 900.0)):
        said = book(store, {row: "keep"}, shown_at=1000.0, decided_at=1000.0 + seconds, mode="single")
    reached = progress(QUEUE, said, tag="suspects")
    assert (reached.seconds, reached.left) == (4.0, 2)
    assert reached.time_left is None, "three decisions tell nothing"
    assert replace(reached, recent=Recent(judged=10)).time_left == 8.0
    unknown = progress(QUEUE, said, tag="pair:0>1")
    assert (unknown.seconds, unknown.time_left) == (None, None), "nothing was judged in that one"


def test_the_sentence_on_selection_says_what_the_precision_does_not(store: DecisionStore) -> None:
    nobody = said_of(store.current(), IDS)
    assert bias_sentence(progress(QUEUE, nobody, tag="x"), n_images=9, method="x").startswith("Nobody has looked yet")
    one = bias_sentence(progress(QUEUE, book(store, {10: "keep"}), tag="suspects"), n_images=5, method="it")
    assert "The one reviewed image was chosen because it put it first; it was not found wrong." in one
    reached = progress(QUEUE, book(store, {3: "relabel", 7: "none_fits"}), tag="suspects")
    assert bias_sentence(reached, n_images=1205, method="the combined suspicion") == (
        "Known only where someone looked. The 3 reviewed images were chosen because the combined suspicion put them "
        "first; 2 of them were wrong. This says nothing about the 1,202 images nobody opened, and the share of all "
        "errors found cannot be computed from it."
    )


def test_what_only_an_audit_has_seen_is_not_claimed_for_the_order(store: DecisionStore) -> None:
    reached = progress(QUEUE, book(store, {10: "relabel"}, queue="audit:a"), tag="suspects")
    assert bias_sentence(reached, n_images=N, method="the score") == (
        "Of these 5 images only a random audit has seen 1: its verdicts say nothing of how many wrong labels this "
        "order finds."
    )
