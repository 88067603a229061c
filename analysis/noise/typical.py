"""How many labels are wrong, from how typical images are of the class that the model sees in them.

An image labelled j in which the model sees k is a k with a wrong label, or a j that the model takes for a k. Where
classes are confused whatever the image looks like, the wrong labels of k hit its images as they come: put among images
predicted k, all looked at as if they had label j, a wrong one stands at any place with the same chance. This place in
0..1, 0 = the most clearly wrong, is a conformal p-value [Vovk05]. It needs no guess at which classes are confused, and
a weak model moves it no more than a strong one, because both sides are judged by the same model. The model's own
mistakes stand at the edge of k, near 1. So the share of wrong labels is found as that of true null hypotheses among
p-values: by how densely the places near 0 are taken [Storey02].

Two things no data without verdicts can tell apart, and they make the ends of the interval:

- A weak model's mistakes reach to the most typical places. The lower end takes them to be a quarter as dense there as
  in the middle, which is what is left on photos in 200 classes with 25 images each, where three of five predictions
  are wrong; with a strong model the middle is empty and nothing is taken off.
- People err more often where the image misleads. The upper end counts everything but the last fifth of the places, so
  wrong labels may be as dense there as all doubts together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import row_blocks, wilson

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Ask = Callable[[Array, Array], Floats]

DOUBTED = 4_000  # doubted labels looked at
ASKED = 64_000  # questions in all
OTHERS = (16, 64)  # images that a doubted one is put among, at least and at most
TYPICAL, UNUSUAL = 0.25, 0.8  # places before the first are typical; behind the second no share is learnt
SAME = 1e-9  # values nearer than this differ by rounding only
MISTAKES = 0.25  # density of mistakes at typical places over that in the middle, for the lower end


@dataclass(frozen=True, eq=False)
class Places:
    """Doubted labels, their places and what they were compared with.

    `rows` (M,) images whose predicted class is not the given one, all `n` of `n_images` or some drawn from them;
    `place` (M,) in 0..1; `value` (M, R) the order's value of other images of the predicted class, had they its label.
    """

    rows: Ids
    place: Floats
    value: Floats
    n: int
    n_images: int

    @property
    def typical(self) -> NDArray[np.bool_]:
        """(M,) which places are typical."""
        return np.asarray(self.place <= TYPICAL)

    def shares(self) -> tuple[float, float, float, float]:
        """The share of wrong labels: from below and from above, and the 95 % ends of the two, lowest and highest."""
        as_many = self.n_images * (len(self.rows) / self.n if self.n else 1)  # images that the places stand for
        here, wide = int(self.typical.sum()), int((self.place <= UNUSUAL).sum())
        low, high = _without_mistakes(here, wide, as_many), min(1.0, wide / UNUSUAL / as_many)
        # a rounding must not claim a wrong label where there is none
        fewest = wilson(here, as_many)[0] * as_many if here else 0
        lower, upper = (min(1.0, end / UNUSUAL) for end in wilson(wide, as_many))
        return low, high, min(lower, _without_mistakes(fewest, wide, as_many)), upper


def _without_mistakes(here: float, wide: float, n: float) -> float:
    typical, middle = here / TYPICAL, max(wide - here, 0) / (UNUSUAL - TYPICAL)
    if middle > typical:
        return min(1.0, max(0.0, typical - MISTAKES * middle) / (1 - MISTAKES) / n)
    # mistakes make no crowd at the typical places, but groups of two or three images can: then all places count alike
    return min(1.0, min(typical, wide / UNUSUAL) / n)


def places(value: Floats, given: Ids, predicted: Ids, *, seen: Ids, ask: Ask) -> Places:
    """The places of doubted labels.

    `value`, `given`, `predicted` (N,) of all images; `seen` (N,) rows in an order that does not depend on how the data
    set lists them; `ask(rows, labels)` the value (m,) that images (m,) would have with other labels.
    """
    rng = np.random.default_rng(0)
    doubted = seen[predicted[seen] != given[seen]]
    rows = doubted if len(doubted) <= DOUBTED else doubted[np.sort(rng.permutation(len(doubted))[:DOUBTED])]
    alike = seen[np.argsort(predicted[seen], kind="stable")]
    start, end = (np.searchsorted(predicted[alike], predicted[rows], side=side) for side in ("left", "right"))
    n_others = int(np.clip(ASKED // max(len(rows), 1), *OTHERS))
    drawn = (rng.random((len(rows), n_others)) * (end - start)[:, None]).astype(np.int64)
    others = alike[start[:, None] + drawn]
    told = _told(ask, others, given[rows])
    different = others != rows[:, None]
    ahead = told - value[rows, None]
    before = ((ahead > SAME) & different).sum(axis=1)
    equal = ((np.abs(ahead) <= SAME) & different).sum(axis=1)  # any place among these, by lot
    place = (before + rng.random(len(rows)) * (equal + 1)) / (different.sum(axis=1) + 1)
    place[~different.any(axis=1)] = 1.0  # nothing to compare it with
    return Places(rows, place, told, len(doubted), len(given))


def _told(ask: Ask, others: Ids, labels: Ids) -> Floats:
    out = np.empty(others.shape)
    for part in row_blocks(len(others), others.shape[1], block_bytes=ASKED // 8):
        out[part] = ask(others[part].ravel(), np.repeat(labels[part], others.shape[1])).reshape(others[part].shape)
    return out
