"""How likely each given label is wrong, learnt without a single verdict from labels that are surely wrong.

An image's held-out prediction and its neighbours do not depend on its own label. So every image can be asked what it
would score if it had another label, and labels drawn so are wrong, up to the share of wrong labels among the given
ones. That gives the scores of wrong labels; the given labels are a mixture of right and wrong ones.

1. A logistic function of the scores, none of which may lower it, tells drawn from given labels: the order.
2. Of the order's sure cases some pairs of classes hold more than others (`pairs.py`). Labels are drawn in these
   proportions, the function is fitted once more, and an image counts by the factor of its pair.
3. The share of wrong labels among the given ones: `typical.py`.
4. Suspicion = share x (density of wrong labels / density of given labels) at the image's place, made monotone:
   `chance.py`.

Which labels to draw is the one assumption. Some people slip between two classes whatever the image looks like: drawn
from the confusions of the class. Others are led astray by the image: drawn from the model's own probabilities. The
order is learnt from the first, which leaves it sharp; the chances know both. Errors that look like an unsure model's
usual doubts are still told too low.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.base.arrays import row_blocks
from analysis.noise.chance import Combined, calibrate
from analysis.noise.pairs import Piled, Placed, pile_up
from analysis.noise.scorer import SCORERS, Scorer, ScorerInputs
from analysis.noise.typical import places

Array = NDArray[Any]
Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

FEWEST = 100  # images below which nothing is learnt
DRAWN = (4_000, 20_000)  # labels drawn at least and at most, in between one per image
FITTED = 50_000  # given labels looked at while the order is learnt; more do not change it
ANYWHERE = 0.1  # of the drawn labels, to any class: confusions alone would call a label from elsewhere unheard-of
EDGE = 1e-6  # scores nearer to 0 or 1 than this are taken as this near
PENALTY = 1e-3


def combine(inputs: ScorerInputs, columns: dict[str, Array]) -> Combined | None:
    """The suspicion (N,) that all scorers which can judge drawn labels give together; None where nothing is learnt.

    `columns` holds what the scorers say of the given labels. Nothing can be learnt from few images, from one class, or
    where predictions name one class without a probability: then a wrong model and a wrong label look the same.
    """
    able = [spec for name, spec in SCORERS.items() if spec.as_if is not None and name in columns]
    if not able or why_no_chance(inputs):
        return None
    seen = _seen(inputs)
    rng = np.random.default_rng(0)
    rows = seen[_drawn_rows(len(seen), rng)]
    own = seen if len(seen) <= FITTED else seen[np.sort(rng.permutation(len(seen))[:FITTED])]
    scores = [columns[spec.name] for spec in able]
    given = _evidence([score[own] for score in scores])
    by_class = _Drawn.of(able, inputs, rows, labels_by_class(inputs, rows, rng))
    by_image = _Drawn.of(able, inputs, rows, labels_by_image(inputs, rows, rng))
    facts = inputs.facts
    first = _fit(given, by_class.evidence)
    images = Placed(inputs.given, facts.other, first.of_all(scores), inputs.n_classes)
    piled = pile_up(images, by_class.placed(first), mixed=facts.predicted != inputs.given)
    order = _fit(given, by_class.evidence, piled.weight(by_class.placed(first)))
    value = order.of_all(scores)

    def ask(rows: Array, labels: Array) -> Floats:
        return order.of(_evidence([spec.as_if(inputs, rows, labels) for spec in able if spec.as_if is not None]))

    doubted = places(value, inputs.given, inputs.facts.predicted, seen=seen, ask=ask)
    misled = by_image.like_wrong_labels(order, piled, rng)
    told = calibrate(value + piled.factor, misled, doubted, piled.factor)
    weights = order.weight.reshape(-1, 2).sum(axis=1).tolist()
    return replace(told, weights=dict(zip((spec.name for spec in able), weights, strict=True)), piled=piled)


def why_no_chance(inputs: ScorerInputs) -> str:
    """Why no chance can be learnt from these inputs, or ""."""
    if len(inputs.given) < FEWEST:
        return f"there are fewer than {FEWEST} images."
    if inputs.n_classes < 2:
        return "there is one class."
    if certain_classes(inputs):
        return "the predictions name one class an image and no probability, so a wrong model looks like a wrong label."
    return ""


def _seen(inputs: ScorerInputs) -> NDArray[np.int64]:
    """Rows in an order that does not depend on how the data set lists them."""
    return np.argsort(np.arange(len(inputs.given)) if inputs.tie is None else inputs.tie).astype(np.int64)


def certain_classes(inputs: ScorerInputs) -> bool:
    """Do the predictions name one class an image, each with the same probability?"""
    top = inputs.predictions.top_prob
    return top is not None and top.shape[1] == 1 and bool((np.asarray(top) == top[0]).all())


def labels_by_class(inputs: ScorerInputs, rows: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Another label (M,) for each of `rows` (M,), as classes are confused.

    Mostly the label of another image that the model predicts the same and that is labelled otherwise, else any class.
    """
    given, predicted = inputs.given, inputs.facts.predicted
    seen = _seen(inputs)
    differs = seen[predicted[seen] != given[seen]]
    differs = differs[np.argsort(predicted[differs], kind="stable")]
    start, end = (np.searchsorted(predicted[differs], predicted[rows], side=side) for side in ("left", "right"))
    anywhere = _anywhere(inputs, rows, rng)
    at = start + (rng.random(len(rows)) * (end - start)).astype(np.int64)
    confused = given[differs[np.minimum(at, len(differs) - 1)]] if len(differs) else anywhere
    usual = (end > start) & (rng.random(len(rows)) >= ANYWHERE)
    label = np.where(usual, confused, anywhere)
    return np.where(label == given[rows], anywhere, label).astype(np.int64)


def labels_by_image(inputs: ScorerInputs, rows: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Another label (M,) for each of `rows` (M,), drawn from the image's own probabilities without the given class."""
    anywhere, chance = _anywhere(inputs, rows, rng), rng.random(len(rows))
    p, out = inputs.predictions, anywhere.copy()
    stored = p.probs if p.probs is not None else p.top_prob
    assert stored is not None
    for part in row_blocks(len(rows), stored.shape[1] * 24):
        here, own = rows[part], inputs.given[rows[part]]
        values = np.asarray(stored[here], np.float64)
        classes = None if p.top_class is None else np.asarray(p.top_class[here])
        named = np.arange(values.shape[1]) if classes is None else classes
        up_to = np.where(named == own[:, None], 0, values).cumsum(axis=1)
        place = (up_to <= (chance[part] * up_to[:, -1])[:, None]).sum(axis=1).clip(max=values.shape[1] - 1)
        drawn = place if classes is None else classes[np.arange(len(here)), place]
        out[part] = np.where((up_to[:, -1] > 0) & (drawn != own), drawn, anywhere[part])
    return out


def _anywhere(inputs: ScorerInputs, rows: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray((inputs.given[rows] + rng.integers(1, inputs.n_classes, len(rows))) % inputs.n_classes, np.int64)


def _drawn_rows(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    wanted = min(max(n, DRAWN[0]), DRAWN[1])
    return np.concatenate([rng.permutation(n) for _ in range(-(-wanted // n))])[:wanted].astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Drawn labels (M,), the best class other than them, and what the scorers would say of them: (M, 2 S)."""

    label: Ids
    other: Ids
    n_classes: int
    evidence: Floats

    @classmethod
    def of(cls, able: list[Scorer], inputs: ScorerInputs, rows: Array, label: Ids) -> _Drawn:
        evidence = _evidence([spec.as_if(inputs, rows, label) for spec in able if spec.as_if is not None])
        return cls(label, inputs.relabelled(rows, label).facts.other, inputs.n_classes, evidence)

    def placed(self, order: _Order) -> Placed:
        return Placed(self.label, self.other, order.of(self.evidence), self.n_classes)

    def like_wrong_labels(self, order: _Order, piled: Piled, rng: np.random.Generator) -> Floats:
        """(M,) places in the order, factors of the pairs included, of labels redrawn as wrong labels lie."""
        here = self.placed(order)
        weight = piled.weight(here)
        return (here.value + piled.of(here))[rng.choice(len(weight), len(weight), p=weight / weight.sum())]


def _evidence(scores: Iterable[Array]) -> Floats:
    """(n, 2 S): each score as it is, for its middle, and as log odds, for its ends."""
    columns = []
    for score in scores:
        inner = np.clip(score, EDGE, 1 - EDGE)
        columns += [np.asarray(score, np.float64), np.log(inner / (1 - inner))]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _Order:
    mean: Floats
    spread: Floats
    weight: Floats  # per column of evidence, none negative

    def of(self, evidence: Floats) -> Floats:
        """(n,) log odds up to a constant, higher = more like a drawn label."""
        return (evidence - self.mean) / self.spread @ self.weight

    def of_all(self, scores: list[Array]) -> Floats:
        """The same from the scores (N,) of all images, of which the evidence would be many times as large."""
        out = np.empty(len(scores[0]))
        for rows in row_blocks(len(out), len(scores) * 64):
            out[rows] = self.of(_evidence([score[rows] for score in scores]))
        return out


def _fit(given: Floats, drawn: Floats, weight: Floats | None = None) -> _Order:
    """Logistic regression of drawn against given labels, both groups with equal weight, weights not below zero.

    `weight` (M,): how much each drawn label counts, all the same if None.
    """
    both = np.concatenate([given, drawn])
    mean, spread = both.mean(axis=0), both.std(axis=0) + 1e-9
    X = (both - mean) / spread
    sign = np.r_[-np.ones(len(given)), np.ones(len(drawn))]
    counts = np.ones(len(drawn)) if weight is None else weight
    share = np.r_[np.full(len(given), 0.5 / len(given)), 0.5 * counts / counts.sum()]

    def loss(b: Floats) -> tuple[float, Floats]:
        z = sign * (X @ b[1:] + b[0])
        slope = -sign * share / (1 + np.exp(np.clip(z, -500, 500)))
        value = share @ np.logaddexp(0, -z) + PENALTY * b[1:] @ b[1:]
        return float(value), np.r_[slope.sum(), X.T @ slope + 2 * PENALTY * b[1:]]

    bounds = [(None, None), *[(0, None)] * X.shape[1]]
    found = minimize(loss, np.zeros(X.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return _Order(mean, spread, found.x[1:])
