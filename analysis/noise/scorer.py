"""What a scorer is, what it is given, and the registry that finds all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.base.registry import Registry
from analysis.base.types import ConfusionGraph, Neighbours, Predictions
from analysis.noise.class_image_graph import Cleaning, clean
from analysis.noise.filters import ConfidentLearning, confident_learning
from analysis.noise.rows import RowFacts

Array = NDArray[Any]
Need = Literal["predictions", "neighbours", "graph", "features", "models", "training"]
Reason = Callable[["ScorerInputs", int], str]
AsIf = Callable[["ScorerInputs", Array, Array], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class ScorerInputs:
    """What scorers may look at. Rows are those of the data set.

    `given` (N,) in 0..K-1; `neighbours` and `graph` may be absent, scorers that need them are then left out; `classes`
    the K names; `tie` (N,) unique numbers that order equal images, such as the rank of their ids (row number if None);
    `by_features`: the predictions were made of the features alone, there is no classifier;
    `models`: the classes (N,) that other models predict, held out.
    """

    given: NDArray[np.int64]
    predictions: Predictions
    n_classes: int
    neighbours: Neighbours | None = None
    graph: ConfusionGraph | None = None
    classes: tuple[str, ...] = ()
    tie: NDArray[np.int64] | None = None
    by_features: bool = False
    models: tuple[NDArray[np.integer], ...] = ()

    def __post_init__(self) -> None:
        n = len(self.given)
        if self.predictions.n_classes != self.n_classes:
            raise BadInput(f"The predictions are for {self.predictions.n_classes} classes", wanted=f"{self.n_classes}")
        if self.neighbours is not None and len(self.neighbours.index) != n:
            raise BadInput(f"The neighbours have {len(self.neighbours.index)} rows", wanted=f"{n}, one per label")
        if self.graph is not None and len(self.graph.community) != self.n_classes:
            raise BadInput(f"The graph has {len(self.graph.community)} classes", wanted=f"{self.n_classes}")
        if self.classes and len(self.classes) != self.n_classes:
            raise BadInput(f"There are {len(self.classes)} class names", wanted=f"{self.n_classes}")
        if any(model.shape != (n,) for model in self.models):
            raise BadInput("A model has not predicted one class an image", wanted=f"({n},) classes of each model")

    @cached_property
    def confident(self) -> ConfidentLearning:
        """Confident learning on these labels, computed once for all who ask. Also refuses bad labels."""
        return confident_learning(self.given, self.predictions, tie=self.tie)

    @property
    def facts(self) -> RowFacts:
        """What one pass over the predictions tells of every row."""
        return self.confident.facts

    @cached_property
    def cleaning(self) -> Cleaning:
        """What the graphs of images say of these labels, computed once for all who ask. Wants features."""
        assert self.predictions.features is not None
        return clean(self.predictions.features, self.given, n_classes=self.n_classes, tie=self.tie)

    @cached_property
    def mixed_up(self) -> dict[tuple[int, int], int]:
        """Images per (given, predicted) pair of different classes; pairs without an image are left out."""
        predicted = self.facts.predicted
        differs = predicted != self.given
        keys, counts = np.unique(self.given[differs] * self.n_classes + predicted[differs], return_counts=True)
        pairs = zip(*divmod(keys, self.n_classes), counts, strict=True)
        return {(int(given), int(other)): int(n) for given, other, n in pairs}

    def name(self, class_id: int) -> str:
        """The name of a class, plain text that may hold anything."""
        return self.classes[class_id] if self.classes else f"class {class_id}"

    def quoted(self, class_id: int) -> str:
        """The name in quotation marks, so that a name such as 8 stands apart from the numbers of a sentence."""
        return f"“{self.name(class_id)}”"

    def relabelled(self, rows: Array, labels: Array) -> ScorerInputs:
        """Only the images `rows` (M,), with `labels` (M,) given to them; no neighbours, no graph, no features.

        For scores that depend on nothing but an image's own probabilities and label.
        """
        p, rows = self.predictions, np.asarray(rows)
        probs, top_class, top_prob = (None if a is None else a[rows] for a in (p.probs, p.top_class, p.top_prob))
        part = Predictions(p.model, p.n_classes, p.held_out[rows], probs=probs, top_class=top_class, top_prob=top_prob)
        return ScorerInputs(np.asarray(labels, np.int64), part, self.n_classes)

    def lacks(self, needs: tuple[Need, ...]) -> tuple[Need, ...]:
        """Those of `needs` that are not there."""
        there = {
            "predictions": True,
            "neighbours": self.neighbours is not None,
            "graph": self.graph is not None,
            "features": self.predictions.features is not None,
            "models": bool(self.models),
            "training": self.predictions.training_margin is not None,
        }
        return tuple(need for need in needs if not there[need])


@dataclass(frozen=True)
class Scorer:
    """A registered scorer: `score(inputs)` gives (N,) suspicion in 0..1, higher = more likely wrong.

    `plain` says in a sentence what its numbers mean. `reason(inputs, row)` gives a plain sentence on one image, or ""
    where it has nothing to say; sentences are shown in ascending `reason_place`. `as_if(inputs, rows, labels)`, (M,)
    each, gives the score (M,) that each image would have if its own label alone were another one; scorers that have it
    take part in the combined suspicion.
    """

    name: str
    title: str
    source: str
    needs: tuple[Need, ...]
    score: Callable[[ScorerInputs], NDArray[np.float64]]
    reason: Reason | None = None
    reason_place: int = 100
    plain: str = ""
    as_if: AsIf | None = None


SCORERS: Registry[Scorer] = Registry("scorer", "analysis.noise.scorers")


def scorer(
    name: str,
    *,
    title: str,
    source: str,
    plain: str = "",
    needs: tuple[Need, ...] = ("predictions",),
    reason: Reason | None = None,
    reason_place: int = 100,
    as_if: AsIf | None = None,
) -> Callable[[Callable[[ScorerInputs], NDArray[np.float64]]], Callable[[ScorerInputs], NDArray[np.float64]]]:
    """Register a pure function `inputs -> (N,) in 0..1` as a scorer; it keeps working as a plain function."""

    def register(score: Callable[[ScorerInputs], NDArray[np.float64]]) -> Callable[[ScorerInputs], NDArray[np.float64]]:
        SCORERS.add(name, Scorer(name, title, source, needs, score, reason, reason_place, plain, as_if))
        return score

    return register
