"""The ways in which the images of a run are laid out on its map, by the names of their methods."""

from __future__ import annotations

from analysis.base.maps import METHODS
from analysis.runs.run import Run


def title_of(method: str) -> str:
    """What people call a method."""
    return METHODS[method].title if method in METHODS else method


def arrays_of(run: Run) -> dict[str, str]:
    """The layouts that a run holds, the one of its settings first: the name of a method and the array with it."""
    if not run.has("xy"):
        return {}
    own = str(run.json("map")["method"]) if run.has("map") else "umap"
    return {own: "xy"} | ({"pca": "xy_pca"} if own != "pca" and run.has("xy_pca") else {})
