"""Conditions on images: what `split == "train" and suspicion > 0.9` means, as values that compare and travel. Pure.

The command line, the dashboard's filter, saved queues and exports all hold these. `analysis.base.condition_text` reads
them from text, `analysis.base.condition_rows` finds the images that pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from analysis.base.errors import BadInput

Op = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains"]
Value: TypeAlias = str | float | bool
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "true", "false"})
BARE = re.compile(r"[^\W\d][\w.-]*")
ROUND = 160  # characters of a condition that an error shows around the place


@dataclass(frozen=True)
class Compare:
    """The `key` of an image stands to `value` as `op` says; `in` and `not in` take several values, the others one.

    `at` and `values_at` are where key and values began in the text that was read: only errors look at them.
    """

    key: str
    op: Op
    value: Value | tuple[Value, ...]
    at: int = field(default=0, compare=False, repr=False)
    values_at: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @property
    def values(self) -> tuple[Value, ...]:
        """All values, also where there is one."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True)
class Joined:
    """All of the `parts` hold (and), or at least one of them (or); two parts or more."""

    word: Literal["and", "or"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Negated:
    """The part does not hold."""

    part: Condition


Condition: TypeAlias = Compare | Joined | Negated


class BadCondition(BadInput):
    """A condition that cannot be read, or that this data set cannot answer; `detail` marks the place with a caret."""

    def __init__(self, found: str, *, text: str = "", at: int = 0, wanted: str = "", hint: str = "") -> None:
        super().__init__(found, wanted=wanted, hint=hint)
        self.detail = marked(text, at) if text else ""


def marked(text: str, at: int) -> str:
    """Two lines: the text around the place, and a caret below it. Nothing unprintable, every character one wide."""
    start = max(0, at - ROUND // 2)
    shown = "".join(c if c.isprintable() else "·" for c in text[start : start + ROUND])
    return f"{shown}\n{' ' * (at - start)}^"


def joined(word: Literal["and", "or"], parts: tuple[Condition, ...]) -> Condition:
    """The parts joined by a word; a part that is itself joined by it is taken apart."""
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, Joined) and part.word == word else (part,)
    return flat[0] if len(flat) == 1 else Joined(word, tuple(flat))


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that all must hold, taken apart at `and`."""
    return condition.parts if isinstance(condition, Joined) and condition.word == "and" else (condition,)


def keys_of(condition: Condition) -> set[str]:
    """The keys that a condition asks for."""
    if isinstance(condition, Compare):
        return {condition.key}
    inner = condition.parts if isinstance(condition, Joined) else (condition.part,)
    return set().union(*(keys_of(part) for part in inner))


# -- as text ----------------------------------------------------------------------------------------------------------
def text_of(condition: Condition) -> str:
    """The condition in the filter language; reading it gives an equal condition back."""
    if isinstance(condition, Compare):
        said = [value_text(value) for value in condition.values]
        value = f"({', '.join(said)})" if isinstance(condition.value, tuple) else said[0]
        return f"{_key_text(condition.key)} {condition.op} {value}"
    if isinstance(condition, Negated):
        return f"not {_grouped(condition.part)}"
    return f" {condition.word} ".join(_grouped(part) for part in condition.parts)


def _grouped(condition: Condition) -> str:
    return f"({text_of(condition)})" if isinstance(condition, Joined) else text_of(condition)


def _key_text(key: str) -> str:
    return key if BARE.fullmatch(key) and key.lower() not in KEYWORDS else _quoted(key, "`")


def value_text(value: Value) -> str:
    """The value as the filter language writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value, '"')
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
