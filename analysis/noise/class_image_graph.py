"""Cleaning by a graph of images per class: communities, what they keep, and which class an image belongs to instead.

After the cleaning of C-MS-Celeb [Jin18]: works on features and labels alone, also where classes are people with a few
images each and no classifier exists. Its three thresholds belonged to one network; here they come from the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.noise.evidence import Evidence, Wrong, chance, fit_line, for_label, from_other, settled
from analysis.noise.image_groups import Groups, find_groups, strays, without
from analysis.noise.links import Links, measure

Array = NDArray[Any]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cleaning:
    """What the graphs say of every image.

    `for_label` (N,): log odds that the given label is right rather than another or none. `suggested` (N,): the other
    class it resembles most (the given one where there is no other). `own_similarity` (N,): mean cosine to the nearest
    group of its own class, itself left out, NaN where it is the only image; `own_size` (N,) the images of that group.
    `other_similarity` (N,): the same of the suggested class. `fits_other` (N,): the suggested class is likelier than
    none. `wrong`: the shares of wrong labels.
    """

    evidence: Evidence
    links: Links
    wrong: Wrong
    for_label: Floats
    suggested: Rows
    own_similarity: Floats
    own_size: Rows
    other_similarity: Floats
    fits_other: NDArray[np.bool_]

    @property
    def noise(self) -> float:
        """The share of wrong labels."""
        return self.wrong.noise

    @property
    def groups(self) -> Groups:
        """The communities that the images were compared with."""
        return self.evidence.groups

    @property
    def suspicion(self) -> Floats:
        """The chance (N,) that the label is wrong, 0..1."""
        return chance(-self.for_label)

    @property
    def action(self) -> NDArray[np.str_]:
        """(N,) "keep", "relabel" (to the suggested class) or "drop" (it fits no class)."""
        return np.where(self.for_label >= 0, "keep", np.where(self.fits_other, "relabel", "drop"))

    def suspicion_if(self, rows: Rows, labels: Rows) -> Floats:
        """The suspicion (M,) that each of `rows` (M,) would have if its own label alone were that of `labels` (M,)."""
        found = self.evidence.compare(rows, labels)
        return chance(-for_label(found, self.evidence.n_others, self.wrong))


def clean(features: Array, given: NDArray[np.int64], *, n_classes: int, tie: Rows | None = None) -> Cleaning:
    """Compare every image with the communities of its own class and of all others.

    features (N, D), given (N,) in 0..K-1, `tie` (N,) unique numbers that stand for the order of rows. Memory: a block
    of similarities, the links of 4,000 images, and a row of features per group. Time: N * G * D multiplications.
    """
    order = np.lexsort((np.arange(len(given)) if tie is None else tie, given))
    bounds = np.searchsorted(given[order], np.arange(n_classes + 1))
    classes = [order[low:high] for low, high in pairwise(bounds) if high > low]
    with threadpool_limits(1):  # a class is soon multiplied: threads would wait for each other more than they work
        links = measure(features, given, classes)
        groups = find_groups(features, given, classes, weak=links.weak, n_classes=n_classes)
    line = fit_line(features, given, groups, order)
    groups = without(groups, strays(groups, line[1]))
    evidence = Evidence(features, given, groups, line)
    found = evidence.compare(np.arange(len(given)), given)
    own_size = groups.size[found.own_group] - (groups.group == found.own_group)
    wrong = settled(found, own_size > 0, evidence.n_others, start=links.noise)
    other = found.other_group
    return Cleaning(
        evidence=evidence,
        links=links,
        wrong=wrong,
        for_label=for_label(found, evidence.n_others, wrong),
        suggested=np.where(other >= 0, groups.class_of[other], given),
        own_similarity=evidence.similarity(found.own, own_size),
        own_size=own_size.astype(np.int64),
        other_similarity=evidence.similarity(found.other, np.where(other >= 0, groups.size[other], 0)),
        fits_other=from_other(found, evidence.n_others, wrong) > 0,
    )
