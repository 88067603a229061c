"""The one filter all pages share, and how clicks on charts and lassos become rows. Pure: no Streamlit here.

A filter is a rule, never a list of ids: it fits into a link, and it still means the same after the next analysis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Only = Literal["", "errors", "suspects", "cross", "within"]
Polygon = tuple[tuple[float, float], ...]

MAX_VERTICES = 60  # a hand-drawn lasso has hundreds; sixty follow it closely and keep the link short
MOST_IMAGES = 500  # chosen one by one; more make the link too long
PARAMS = ("given", "predicted", "both", "class", "community", "into", "lasso", "only", "images")


@dataclass(frozen=True)
class Filter:
    """Which images are meant; conditions hold together (and). Class and community are numbers of the run.

    given, predicted: the label in the data set, the model's choice; `both` adds the opposite direction of the pair.
    class_id: given or predicted this class. community: the given label lies in it; into: the predicted one lies in
    that. lasso: corners of a polygon on the map, in map coordinates. only: errors = predicted is not given; suspects =
    flagged as probably wrong labels; cross, within = suspects whose suggestion leaves, or stays in, the community.
    images: rows of the data set that somebody chose one by one, at most `MOST_IMAGES`.
    """

    given: int | None = None
    predicted: int | None = None
    both: bool = False
    class_id: int | None = None
    community: int | None = None
    into: int | None = None
    lasso: Polygon = ()
    only: Only = ""
    images: tuple[int, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Does every image pass?"""
        return not self.parts()

    @property
    def pair(self) -> tuple[int, int] | None:
        """(given, predicted) when both are set."""
        if self.given is None or self.predicted is None:
            return None
        return self.given, self.predicted

    def parts(self) -> list[str]:
        """The conditions in force, one name per chip: pair, given, predicted, class, community, into …"""
        one_sided = [name for name in ("given", "predicted") if getattr(self, name) is not None]
        named = ["pair"] if len(one_sided) == 2 else one_sided
        named += ["class"] if self.class_id is not None else []
        named += [name for name in ("community", "into") if getattr(self, name) is not None]
        named += ["lasso"] if self.lasso else []
        return named + (["only"] if self.only else []) + (["images"] if self.images else [])

    def without(self, part: str) -> Filter:
        """The same filter with one of `parts()` taken away."""
        return replace(self, **_EMPTY[part])


_EMPTY: dict[str, dict[str, Any]] = {
    "pair": {"given": None, "predicted": None, "both": False},
    "given": {"given": None, "both": False},
    "predicted": {"predicted": None, "both": False},
    "class": {"class_id": None},
    "community": {"community": None},
    "into": {"into": None},
    "lasso": {"lasso": ()},
    "only": {"only": ""},
    "images": {"images": ()},
}


@dataclass(frozen=True, eq=False)
class Columns:
    """What a filter looks at: N images in data set order, K classes.

    given, predicted, suggested: (N,) class numbers. community: (K,) of every class. suspicion: (N,) in 0..1, higher =
    more suspicious. is_suspect: (N,) bool. crosses: (N,) bool, the suggestion leaves the community of the given label.
    xy: (N, 2) position on the map, or None where the run has no map.
    """

    given: NDArray[np.integer]
    predicted: NDArray[np.integer]
    suggested: NDArray[np.integer]
    community: NDArray[np.integer]
    suspicion: NDArray[np.floating]
    is_suspect: NDArray[np.bool_]
    crosses: NDArray[np.bool_]
    xy: NDArray[np.floating] | None = None

    def __len__(self) -> int:
        return len(self.given)


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
        keep &= np.isin(np.arange(len(columns)), chosen.images)
    rows = np.flatnonzero(keep)
    if chosen.lasso and columns.xy is not None:
        rows = rows[inside(columns.xy[rows], chosen.lasso)]
    return rows


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


def _only_mask(only: Only, columns: Columns) -> NDArray[np.bool_]:
    if only == "errors":
        return np.asarray(columns.predicted != columns.given)
    if only == "suspects":
        return np.asarray(columns.is_suspect)
    return np.asarray(columns.is_suspect & (columns.crosses if only == "cross" else ~columns.crosses))


def most_suspicious(rows: NDArray[np.integer], suspicion: NDArray[np.floating]) -> NDArray[np.integer]:
    """The rows (M,) with the most suspicious first; equal ones keep data set order. `suspicion` is (N,)."""
    return rows[np.argsort(-np.asarray(suspicion)[rows], kind="stable")]


# -- polygons ---------------------------------------------------------------------------------------------------------
def polygon(points: Sequence[Sequence[float]] | NDArray[np.floating]) -> Polygon:
    """A drawn outline as at most `MAX_VERTICES` corners of four significant digits; () when it encloses nothing."""
    corners = np.asarray(points, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        return ()
    if len(corners) > MAX_VERTICES:
        corners = corners[np.linspace(0, len(corners) - 1, MAX_VERTICES).round().astype(int)]
    rounded = [(float(f"{x:.4g}"), float(f"{y:.4g}")) for x, y in corners]
    distinct = tuple(p for i, p in enumerate(rounded) if p != rounded[i - 1] or len(rounded) == 1)
    return distinct if len(set(distinct)) >= 3 else ()


def inside(xy: NDArray[np.floating], corners: Sequence[Sequence[float]]) -> NDArray[np.bool_]:
    """Which points (M, 2) lie inside a polygon (V, 2), by the even-odd rule; (M,) bool."""
    outline = np.asarray(corners, np.float64)
    if len(outline) < 3 or len(xy) == 0:
        return np.zeros(len(xy), bool)
    low, high = outline.min(axis=0), outline.max(axis=0)
    near = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    x, y = xy[near, 0].astype(np.float64), xy[near, 1].astype(np.float64)
    odd = np.zeros(len(near), bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, 1, axis=0), strict=True):
        if ay != by:  # a level edge crosses no horizontal ray
            odd ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    found = np.zeros(len(xy), bool)
    found[near] = odd
    return found


# -- links ------------------------------------------------------------------------------------------------------------
def to_params(chosen: Filter) -> dict[str, str]:
    """The filter as URL query parameters; `from_params` gives it back."""
    params = {
        name: str(value)
        for name, value in zip(
            ("given", "predicted", "class", "community", "into"),
            (chosen.given, chosen.predicted, chosen.class_id, chosen.community, chosen.into),
            strict=True,
        )
        if value is not None
    }
    if chosen.both:
        params["both"] = "1"
    if chosen.lasso:
        params["lasso"] = "_".join(f"{x:g}~{y:g}" for x, y in chosen.lasso)
    if chosen.only:
        params["only"] = chosen.only
    if chosen.images:
        params["images"] = "_".join(str(row) for row in chosen.images)
    return params


def from_params(params: Mapping[str, str]) -> Filter:
    """The filter a link asks for; what makes no sense is left out, because anyone can type into a URL."""
    only = params.get("only", "")
    return Filter(
        given=_number(params.get("given")),
        predicted=_number(params.get("predicted")),
        both=params.get("both") == "1",
        class_id=_number(params.get("class")),
        community=_number(params.get("community")),
        into=_number(params.get("into")),
        lasso=_corners(params.get("lasso", "")),
        only=only if only in get_args(Only) else "",  # type: ignore[arg-type]  # checked just here
        images=_rows(params.get("images", "")),
    )


def fitting(chosen: Filter, *, n_classes: int, n_communities: int, has_map: bool) -> Filter:
    """The filter without the conditions that this run cannot answer, such as a class number it does not have."""
    limits = {
        **dict.fromkeys(("given", "predicted", "class_id"), n_classes),
        **dict.fromkeys(("community", "into"), n_communities),
    }
    misfits: dict[str, Any] = {
        name: None for name, limit in limits.items() if (value := getattr(chosen, name)) is not None and value >= limit
    }
    if chosen.lasso and not has_map:
        misfits["lasso"] = ()
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
