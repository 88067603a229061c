"""The map: features to two dimensions by UMAP on the shared neighbours, or by PCA where UMAP has nothing to do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks
from analysis.base.config import MapSettings
from analysis.base.errors import BadInput
from analysis.base.types import Layout2D, Neighbours

SMALLEST = 16  # images below which UMAP has no neighbourhoods to show
SPAN = 10.0  # width of the starting positions, what UMAP itself uses
FITTED = 20_000  # rows that the principal components are computed from, evenly taken


def umap_layout(features: NDArray[Any], neighbours: Neighbours, settings: MapSettings) -> Layout2D:
    """Positions (N, 2) float32 by UMAP on the given neighbours, started from the principal components.

    The same input and seed give the same map. `method` is "umap", or "pca" for fewer than 16 images and for features
    without any variation, with the reason in `parameters["why"]`. Raises BadInput when the neighbours are of other
    images.
    """
    n = len(features)
    if len(neighbours.index) != n:
        raise BadInput(f"There are {n} features and neighbours of {len(neighbours.index)} images", wanted="as many")
    if n < SMALLEST:
        return pca_layout(features, why=f"{n} images are too few for neighbourhoods")
    start = _components(features)
    if not np.ptp(start, axis=0).any():
        return pca_layout(features, why="all images have the same features")
    k = min(settings.neighbours - 1, neighbours.index.shape[1])
    xy = _umap(_start_positions(start, settings.seed), neighbours, k=k, settings=settings)
    parameters = {
        "neighbours": k + 1,
        "min_dist": settings.min_dist,
        "seed": settings.seed,
        "metric": "cosine",
        "start": "principal components",
    }
    return Layout2D(xy, "umap", parameters)


def pca_layout(features: NDArray[Any], *, why: str = "") -> Layout2D:
    """Positions (N, 2) float32 along the two directions of largest variance; images with equal features coincide."""
    return Layout2D(_components(features).astype(np.float32), "pca", {"why": why} if why else {})


def _components(features: NDArray[Any]) -> NDArray[np.float64]:
    """The first two principal components (N, 2), each with a fixed sign; zeros where there is no such direction."""
    from sklearn.decomposition import PCA

    n, d = features.shape
    xy = np.zeros((n, 2))
    # very large values overflow when squared: their common scale does not matter on a map
    largest = _largest(features)
    if n < 2 or d == 0 or largest == 0:
        return xy
    step = -(-n // FITTED)
    sample = np.asarray(features[::step], np.float64) / largest
    if np.allclose(sample, sample[0], rtol=0, atol=1e-7):
        return xy
    wide = min(2, d, len(sample))
    pca = PCA(n_components=wide, svd_solver="covariance_eigh" if d <= 1_000 else "randomized", random_state=0)
    pca.fit(sample)
    for rows in range(0, n, FITTED):
        xy[rows : rows + FITTED, :wide] = pca.transform(np.asarray(features[rows : rows + FITTED], float) / largest)
    return xy


def _largest(features: NDArray[Any]) -> float:
    """The largest absolute value, block by block; 0 where there is none."""
    blocks = row_blocks(len(features), int(np.prod(features.shape[1:])) * features.itemsize)
    return max((float(np.abs(features[rows]).max(initial=0)) for rows in blocks), default=0.0)


def _start_positions(components: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
    """Principal components scaled to UMAP's span, with a little noise so that no two images start on one spot.

    UMAP divides by the width of both axes, so neither may be constant: the noise sees to that too.
    """
    rng = np.random.default_rng(seed)
    largest = float(np.abs(components).max())
    noise = rng.normal(scale=1e-4 * SPAN, size=components.shape)
    return (components * (SPAN / largest) + noise).astype(np.float32)


def _umap(start: NDArray[np.float32], neighbours: Neighbours, *, k: int, settings: MapSettings) -> NDArray[np.float32]:
    """Run UMAP. Its lists begin with the image itself at distance 0; with k + 1 wide lists it compiles no search."""
    n = len(start)
    index = np.column_stack([np.arange(n, dtype=np.int32), neighbours.index[:, :k]])
    distance = np.clip(1 - neighbours.similarity[:, :k], 0, 1.999)  # at 2 UMAP would cut the edge
    distance = np.column_stack([np.zeros(n, np.float32), distance]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        from umap import UMAP

        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        warnings.filterwarnings("ignore", message="precomputed_knn.*not an NNDescent object", category=UserWarning)
        model = UMAP(
            n_neighbors=k + 1,
            min_dist=settings.min_dist,
            metric="cosine",
            init=start,
            random_state=settings.seed,
            n_jobs=1,
            precomputed_knn=(index, distance),
        )
        # with the neighbours given UMAP looks at its input only for its length
        return np.asarray(model.fit_transform(start), np.float32)
