"""What the deck shows of an image: labels, choices, reasons, and images of the two classes to compare it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.image_ids import RowOf
from analysis.base.types import Dataset
from analysis.review.said import among
from dashboard.components.review_deck.review_deck import Item, Reference
from dashboard.server import urls
from dashboard.server.opened import Opened

CHOICES = 9
TYPICAL = 4  # reference images of a class
ENOUGH_VERIFIED = 2  # with fewer, typical images say more
CANDIDATES = 400  # verified images of a class that are looked at for the nearest
KINDS = {"cross": "the suggestion lies in another community", "within": "the suggestion lies in the same community"}


@dataclass(frozen=True)
class Extra:
    """What the queue knows of an item beyond the analysis.

    purpose: see `Decision`. others: (reviewer, what they said), when a disagreement is settled. guideline: what the
    team wrote down for the pair of classes.
    """

    purpose: str = ""
    others: tuple[tuple[str, str], ...] = ()
    guideline: str = ""


@dataclass(frozen=True, eq=False)
class Known:
    """What people have settled so far: rows of every class whose label they verified, newest first, and the ids of
    images that are marked as not to be trained on."""

    verified: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Sure:
    """What each of E verdicts says of the class of its image, whether it is in force or not: the `event`s, ascending,
    the `row` and the `class_id` that was confirmed or chosen; -1 where the data set lacks it, or no class was named."""

    event: NDArray[np.int64]
    row: NDArray[np.int64]
    class_id: NDArray[np.int64]


def sure_of(current: pd.DataFrame, row_of: RowOf, numbers: Mapping[str, int], *, before: Sure | None = None) -> Sure:
    """Read `DecisionStore.current()`; `numbers` of the classes by name.

    `before`: what it gave earlier for the same data set; only newer events are read then.
    """
    event = current["event_id"].to_numpy(np.int64)
    row, class_id = np.full((2, len(event)), -1)
    unknown = np.ones(len(event), bool)
    if before is not None:
        place, unknown = among(event, before.event)
        row[~unknown], class_id[~unknown] = before.row[place[~unknown]], before.class_id[place[~unknown]]
    new = np.flatnonzero(unknown)
    start = int(new[0]) if len(new) else len(event)  # nearly always the last few; rows of a whole column take 2 ms
    columns = ("image_id", "verdict", "given", "new_label")
    fresh = {name: current[name].iloc[start:].to_numpy(object)[new - start] for name in columns}
    for verdict, label in (("keep", "given"), ("relabel", "new_label")):
        says_so = np.asarray(fresh["verdict"] == verdict, bool)
        class_id[new[says_so]] = [numbers.get(name, -1) for name in fresh[label][says_so]]
    row[new] = row_of.get_indexer(fresh["image_id"])
    return Sure(event, row, class_id)


def verified_rows(sure: Sure, in_force: NDArray[np.bool_]) -> dict[int, NDArray[np.int64]]:
    """Rows of every class that people confirmed or corrected to that class, the latest decision first.

    `in_force` (E,) says which verdicts count; decisions on images or classes that are not here are left out.
    """
    counts = np.flatnonzero(in_force & (sure.row >= 0) & (sure.class_id >= 0))[::-1]
    short = sure.class_id[counts].astype(np.min_scalar_type(int(sure.class_id.max(initial=0))))  # sorted 7 times sooner
    counts = counts[np.argsort(short, kind="stable")]
    classes_said, starts = np.unique(sure.class_id[counts], return_index=True)
    parts = np.split(sure.row[counts], starts[1:])
    return dict(zip(classes_said.tolist(), parts, strict=False))  # without any there is one part, an empty one


def typical_rows(given: NDArray[np.integer], scores: pd.DataFrame, n_classes: int) -> dict[int, list[int]]:
    """Of every class the images (rows) the model is surest of, at most `TYPICAL`: something to compare with."""
    agreed = np.flatnonzero(scores["predicted"].to_numpy() == given)
    order = agreed[np.lexsort((-scores["p_given"].to_numpy()[agreed], given[agreed]))]
    starts = np.searchsorted(given[order], np.arange(n_classes + 1))
    return {k: order[starts[k] : min(starts[k] + TYPICAL, starts[k + 1])].tolist() for k in range(n_classes)}


def nearest(
    row: int, candidates: NDArray[np.integer], features: NDArray[np.floating] | None, n: int = TYPICAL
) -> list[int]:
    """The n candidates (rows) most like the image `row` by the cosine of their features (N, D), itself left out.

    Without features the first ones, in their order.
    """
    others = candidates[candidates != row][:CANDIDATES]
    if features is None or len(others) <= 1:
        return [int(one) for one in others[:n]]
    there = np.asarray(features[others], np.float32)
    here = np.asarray(features[row], np.float32)
    lengths = np.linalg.norm(there, axis=1) * np.linalg.norm(here)
    likeness = there @ here / np.where(lengths > 0, lengths, 1)
    return [int(one) for one in others[np.argsort(-likeness, kind="stable")[:n]]]


@dataclass(frozen=True, eq=False)
class Source:
    """Where items are made from: the open workspace and the arrays and tables of one run.

    top_class, top_prob: (N, k). features: (N, D) or None. typical: rows by class.
    """

    opened: Opened
    scores: pd.DataFrame
    reasons: pd.Series  # text by row, of the suspects
    top_class: NDArray[np.integer]
    top_prob: NDArray[np.floating]
    typical: dict[int, list[int]]
    features: NDArray[np.floating] | None = None

    @property
    def dataset(self) -> Dataset:
        """The data set of the workspace."""
        return self.opened.dataset

    def items(
        self,
        rows: Sequence[int],
        start: int,
        *,
        known: Known | None = None,
        extras: Mapping[int, Extra] | None = None,
    ) -> list[Item]:
        """The deck's items for these rows; the first stands at position `start` of the queue.

        `extras` are by position in the queue, because the same image may stand there twice.
        """
        known, extras = known or Known(), extras or {}
        return [self._item(start + i, int(row), known, extras.get(start + i, Extra())) for i, row in enumerate(rows)]

    def _item(self, n: int, row: int, known: Known, extra: Extra) -> Item:
        classes, table = self.dataset.classes, self.dataset.table
        given = int(table["given"].iat[row])
        suggested = int(self.scores["suggested"].iat[row])
        image_id, kind = str(table["image_id"].iat[row]), str(self.scores["kind"].iat[row])
        pictured = self.dataset.pixels.kind != "none"
        return Item(
            n=n,
            row=row,
            id=image_id,
            image=urls.image_url(self.opened, row) if pictured else None,
            thumb=urls.thumb_url(self.opened, row) if pictured else None,
            given=classes[given],
            suggested=classes[suggested],
            choices=self._choices(row),
            suspicion=round(float(self.scores["suspicion"].iat[row]), 4),
            kind=KINDS.get(kind, ""),
            across=kind == "cross",
            reasons=self._reason(row, classes[given]),
            references=self._references(row, (given, suggested), known) if pictured else [],
            purpose=extra.purpose,
            excluded=image_id in known.excluded,
            others=[list(said) for said in extra.others],
            guideline=extra.guideline,
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

    def _references(self, row: int, class_ids: Sequence[int], known: Known) -> list[Reference]:
        made = []
        for class_id in dict.fromkeys(class_ids):
            near = nearest(row, known.verified.get(class_id, np.empty(0, np.int64)), self.features)
            is_verified = len(near) >= ENOUGH_VERIFIED
            shown = near if is_verified else [one for one in self.typical.get(class_id, []) if one != row]
            if shown:
                thumbs = [urls.thumb_url(self.opened, one) for one in shown]
                made.append(Reference(label=self.dataset.classes[class_id], thumbs=thumbs, verified=is_verified))
        return made


def said(verdict: str, labels: Sequence[str]) -> str:
    """A verdict in words, such as "change to dog"; the names are hostile until escaped."""
    words: dict[str, Any] = {
        "keep": "keep the given label",
        "relabel": f"change to {', '.join(labels)}",
        "several": f"several fit: {', '.join(labels)}",
        "none_fits": "no label fits",
        "unsure": "cannot tell",
        "skip": "skipped",
    }
    return str(words.get(verdict, verdict))
