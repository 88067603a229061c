"""Queues of images to judge: which images, in which order, and the items the deck shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.types import Dataset
from analysis.review.queue import Order, QueueFilter, ordered, select
from dashboard.components.review_deck.review_deck import Item, Reference
from dashboard.selection import Columns, Filter, rows_of
from dashboard.server import urls
from dashboard.server.opened import Opened

Kind = Literal["suspects", "filter", "community", "pair"]
CHOICES = 9
TYPICAL = 4
KINDS = {"cross": "the suggestion lies in another community", "within": "the suggestion lies in the same community"}


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


def typical_rows(given: NDArray[np.integer], scores: pd.DataFrame, n_classes: int) -> dict[int, list[int]]:
    """Of every class the images (rows) the model is surest of, at most `TYPICAL`: something to compare with."""
    agreed = np.flatnonzero(scores["predicted"].to_numpy() == given)
    order = agreed[np.lexsort((-scores["p_given"].to_numpy()[agreed], given[agreed]))]
    starts = np.searchsorted(given[order], np.arange(n_classes + 1))
    return {k: order[starts[k] : min(starts[k] + TYPICAL, starts[k + 1])].tolist() for k in range(n_classes)}


@dataclass(frozen=True, eq=False)
class Source:
    """Where items are made from: the open workspace and the arrays and tables of one run."""

    opened: Opened
    scores: pd.DataFrame
    reasons: pd.Series  # text by row, of the suspects
    top_class: NDArray[np.integer]
    top_prob: NDArray[np.floating]
    typical: dict[int, list[int]]

    @property
    def dataset(self) -> Dataset:
        """The data set of the workspace."""
        return self.opened.dataset

    def items(self, rows: Sequence[int], start: int) -> list[Item]:
        """The deck's items for these rows; the first stands at position `start` of the queue."""
        return [self._item(start + i, int(row)) for i, row in enumerate(rows)]

    def _item(self, n: int, row: int) -> Item:
        classes, table = self.dataset.classes, self.dataset.table
        given = int(table["given"].iat[row])
        suggested = int(self.scores["suggested"].iat[row])
        pictured = self.dataset.pixels.kind != "none"
        return Item(
            n=n,
            id=str(table["image_id"].iat[row]),
            image=urls.image_url(self.opened, row) if pictured else None,
            thumb=urls.thumb_url(self.opened, row) if pictured else None,
            given=classes[given],
            suggested=classes[suggested],
            choices=self._choices(row),
            suspicion=round(float(self.scores["suspicion"].iat[row]), 4),
            kind=KINDS.get(str(self.scores["kind"].iat[row]), ""),
            reasons=self._reason(row, classes[given]),
            references=[self._reference(k) for k in (given, suggested) if self.typical.get(k)] if pictured else [],
        )

    @cached_property
    def classes_only(self) -> bool:
        """Are the predictions classes without probabilities? They are stored as certain, which nobody said."""
        return bool(self.top_prob.shape[1] == 1 and np.all(self.top_prob == 1))

    def _choices(self, row: int) -> list[tuple[str, float | None]]:
        ids = np.asarray(self.top_class[row, :CHOICES])
        return [
            (self.dataset.classes[int(k)], None if self.classes_only else round(float(p), 4))
            for k, p in zip(ids, np.asarray(self.top_prob[row, :CHOICES]), strict=True)
        ]

    def _reason(self, row: int, given: str) -> str:
        found = self.reasons.get(row)
        if found is not None:
            return str(found)
        return f"Not among the suspects: the model agrees with the given label “{given}”."

    def _reference(self, class_id: int) -> Reference:
        thumbs = [urls.thumb_url(self.opened, row) for row in self.typical[class_id]]
        return Reference(label=self.dataset.classes[class_id], thumbs=thumbs)
