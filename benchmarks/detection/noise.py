"""The kinds of noise that are planted: none, uniform, pairs, in the shape of the confusion, in few classes, by image.

The last two are no assumption of any finder here: a tenth of the classes takes all the errors, or every image has a
chance of its own, read off another, weaker model than the one whose predictions the finders see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.data.images import ImageStore
from analysis.data.plant import plant, plant_matrix

if TYPE_CHECKING:
    from sets import Material

CLASSES_HIT, SHARE_HIT = 0.1, 0.4  # of the classes, of the labels in them
SIDE = 6  # pixels of the thumbnails that the weaker model sees
FOLDS = 3


def patterns(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    shares: Sequence[float],
    weaker: Callable[[], np.ndarray],
    seed: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """The names of the kinds and the labels (N,) that they leave; `weaker` gives (N, K) probabilities when asked."""
    k = int(true.max()) + 1
    confusion = np.zeros((k, k))
    np.add.at(confusion, (true, predicted), 1)
    np.fill_diagonal(confusion, 0)
    confusion += 1e-3 * (1 - np.eye(k))  # a class that is never confused flips to any other
    partner = confusion.argmax(axis=1)
    yield "none planted", true
    for share in shares:
        shape = share * confusion / confusion.sum(axis=1, keepdims=True) + (1 - share) * np.eye(k)
        yield f"uniform {share:.0%}", plant(true, k, share=share, seed=seed).given
        yield f"pairs {share:.0%}", plant(true, k, share=share, pattern="pairs", partner=partner, seed=seed).given
        yield f"confusion-shaped {share:.0%}", plant_matrix(true, shape, seed=seed)[0]
        yield f"by image {share:.0%}", by_image(true, weaker(), share=share, seed=seed)
    yield f"few classes {SHARE_HIT:.0%}", few_classes(true, k, seed=seed)


def few_classes(true: np.ndarray, k: int, *, seed: int) -> np.ndarray:
    """A tenth of the classes, one at least, loses 40 % of its labels to any other class; the others lose none."""
    hit = np.random.default_rng(seed).permutation(k)[: max(1, round(CLASSES_HIT * k))]
    shape = np.eye(k)
    shape[hit] = SHARE_HIT / (k - 1)
    shape[hit, hit] = 1 - SHARE_HIT
    return plant_matrix(true, shape, seed=seed)[0]


def by_image(true: np.ndarray, probs: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """Change round(share * N) labels: the likelier, the less `probs` (N, K) hold for the true class; to one of the
    other classes as they say."""
    rng = np.random.default_rng(seed)
    rows = np.arange(len(true))
    others = probs.astype(np.float64)
    others[rows, true] = 0
    doubt = others.sum(axis=1)
    drawn = rng.choice(len(true), round(share * len(true)), replace=False, p=doubt / doubt.sum())
    up_to = (others[drawn] / doubt[drawn, None]).cumsum(axis=1)
    given = true.astype(np.int64)
    given[drawn] = (up_to <= rng.random(len(drawn))[:, None] * up_to[:, -1:]).sum(axis=1)
    return given


def thumbnail_model(material: Material) -> np.ndarray:
    """(N, K) held-out probabilities of a linear model that sees 6 x 6 pixels an image, learnt from the true labels."""
    from PIL import Image
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    dataset = material.dataset(material.labels, int(material.labels.max()) + 1)
    images = ImageStore(dataset.pixels, dataset.table)
    small = [images.load(i).resize((SIDE, SIDE), Image.Resampling.BOX) for i in range(len(images))]
    seen = np.stack([np.asarray(image, np.float32).ravel() for image in small])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
    return np.asarray(cross_val_predict(model, seen, material.labels, cv=FOLDS, method="predict_proba"))
