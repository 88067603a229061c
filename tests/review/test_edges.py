"""Verdicts on pairs of classes, on every database they can live in."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from analysis.base.errors import BadInput, Refused
from analysis.review.decisions import DecisionStore
from analysis.review.edges import COLUMNS, EdgeDecision, Edges
from tests.review.helpers import decision


def edge(seq: int, pair: tuple[str, str] = ("cat", "dog"), verdict: Any = "overlap", **changes: Any) -> EdgeDecision:
    facts: dict[str, Any] = {"guideline": "", "reviewer": "ada", "session": "session-1", "decided_at": 1e9 + seq}
    return EdgeDecision(class_a=pair[0], class_b=pair[1], verdict=verdict, seq=seq, **{**facts, **changes})


@pytest.fixture
def edges(store: DecisionStore) -> Edges:
    return Edges(store)


def standing(edges: Edges) -> dict[tuple[str, str], str]:
    current = edges.current()
    return dict(zip(zip(current["class_a"], current["class_b"], strict=True), current["verdict"], strict=True))


def test_without_verdicts_the_tables_are_empty_and_typed(edges: Edges) -> None:
    assert edges.book([]) == {}
    for frame in (edges.current(), edges.log()):
        assert list(frame.columns) == COLUMNS and len(frame) == 0
        assert frame["seq"].dtype == "int64" and frame["booked_at"].dtype == "float64"


def test_a_verdict_comes_back_as_it_was_sent_and_a_pair_has_no_direction(edges: Edges) -> None:
    said = edge(1, ("dog\n<b>", "cat,'x'"), "same", guideline="ears\nonly", decided_at=1e9 + 0.123456789)
    assert edges.book([said]) == {"session-1": [1]}
    row = edges.current().to_dict("records")[0]
    assert {name: row[name] for name in dataclasses.asdict(said)} == dataclasses.asdict(said)
    assert (row["class_a"], row["class_b"]) == ("cat,'x'", "dog\n<b>")
    assert row["booked_at"] > 1.7e9
    assert edge(1, ("a", "b")) == edge(1, ("b", "a"))


def test_the_last_word_on_a_pair_stands_whoever_said_it(edges: Edges) -> None:
    edges.book([edge(1), edge(2, ("cat", "fox"), "distinct")])
    edges.book([edge(1, ("dog", "cat"), "same", reviewer="bob", session="bob-1")])
    assert standing(edges) == {("cat", "dog"): "same", ("cat", "fox"): "distinct"}
    assert edges.log()["verdict"].tolist() == ["overlap", "distinct", "same"]


def test_a_withdrawn_verdict_is_gone_until_the_next_one(edges: Edges) -> None:
    edges.book([edge(1), edge(2, verdict="withdrawn")])
    assert standing(edges) == {}
    edges.book([edge(3, verdict="both")])
    assert standing(edges) == {("cat", "dog"): "both"}
    assert len(edges.log()) == 3


def test_sent_again_it_is_booked_once_and_another_content_is_a_conflict(edges: Edges) -> None:
    edges.book([edge(1)])
    answer = edges.book([edge(1, ("dog", "cat")), edge(2, verdict="distinct")])
    assert answer == {"session-1": [1, 2]} and answer.conflicts == []
    answer = edges.book([edge(1, verdict="same"), edge(3, ("a", "b"))])
    assert answer == {"session-1": [3]} and answer.conflicts == [("session-1", 1)]
    assert edges.log()["verdict"].tolist() == ["overlap", "distinct", "overlap"]


def test_pairs_and_images_are_counted_apart(store: DecisionStore, edges: Edges) -> None:
    store.book([decision(1)])
    assert edges.book([edge(1)]) == {"session-1": [1]}
    assert store.count() == len(edges.log()) == 1


def test_workspaces_that_share_a_database_do_not_see_each_others_pairs(url: str) -> None:
    with DecisionStore(url, scope="one") as one, DecisionStore(url, scope="other") as other:
        Edges(one).book([edge(1)])
        assert len(Edges(other).current()) == 0
        assert Edges(other).book([edge(1, verdict="same")]).conflicts == []


def test_the_database_itself_refuses_to_change_or_delete_a_verdict(store: DecisionStore, edges: Edges) -> None:
    edges.book([edge(1)])
    for change in ("UPDATE lookalike_edge_events SET verdict = 'same'", "DELETE FROM lookalike_edge_events"):
        with pytest.raises(DBAPIError, match="decisions are only ever added"), store.writing() as conn:
            conn.execute(text(change))
    assert standing(edges) == {("cat", "dog"): "overlap"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pair": ("", "x")}, "The class_a of a decision is empty"),
        ({"pair": ("x" * 1001, "a")}, "The class_b of a decision has 1001 characters"),
        ({"pair": ("a\x00", "b")}, "holds the control character"),
        ({"pair": ("a", "b\vc")}, "holds the control character"),
        ({"guideline": "g" * 4001}, "The guideline of a decision has 4001 characters"),
        ({"guideline": "\ud800"}, "The guideline of a decision holds the control character"),
        ({"guideline": None}, "The guideline of a decision is NoneType"),
        ({"reviewer": ""}, "The reviewer of a decision is empty"),
        ({"reviewer": "a\nb"}, "The reviewer of a decision holds the control character"),
        ({"session": "s" * 129}, "The session of a decision has 129 characters"),
        ({"seq": -1}, "The seq of a decision is -1"),
        ({"seq": 2**53}, "The seq of a decision is 9007199254740992"),
        ({"decided_at": float("nan")}, "The time of a decision is nan"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_input_is_refused_whole(edges: Edges, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        edges.book([edge(1), edge(**{"seq": 2, **changes})])
    assert message in str(refused.value) and "number" in str(refused.value)
    assert len(edges.log()) == 0


@pytest.mark.parametrize(("pair", "verdict"), [(("cat", "cat"), "same"), (("cat", "dog"), "delete")])
def test_no_pair_and_no_verdict_never_become_a_decision(pair: tuple[str, str], verdict: str) -> None:
    with pytest.raises(BadInput):
        edge(1, pair, verdict)


def test_too_many_at_once_are_refused(edges: Edges) -> None:
    with pytest.raises(Refused, match="10001 decisions came at once"):
        edges.book([edge(i) for i in range(10_001)])
