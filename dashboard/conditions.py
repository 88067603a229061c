"""Conditions of the filter as they travel in links, and those on what people said. Pure."""

from __future__ import annotations

from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from analysis.base.condition_text import parse
from analysis.base.conditions import BadCondition, Compare, Condition, joined, parts_of, text_of
from analysis.review.states import DECIDED, EXCLUDED, Decided

LONGEST = 200  # characters of a value that a form takes


def decided_mask(decided: Decided, states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which images are in this state, (N,)."""
    if decided == "excluded":
        return np.asarray(states >= EXCLUDED)
    return np.asarray(states % EXCLUDED == DECIDED.index(decided))


# -- links ------------------------------------------------------------------------------------------------------------
def where_text(conditions: tuple[Condition, ...]) -> str:
    """Conditions as one URL parameter, in the filter language; "" for none."""
    return text_of(joined("and", conditions)) if conditions else ""


def where_of(text: str) -> tuple[Condition, ...]:
    """The conditions of such a parameter, those that must all hold one by one; what makes no sense is left out."""
    try:
        return tuple(dict.fromkeys(parts_of(parse(text))))
    except BadCondition:
        return _earlier(text)


def _earlier(text: str) -> tuple[Condition, ...]:
    """The conditions of links and saved queues from before there was a language: "split:train,path*holiday"."""
    found: dict[str, Condition] = {}
    for part in text.split(",", 8)[:8]:
        sign = "*" if "*" in part and ":" not in part.partition("*")[0] else ":"
        name, there, value = part.partition(sign)
        column, value = unquote(name), unquote(value)
        if there and column and value and max(len(column), len(value)) <= LONGEST:
            found[column] = Compare(column, "contains" if sign == "*" else "==", value)
    return tuple(found.values())


def range_text(limits: tuple[float, float]) -> str:
    """A range of suspicion as a URL parameter: "0.5~1"."""
    return f"{limits[0]:.4g}~{limits[1]:.4g}"


def range_of(text: str) -> tuple[float, float] | None:
    """The range of such a parameter within 0..1, rounded to what a link holds; None where it is none."""
    try:
        low, high = (float(part) for part in text.split("~"))
    except ValueError:  # no numbers, or not two
        return None
    if not (0 <= low <= high <= 1) or (low, high) == (0, 1):
        return None
    return float(f"{low:.4g}"), float(f"{high:.4g}")
