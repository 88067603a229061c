from __future__ import annotations

import numpy as np

from analysis.review.said import RIGHT, WRONG
from dashboard.advice import USUAL, Candidate, Reviewed, candidates, expected, next_best
from dashboard.selection import Columns, Filter

CATS, PAIR = Filter(community=1, only="suspects"), Filter(given=1, predicted=2, only="suspects")


def one(chosen: Filter, *, left: int = 100, suspicion: float = 0.5, judged: int = 0, wrong: int = 0) -> Candidate:
    return Candidate(f"queue {chosen.parts()}", chosen, left, suspicion, judged, wrong)


ALL = one(Filter(), left=200)


def test_the_queue_with_most_corrections_a_minute_comes_first() -> None:
    queues = [ALL, one(CATS, suspicion=0.7), one(PAIR, suspicion=0.9)]
    found = next_best(Reviewed(200, 0, 0), queues, seconds=2.0)
    assert found.page == "review" and found.chosen == PAIR
    assert "about 27 corrections a minute" in found.why and "90% of the 100 images" in found.why
    assert "at your 2.0 s an image" in found.why and "All suspects together: about 15." in found.why


def test_what_was_found_counts_more_the_more_was_judged() -> None:
    queues = [ALL, one(CATS, suspicion=0.7, judged=100, wrong=90), one(PAIR, suspicion=0.9, judged=100, wrong=10)]
    found = next_best(Reviewed(400, 200, 100), queues, seconds=None)
    assert found.chosen == CATS and "90 of 100 judged there were" in found.why and f"at {USUAL:.0f} s" in found.why
    assert abs(expected(one(CATS, suspicion=0.7), ALL) - 0.7) < 1e-9


def test_the_suspicion_is_set_right_by_all_that_was_judged() -> None:
    whole = one(Filter(), suspicion=0.8, judged=100, wrong=40)
    assert abs(expected(one(CATS, suspicion=0.8), whole) - 0.4) < 1e-9


def test_a_queue_of_a_few_seconds_is_not_worth_going_there() -> None:
    found = next_best(Reviewed(200, 0, 0), [ALL, one(PAIR, left=5, suspicion=0.99)], seconds=3.0)
    assert found.chosen == Filter() and found.why.startswith("queue []: about 10 corrections")


def test_a_part_that_is_hardly_better_than_all_suspects_is_no_choice() -> None:
    assert next_best(Reviewed(200, 0, 0), [ALL, one(CATS, suspicion=0.51)], seconds=None).chosen == Filter()


def test_when_all_is_judged_the_labels_are_taken_away() -> None:
    found = next_best(Reviewed(70, 70, 61), [ALL], seconds=None)
    assert found.page == "export" and "61 of their labels were wrong" in found.why


def test_a_queue_that_holds_few_wrong_labels_may_be_left() -> None:
    assert next_best(Reviewed(400, 100, 19), [ALL], seconds=None).page == "export"
    assert next_best(Reviewed(400, 100, 20), [ALL], seconds=None).page == "review"
    assert next_best(Reviewed(400, 19, 0), [ALL], seconds=None).page == "review", "too few to say"


def test_without_suspects_the_confusion_is_still_worth_a_look() -> None:
    assert next_best(Reviewed(0, 0, 0), [ALL], seconds=None).page == "communities"


def test_candidates_count_what_is_judged_and_what_waits() -> None:
    given, predicted = np.array([0, 0, 1, 2, 2]), np.array([1, 1, 0, 3, 2])
    suspect = np.array([True, True, True, True, False])
    columns = Columns(
        given, predicted, predicted, np.array([0, 0, 1, 1]), np.array([0.2, 0.6, 0.4, 0.9, 1.0]), suspect, suspect
    )
    found = candidates(columns, np.array([WRONG, 0, RIGHT, 0, WRONG], np.int8), lambda chosen: "x")
    by = {candidate.chosen: candidate for candidate in found}
    assert found[0].chosen == Filter() and (found[0].left, found[0].judged, found[0].wrong) == (2, 2, 1)
    inside = by[Filter(community=0, only="suspects")]
    assert (inside.left, inside.judged, inside.wrong, inside.suspicion) == (1, 2, 1, 0.6)
    assert by[Filter(given=0, predicted=1, only="suspects")].wrong == 1


def test_no_pace_quicker_than_a_second_is_promised() -> None:
    hasty = next_best(Reviewed(200, 10, 9), [ALL], seconds=0.2)
    assert "at your 1.0 s an image" in hasty.why
