"""Choosing a class by its name. Where there are many, a part of the name is looked for on the server.

A list to choose from is sent to the browser whole: 100,000 names are megabytes with every page.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import streamlit as st

from dashboard.widgets.text import clean

MOST_NAMES = 2000  # names that a list to choose from may hold
BEST = 100  # matches that are offered


def matching(classes: Sequence[str], part: str, *, limit: int = BEST) -> list[int]:
    """The classes whose name holds `part`, whatever the case, best first: the name itself, one that begins with it,
    one with a word that begins with it, the rest; equally good ones by number."""
    wanted = part.strip().casefold()
    if not wanted:
        return []
    word = re.compile(r"\b" + re.escape(wanted))
    found = []
    for k, name in enumerate(classes):
        at = (folded := name.casefold()).find(wanted)
        if at >= 0:
            far = int(folded != wanted) if at == 0 else 2 if word.search(folded) else 3
            found.append((far, k))
    return [k for _, k in sorted(found)[:limit]]


def too_many(n: int) -> bool:
    """Are `n` names more than a list should hold?"""
    return n > MOST_NAMES


def offered(classes: Sequence[str], part: str, keep: Collection[int | None] = ()) -> list[int]:
    """The classes to choose from: all while they are few, else those to `keep` and the best matches of `part`."""
    if not too_many(len(classes)):
        return list(range(len(classes)))
    kept = [k for k in keep if k is not None]
    return list(dict.fromkeys([*kept, *matching(classes, part)]))


def ask_part(classes: Sequence[str], *, key: str) -> str:
    """Ask for a part of a name where there are too many to list; "" while nothing is asked for."""
    if not too_many(len(classes)):
        return ""
    return st.text_input("Part of the name of a class", key=key, placeholder=f"of {len(classes):,} classes").strip()


def class_choice(label: str, classes: Sequence[str], chosen: int | None, *, part: str, key: str) -> int | None:
    """A list of classes with the `chosen` one; what is chosen stays in it whatever `part` is looked for."""
    numbers = offered(classes, part, keep=(st.session_state.get(key), chosen))
    at = numbers.index(chosen) if chosen in numbers else None
    return st.selectbox(label, numbers, at, lambda k: clean(classes[k]), key, placeholder=placeholder(numbers, part))


def placeholder(numbers: Sequence[int], part: str, usual: str = "any") -> str:
    """What an empty list of classes says."""
    return usual if numbers else "no class is called so" if part else "type a part of its name first"
