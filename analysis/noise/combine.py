"""All scores of a run in one table, the suspicion made of them, and the list of suspects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import mean_ranks
from analysis.base.errors import BadInput
from analysis.base.progress import Progress, Silent
from analysis.base.schema import TABLES, check_table
from analysis.base.types import Scores
from analysis.noise.chance import Combined
from analysis.noise.filters import FILTERS
from analysis.noise.pairs import Piled
from analysis.noise.reasons import reasons
from analysis.noise.scorer import SCORERS, ScorerInputs
from analysis.noise.suspicion import certain_classes, combine, why_no_chance

Array = NDArray[Any]
# whose ranks the order averages where no chance can be learnt: with probabilities the rank sum and, where there are
# features, the neighbours; with nothing but predicted classes the weight of the confusion, as all margins are the same
BY_PROBABILITY = ("self_confidence", "normalized_margin", "neighbours")
UNCERTAIN = 0.2  # width of the interval of the share of wrong labels from which on the user is warned
PILE, SURE = 2.0, 3  # times the usual number of sure cases, and how many, from which on a reason speaks of a pile
BY_CLASS = ("edge_weight", "neighbours")


def skipped_scorers(inputs: ScorerInputs) -> dict[str, str]:
    """The scorers left out on these inputs, with the reason."""
    lacking = {name: inputs.lacks(spec.needs) for name, spec in SCORERS.items()}
    out = {name: "needs " + " and ".join(needs) for name, needs in lacking.items() if needs}
    return out | SCORERS.unavailable()


@dataclass(frozen=True, eq=False)
class Scored:
    """`table`: the artifact "scores". `chances`: how its suspicion was learnt, None where it is a mean rank instead."""

    table: pd.DataFrame
    chances: Combined | None


def score_all(inputs: ScorerInputs, *, progress: Progress | None = None) -> pd.DataFrame:
    """The table of `scored` alone."""
    return scored(inputs, progress=progress).table


def scored(inputs: ScorerInputs, *, progress: Progress | None = None) -> Scored:
    """Score every image: the columns of the artifact "scores" and one column per scorer, N rows in data set order.

    `suspicion` is the chance that the given label is wrong (see `suspicion.py`), or where none can be learnt a place
    among all images. `suggested` is the most probable class other than the given one (the given one itself where
    predictions name no other). `is_suspect`: see `flagged`. `kind`: cross or
    within, as the predicted class leaves the community of the given one or not (rule R2 of METHODS 1.6); none where
    prediction and label agree or there is no graph. A tag, it hides nothing. Scorers left out are named through
    `progress`.
    """
    progress = progress or Silent()
    for name, why in skipped_scorers(inputs).items():
        progress.note(f"The scorer {name} is left out: {why}")
    usable = [(name, spec) for name, spec in SCORERS.items() if not inputs.lacks(spec.needs)]
    progress.start("scores", len(usable) + 1)
    facts = inputs.facts
    progress.advance()
    columns: dict[str, Array] = {}
    for name, spec in usable:
        columns[name] = Scores(name, spec.score(inputs)).suspicion
        progress.advance()
    chances = combine(inputs, columns)
    if chances is None:
        progress.note("Suspicion is a place among all images, no chance: " + why_no_chance(inputs))
    elif chances.high - chances.low > UNCERTAIN:
        progress.note(
            f"How many labels are wrong is uncertain, {chances.low:.0%} to {chances.high:.0%}: the model errs too "
            "often to tell all its own mistakes from wrong labels, and suspicion may be too high or too low."
        )
    table = pd.DataFrame(
        {
            "suspicion": combined(columns, default_order(inputs)) if chances is None else chances.suspicion,
            "suggested": facts.other,
            "predicted": facts.predicted,
            "p_given": facts.p_given.astype(np.float64),
            "p_suggested": facts.p_other.astype(np.float64),
            "is_suspect": flagged(inputs),
            "kind": kinds(inputs),
        }
        | columns,
        copy=False,
    )
    check_table("scores", table)
    return Scored(table, chances)


def default_order(inputs: ScorerInputs) -> tuple[str, ...]:
    """The scorers whose ranks are averaged on these inputs, if they are there, where no chance can be learnt."""
    return BY_CLASS if certain_classes(inputs) else BY_PROBABILITY


def combined(columns: dict[str, Array], names: Sequence[str]) -> NDArray[np.float64]:
    """The mean rank (N,) in 0..1 of those columns of `names` that are there; at least one is."""
    there = [mean_ranks(columns[name]) for name in names if name in columns]
    return np.asarray(np.mean(there, axis=0))


def odds(chance: float) -> str:
    """A chance in 0..1 as a sentence."""
    of_ten = round(10 * chance)
    if of_ten in (0, 10):
        return f"All in all {'hardly any' if of_ten == 0 else 'nearly every'} label that looks like this is wrong."
    return f"All in all about {of_ten} in 10 labels that look like this {'is' if of_ten == 1 else 'are'} wrong."


def _piles(piled: Piled | None, rows: NDArray[np.integer]) -> list[str]:
    """A sentence for each image of a pair in which wrong labels pile up, "" for all others."""
    out = [""] * len(rows)
    if piled is None:
        return out
    factor, sure, usual = piled.factor[rows], piled.sure[rows], piled.usual[rows]
    for at in np.flatnonzero((factor >= np.log(PILE)) & (sure >= SURE)):
        where = f"about {usual[at]:,.0f}" if usual[at] >= 1 else "hardly any"
        out[at] = (
            f"Wrong labels pile up in this pair: {sure[at]:,.0f} others of it are sure cases, {where} would be usual."
        )
    return out


def flagged(inputs: ScorerInputs) -> NDArray[np.bool_]:
    """The suspects (N,): by the confident-learning filter, or by the class-image graph where there is no classifier."""
    if inputs.by_features and not inputs.lacks(("features",)):
        return np.asarray(inputs.cleaning.action != "keep")
    return inputs.confident.mask("prune_by_noise_rate")


def kinds(inputs: ScorerInputs) -> Array:
    """(N,) text: "cross", "within" or "none", see `score_all`."""
    predicted = inputs.facts.predicted
    if inputs.graph is None:
        return np.full(len(predicted), "none", dtype=object)
    community = inputs.graph.community
    differs = predicted != inputs.given
    tags = np.array(["none", "within", "cross"], dtype=object)
    return tags[differs + (community[predicted] != community[inputs.given]).view(np.int8)]


def suspects(
    image_ids: Sequence[str], scores: pd.DataFrame, inputs: ScorerInputs, *, chances: Combined | None = None
) -> pd.DataFrame:
    """The suspicious images, most suspicious first: the artifact "suspects" with a reason each.

    Every image that any filter flags or whose prediction differs from its label is in it: no queue drops an image that
    another would show. `scores` and `chances` come from `scored(inputs)`; with the latter the reasons also say where
    wrong labels pile up, and the chance in words. Order: suspicion, then margin, both descending, then image id. Extra
    columns, for those who want the evidence: `expected_in_pair` wrong labels of this (given, suggested) pair,
    `rank_in_pair` of the image among them (0 = not flagged), `threshold_given`, `threshold_suggested`: the confidence a
    label of that class usually gets (METHODS 2.3).
    """
    if not len(image_ids) == len(inputs.given) == len(scores):
        raise BadInput(
            f"{len(image_ids)} image ids, {len(inputs.given)} given labels and {len(scores)} scores",
            wanted="one of each per image",
        )
    found, facts = inputs.confident, inputs.facts
    listed = (facts.predicted != inputs.given) | scores["is_suspect"].to_numpy()
    for name in FILTERS:
        listed |= found.mask(name)
    rows = np.flatnonzero(listed)
    ids = np.asarray(image_ids, dtype=object)[rows]
    suspicion = scores["suspicion"].to_numpy()
    order = np.lexsort((pd.Series(ids).rank(method="first"), -facts.margin[rows], -suspicion[rows]))
    rows = rows[order]
    told = reasons(inputs, rows)
    if chances is not None:
        parts = zip(told, _piles(chances.piled, rows), map(odds, suspicion[rows]), strict=True)
        told = [" ".join(filter(None, sentences)) for sentences in parts]
    table = pd.DataFrame(
        {
            "row": rows,
            "image_id": pd.Series(ids[order], dtype=str),
            "given": inputs.given[rows].astype(np.int64),
            "suggested": facts.other[rows],
            "suspicion": suspicion[rows],
            "is_suspect": scores["is_suspect"].to_numpy()[rows],
            "kind": scores["kind"].to_numpy()[rows],
            "reasons": pd.Series(told, dtype=str),
            "expected_in_pair": found.pairs.expected[rows],
            "rank_in_pair": found.pairs.rank[rows],
            "threshold_given": found.joint.threshold[inputs.given[rows]],
            "threshold_suggested": found.joint.threshold[facts.other[rows]],
        }
    )
    assert set(TABLES["suspects"]) <= set(table.columns)
    check_table("suspects", table)
    return table
