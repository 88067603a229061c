"""Choices of a queue: their images, their tag, and the order that all visitors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from analysis.base.types import Decision
from analysis.review.audit import AuditRule
from analysis.review.limits import MAX_CHARS
from analysis.runs.workspace import Workspace
from dashboard import loaders, loaders_queue
from dashboard.queues import Choice, cache_key, pairs, queue_of, tag
from dashboard.selection import Columns, Filter
from dashboard.server import opened
from tests.factory import make_workspace

NO_MAP = Columns(
    given=np.array([0, 0, 1, 2, 1, 0]),
    predicted=np.array([1, 1, 0, 1, 1, 0]),
    suggested=np.array([1, 1, 0, 1, 2, 1], np.int32),
    community=np.array([0, 0, 1]),
    suspicion=np.array([0.5, 0.9, 0.4, 0.8, 0.1, 0.2]),
    is_suspect=np.array([True, True, True, True, False, False]),
    crosses=np.array([False, False, False, True, False, False]),
)
LISTED = np.array([1, 3, 0, 2])  # the most suspicious first, as a run has them


def rows(choice: Choice, columns: Columns = NO_MAP, **extra: Any) -> list[int]:
    return queue_of(choice, columns, LISTED, **extra).tolist()


def test_the_images_of_every_kind_of_queue() -> None:
    assert rows(Choice()) == [1, 0, 2, 3]
    assert rows(Choice(order="suspicion")) == [1, 3, 0, 2]
    assert rows(Choice("community", community=1)) == [3]
    assert rows(Choice("pair", pair=(0, 1))) == [1, 0], "this direction only"
    assert rows(Choice("pair", pair=(1, 2))) == [], "row 4 is no suspect"
    assert rows(Choice("filter", filter=Filter(class_id=1), order="suspicion")) == [1, 3, 0, 2, 4]
    assert rows(Choice("saved", saved="x", filter=Filter(given=2))) == [3]


def test_disagreements_are_put_in_order_and_an_audit_keeps_the_order_of_drawing() -> None:
    some = np.array([5, 2, 1])
    assert rows(Choice("disagreements"), rows=some) == [1, 5, 2]
    assert rows(Choice("audit", saved="a", audit=AuditRule()), rows=some) == [5, 2, 1]
    with pytest.raises(ValueError, match="a queue of audit needs its rows"):
        rows(Choice("audit"))


def test_images_that_lie_side_by_side_on_the_map_follow_each_other_where_they_are_equally_suspicious() -> None:
    flat = Columns(**{**vars(NO_MAP), "suspicion": np.full(6, 0.5), "xy": np.array([[9, 0], [1, 0], *[[0, 0]] * 4])})
    assert rows(Choice("pair", pair=(0, 1)), flat) == [1, 0]
    assert rows(Choice("pair", pair=(0, 1)), Columns(**{**vars(flat), "xy": None})) == [0, 1]


def test_pairs_are_counted_by_direction_the_most_frequent_first() -> None:
    assert pairs(NO_MAP, LISTED) == [(0, 1, 2), (1, 0, 1), (2, 1, 1)]
    assert pairs(NO_MAP, LISTED, limit=1) == [(0, 1, 2)]
    assert pairs(NO_MAP, LISTED[:0]) == []


def test_every_choice_has_a_tag_that_a_decision_may_carry() -> None:
    tags = [
        tag(Choice()),
        tag(Choice("filter", filter=Filter(given=1))),
        tag(Choice("community", community=3)),
        tag(Choice("pair", pair=(3, 5))),
        tag(Choice("saved", saved="3f9a", filter=Filter(given=1))),
        tag(Choice("disagreements")),
        tag(Choice("audit", saved="77", audit=AuditRule())),
    ]
    assert tags == ["suspects", "filter", "community:3", "pair:3>5", "saved:3f9a", "disagreements", "audit:77"]
    assert tag(Choice("community")) == "community:None" and tag(Choice("pair")) == "pair"
    assert max(map(len, tags)) < MAX_CHARS["queue"]


def test_choices_share_an_order_exactly_when_it_is_the_same() -> None:
    lasso = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    different = [
        Choice(),
        Choice(order="suspicion"),
        Choice("community", community=0),
        Choice("community", community=1),
        Choice("pair", pair=(0, 1)),
        Choice("pair", pair=(1, 0)),
        Choice("filter"),
        Choice("filter", filter=Filter(given=1)),
        Choice("filter", filter=Filter(given=1), order="suspicion"),
        Choice("filter", filter=Filter(lasso=lasso)),
        Choice("audit", audit=AuditRule(seed=1)),
        Choice("audit", audit=AuditRule(seed=2)),
        Choice("disagreements"),
    ]
    assert len({cache_key(choice) for choice in different}) == len(different)
    named = Choice("saved", saved="3f9a", filter=Filter(given=1))
    assert cache_key(named) == cache_key(Choice("filter", filter=Filter(given=1)))


# -- on a workspace ---------------------------------------------------------------------------------------------------
@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    st.cache_resource.clear()
    yield make_workspace(tmp_path / "ws", n=300, classes=6)
    opened.close_all()


def book(made: Workspace, row: int, verdict: Any, **changes: Any) -> None:
    found = opened.open_workspace(made.path)
    image_id = str(found.dataset.table["image_id"].iat[row])
    facts = {"reviewer": "ada", "session": "session-1", "seq": found.decisions.count() + 1, "decided_at": 1e9}
    new = "x" if verdict == "relabel" else None
    found.decisions.book([Decision(image_id, verdict, "a", "b", new, run_id="r", **{**facts, **changes})])


def test_an_order_is_made_once_and_cannot_be_changed_by_a_visitor(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    path, run_id = str(workspace.path), run.run_id
    queue = loaders_queue.queue_rows(path, run_id, Choice())
    assert sorted(queue.tolist()) == sorted(run.table("suspects")["row"].tolist())
    assert loaders_queue.queue_rows(path, run_id, Choice()) is queue
    columns = loaders.run_columns(path, run_id)
    for other in (
        Choice(order="suspicion"),
        Choice("community", community=1),
        Choice("filter", filter=Filter(given=1)),
    ):
        expected = queue_of(other, columns, loaders.listed(path, run_id))
        assert loaders_queue.queue_rows(path, run_id, other).tolist() == expected.tolist() != queue.tolist()
    with pytest.raises(ValueError, match="read-only"):
        queue[0] = 5
    book(workspace, int(queue[0]), "keep")
    assert loaders_queue.queue_rows(path, run_id, Choice()) is queue, "what is judged is left out afterwards"
    run.put("suspects", run.table("suspects").iloc[:3], key="again")
    assert len(loaders_queue.queue_rows(path, run_id, Choice())) == 3


def test_what_is_said_is_read_again_after_every_decision(workspace: Workspace) -> None:
    path = str(workspace.path)
    before = loaders.said(path)
    assert loaders.said(path) is before and not before.verdict.any()
    book(workspace, 7, "keep")
    assert np.flatnonzero(loaders.said(path).verdict).tolist() == [7]


def test_disagreements_come_and_go_with_decisions(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    path, choice = str(workspace.path), Choice("disagreements")
    book(workspace, 7, "keep")
    assert loaders_queue.queue_rows(path, run.run_id, choice).tolist() == []
    book(workspace, 7, "relabel", reviewer="bob")
    assert loaders_queue.queue_rows(path, run.run_id, choice).tolist() == [7]
    book(workspace, 7, "keep", reviewer="eve", purpose="adjudicate")
    assert loaders_queue.queue_rows(path, run.run_id, choice).tolist() == []


def test_an_audit_is_drawn_from_what_nobody_had_judged_and_stays_the_same(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    path = str(workspace.path)
    for row in range(100):
        book(workspace, row, "skip" if row == 99 else "keep")
    store = opened.open_workspace(path).decisions
    rule = AuditRule(m=50, seed=4, as_of=store.last_seq())
    choice = Choice("audit", saved="a", audit=rule)
    drawn = loaders_queue.queue_rows(path, run.run_id, choice)
    assert len(drawn) == 50 and drawn.min() >= 99, "a skip is no judgement"
    assert int(loaders.audit(path, rule).population.sum()) == 201
    book(workspace, int(drawn[0]), "keep", queue=tag(choice))
    st.cache_resource.clear()  # as after a restart
    assert loaders_queue.queue_rows(path, run.run_id, choice).tolist() == drawn.tolist()
