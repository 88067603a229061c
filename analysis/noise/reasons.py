"""The plain-language reason shown beside a suspicious image."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.noise.scorer import SCORERS, Scorer, ScorerInputs


def reasons(inputs: ScorerInputs, rows: Iterable[int]) -> list[str]:
    """One short text per row: the sentences of all scorers that have one and whose needs are met.

    Class names stand in it as they are: whoever shows the text escapes it.
    """
    speakers = speaking(inputs)
    return [explain(inputs, int(row), speakers) for row in rows]


def speaking(inputs: ScorerInputs) -> list[Scorer]:
    """The scorers that can explain themselves on these inputs, in the order of their sentences."""
    able = [s for _, s in SCORERS.items() if s.reason is not None and not inputs.lacks(s.needs)]
    return sorted(able, key=lambda s: (s.reason_place, s.name))


def explain(inputs: ScorerInputs, row: int, speakers: list[Scorer]) -> str:
    """The sentences on one row, joined by spaces."""
    sentences = [s.reason(inputs, row) for s in speakers if s.reason is not None]
    return " ".join(sentence for sentence in sentences if sentence)
