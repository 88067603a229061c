"""The orders compared: ours, every scorer, cleanlab, plain disagreement, FiftyOne's formula, rules R1 to R3."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from cases import Case

from analysis.base.config import GraphSettings
from analysis.confusion.graph import build_graph
from analysis.confusion.rules import cross_community, disagrees, not_listed, strict
from analysis.noise.combine import Scored, scored
from analysis.noise.rows import entropies
from analysis.noise.scorer import SCORERS, ScorerInputs

FEW_CLASSES = 20  # up to here the rules look at two classes an image, beyond at five (METHODS 1.6)


@dataclass(frozen=True, eq=False)
class Compared:
    """The orders by name, each (N,), and `flags` (N,) bool of the methods that say yes or no."""

    inputs: ScorerInputs
    scored: Scored
    orders: dict[str, np.ndarray]
    flags: dict[str, np.ndarray]


def compare(case: Case) -> Compared:
    """All methods that can judge this case."""
    p = case.predictions
    graph = build_graph(case.given, p, n_classes=p.n_classes, settings=GraphSettings())
    inputs = ScorerInputs(
        case.given, p, p.n_classes, neighbours=case.neighbours, graph=graph, by_features=case.by_features
    )
    found = scored(inputs)
    orders = {name: found.table[name].to_numpy() for name in ["suspicion", *SCORERS.names()] if name in found.table}
    flags = {"suspicion": found.table["is_suspect"].to_numpy()}
    if "class_image_graph" in orders:
        flags["class_image_graph"] = inputs.cleaning.action != "keep"
    flags |= _rules(case, inputs)
    flags["plain disagreement"] = disagrees(case.given, inputs.facts.predicted)
    margin = (inputs.facts.margin + 1) / 2
    orders |= {name: np.where(flag, 1 + margin, 0.0) for name, flag in flags.items() if name.startswith("rule")}
    orders["plain disagreement"] = flags["plain disagreement"].astype(float)
    orders["FiftyOne's mistakenness"] = mistakenness(inputs)
    cleanlab = _cleanlab(case)
    if cleanlab is not None:
        issues, quality = cleanlab
        flags["cleanlab 2.9, default filter"] = issues
        # cleanlab offers no order that starts with its issues: those first, by its own label quality
        orders["cleanlab 2.9, default filter"] = issues + (1 - quality["self_confidence"]) / 2
        orders |= {f"cleanlab 2.9, {name}": 1 - values for name, values in quality.items()}
    return Compared(inputs, found, orders, flags)


def mistakenness(inputs: ScorerInputs) -> np.ndarray:
    """(m exp(-H) + 1) / 2 with m = 1 where the prediction differs from the label, else -1; H the entropy of the row."""
    sign = np.where(inputs.facts.predicted != inputs.given, 1, -1)
    return np.asarray((sign * np.exp(-entropies(inputs.predictions)) + 1) / 2)


def _rules(case: Case, inputs: ScorerInputs) -> dict[str, np.ndarray]:
    assert inputs.graph is not None
    community = inputs.graph.community
    top, _ = case.predictions.top(2 if inputs.n_classes <= FEW_CLASSES else 5)
    rules = {"rule R2 (other community)": cross_community(case.given, inputs.facts.predicted, community)}
    if top.shape[1] > 1:
        rules["rule R1 (no listed class near)"] = strict(case.given, top, community)
        rules["rule R3 (not listed)"] = not_listed(case.given, top)
    return rules


def _cleanlab(case: Case) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
    """Issues of its default filter and its label qualities; None without cleanlab or probabilities."""
    if case.predictions.probs is None:
        return None
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None
    probs = np.asarray(case.predictions.probs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = find_label_issues(case.given, probs, n_jobs=1)
        names = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
        return issues, {name: get_label_quality_scores(case.given, probs, method=name) for name in names}
