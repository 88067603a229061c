from __future__ import annotations

import pytest

from dashboard.history import MOST, Step, Steps
from dashboard.selection import Filter

A, B, C = Step("map", Filter()), Step("map", Filter(given=1)), Step("confusion", Filter(given=1))


def walk(*taken: Step) -> Steps:
    steps = Steps()
    for step in taken:
        steps.record(step)
    return steps


def test_one_goes_back_and_forth_over_pages() -> None:
    steps = walk(A, B, C)
    assert [steps.move(-1), steps.move(-1), steps.move(1), steps.move(1)] == [B, A, B, C]
    assert not steps.can(1)
    with pytest.raises(IndexError):
        steps.move(1)


def test_a_rerun_is_no_step_and_arriving_where_one_went_is_none() -> None:
    steps = walk(A, A, B, B)
    assert len(steps.taken) == 2
    steps.record(steps.move(-1))
    assert steps.can(1)


def test_a_new_step_ends_what_could_be_redone() -> None:
    steps = walk(A, B)
    steps.move(-1)
    steps.record(C)
    assert steps.taken == [A, C] and not steps.can(1)


def test_the_back_button_of_the_browser_moves_and_a_click_to_the_same_place_is_a_step() -> None:
    steps = walk(A, B, C)
    steps.record(B, by_link=True)
    assert steps.at == 1 and steps.can(1)
    steps.record(C, by_link=True)
    assert steps.at == 2 and len(steps.taken) == 3
    steps.record(B)
    assert steps.taken == [A, B, C, B]


def test_the_history_is_bounded() -> None:
    steps = walk(*(Step("map", Filter(given=k)) for k in range(3 * MOST)))
    assert len(steps.taken) == MOST and steps.at == MOST - 1
    assert steps.move(-1).chosen == Filter(given=3 * MOST - 2)
