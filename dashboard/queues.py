"""Queues of images to judge: which images, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.review.queue import Order, QueueFilter, ordered, select
from dashboard.selection import Columns, Filter, rows_of

Kind = Literal["suspects", "filter", "community", "pair"]


@dataclass(frozen=True)
class Choice:
    """What somebody chose to judge: suspects, what the filter holds, one community, one pair (given, suggested)."""

    kind: Kind = "suspects"
    community: int | None = None
    pair: tuple[int, int] | None = None
    filter: Filter = field(default_factory=Filter)
    order: Order = "by_pair"


def queue_of(choice: Choice, suspects: pd.DataFrame, columns: Columns, ids: NDArray[np.object_]) -> pd.DataFrame:
    """The queue of a choice, in its order: row, image_id, given, suggested, suspicion.

    `suspects` is the artifact of that name; `ids` (N,) all image ids. A filter may let through images that are no
    suspects: they belong to its queue too.
    """
    if choice.kind == "filter":
        part = _frame(rows_of(choice.filter, columns), columns, ids)
    else:
        wanted = QueueFilter(community=choice.community, pair=choice.pair)
        part = select(suspects, wanted, community_of=columns.community)
    near = None if columns.xy is None else np.asarray(columns.xy[:, 0])
    return ordered(part, choice.order, neighbourhood=near)[["row", "image_id", "given", "suggested", "suspicion"]]


def _frame(rows: NDArray[np.int64], columns: Columns, ids: NDArray[np.object_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": rows,
            "image_id": ids[rows],
            "given": columns.given[rows],
            "suggested": columns.suggested[rows],
            "suspicion": columns.suspicion[rows],
        }
    )


def pairs(suspects: pd.DataFrame) -> list[tuple[int, int, int]]:
    """(given, suggested, number of images) of every pair and direction, the most frequent first."""
    counted = suspects.groupby(["given", "suggested"]).size().sort_values(ascending=False, kind="stable")
    return [(int(g), int(s), int(n)) for (g, s), n in counted.items()]
