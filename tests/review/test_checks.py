"""Known-answer and repeat items: where they stand in a queue, what is known, and what the figures say of a reviewer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.base.types import Dataset, Decision, Pixels
from analysis.review.checks import GAP, known_answers, mix, pools, reviewer_figures
from analysis.review.decisions import DecisionStore
from tests.review.helpers import decision, undo

KEPT, DOG, FOX = "keep\vcat", "relabel\vdog", "relabel\vfox"


def answers(**outcomes: str) -> pd.DataFrame:
    return pd.DataFrame({"outcome": outcomes.values(), "source": "agreed"}, index=list(outcomes), dtype=object)


@pytest.fixture
def store(tmp_path: Path) -> DecisionStore:
    return DecisionStore(tmp_path / "review.sqlite")


def book(store: DecisionStore, *decisions: Decision) -> None:
    store.book(decisions)


def dataset(true: list[int] | None = None) -> Dataset:
    """Four images a, b, c, d given as cat."""
    table = pd.DataFrame({"image_id": list("abcd"), "path": list("abcd"), "source_row": range(4), "given": 0})
    if true is not None:
        table["true"] = true
    return Dataset(table, ("cat", "dog"), "x", Pixels("none"))


# -- weaving -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shares", [(0.05, 0.02), (0.25, 0.25), (0.5, 0.0), (0.0, 0.1), (0.3, 0.1)])
@pytest.mark.parametrize("seed", range(4))
def test_checking_items_stand_apart_and_the_real_ones_keep_their_order(shares: tuple[float, float], seed: int) -> None:
    rows = list(np.random.default_rng(9).permutation(500))
    found = mix(
        rows,
        known=range(1000, 3000),
        repeats=range(3000, 5000),
        share_known=shares[0],
        share_repeat=shares[1],
        seed=seed,
    )
    purposes = [purpose for _, purpose in found]
    assert [row for row, purpose in found if not purpose] == rows
    assert not any(one and other for one, other in pairwise(purposes)) and purposes[-1] == ""
    assert len({row for row, _ in found}) == len(found), "no image comes twice"
    for purpose, share in zip(("known", "repeat"), shares, strict=True):
        assert purposes.count(purpose) / len(found) == pytest.approx(share, abs=0.02)


def test_places_depend_on_the_seed_alone() -> None:
    queue = mix(range(200), known=range(300, 400), repeats=range(400, 500), seed=1)
    assert queue == mix(range(200), known=range(300, 400), repeats=range(400, 500), seed=1)
    assert queue != mix(range(200), known=range(300, 400), repeats=range(400, 500), seed=2)


def test_few_checking_items_come_early_and_run_out() -> None:
    found = mix(range(1000), known=[2000, 2001], repeats=[], share_known=0.1, share_repeat=0, seed=0)
    places = [i for i, (_, purpose) in enumerate(found) if purpose]
    assert len(found) == 1002 and len(places) == 2 and places[-1] < 25


def test_an_image_of_the_queue_is_never_a_checking_item_too() -> None:
    found = mix(range(100), known=[*range(50), 700, 700], repeats=[700, 701], share_known=0.2, share_repeat=0.2, seed=0)
    assert {row: purpose for row, purpose in found if purpose} == {700: "known", 701: "repeat"}
    assert mix([], known=[1], repeats=[2], seed=0) == []
    assert mix([3, 4], known=[1], repeats=[2], share_known=0, share_repeat=0, seed=0) == [(3, ""), (4, "")]


def test_shares_that_cannot_be_kept_apart_are_refused() -> None:
    with pytest.raises(BadInput, match=r"0\.4 and 0\.2"):
        mix([1], share_known=0.4, share_repeat=0.2, seed=0)
    with pytest.raises(BadInput, match="together 0.5"):
        mix([1], share_known=-0.1, share_repeat=0.2, seed=0)


# -- what is known -------------------------------------------------------------------------------------------------
def test_an_answer_is_known_where_two_agree_and_nobody_differs_or_where_it_was_settled(store: DecisionStore) -> None:
    book(
        store,
        *(decision(i, "a", "relabel", reviewer=name) for i, name in enumerate(("ada", "bob"), 1)),
        decision(3, "b", "relabel", reviewer="ada"),
        decision(4, "b", "keep", reviewer="bob"),
        decision(5, "c", "keep", reviewer="ada"),
        decision(6, "d", "relabel", reviewer="ada"),
        decision(7, "d", "keep", reviewer="bob"),
        decision(8, "d", "none_fits", reviewer="bob", purpose="adjudicate"),
    )
    found = known_answers(store.current(), dataset())
    assert found["outcome"].to_dict() == {"a": DOG, "d": "none_fits\v"}
    assert found["source"].to_dict() == {"a": "agreed", "d": "settled"}
    book(store, decision(9, "a", "keep", reviewer="cem"))
    assert list(known_answers(store.current(), dataset()).index) == ["d"]


def test_what_the_data_set_knows_counts_unless_people_say_otherwise(store: DecisionStore) -> None:
    people = [decision(i, "a", "keep", reviewer=name) for i, name in enumerate(("ada", "bob"), 1)]
    book(store, *people, decision(3, "b", "keep"), decision(4, "c", "unsure"))
    found = known_answers(store.current(), dataset([1, 1, 0, -1]))
    assert found["outcome"].to_dict() == {"b": DOG, "c": KEPT}
    assert set(found["source"]) == {"true"}


def test_a_reviewer_gets_known_items_never_seen_and_repeats_of_long_ago(store: DecisionStore) -> None:
    book(store, *(decision(i, f"i{i:02d}") for i in range(1, 31)), decision(31, "i05", purpose="repeat"))
    known = answers(i01=KEPT, x1=KEPT, x2=KEPT, x3=DOG)
    fresh, again = pools(store.log(), known, reviewer="ada", seed=0)
    assert sorted(fresh) == ["x1", "x2", "x3"] and fresh[1] == "x3", "right and wrong labels by turns"
    assert sorted(again) == [f"i{i:02d}" for i in range(1, 31 - GAP) if i != 5]
    assert again != sorted(again) and pools(store.log(), known, reviewer="ada", seed=0) == (fresh, again)
    assert pools(store.log(), known, reviewer="bob", seed=0)[1] == []
    book(store, undo(32, 1, "i01"))
    fresh, later = pools(store.log(), known, reviewer="ada", seed=0)
    assert "i01" in fresh and "i01" not in later, "taken back is not judged"


# -- figures -------------------------------------------------------------------------------------------------------
def figures(store: DecisionStore, known: pd.DataFrame) -> dict[str, Any]:
    return reviewer_figures(store.log(), known).set_index("reviewer").loc["ada"].to_dict()


def test_known_items_are_right_partly_right_or_wrong(store: DecisionStore) -> None:
    words: list[Any] = ["relabel", "none_fits", "keep", "unsure", "skip", "relabel"]
    book(store, *(decision(i, f"k{i}", word, purpose="known") for i, word in enumerate(words, 1)))
    known = answers(k1=DOG, k2=DOG, k3=DOG, k4=DOG, k5=DOG, k6=KEPT)
    found = figures(store, known)
    assert (found["n_known"], found["known_right"], found["known_partly"]) == (5, 1, 1)
    assert (found["known_low"], found["known_high"]) == wilson(1, 5) and found["known_share"] == 0.2
    assert found["decisions"] == 0, "they are no decisions on images"
    assert figures(store, answers(k1=FOX))["known_partly"] == 1, "only what is known now is counted"


def test_an_answer_that_was_taken_back_does_not_count(store: DecisionStore) -> None:
    book(
        store, decision(1, "k", "keep", purpose="known"), undo(2, 1, "k"), decision(3, "k", "relabel", purpose="known")
    )
    found = figures(store, answers(k=DOG))
    assert (found["n_known"], found["known_right"], found["undone"]) == (1, 1, 1)
    book(store, undo(4, 3, "k"), decision(5, "a"), undo(6, 5))
    found = figures(store, answers(k=DOG))
    assert (found["n_known"], found["decisions"], found["undone"]) == (0, 0, 3)


def test_repeats_are_compared_with_the_same_persons_earlier_word(store: DecisionStore) -> None:
    book(
        store,
        decision(1, "a", "keep"),
        decision(2, "b", "keep"),
        decision(3, "c", "relabel"),
        decision(4, "a", "keep", purpose="repeat"),
        decision(5, "b", "relabel", purpose="repeat"),
        decision(6, "c", "skip", purpose="repeat"),
        decision(7, "d", "keep", reviewer="bob"),
        decision(8, "d", "keep", purpose="repeat"),
        decision(9, "b", "relabel"),  # a change of mind after the repeat
    )
    found = figures(store, answers())
    assert (found["n_repeats"], found["repeats_same"], found["repeats_share"]) == (2, 1, 0.5)
    assert found["decisions"] == 3


def test_nothing_measured_is_no_score(store: DecisionStore) -> None:
    book(store, decision(1, "a", "keep"))
    found = figures(store, answers())
    for name in ("known_share", "known_low", "known_high", "repeats_share", "repeats_low", "seconds"):
        assert np.isnan(found[name]), name
    assert reviewer_figures(store.log().iloc[:0], answers()).empty


def test_pace_and_doubt_are_of_the_real_decisions(store: DecisionStore) -> None:
    def looked(seq: int, image: str, verdict: Any, seconds: float, **more: Any) -> Decision:
        at = 1_760_000_000.0 + seq
        return decision(seq, image, verdict, decided_at=at, shown_at=at - seconds, **{"mode": "single", **more})

    book(
        store,
        looked(1, "a", "keep", 2),
        looked(2, "b", "unsure", 4),
        looked(3, "c", "skip", 9000),  # went for lunch
        looked(4, "d", "keep", 30, mode="grid"),
        looked(5, "e", "exclude", 1),  # a mark is no verdict on the label
    )
    found = figures(store, answers())
    assert (found["decisions"], found["unsure"], found["skipped"], found["seconds"]) == (4, 0.25, 0.25, 3)


def test_work_is_counted_by_day(store: DecisionStore) -> None:
    monday = 20_000 * 86400.0
    days = [0, 0, 1, 1, 1, 40]
    book(store, *(decision(i, f"i{i}", decided_at=monday + day * 86400 + 60) for i, day in enumerate(days, 1)))
    book(store, decision(9, "x", reviewer="bob", decided_at=monday + 12 * 86400))
    found = reviewer_figures(store.log(), answers()).set_index("reviewer")
    assert found["by_day"]["ada"] == [0] * 29 + [1], "only the last thirty days"
    assert found["by_day"]["bob"] == [0, 1] + [0] * 28
    assert (found["first_at"]["ada"], found["last_at"]["ada"]) == (monday + 60, monday + 40 * 86400 + 60)
