"""Queues of images to judge: which images, in which order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.review.audit import AuditRule
from analysis.review.queue import Order, Queue, ordered
from dashboard.selection import Columns, Filter, rows_of, to_params

Kind = Literal["suspects", "filter", "community", "pair", "saved", "disagreements", "audit"]
Rows = NDArray[np.integer[Any]]
PAIRS = 400  # more than a list to choose from should hold


@dataclass(frozen=True)
class Choice:
    """What somebody chose to judge.

    suspects: everything listed. filter: what the filter of all pages lets through. community: the suspects with their
    given label in it. pair: (given, suggested), this direction only. saved: a queue with a name; `saved` is its id and
    `filter` its rule. disagreements: what reviewers judge differently. audit: a random sample; `saved` is its id and
    `audit` its rule. Class and community are numbers of the run. learnt: on how many verdicts the suspicion by which
    images are put in order was learnt anew; 0 = it is the run's own.
    """

    kind: Kind = "suspects"
    community: int | None = None
    pair: tuple[int, int] | None = None
    filter: Filter = field(default_factory=Filter)
    order: Order = "by_pair"
    saved: str = ""
    audit: AuditRule | None = None
    learnt: int = 0


def tag(choice: Choice) -> str:
    """The name under which decisions of this queue are booked: "community:3", "pair:3>5", "audit:<id>" …"""
    if choice.kind == "community":
        return f"community:{choice.community}"
    if choice.kind == "pair" and choice.pair is not None:
        return f"pair:{choice.pair[0]}>{choice.pair[1]}"
    if choice.kind in ("saved", "audit"):
        return f"{choice.kind}:{choice.saved}"
    return choice.kind


def cache_key(choice: Choice) -> str:
    """The same text for choices with the same images in the same order within one run, such as a rule under any name.

    An audit keeps its drawn order: how the others are ordered makes no difference to it.
    """
    if choice.kind == "audit":
        return json.dumps(["audit", choice.audit.as_rule() if choice.audit else None])
    if choice.kind in ("filter", "saved"):
        return json.dumps(["filter", to_params(choice.filter), choice.order, choice.learnt])
    return json.dumps([choice.kind, choice.community, choice.pair, choice.order, choice.learnt])


def queue_of(
    choice: Choice,
    columns: Columns,
    listed: Rows,
    *,
    rows: Rows | None = None,
    chance: NDArray[np.floating] | None = None,
) -> Queue:
    """The data set rows (M,) of a choice, in its order.

    `listed` are the rows of the artifact "suspects"; `rows` the images of disagreements or of an audit, which no run
    knows: an audit is judged in drawn order. A filter may let through images that are no suspects: they belong to its
    queue too. `chance` (N,), learnt from verdicts, orders in place of the suspicion, and decides nothing else.
    """
    if choice.kind in ("disagreements", "audit"):
        if rows is None:
            raise ValueError(f"a queue of {choice.kind} needs its rows")
        part = rows
    elif choice.kind in ("filter", "saved"):
        part = rows_of(choice.filter, columns)
    else:
        part = _of_suspects(choice, columns, listed)
    if choice.kind == "audit":
        return np.asarray(part, np.int32)
    near = None if columns.xy is None else np.asarray(columns.xy[:, 0])
    facts = columns if chance is None else replace(columns, suspicion=chance)
    return ordered(part, facts, choice.order, neighbourhood=near)


def _of_suspects(choice: Choice, columns: Columns, listed: Rows) -> Rows:
    keep = np.ones(len(listed), bool)
    if choice.community is not None:
        keep &= columns.community[columns.given[listed]] == choice.community
    if choice.pair is not None:
        given, suggested = choice.pair
        keep &= (columns.given[listed] == given) & (columns.suggested[listed] == suggested)
    return np.asarray(listed[keep])


def pairs(columns: Columns, listed: Rows, *, limit: int = PAIRS) -> list[tuple[int, int, int]]:
    """(given, suggested, number of images) of the pairs and directions among the suspects, the most frequent first."""
    n_classes = len(columns.community)
    ways, counts = np.unique(
        columns.given[listed].astype(np.int64) * n_classes + columns.suggested[listed], return_counts=True
    )
    first = np.argsort(-counts, kind="stable")[:limit]
    return [
        (int(way) // n_classes, int(way) % n_classes, int(n)) for way, n in zip(ways[first], counts[first], strict=True)
    ]
