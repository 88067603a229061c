"""The random audits of a workspace with the samples that their rules draw, newest first."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.base.types import Array
from analysis.review.audit import Audit, AuditRule, take_sample
from analysis.review.decisions import DecisionStore
from analysis.review.named import NamedQueues
from analysis.review.standing import JUDGEMENTS


def drawn_audits(store: DecisionStore, ids: Array) -> Iterator[Audit]:
    """Every audit of the images `ids` (N,) that is not closed and whose rule can be read."""
    for queue in NamedQueues(store).all():
        if queue.kind != "audit" or queue.problem:
            continue
        yield sample_of(store, pd.Index(ids), AuditRule.of(queue.rule))


def sample_of(store: DecisionStore, ids: pd.Index, rule: AuditRule) -> Audit:
    """The sample that a rule draws of the images `ids` (N,): the same for good."""
    known = store.current(until=rule.as_of)
    rows = ids.get_indexer(known.loc[known["verdict"].isin(JUDGEMENTS), "image_id"])
    return take_sample(ids.to_numpy(object), rule, rows[rows >= 0])
