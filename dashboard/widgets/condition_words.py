"""Conditions of the filter language as sentences on chips, in Markdown, with everything that is hostile escaped."""

from __future__ import annotations

from analysis.base.conditions import Compare, Condition, Joined, Op, Value
from dashboard.widgets.text import for_markdown

SIGNS: dict[Op, str] = {
    "==": ":",
    "!=": " is not",
    "<": " below",
    "<=": " at most",
    ">": " above",
    ">=": " at least",
    "in": ":",
    "not in": " is none of",
    "contains": " contains",
}
SHOWN = 3  # values of a list, and parts of a group, on one chip
WIDTH = 32


def in_words(condition: Condition, *, inside: bool = False) -> str:
    """ "split: train or val", "width above 300", "(kind: cross or suspicion above 0.9)" where it is part of another."""
    if isinstance(condition, Compare):
        values = _listed([for_markdown(_shown(value), limit=WIDTH) for value in condition.values], "or", comma=True)
        return f"{for_markdown(condition.key, limit=WIDTH)}{SIGNS[condition.op]} {values}"
    if isinstance(condition, Joined):
        said = _listed([in_words(part, inside=True) for part in condition.parts], condition.word, comma=False)
        return f"({said})" if inside else said
    return f"not {in_words(condition.part, inside=True)}"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else value


def _listed(said: list[str], word: str, *, comma: bool) -> str:
    if len(said) > SHOWN:
        said = [*said[: SHOWN - 1], f"{len(said) - SHOWN + 1} more"]
    if comma and len(said) > 1:
        return f"{', '.join(said[:-1])} {word} {said[-1]}"
    return f" {word} ".join(said)
