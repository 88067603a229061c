"""Images whose labels can be trusted, to judge a model on; and how far that trust goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.condition_rows import Mask
from analysis.base.conditions import text_of
from analysis.base.errors import NotFoundHere
from analysis.base.types import Dataset
from analysis.review.askable import Askable
from analysis.review.decisions import DecisionStore
from analysis.review.drawn import drawn_audits
from analysis.review.said import OPEN, said_of

Kind = Literal["true", "test", "audit", "verified"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FOLDS = 5
ENOUGH_AUDITED = 50  # images of an audit, before it is preferred to all verified ones
FEW = 100  # images; below, an interval is too wide to show any but a large difference
BIASED = (
    "The trusted images are those that people have judged. They were chosen because a model suspected them, and judged "
    "with its suggestion in view: on other images the difference is smaller, and may be none. A random audit, or a "
    "test split that this model never ranked, would tell."
)


@dataclass(frozen=True, eq=False)
class Trusted:
    """`rows` (M,) of the images and their `labels` (M,) class numbers. `n_folds` 1: never trained on; more: predicted
    in turns by heads that have not seen them. `said` names them in words, `cautions` say what the result cannot tell.
    """

    kind: str
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    n_folds: int
    said: str
    cautions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Standing:
    """What is known of the N labels: `label` (N,) after all decisions, -1 where no single class holds; `verified` (N,)
    bool, people judged it and one class holds; `changed` (N,) bool, and it is another than the given one."""

    label: NDArray[np.int64]
    verified: Mask
    changed: Mask


def standing_of(dataset: Dataset, labels: pd.DataFrame) -> Standing:
    """From the table `labels` of an export; an image that is not in it has no label that holds."""
    place = pd.Index(dataset.table["image_id"]).get_indexer(labels["image_id"])
    status = labels["status"].to_numpy(object)
    one = np.isin(status.astype(str), ("kept", "relabelled", "unreviewed", "skipped")) & ~labels["excluded"].to_numpy()
    label, verified = np.full(len(dataset), -1, np.int64), np.zeros(len(dataset), bool)
    numbers = pd.Index(dataset.classes).get_indexer(labels["label"])
    label[place[one]] = numbers[one]
    verified[place[one]] = np.isin(status[one].astype(str), ("kept", "relabelled"))
    return Standing(label, verified, verified & (label != dataset.given))


def trusted_images(asked: str, askable: Askable, store: DecisionStore, standing: Standing) -> Trusted:
    """The trusted images: "auto" takes the first of `KINDS` there is, else one of `KINDS` or a condition.

    Raises NotFoundHere where there are none, BadCondition where the condition cannot be read.
    """
    choose = _Choose(askable, store, standing)
    if asked == "auto":
        for kind in KINDS:
            found = getattr(choose, kind)()
            if found is not None and len(found.rows):
                return found
        raise NotFoundHere(
            "No image has a label that can be trusted",
            wanted="a test split, a random audit, or judged images",
            hint="judge a random audit on the Review page, or name images with --trusted CONDITION",
        )
    found = getattr(choose, asked)() if asked in KINDS else choose.where(asked)
    if found is None or not len(found.rows):
        raise NotFoundHere(
            f"No image is trusted by {asked[:80]!r}", wanted=f"one of auto, {', '.join(KINDS)}, or another condition"
        )
    return found


@dataclass(frozen=True, eq=False)
class _Choose:
    askable: Askable
    store: DecisionStore
    standing: Standing

    @property
    def dataset(self) -> Dataset:
        return self.askable.dataset

    def true(self) -> Trusted | None:
        """Where the data set knows the truth, such as labels made wrong on purpose."""
        true = self.dataset.true
        if true is None:
            return None
        return self._made("true", true >= 0, true, said="images whose true label the data set knows", n_folds=FOLDS)

    def test(self) -> Trusted | None:
        """The split called test."""
        if "split" not in self.dataset.table:
            return None
        return self._by_label(
            "test", (self.dataset.table["split"] == "test").to_numpy(bool), "images of the test split"
        )

    def audit(self) -> Trusted | None:
        """The judged images of the newest random audit, as far as it is judged without a gap."""
        ids = self.dataset.table["image_id"].to_numpy(object)
        verdict = said_of(self.store.current(), pd.Index(ids)).verdict
        for audit in drawn_audits(self.store, ids):
            gaps = np.flatnonzero(verdict[audit.sample] == OPEN)
            keep = np.zeros(len(ids), bool)
            keep[audit.sample[: gaps[0] if len(gaps) else None]] = True
            keep &= self.standing.verified
            if keep.sum() >= ENOUGH_AUDITED:
                return self._made("audit", keep, self.standing.label, said="judged images of a random audit")
        return None

    def verified(self) -> Trusted | None:
        """All images that people have judged to hold one class."""
        keep, said = self.standing.verified, "images that people have judged"
        return self._made("verified", keep, self.standing.label, said=said, n_folds=FOLDS, cautions=(BIASED,))

    def where(self, text: str) -> Trusted:
        """The images for which a condition holds."""
        condition = self.askable.read(text)
        return self._by_label(
            text_of(condition), self.askable.passing(condition), f"images for which {text_of(condition)}"
        )

    def _by_label(self, kind: str, keep: Mask, said: str) -> Trusted:
        """Images with the label that stands, or the true one where that is known; how many were verified is said."""
        true = self.dataset.true
        label = self.standing.label if true is None else np.where(true >= 0, true, self.standing.label)
        keep = keep & (label >= 0)
        n_checked = int((keep & (self.standing.verified | (true >= 0 if true is not None else False))).sum())
        n, n_changed = int(keep.sum()), int((keep & self.standing.changed).sum())
        cautions = []
        if n_checked < n:
            cautions.append(
                f"{n - n_checked:,} of the {n:,} trusted labels were verified by nobody here: they count as given."
            )
        if n_changed and true is None:
            cautions.append(
                f"{n_changed:,} of the trusted labels were corrected with a model's suggestion in view, which favours "
                "models that were trained on corrections alike."
            )
        return self._made(kind, keep, label, said=said, cautions=tuple(cautions))

    def _made(
        self, kind: str, keep: Mask, label: NDArray[Any], *, said: str, n_folds: int = 1, cautions: tuple[str, ...] = ()
    ) -> Trusted:
        rows = np.flatnonzero(keep)
        if len(rows) < FEW:
            cautions = (*cautions, f"Only {len(rows):,} images are trusted: small differences cannot be seen.")
        return Trusted(kind, rows, label[rows].astype(np.int64), min(n_folds, len(rows)) or 1, said, cautions)
