"""Decisions as arrays by row: what is known of each image, apart by audits, and what leaves a queue for whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.review.decisions import DecisionStore
from analysis.review.said import OPEN, RIGHT, SKIPPED, UNSURE, WRONG, Said, said_of
from tests.review.helpers import decision, undo

IDS = pd.Index([f"{i}.png" for i in range(8)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    with DecisionStore(tmp_path / "decisions.sqlite") as made:
        yield made


class Booking:
    """Books in few words and counts the numbers up."""

    def __init__(self, store: DecisionStore) -> None:
        self.store, self.seq = store, 0

    def __call__(self, row: int, verdict: str = "keep", **changes: Any) -> int:
        self.seq += 1
        self.store.book([decision(self.seq, f"{row}.png", verdict, **changes)])
        return self.seq

    def said(self) -> Said:
        return said_of(self.store.current(), IDS)


@pytest.fixture
def book(store: DecisionStore) -> Booking:
    return Booking(store)


def test_every_verdict_has_its_code(book: Booking) -> None:
    book(0)
    book(1, "relabel")
    book(2, "several", new_label="cat\vdog")
    book(3, "none_fits")
    book(4, "unsure")
    book(5, "skip")
    book(6, "relabel", new_label="cat")  # the given label chosen again
    assert book.said().verdict.tolist() == [RIGHT, WRONG, WRONG, WRONG, UNSURE, SKIPPED, RIGHT, OPEN]


def test_images_of_another_data_set_marks_and_undone_verdicts_say_nothing(book: Booking) -> None:
    book(99)
    book(1, "exclude")
    seq = book(2)
    book.store.book([undo(100, seq, "2.png")])
    said = book.said()
    assert not said.verdict.any() and len(said.row) == 0
    assert [rows.tolist() for rows in said.done("ada")] == [[], []]


def test_without_any_decision_everything_is_open(book: Booking) -> None:
    said = book.said()
    assert said.verdict.tolist() == [OPEN] * 8 and said.disagreeing.tolist() == []


def test_audit_and_queue_are_kept_apart_also_on_the_same_image(book: Booking) -> None:
    book(0, "keep", queue="suspects")
    book(1, "relabel", queue="audit:7")
    book(2, "keep", queue="suspects", reviewer="ada")
    book(2, "none_fits", queue="audit:7", reviewer="bob")
    said = book.said()
    assert said.queued[:3].tolist() == [RIGHT, OPEN, RIGHT]
    assert said.audited[:3].tolist() == [OPEN, WRONG, WRONG]
    assert said.verdict[:3].tolist() == [RIGHT, WRONG, WRONG]


def test_what_settles_a_disagreement_counts_where_the_image_was_judged(book: Booking) -> None:
    settled = {"reviewer": "eve", "queue": "disagreements", "purpose": "adjudicate"}
    for row, queue in ((0, "suspects"), (1, "audit:7")):
        book(row, "keep", queue=queue, reviewer="ada")
        book(row, "relabel", queue=queue, reviewer="bob")
    assert book.said().disagreeing.tolist() == [0, 1]
    book(0, "keep", **settled)
    book(1, "keep", **settled)
    said = book.said()
    assert said.disagreeing.tolist() == []
    assert said.queued[:2].tolist() == [RIGHT, OPEN]
    assert said.audited[:2].tolist() == [OPEN, RIGHT]


def test_an_image_is_done_when_enough_people_judged_it_or_oneself(book: Booking) -> None:
    book(0, "keep", reviewer="ada")
    book(1, "keep", reviewer="bob")
    book(2, "unsure", reviewer="bob")
    book(3, "keep", reviewer="ada")
    book(3, "keep", reviewer="bob")
    said = book.said()

    def done(reviewer: str, opinions: int) -> list[int]:
        return said.done(reviewer, opinions=opinions)[0].tolist()

    assert done("ada", 1) == done("eve", 1) == [0, 1, 2, 3]
    assert done("ada", 2) == [0, 3], "bob's are open to ada"
    assert done("bob", 2) == [1, 2, 3]
    assert done("eve", 2) == [3]
    assert done("eve", 3) == []


def test_only_ones_own_skips_go_to_the_end_and_judged_ones_are_none(book: Booking) -> None:
    book(0, "skip", reviewer="ada")
    book(1, "skip", reviewer="bob")
    book(2, "skip", reviewer="ada")
    book(2, "keep", reviewer="bob")
    said = book.said()
    assert [rows.tolist() for rows in said.done("ada")] == [[2], [0]]
    assert [rows.tolist() for rows in said.done("bob")] == [[2], [1]]
    assert [rows.tolist() for rows in said.done("ada", opinions=2)] == [[], [0, 2]]


def test_who_adjudicates_is_asked_again_until_it_is_settled(book: Booking) -> None:
    for row in (0, 1, 2):
        book(row, "keep", reviewer="ada")
        book(row, "relabel", reviewer="bob")
    settle = {"reviewer": "ada", "purpose": "adjudicate", "queue": "disagreements"}
    book(0, "relabel", **settle)
    book(1, "skip", **settle)
    said = book.said()
    assert [rows.tolist() for rows in said.done("ada", adjudicate=True)] == [[0], [1]]
    assert [rows.tolist() for rows in said.done("eve", adjudicate=True)] == [[0], []]
    assert said.done("eve", opinions=9)[0].tolist() == [0], "what is settled is done for everybody"


def test_times_are_capped_and_a_page_of_the_grid_shares_its_time(book: Booking) -> None:
    book(0, shown_at=100.0, decided_at=103.0, mode="single")
    book(1, shown_at=100.0, decided_at=9000.0, mode="single")  # lunch
    book(2, shown_at=100.0, decided_at=90.0, mode="single")  # the clock was set back
    book(3, decided_at=90.0)
    for row in (4, 5, 6, 7):
        book(row, shown_at=200.0, decided_at=208.0, mode="grid")
    seconds = book.said().seconds
    np.testing.assert_array_equal(seconds, [3, 60, np.nan, np.nan, 2, 2, 2, 2])


def test_what_was_known_before_changes_nothing_of_what_is_said(book: Booking) -> None:
    before = book.said()
    for turn in range(30):
        seq = book(turn * 5 % 11, ["keep", "relabel", "skip"][turn % 3], reviewer="abc"[turn % 2])
        if turn % 4 == 3:
            book.store.book([undo(1000 + turn, seq - 2, f"{turn}.png")])
        fresh = book.said()
        before = said_of(book.store.current(), IDS, before=before)
        for name, values in vars(fresh).items():
            np.testing.assert_array_equal(vars(before)[name], values, err_msg=name)
    assert len(fresh.row) > 8
