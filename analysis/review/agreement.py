"""How far reviewers agree where two or more judged the same image: in all, in pairs, by community, by classes. Pure.

What counts is each reviewer's own verdict: what settled a disagreement was said in sight of the others' words, and a
skip says nothing. `unsure` is an answer of its own: cannot tell.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.review.kappa import NOBODY, TOO_FEW, Ints, Measure, Measured, against, cohen, fleiss, krippendorff
from analysis.review.limits import SEPARATOR
from analysis.review.standing import JUDGEMENTS, outcomes

View = Literal["outcome", "verdict"]
WHY: dict[Measure, str] = {
    "cohen": "Cohen's kappa: two sides on the same images",
    "fleiss": "Fleiss' kappa: every image has the same number of reviewers",
    "alpha": "Krippendorff's alpha: the images have different numbers of reviewers",
}


@dataclass(frozen=True)
class Agreement:
    """How far some people agree on some images. `of`: whom or what it is about, such as two reviewers' names."""

    of: tuple[Any, ...]
    n_reviewers: int
    measure: Measure
    found: Measured

    @property
    def why(self) -> str:
        """Which coefficient it is, and why that one."""
        return WHY[self.measure]


@dataclass(frozen=True)
class Agreements:
    """The agreement of all, and of parts; in every list the worst first, those of few images at the end.

    `of` holds two reviewers in `pairs`, one in `reviewers` (against the others), the number of a community in
    `communities` (of the given class), and the names (given, suggested) in `class_pairs`.
    """

    overall: Agreement
    pairs: tuple[Agreement, ...]
    reviewers: tuple[Agreement, ...]
    communities: tuple[Agreement, ...]
    class_pairs: tuple[Agreement, ...]


def agreements(
    current: pd.DataFrame,
    *,
    classes: Sequence[str] = (),
    community: NDArray[np.integer[Any]] | None = None,
    view: View = "outcome",
    seed: int = 0,
) -> Agreements:
    """The agreement of reviewers, from `DecisionStore.current()`.

    `classes` and `community` (K,) give the community of a given label; without them `communities` is empty. `view`:
    outcome compares the labels people would have, verdict only whether the label is right, wrong, or cannot be told.
    """
    told = _Told(ratings(current, view=view), seed)
    names = told.table
    of_class = {} if community is None else dict(zip(classes, np.asarray(community).tolist(), strict=True))
    suggested = names["suggested"] != ""
    return Agreements(
        overall=told.all_together(),
        pairs=_worst_first(told.pairs()),
        reviewers=_worst_first(told.reviewers()),
        communities=_worst_first(told.grouped([names["given"].map(of_class)])),
        class_pairs=_worst_first(told.grouped([names["given"].where(suggested), names["suggested"].where(suggested)])),
    )


def overall(current: pd.DataFrame, *, view: View = "outcome", seed: int = 0) -> Agreement:
    """The agreement of all on all images, as in `agreements`, without the work for its many parts."""
    return _Told(ratings(current, view=view), seed).all_together()


def ratings(current: pd.DataFrame, *, view: View = "outcome") -> pd.DataFrame:
    """What reviewers said of the images that two or more judged: image_id, reviewer, given, suggested, category.

    By outcome the category is the label that the image would have, or those that fit; by verdict right, wrong or
    cannot tell. All rows of an image have the suggestion that its first reviewer saw, as runs may suggest others.
    """
    own = current["verdict"].isin((*JUDGEMENTS, "unsure")) & (current["purpose"] != "adjudicate")
    said = current[own & current["image_id"].where(own).duplicated(keep=False)].sort_values(["image_id", "event_id"])
    first = said.drop_duplicates("image_id").set_index("image_id")
    kind = outcomes(said).str.partition(SEPARATOR) if len(said) else pd.DataFrame({0: [], 2: []}, dtype=object)
    if view == "verdict":
        category = kind[0].map({"keep": "right", "unsure": "cannot tell"}).fillna("wrong")
    else:
        category = kind[2].mask(kind[2] == "", kind[0])
    named = {
        "image_id": said["image_id"],
        "reviewer": said["reviewer"],
        "given": said["image_id"].map(first["given"]),
        "suggested": said["image_id"].map(first["suggested"]),
        "category": category,
    }
    return pd.DataFrame({name: values.to_numpy(object) for name, values in named.items()}, dtype=object)


class _Told:
    """Ratings as numbers: by image (N, M), padded with NOBODY, what was said (`sets`) and by whom (`who`)."""

    def __init__(self, said: pd.DataFrame, seed: int) -> None:
        self.seed = seed
        category = pd.factorize(said["category"], sort=True)[0]
        image = pd.factorize(said["image_id"])[0]
        order = np.lexsort((category, image))
        self.table, self.category, self.image = said.iloc[order].reset_index(drop=True), category[order], image[order]
        self.reviewer, self.names = pd.factorize(self.table["reviewer"], sort=True)
        raters = np.bincount(self.image)
        starts = np.cumsum(raters) - raters
        self.place = np.arange(len(said)) - np.repeat(starts, raters)  # of a rating among those of its image
        self.sets = np.full((len(raters), int(raters.max(initial=2))), NOBODY, np.int64)
        self.who = self.sets.copy()
        self.sets[self.image, self.place] = self.category
        self.who[self.image, self.place] = self.reviewer

    def seeds(self, of: tuple[Any, ...]) -> list[int]:
        """A seed of its own for every group, so that one more group changes no other interval."""
        return [self.seed, zlib.crc32(repr(of).encode("utf-8", "replace"))]

    def all_together(self) -> Agreement:
        """All reviewers of all images."""
        return self.together(np.arange(len(self.sets)), ())

    def together(self, images: Ints, of: tuple[Any, ...]) -> Agreement:
        """All reviewers of some images: Fleiss where all these have equally many, else Krippendorff."""
        sets, who = self.sets[images], self.who[images]
        raters = (sets != NOBODY).sum(axis=1)
        most = int(raters.max(initial=2))
        same = bool((raters == most).all())
        measured = (fleiss if same else krippendorff)(sets[:, :most], seed=self.seeds(of))
        return Agreement(of, len(np.unique(who[who != NOBODY])), "fleiss" if same else "alpha", measured)

    def grouped(self, keys: list[pd.Series]) -> Iterator[Agreement]:
        """The same for parts: the images of every combination of the keys' values; rows without a value in none."""
        table = pd.DataFrame({i: key.to_numpy() for i, key in enumerate(keys)})
        table = table[self.place == 0].assign(image=self.image[self.place == 0]).dropna()
        for of, part in table.groupby(list(range(len(keys))), sort=True):
            yield self.together(part["image"].to_numpy(), tuple(of))

    def pairs(self) -> Iterator[Agreement]:
        """Every two reviewers on the images that both judged."""
        sides = [np.empty((0, 4), np.int64)]
        for apart in range(1, self.sets.shape[1]):
            one = np.flatnonzero(self.image[:-apart] == self.image[apart:])
            two = one + apart
            swap = self.reviewer[one] > self.reviewer[two]
            first, second = np.where(swap, two, one), np.where(swap, one, two)
            columns = [self.reviewer[first], self.reviewer[second], self.category[first], self.category[second]]
            sides.append(np.column_stack(columns))
        both = np.concatenate(sides)
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        for part in _runs(both[:, 0] * len(self.names) + both[:, 1]):
            of = tuple(str(self.names[code]) for code in both[part.start, :2])
            yield Agreement(of, 2, "cohen", cohen(both[part, 2], both[part, 3], seed=self.seeds(of)))

    def reviewers(self) -> Iterator[Agreement]:
        """Every reviewer against all others of the same images."""
        order = np.argsort(self.reviewer, kind="stable")
        for part in _runs(self.reviewer[order]):
            rows = order[part]
            images, of = self.image[rows], (str(self.names[self.reviewer[rows[0]]]),)
            others, who = self.sets[images], self.who[images]
            others[np.arange(len(rows)), self.place[rows]] = NOBODY
            n_reviewers = len(np.unique(who[who != NOBODY]))
            yield Agreement(of, n_reviewers, "cohen", against(self.category[rows], others, seed=self.seeds(of)))


def _runs(values: Ints) -> Iterator[slice]:
    """The slices of equal neighbours."""
    if len(values):
        borders = np.flatnonzero(np.diff(values)) + 1
        yield from (slice(int(a), int(b)) for a, b in pairwise([0, *borders, len(values)]))


def _worst_first(found: Iterator[Agreement]) -> tuple[Agreement, ...]:
    """Those whose figures carry something first, of these the lowest agreement beyond chance; undefined is perfect."""

    def badness(one: Agreement) -> tuple[Any, ...]:
        kappa = 1.0 if one.found.kappa is None else one.found.kappa
        return one.found.n_images < TOO_FEW, kappa, one.found.raw, -one.found.n_images, one.of

    return tuple(sorted(found, key=badness))
