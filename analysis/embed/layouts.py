"""The ways to lay images out on a map, by name: UMAP and PCA always, PaCMAP and t-SNE where they are installed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.config import MapSettings
from analysis.base.errors import BadInput, NotAvailable
from analysis.base.maps import METHODS
from analysis.base.progress import Progress, Silent
from analysis.base.types import Layout2D, Neighbours
from analysis.embed.project import SMALLEST, pca_layout, umap_layout

REDUCED = 50  # principal components that PaCMAP and t-SNE work on: neighbourhoods are kept, most of the work is not
EVERY = 50  # iterations of t-SNE between two looks at progress and cancel
ITERATIONS = 750  # of t-SNE: 250 exaggerated, 500 after


def check_available(name: str) -> None:
    """Raise NotAvailable, naming the package, where a method cannot be used here; before hours of other work."""
    method = METHODS[name]
    if method.missing:
        raise NotAvailable(
            f"The map by {method.title} is not available: {method.missing}",
            hint=f"pip install -e '.[maps]' or pip install {method.package}, or choose --map umap",
        )


def both_layouts(
    features: NDArray[Any], neighbours: Neighbours, settings: MapSettings, *, progress: Progress
) -> dict[str, Any]:
    """The artifacts of the map: positions by the method of the settings, by PCA, and how the first were made."""
    progress.start("map", 1)
    found = lay_out(features, neighbours, settings, progress=progress)
    progress.advance()
    pca = found.xy if found.method == "pca" else pca_layout(features).xy
    return {"xy": found.xy, "xy_pca": pca, "map": {"method": found.method, "parameters": found.parameters}}


def lay_out(
    features: NDArray[Any], neighbours: Neighbours, settings: MapSettings, *, progress: Progress | None = None
) -> Layout2D:
    """Positions (N, 2) float32 by the method of the settings.

    The same input and seed give the same map. For fewer than 16 images, and for features without any variation, it is
    PCA whatever was asked for, with the reason in `parameters["why"]`. Raises NotAvailable, and BadInput when the
    neighbours are of other images.
    """
    check_available(settings.method)
    if len(neighbours.index) != len(features):
        raise BadInput(
            f"There are {len(features)} features and neighbours of {len(neighbours.index)} images", wanted="as many"
        )
    if settings.method == "umap":
        return umap_layout(features, neighbours, settings)
    plain = pca_layout(features)
    if settings.method == "pca":
        return plain
    if len(features) < SMALLEST:
        return pca_layout(features, why=f"{len(features)} images are too few for neighbourhoods")
    if not np.ptp(plain.xy, axis=0).any():
        return pca_layout(features, why="all images have the same features")
    reduced = _reduced(features)
    if settings.method == "pacmap":
        return _pacmap(reduced, settings)
    return _tsne(reduced, settings, progress or Silent())


def _reduced(features: NDArray[Any]) -> NDArray[np.float32]:
    """Features (N, D) of length one, because cosine counts, as at most `REDUCED` principal components (N, d)."""
    from sklearn.decomposition import PCA

    n, d = features.shape
    unit = np.empty((n, d), np.float32)
    for rows in row_blocks(n, d * 8):
        block = np.asarray(features[rows], np.float64)
        largest = np.abs(block).max(axis=1, keepdims=True)
        block = np.divide(block, largest, out=np.zeros_like(block), where=largest > 0)
        length = np.linalg.norm(block, axis=1, keepdims=True)
        unit[rows] = np.divide(block, length, out=np.zeros_like(block), where=length > 0)
    if d <= REDUCED:
        return unit
    return np.asarray(PCA(min(REDUCED, n), random_state=0).fit_transform(unit), np.float32)


def _pacmap(reduced: NDArray[np.float32], settings: MapSettings) -> Layout2D:
    k = min(settings.neighbours, len(reduced) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a seeded run is what was asked for
        from pacmap import PaCMAP

        model = PaCMAP(n_components=2, n_neighbors=k, random_state=settings.seed, apply_pca=False)
        xy = model.fit_transform(reduced, init="pca")
    parameters = {"neighbours": k, "seed": settings.seed, "metric": "euclidean on unit length", "start": "pca"}
    return Layout2D(np.asarray(xy, np.float32), "pacmap", parameters)


def _tsne(reduced: NDArray[np.float32], settings: MapSettings, progress: Progress) -> Layout2D:
    from openTSNE import TSNE

    perplexity = float(min(30, (len(reduced) - 1) // 3))
    progress.start("t-SNE", ITERATIONS // EVERY)  # another phase of the same step

    def heard(*_: object) -> bool:
        progress.advance()  # raises Cancelled on request
        return False

    model = TSNE(
        perplexity=perplexity,
        initialization="pca",
        random_state=settings.seed,
        n_jobs=1,
        callbacks=heard,
        callbacks_every_iters=EVERY,
    )
    parameters = {"perplexity": perplexity, "seed": settings.seed, "metric": "euclidean on unit length", "start": "pca"}
    return Layout2D(np.asarray(model.fit(reduced), np.float32), "tsne", parameters)
