"""Which images pass a condition: worked out over whole columns, once per distinct text. Pure.

A missing value equals nothing and is neither above nor below anything; it passes `!=` and `not in`, which are the exact
opposites of `==` and `in`.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.base.conditions import BadCondition, Compare, Condition, Joined, Op, Value, value_text

Mask = NDArray[np.bool_]
ORDER: dict[Op, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ALPHABET: dict[Op, str] = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
NEGATIVE: dict[Op, Op] = {"!=": "==", "not in": "in"}
NAMED = 6  # names in an error


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of text: `values` the U distinct ones, `lower` the same in small letters, `code` (N,) which of them an
    image has, -1 for none. `closed`: there are no other values, such as the classes of a data set."""

    values: pa.Array
    lower: pa.Array
    code: NDArray[np.integer]
    closed: bool = False

    def among(self, values: Sequence[Value]) -> Mask:
        """Which images have one of these values, (N,)."""
        return self._of(pc.is_in(self.values, pa.array(values, pa.large_string())))

    def one(self, op: Op, value: Value) -> Mask:
        """Which images contain the value (letter case makes no difference), or stand before or after it, (N,)."""
        if op == "contains":
            return self._of(pc.match_substring(self.lower, str(pc.utf8_lower(pa.scalar(value)))))
        return self._of(getattr(pc, ALPHABET[op])(self.values, value))

    def _of(self, hit: pa.Array) -> Mask:
        found: Mask = np.append(hit.to_numpy(zero_copy_only=False).astype(bool), False)[self.code]
        return found

    def fitting(self, value: Value) -> Value | None:
        """The value as this column compares it, None where it is of another type."""
        return value if isinstance(value, str) else None


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers: `values` (N,), NaN where there is none. A number in quotes is taken for the number."""

    values: NDArray[np.number]

    def among(self, values: Sequence[Value]) -> Mask:
        """Which images have one of these values, (N,)."""
        return np.isin(self.values, np.array(values, float))

    def one(self, op: Op, value: Value) -> Mask:
        """Which images are below or above the value, (N,)."""
        return np.asarray(ORDER[op](self.values, value))

    def fitting(self, value: Value) -> Value | None:
        """See `Texts.fitting`."""
        try:
            number = None if isinstance(value, bool) else float(value)
        except ValueError:
            return None
        return number if number is not None and isfinite(number) else None


@dataclass(frozen=True, eq=False)
class Flags:
    """A column of yes and no: `values` (N,) bool."""

    values: Mask

    def among(self, values: Sequence[Value]) -> Mask:
        """Which images have one of these values, (N,)."""
        return np.isin(self.values, np.array(values, bool))

    def one(self, op: Op, value: Value) -> Mask:
        """Nothing is above or below a flag; asking was refused before."""
        raise ValueError(f"flags cannot be compared by {op} with {value}")

    def fitting(self, value: Value) -> Value | None:
        """See `Texts.fitting`."""
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


Field: TypeAlias = Texts | Numbers | Flags
Ask = Callable[[str], Field | None]
HOLDS = {Texts: "text", Numbers: "numbers", Flags: "true or false"}


# -- columns ----------------------------------------------------------------------------------------------------------
def field_of(column: pd.Series) -> Field:
    """A column (N,) of whatever type, made ready for many questions; what is no number or flag is asked for as text."""
    if column.dtype.kind == "b":
        return Flags(column.to_numpy(bool))
    if column.dtype.kind in "iuf":
        return Numbers(column.to_numpy(float, na_value=np.nan))
    try:
        found = pa.array(column, from_pandas=True)
        if not pa.types.is_string(found.type) and not pa.types.is_large_string(found.type):
            raise pa.ArrowInvalid("no text")  # other types are said as Python says them
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.array(column.map(str, na_action="ignore").astype(object), pa.large_string(), from_pandas=True)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    coded = found.cast(pa.large_string()).dictionary_encode()
    code = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Texts(coded.dictionary, pc.utf8_lower(coded.dictionary), code.astype(np.int32))


def names_of(names: Collection[str], code: NDArray[np.integer]) -> Texts:
    """A column whose values are among `names` (U): `code` (N,) says which, -1 none."""
    values = pa.array(list(names), pa.large_string())
    return Texts(values, pc.utf8_lower(values), code, closed=True)


# -- rows -------------------------------------------------------------------------------------------------------------
def passing(condition: Condition, ask: Ask) -> Mask:
    """Which of the N images pass, (N,); `ask` gives a column by its key. BadCondition where it cannot."""
    if isinstance(condition, Compare):
        return _compared(condition, check_compare(condition, ask, ()))
    if isinstance(condition, Joined):
        found = passing(condition.parts[0], ask)
        for part in condition.parts[1:]:
            found = found & passing(part, ask) if condition.word == "and" else found | passing(part, ask)
        return found
    return ~passing(condition.part, ask)


def _compared(said: Compare, field: Field) -> Mask:
    op = NEGATIVE.get(said.op, said.op)
    values = [value for value in map(field.fitting, said.values) if value is not None]  # they are checked before
    found = field.among(values) if op in ("==", "in") else field.one(op, values[0])
    return ~found if said.op in NEGATIVE else found


def check(condition: Condition, ask: Ask, known: Collection[str], *, text: str = "") -> None:
    """Raise BadCondition where a key is not known, or a value is of another type than its column or none of it.

    `known` are the keys there are; `text` is what was read, to show the place.
    """
    if isinstance(condition, Compare):
        check_compare(condition, ask, known, text=text)
        return
    for part in condition.parts if isinstance(condition, Joined) else (condition.part,):
        check(part, ask, known, text=text)


def check_compare(said: Compare, ask: Ask, known: Collection[str], *, text: str = "") -> Field:
    """The column that a comparison asks for; BadCondition where there is none, or it cannot be compared so."""
    field = ask(said.key)
    if field is None:
        raise BadCondition(
            f"There is no key {said.key[:60]!r}", text=text, at=said.at, wanted=_close(said.key, known, "a known key")
        )
    no_order = isinstance(field, Flags) and (said.op in ORDER or said.op == "contains")
    if no_order or (said.op == "contains" and isinstance(field, Numbers)):
        raise BadCondition(
            f"{said.key} holds {HOLDS[type(field)]}, which {said.op!r} cannot compare", text=text, at=said.at
        )
    for value, at in zip(said.values, said.values_at or (said.at,) * len(said.values), strict=True):
        _check_value(said, field, value, text=text, at=at)
    return field


def _check_value(said: Compare, field: Field, value: Value, *, text: str, at: int) -> None:
    fitting = field.fitting(value)
    if fitting is None:
        is_number = isinstance(field, Texts) and not isinstance(value, bool)
        raise BadCondition(
            f"{said.key} holds {HOLDS[type(field)]}, and {value_text(value)[:60]} is none",
            text=text,
            at=at,
            wanted=f'"{value_text(value)}" in quotes' if is_number else HOLDS[type(field)],
        )
    if isinstance(field, Texts) and field.closed and said.op in ("==", "!=", "in", "not in"):
        names = field.values.to_pylist()
        if value not in names:
            raise BadCondition(
                f"{said.key} is never {str(value)[:60]!r}", text=text, at=at, wanted=_close(str(value), names, "")
            )


def _close(asked: str, known: Collection[str], otherwise: str) -> str:
    """The names most like what was asked for; the first of all where none is."""
    by_lower = {name.lower(): name for name in known}
    close = [by_lower[name] for name in difflib.get_close_matches(asked.lower()[:80], by_lower, n=3, cutoff=0.6)]
    if close:
        return " or ".join(close)
    some = list(known)[:NAMED]
    return "one of " + ", ".join(some) + (" …" if len(known) > NAMED else "") if some else otherwise
