"""The one filter all pages share, and how clicks on charts and lassos become rows. Pure: no Streamlit here.

A filter is a rule, never a list of ids: it fits into a link, and it still means the same after the next analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.base.condition_rows import Ask, check, passing
from analysis.base.conditions import BadCondition, Condition, text_of
from analysis.review.askable import asks_what_was_said
from analysis.review.states import DECIDED, Decided
from dashboard.conditions import decided_mask, range_of, range_text, where_of, where_text
from dashboard.polygons import MAX_VERTICES, Polygon, inside, polygon

__all__ = ["MAX_VERTICES", "Polygon", "inside", "polygon"]  # parts of a filter that callers look for here

Only = Literal["", "errors", "suspects", "cross", "within"]
WHERE = "where:"  # how the part of a filter that is a condition is named
MOST_IMAGES = 500  # chosen one by one; more make the link too long
_NUMBERS = {"given": "given", "predicted": "predicted", "class": "class_id", "community": "community", "into": "into"}
PARAMS = (*_NUMBERS, "both", "lasso", "lasso_on", "only", "images", "decision", "suspicion", "where")


@dataclass(frozen=True)
class Filter:
    """Which images are meant; conditions hold together (and). Class and community are numbers of the run.

    given, predicted: the label in the data set, the model's choice; `both` adds the opposite direction of the pair.
    class_id: given or predicted this class. community: the given label lies in it; into: the predicted one lies in
    that. lasso: corners of a polygon in the coordinates of the layout by the method `lasso_on`, "" for the run's own.
    only: errors = predicted is not given; suspects = flagged as probably wrong labels; cross, within = suspects whose
    suggestion leaves, or stays in, the community.
    images: rows of the data set that somebody chose one by one, at most `MOST_IMAGES`. decision: what people said of
    the label so far. suspicion: lowest and highest, both included. where: conditions of the filter language.
    """

    given: int | None = None
    predicted: int | None = None
    both: bool = False
    class_id: int | None = None
    community: int | None = None
    into: int | None = None
    lasso: Polygon = ()
    lasso_on: str = ""
    only: Only = ""
    images: tuple[int, ...] = ()
    decision: Decided = ""
    suspicion: tuple[float, float] | None = None
    where: tuple[Condition, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Does every image pass?"""
        return not self.parts()

    @property
    def asks_what_was_said(self) -> bool:
        """Do the images that pass change with decisions?"""
        return bool(self.decision) or any(asks_what_was_said(condition) for condition in self.where)

    @property
    def pair(self) -> tuple[int, int] | None:
        """(given, predicted) when both are set."""
        if self.given is None or self.predicted is None:
            return None
        return self.given, self.predicted

    def parts(self) -> list[str]:
        """The conditions in force, one name per chip: pair, given, class …; "where:" and the text for a condition."""
        one_sided = [name for name in ("given", "predicted") if getattr(self, name) is not None]
        named = ["pair"] if len(one_sided) == 2 else one_sided
        named += ["class"] if self.class_id is not None else []
        named += [name for name in ("community", "into") if getattr(self, name) is not None]
        named += [name for name in ("lasso", "only", "images", "decision", "suspicion") if getattr(self, name)]
        return named + [WHERE + text_of(condition) for condition in self.where]

    def without(self, part: str) -> Filter:
        """The same filter with one of `parts()` taken away."""
        if part.startswith(WHERE):
            return replace(self, where=tuple(c for c in self.where if WHERE + text_of(c) != part))
        return replace(self, **_EMPTY[part])


_EMPTY: dict[str, dict[str, Any]] = {
    "pair": {"given": None, "predicted": None, "both": False},
    "given": {"given": None, "both": False},
    "predicted": {"predicted": None, "both": False},
    "class": {"class_id": None},
    "community": {"community": None},
    "into": {"into": None},
    "lasso": {"lasso": (), "lasso_on": ""},
    "only": {"only": ""},
    "images": {"images": ()},
    "decision": {"decision": ""},
    "suspicion": {"suspicion": None},
}


@dataclass(frozen=True, eq=False)
class Columns:
    """What a filter looks at: N images in data set order, K classes.

    given, predicted, suggested: (N,) class numbers. community: (K,) of every class. suspicion: (N,) in 0..1, higher =
    more suspicious. is_suspect: (N,) bool. crosses: (N,) bool, the suggestion leaves the community of the given label.
    xy: (N, 2) position on the map, or None where the run has no map; layout: gives it by a method, one of `layouts`.
    states: gives (N,) what people said until now, see `states_of`. field: gives what a condition asks for by its key;
    `keys` are all there are, `metadata` those of the data set itself.
    """

    given: NDArray[np.integer]
    predicted: NDArray[np.integer]
    suggested: NDArray[np.integer]
    community: NDArray[np.integer]
    suspicion: NDArray[np.floating]
    is_suspect: NDArray[np.bool_]
    crosses: NDArray[np.bool_]
    xy: NDArray[np.floating] | None = None
    states: Callable[[], NDArray[np.int8]] | None = None
    field: Ask = lambda _: None
    keys: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    layout: Callable[[str], NDArray[np.floating]] | None = None

    def __len__(self) -> int:
        return len(self.given)

    def can_answer(self, condition: Condition) -> bool:
        """Are there the keys of a condition, with values of its types?"""
        try:
            check(condition, self.field, self.keys)
        except BadCondition:
            return False
        return True


def rows_of(chosen: Filter, columns: Columns) -> NDArray[np.int64]:
    """Rows (M,) that pass the filter, ascending."""
    keep = _pair_mask(chosen, columns)
    if chosen.class_id is not None:
        keep &= (columns.given == chosen.class_id) | (columns.predicted == chosen.class_id)
    if chosen.community is not None:
        keep &= columns.community[columns.given] == chosen.community
    if chosen.into is not None:
        keep &= columns.community[columns.predicted] == chosen.into
    if chosen.only:
        keep &= _only_mask(chosen.only, columns)
    if chosen.images:
        keep &= _images_mask(chosen.images, len(columns))
    keep = _said_mask(chosen, columns, keep)
    rows = np.flatnonzero(keep)
    if chosen.lasso and columns.xy is not None:
        rows = rows[lassoed(columns, chosen.lasso, chosen.lasso_on)[rows]]
    return rows


@lru_cache(maxsize=8)
def lassoed(columns: Columns, lasso: Polygon, on: str = "") -> NDArray[np.bool_]:
    """Which images (N,) lie inside an outline on a layout, none without that layout; never change it in place.

    Kept, because every run of a page asks again: of a million images it takes a quarter of a second.
    """
    xy = columns.xy
    if on:
        xy = columns.layout(on) if columns.layout is not None and on in columns.layouts else None
    found = np.zeros(len(columns), bool) if xy is None else inside(xy, lasso)
    found.setflags(write=False)
    return found


def _pair_mask(chosen: Filter, columns: Columns) -> NDArray[np.bool_]:
    def direction(given: int | None, predicted: int | None) -> NDArray[np.bool_]:
        keep = np.ones(len(columns), bool)
        if given is not None:
            keep &= columns.given == given
        if predicted is not None:
            keep &= columns.predicted == predicted
        return keep

    keep = direction(chosen.given, chosen.predicted)
    if chosen.both and chosen.pair is not None:
        keep |= direction(chosen.predicted, chosen.given)
    return keep


def _images_mask(images: tuple[int, ...], n: int) -> NDArray[np.bool_]:
    keep = np.zeros(n, bool)
    keep[[row for row in images if row < n]] = True
    return keep


def _said_mask(chosen: Filter, columns: Columns, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if chosen.suspicion is not None:
        low, high = chosen.suspicion
        keep &= (columns.suspicion >= low) & (columns.suspicion <= high)
    if chosen.decision and columns.states is not None:
        keep &= decided_mask(chosen.decision, columns.states())
    for condition in chosen.where:
        if columns.can_answer(condition):
            keep &= passing(condition, columns.field)
    return keep


def _only_mask(only: Only, columns: Columns) -> NDArray[np.bool_]:
    if only == "errors":
        return np.asarray(columns.predicted != columns.given)
    if only == "suspects":
        return np.asarray(columns.is_suspect)
    return np.asarray(columns.is_suspect & (columns.crosses if only == "cross" else ~columns.crosses))


# -- links ------------------------------------------------------------------------------------------------------------
def to_params(chosen: Filter) -> dict[str, str]:
    """The filter as URL query parameters; `from_params` gives it back."""
    values = {name: getattr(chosen, field) for name, field in _NUMBERS.items()}
    params = {name: str(value) for name, value in values.items() if value is not None}
    if chosen.both:
        params["both"] = "1"
    if chosen.lasso:
        params["lasso"] = "_".join(f"{x:g}~{y:g}" for x, y in chosen.lasso)
        params |= {"lasso_on": chosen.lasso_on} if chosen.lasso_on else {}
    if chosen.only:
        params["only"] = chosen.only
    if chosen.images:
        params["images"] = "_".join(str(row) for row in chosen.images)
    if chosen.decision:
        params["decision"] = chosen.decision
    if chosen.suspicion is not None:
        params["suspicion"] = range_text(chosen.suspicion)
    if chosen.where:
        params["where"] = where_text(chosen.where)
    return params


def from_params(params: Mapping[str, str]) -> Filter:
    """The filter a link asks for; what makes no sense is left out, because anyone can type into a URL."""
    only, decision = params.get("only", ""), params.get("decision", "")
    lasso = _corners(params.get("lasso", ""))
    return Filter(
        **{field: _number(params.get(name)) for name, field in _NUMBERS.items()},
        both=params.get("both") == "1",
        lasso=lasso,
        lasso_on=params.get("lasso_on", "") if lasso else "",
        only=only if only in get_args(Only) else "",  # type: ignore[arg-type]  # checked just here
        images=_rows(params.get("images", "")),
        decision=decision if decision in DECIDED else "",
        suspicion=range_of(params.get("suspicion", "")),
        where=where_of(params.get("where", "")),
    )


def fitting(
    chosen: Filter, *, n_classes: int, n_communities: int, has_map: bool, columns: Columns | None = None
) -> Filter:
    """The filter without the conditions that this run cannot answer, such as a class number it does not have.

    `columns` say which conditions can be answered; None lets all pass.
    """
    limits = {
        **dict.fromkeys(("given", "predicted", "class_id"), n_classes),
        **dict.fromkeys(("community", "into"), n_communities),
    }
    misfits: dict[str, Any] = {
        name: None for name, limit in limits.items() if (value := getattr(chosen, name)) is not None and value >= limit
    }
    layouts = ("", *columns.layouts) if columns is not None else (chosen.lasso_on,)
    if chosen.lasso and (not has_map or chosen.lasso_on not in layouts):
        misfits |= _EMPTY["lasso"]
    if columns is not None:
        misfits["where"] = tuple(condition for condition in chosen.where if columns.can_answer(condition))
    return replace(chosen, **misfits)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _rows(text: str) -> tuple[int, ...]:
    rows = [_number(part) for part in text.split("_", MOST_IMAGES)[:MOST_IMAGES]]
    return tuple(dict.fromkeys(row for row in rows if row is not None))


def _corners(text: str) -> Polygon:
    try:
        return polygon([[float(part) for part in point.split("~")] for point in text.split("_")][: MAX_VERTICES + 1])
    except ValueError:  # not numbers, or not two to a corner
        return ()
