"""What a condition may ask of the images of a workspace: their labels, what a run and people said, their metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.condition_rows import Field, Flags, Mask, Numbers, check, field_of, names_of, passing
from analysis.base.condition_text import parse
from analysis.base.conditions import Condition, keys_of
from analysis.base.image_ids import RowOf
from analysis.base.types import Dataset
from analysis.review.decisions import DecisionStore
from analysis.review.states import DECIDED, EXCLUDED, states_now
from analysis.runs.run import Run

INTERNAL = frozenset({"source_row", "given", "true", "content"})  # columns of the table that mean nothing to people
SAID = frozenset({"decision", "excluded"})  # keys that change with every decision
OF_RUN: Mapping[str, str] = {  # key: what it holds
    "predicted": "the model's class",
    "suggested": "the class suggested instead of the given one",
    "suspicion": "0 to 1, higher = more suspicious",
    "is_suspect": "true or false: listed as probably wrong",
    "kind": "cross, within or none: does the suggestion leave the community?",
    "community": "of the given class, numbered from 1 as on the pages",
    "predicted_community": "of the model's class",
}
FIRST = DECIDED.index("open")
KINDS = ("cross", "within", "none")


@dataclass(frozen=True, eq=False)
class Askable:
    """The columns of N images by key: metadata of the data set, and beside it what `OF_RUN` and `SAID` name.

    A column of the data set with the name of one of ours is hidden by it. Without a run there are no keys of `OF_RUN`.
    """

    dataset: Dataset
    run: Run | None
    states: Callable[[], NDArray[np.int8]]
    _made: dict[str, Field] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that can be asked for, ours first."""
        ours = ["given", *(["true"] if self.dataset.true is not None else []), *(OF_RUN if self.run else ())]
        return tuple(dict.fromkeys([*ours, *sorted(SAID), *self.metadata]))

    @property
    def metadata(self) -> tuple[str, ...]:
        """The columns of the data set itself; hostile."""
        ours = {*INTERNAL, *OF_RUN, *SAID}
        return tuple(str(name) for name in self.dataset.table.columns if name not in ours)

    def ask(self, key: str) -> Field | None:
        """A column by its key, None where there is none; what people said is read anew each time."""
        if key in SAID:
            states = self.states()
            decided = states % EXCLUDED - FIRST
            return Flags(states >= EXCLUDED) if key == "excluded" else names_of(DECIDED[FIRST:-1], decided)
        if key not in self._made and key in self.keys:
            self._made[key] = self._label(key) or self._of_run(key) or field_of(self.dataset.table[key])
        return self._made.get(key)

    def _label(self, key: str) -> Field | None:
        labels = {"given": self.dataset.given, "true": self.dataset.true}.get(key)
        return None if labels is None else names_of(self.dataset.classes, labels)

    def _of_run(self, key: str) -> Field | None:
        if self.run is None or key not in OF_RUN:
            return None
        if key.endswith("community"):
            label = self.dataset.given if key == "community" else self._score("predicted").to_numpy()
            return Numbers(self.run.table("classes", ["community"])["community"].to_numpy()[label] + 1)
        column = self._score(key)
        if key == "kind":
            return names_of(KINDS, pd.Index(KINDS).get_indexer(column))
        return field_of(column) if key in ("suspicion", "is_suspect") else names_of(self.dataset.classes, column)

    def _score(self, key: str) -> pd.Series:
        assert self.run is not None
        return self.run.table("scores", [key])[key]

    def read(self, text: str) -> Condition:
        """The condition that a text says; BadCondition, with the place, where it says none that fits these images."""
        condition = parse(text)
        check(condition, self.ask, self.keys, text=text)
        return condition

    def passing(self, condition: Condition) -> Mask:
        """Which images pass, (N,)."""
        return passing(condition, self.ask)


def askable(dataset: Dataset, run: Run | None, store: DecisionStore) -> Askable:
    """What can be asked of these images, with the decisions of `store`."""
    ids = RowOf(dataset.table["image_id"])
    return Askable(dataset, run, lambda: states_now(store, ids))


def asks_what_was_said(condition: Condition) -> bool:
    """Does the answer change with decisions?"""
    return not SAID.isdisjoint(keys_of(condition))
