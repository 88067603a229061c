"""Outlines on the map: drawn by hand, kept short, and which points lie inside. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Polygon = tuple[tuple[float, float], ...]
MAX_VERTICES = 60  # a hand-drawn lasso has hundreds; sixty follow it closely and keep the link short


def polygon(points: Sequence[Sequence[float]] | NDArray[np.floating]) -> Polygon:
    """A drawn outline as at most `MAX_VERTICES` corners of six significant digits; () when it encloses nothing."""
    corners = np.asarray(points, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        return ()
    if len(corners) > MAX_VERTICES:
        corners = corners[np.linspace(0, len(corners) - 1, MAX_VERTICES).round().astype(int)]
    rounded = [(float(f"{x:.6g}"), float(f"{y:.6g}")) for x, y in corners]
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
