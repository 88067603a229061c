"""What to do next: one sentence and the filter or page that answers it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dashboard.selection import Filter

ENOUGH = 20  # judged images before a precision is worth a word
LOW = 0.2  # a queue in which fewer labels than this are wrong is nearly used up


@dataclass(frozen=True)
class Advice:
    """`why` is the sentence, in plain text; `button` leads to `page` with `chosen` in force."""

    why: str
    button: str
    page: Literal["review", "export", "confusion", "communities"]
    chosen: Filter | None = None


@dataclass(frozen=True)
class Reviewed:
    """How far the review is: suspects in all, those judged, and how many of those were found wrong."""

    suspects: int
    judged: int
    wrong: int


def next_best(reviewed: Reviewed, communities: pd.DataFrame, *, names: dict[int, str]) -> Advice:
    """The next best thing to do. `communities` needs `community` and `n_left` (suspects not yet judged); `names` says
    what to call each."""
    left = reviewed.suspects - reviewed.judged
    if reviewed.suspects == 0:
        return Advice(
            "No label looks wrong. What the model confuses is still worth a look.", "See the communities", "communities"
        )
    if left <= 0:
        return Advice(
            f"All {reviewed.suspects:,} suspects are judged, {reviewed.wrong:,} of their labels were wrong.",
            "Take the cleaned labels away",
            "export",
        )
    if reviewed.judged >= ENOUGH and reviewed.wrong < LOW * reviewed.judged:
        return Advice(
            f"Of {reviewed.judged:,} judged suspects only {reviewed.wrong:,} were wrong, and the {left:,} "
            "that are left are less suspicious still. This may be the time to stop.",
            "Take the cleaned labels away",
            "export",
        )
    return _worst_community(reviewed, left, communities, names)


def _worst_community(reviewed: Reviewed, left: int, communities: pd.DataFrame, names: dict[int, str]) -> Advice:
    ordered = communities.sort_values("n_left", ascending=False, kind="stable")
    number, most = int(ordered["community"].iloc[0]), int(ordered["n_left"].iloc[0])
    begun = f"{reviewed.judged:,} of {reviewed.suspects:,} suspects are judged. " if reviewed.judged else ""
    if most == left:
        return Advice(
            f"{begun}{left:,} labels wait for a look, the most suspicious first.", "Judge them", "review", Filter()
        )
    return Advice(
        f"{begun}{most:,} of the {left:,} suspects that wait lie in {names.get(number, str(number))}: classes that are "
        "easily confused are judged fastest together.",
        "Judge this community",
        "review",
        Filter(community=number, only="suspects"),
    )
