"""Named queues: the rule comes back as it was given, and a damaged one harms no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from analysis.base.errors import BadInput, NotFoundHere, Refused
from analysis.review import named
from analysis.review.decisions import DecisionStore
from analysis.review.named import NamedQueue, NamedQueues
from analysis.review.tables import queues

AUDIT = {"m": 200, "seed": 7, "as_of": 0, "population": "unjudged"}
RULE = {"filter": "given=3&given=5&community=2", "order": "by_pair", "opinions": 2, "classes": ["läx", "猫"]}


@pytest.fixture
def made(store: DecisionStore) -> Iterator[NamedQueues]:
    ticks = count(1_760_000_000)
    return NamedQueues(store, now=lambda: float(next(ticks)))


def test_a_queue_comes_back_as_it_was_given(made: NamedQueues) -> None:
    assert made.all() == []
    first = made.add("rule", "Cats, “the hard ones”", RULE, "Ada")
    second = made.add("audit", "Audit 1", AUDIT, "Bob")
    expected = NamedQueue(first, "rule", "Cats, “the hard ones”", RULE, "Ada", 1_760_000_000.0, is_closed=False)
    assert made.get(first) == expected
    assert [queue.queue_id for queue in made.all()] == [second, first], "the newest first"
    assert made.get(second).rule == AUDIT


def test_a_view_keeps_its_page_filter_and_options(made: NamedQueues) -> None:
    rule = {"page": "map", "filter": {"given": "3", "where": "split:train"}, "options": {"colour": "decision"}}
    assert made.get(made.add("view", "Hard cats", rule, "Ada")).rule == rule
    for wrong in ({}, {**rule, "filter": ["given"]}, {**rule, "options": {"a": 1}}, {**rule, "more": "x"}):
        with pytest.raises(Refused, match="The rule of a view cannot be read"):
            made.add("view", "Another", wrong, "Ada")


def test_a_closed_queue_is_off_the_list_and_can_still_be_read(made: NamedQueues) -> None:
    queue_id = made.add("audit", "Audit", AUDIT, "Ada")
    for _ in range(2):
        made.close(queue_id)
        assert made.all() == []
        assert [queue.is_closed for queue in made.all(include_closed=True)] == [True]
    assert made.get(queue_id).rule == AUDIT
    again = made.add("audit", "Audit", {**AUDIT, "seed": 8}, "Ada")
    assert again != queue_id, "the name is free again"


def test_the_same_queue_is_added_once_and_a_name_means_one_queue(made: NamedQueues) -> None:
    queue_id = made.add("rule", "Cats", {"a": 1, "b": 2}, "Ada")
    assert made.add("rule", "Cats", {"b": 2, "a": 1}, "Bob") == queue_id
    for kind, rule in (("rule", {"a": 2}), ("audit", AUDIT)):
        with pytest.raises(Refused, match="another queue named 'Cats' – choose another name"):
            made.add(kind, "Cats", rule, "Ada")  # type: ignore[arg-type]
    assert len(made.all(include_closed=True)) == 1


def test_two_workspaces_on_one_server_see_their_own_queues(url: str) -> None:
    with DecisionStore(url, scope="one") as one, DecisionStore(url, scope="two") as two:
        queue_id = NamedQueues(one).add("rule", "Cats", {}, "Ada")
        assert NamedQueues(two).all() == []
        for call in (NamedQueues(two).get, NamedQueues(two).close):
            with pytest.raises(NotFoundHere, match="There is no queue"):
                call(queue_id)
        assert not NamedQueues(one).get(queue_id).is_closed


def test_many_who_add_the_same_queue_at_once_get_one(url: str) -> None:
    start, found = threading.Barrier(4), []

    def add() -> None:
        with DecisionStore(url) as store:
            start.wait()
            found.append(NamedQueues(store).add("audit", "Audit", AUDIT, "Ada"))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"rule": "{"}, "no plain JSON"),
        ({"rule": "[1]"}, "no JSON object"),
        ({"rule": '{"a": NaN}'}, "no plain JSON"),
        ({"rule": '{"a": 1e999}'}, "no plain JSON"),
        ({"rule": '{"a": "\\ud800"}'}, "no plain JSON"),
        ({"rule": "[" * 10_000}, "no plain JSON"),
        ({"rule": '"' + "x" * named.MAX_RULE + '"'}, "characters"),
        ({"kind": "magic"}, "A queue of the kind 'magic' is not known"),
        ({"kind": "audit"}, "The rule of an audit holds classes, filter"),
    ],
)
def test_a_damaged_rule_is_an_error_of_that_queue_only(made: NamedQueues, damage: dict[str, str], says: str) -> None:
    queue_id = made.add("rule", "Cats", RULE, "Ada")
    other = made.add("audit", "Audit", AUDIT, "Ada")
    with made.store.writing() as conn:
        conn.execute(update(queues).where(queues.c.queue_id == queue_id).values(damage))
    listed = {queue.queue_id: queue for queue in made.all()}
    assert listed[other].rule == AUDIT and listed[other].problem == ""
    assert listed[queue_id].rule == {} and says in listed[queue_id].problem
    with pytest.raises(BadInput, match="The queue 'Cats' cannot be used") as caught:
        made.get(queue_id)
    assert says in caught.value.found
    made.close(queue_id)
    assert [queue.queue_id for queue in made.all()] == [other]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "magic"}, "kind 'magic' is not known"),
        ({"name": ""}, "The name of a queue is empty"),
        ({"name": "  "}, "The name of a queue is empty"),
        ({"name": "x" * 101}, "has 101 characters"),
        ({"name": "two\nlines"}, "control character"),
        ({"name": "half \ud800"}, "control character"),
        ({"name": 3}, "is int"),
        ({"created_by": ""}, "The creator of a queue is empty"),
        ({"created_by": "bell\x07"}, "control character"),
        ({"rule": {"a": "x" * named.MAX_RULE}}, "characters"),
        ({"rule": {"a": float("nan")}}, "no plain JSON"),
        ({"rule": {"a": object()}}, "cannot be written down"),
        ({"rule": {"a": "half \ud800"}}, "no plain JSON"),
        ({"kind": "audit", "rule": {}}, "The rule of an audit holds nothing"),
        ({"kind": "audit", "rule": {**AUDIT, "community": 3}}, "holds as_of, community"),
        ({"kind": "audit", "rule": {**AUDIT, "m": 0}}, "The m of an audit is 0"),
        ({"kind": "audit", "rule": {**AUDIT, "m": True}}, "The m of an audit is True"),
        ({"kind": "audit", "rule": {**AUDIT, "seed": -1}}, "The seed of an audit is -1"),
        ({"kind": "audit", "rule": {**AUDIT, "as_of": "now"}}, "The as_of of an audit is now"),
        ({"kind": "audit", "rule": {**AUDIT, "population": ["all"]}}, "The population of an audit"),
    ],
)
def test_what_cannot_be_a_queue_is_refused(made: NamedQueues, changes: dict[str, Any], says: str) -> None:
    usual: dict[str, Any] = {"kind": "rule", "name": "Cats", "rule": RULE, "created_by": "Ada"}
    with pytest.raises(Refused) as caught:
        made.add(**{**usual, **changes})
    assert says in str(caught.value)
    assert made.all(include_closed=True) == []


@pytest.mark.parametrize("queue_id", ["", "nothing", "x" * 10_000, "a'; DROP TABLE", "\x00", "\ud800", None])
def test_an_id_that_is_not_there_is_said(made: NamedQueues, queue_id: Any) -> None:
    for call in (made.get, made.close):
        with pytest.raises(NotFoundHere, match="There is no queue"):
            call(queue_id)


def test_no_more_queues_are_open_than_a_list_can_show(made: NamedQueues) -> None:
    facts = {"scope": "", "kind": "rule", "rule": "{}", "created_by": "Ada", "created_at": 0.0, "is_closed": False}
    rows = [{**facts, "queue_id": f"q{i}", "name": f"n{i}"} for i in range(named.MAX_OPEN)]
    with made.store.writing() as conn:
        conn.execute(insert(queues), rows)
    with pytest.raises(Refused, match="500 queues are open – close those"):
        made.add("rule", "Cats", {}, "Ada")
    made.close("q0")
    made.add("rule", "Cats", {}, "Ada")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), plain, max_size=4))
def test_every_plain_rule_survives(store: DecisionStore, rule: dict[str, Any]) -> None:
    kept = NamedQueues(store)
    queue_id = kept.add("rule", "Any", rule, "Ada")
    assert kept.get(queue_id).rule == rule
    kept.close(queue_id)
