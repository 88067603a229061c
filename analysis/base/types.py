"""The types that cross borders between rooms: frozen, and checked when they are made.

Conventions: N images, K classes, D feature dimensions. Row order is always that of `Dataset.table`. Every K x K array
says its axes in its name (`given_predicted`, `true_given`). *given*, *suggested*, *true* label; *suspicion* is in 0..1,
higher = more likely wrong; *community* groups classes; a *decision* is what a person said of an image.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.base.checks import check_finite, check_labels, check_top
from analysis.base.errors import BadInput
from analysis.base.looks import Looks, Ranked, checked, ranked

Array = NDArray[Any]

UNKNOWN = -1  # in a `true` column: the true class of this image is not known

PixelKind = Literal["files", "array", "blob", "none"]
Verdict = Literal["relabel", "keep", "several", "none_fits", "unsure", "skip", "exclude", "include", "undo"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
MARKS: tuple[Verdict, ...] = ("exclude", "include")  # not to be trained on, and back: they say nothing about the label
Purpose = Literal["", "known", "repeat", "adjudicate"]
Mode = Literal["", "single", "grid", "table", "import"]


@dataclass(frozen=True, eq=False)
class Pixels:
    """Where the images of a data set are.

    files: `root` is a folder, the table's `path` is relative to it. array: `data` (M, H, W) or (M, H, W, C) uint8.
    blob: `data` (B,) uint8 of encoded images, image i at `offsets[i]:offsets[i+1]`. none: labels without images.
    For array and blob the table's `source_row` says which image of `data` a row is.
    """

    kind: PixelKind
    root: Path | None = None
    data: Array | None = None
    offsets: Array | None = None

    def __post_init__(self) -> None:
        if (self.kind == "files") != (self.root is not None):
            raise ValueError("pixels of kind 'files', and only they, have a root folder")
        if (self.kind in ("array", "blob")) != (self.data is not None):
            raise ValueError("pixels of kind 'array' or 'blob', and only they, have data")
        if self.kind == "array" and (self.data is None or self.data.ndim not in (3, 4) or self.data.dtype != np.uint8):
            raise ValueError("pixels of kind 'array' are (M, H, W) or (M, H, W, C) uint8")


@dataclass(frozen=True, eq=False)
class Dataset:
    """N images with their given labels.

    `table` has one row per image: `image_id` (unique text), `path` (text shown to people; relative to the root for
    files), `source_row` (int), `given` (int, 0..K-1), and where known `true` (int, -1 = unknown), `split`, `title`,
    `description`. `classes` holds the K names. `set_aside` lists what could not be used: `path`, `reason`.
    `fingerprint` changes when images, labels or classes change. `about` holds facts to show, such as planted noise.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    fingerprint: str
    pixels: Pixels
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"path": [], "reason": []}, dtype=str))
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = {"image_id", "path", "source_row", "given"} - set(self.table.columns)
        if missing:
            raise ValueError(f"the table lacks {sorted(missing)}")
        if len(self.table) == 0:
            raise BadInput("There is no usable image in this data set", hint="look at the list of images set aside")
        if len(set(self.classes)) != len(self.classes):
            raise BadInput("Two classes have the same name", wanted="every class name once")
        twice = self.table["image_id"].duplicated()
        if twice.any():
            raise BadInput(
                f"The image id {self.table['image_id'][twice].iloc[0]!r} occurs more than once", wanted="unique ids"
            )
        check_labels(self.table["given"].to_numpy(), len(self.classes), lowest=0, what="given")
        if "true" in self.table:
            check_labels(self.table["true"].to_numpy(), len(self.classes), lowest=UNKNOWN, what="true")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def n_classes(self) -> int:
        """K."""
        return len(self.classes)

    @property
    def given(self) -> NDArray[np.int64]:
        """Given labels, (N,) in 0..K-1."""
        return self.table["given"].to_numpy().astype(np.int64)

    @property
    def true(self) -> NDArray[np.int64] | None:
        """True labels where known, (N,) in -1..K-1, or None when the data set holds none."""
        return self.table["true"].to_numpy().astype(np.int64) if "true" in self.table else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of every image, dense or as the k best classes.

    Dense: `probs` (N, K) floats whose rows sum to one. Top-k: `top_class` (N, k) int, best first, and `top_prob` (N, k)
    floats, rows summing to at most one. `features` (N, D) or None. `held_out` (N,) bool: no training on that image.
    `training_margin` (N,) or None: the given label's lead in logits while it was learnt (NaN: never). `looks`: a device
    that looks at dense rows in place of the processor, or None. Rows are checked.
    """

    model: str
    n_classes: int
    held_out: NDArray[np.bool_]
    probs: Array | None = None
    top_class: Array | None = None
    top_prob: Array | None = None
    features: Array | None = None
    training_margin: Array | None = None
    looks: Looks | None = field(repr=False, default=None)
    _best: Ranked | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if (self.probs is None) == (self.top_class is None) or (self.top_class is None) != (self.top_prob is None):
            raise ValueError("predictions are either dense (`probs`) or top-k (`top_class` and `top_prob`)")
        if self.probs is not None:
            object.__setattr__(self, "_best", checked(self.probs, self.n_classes, self.looks))
        else:
            check_top(self.top_class, self.top_prob, self.n_classes)  # type: ignore[arg-type]  # both set, see above
        for name in ("features", "held_out", "training_margin"):
            if (array := getattr(self, name)) is not None and len(array) != len(self):
                raise BadInput(f"{name} has {len(array)} rows", wanted=f"{len(self)} rows, one per image")
        if self.features is not None:
            check_finite(self.features, "The features")

    def __len__(self) -> int:
        return len(self.probs if self.probs is not None else self.top_class)  # type: ignore[arg-type]  # one of them is set, see __post_init__

    def top(self, k: int, rows: slice = slice(None), *, looks: Looks | None = None) -> Ranked:
        """The k most probable classes (n, k) of `rows` and their probabilities, best first, lower class on ties.

        `looks`: a device for this once.
        """
        k = min(k, self.n_classes)
        if self.probs is None:
            assert self.top_class is not None and self.top_prob is not None
            return self.top_class[rows, :k].astype(np.int64), self.top_prob[rows, :k]
        known = self.known_best
        if known is not None and k <= known[0].shape[1]:
            return known[0][rows, :k], known[1][rows, :k]
        return ranked(np.asarray(self.probs[rows]), k, looks or self.looks)

    @property
    def known_best(self) -> Ranked | None:
        """The best classes of dense rows (N, 1 or 2) and their probabilities, known since the check; None of lists."""
        return self._best

    @property
    def n_listed(self) -> int:
        """How many probabilities a row holds: K, or k of top-k lists."""
        return (self.probs if self.probs is not None else self.top_class).shape[1]  # type: ignore[union-attr]  # one of them is set, see __post_init__

    def best(self) -> tuple[NDArray[np.int64], Array]:
        """The predicted class (N,), lowest index on a tie, and its probability (N,)."""
        classes, values = self.top(1)
        return classes[:, 0], values[:, 0]

    def argmax(self) -> NDArray[np.int64]:
        """The predicted class (N,), lowest index on a tie."""
        return self.best()[0]

    def prob_of(self, labels: Array, rows: slice = slice(None)) -> Array:
        """P[i, labels[i]] of `rows`, one per label, as stored; 0 where a top-k list does not hold the class."""
        if self.probs is not None:
            return np.asarray(self.probs[rows])[np.arange(len(labels)), labels]
        assert self.top_class is not None and self.top_prob is not None
        hit = self.top_class[rows] == np.asarray(labels)[:, None]
        return np.where(hit, self.top_prob[rows], 0).sum(axis=1, dtype=self.top_prob.dtype)


@dataclass(frozen=True, eq=False)
class ConfusionGraph:
    """Undirected weighted graph on classes with its communities. [Jin17 Alg. 1]

    `weight` (K, K) sparse, symmetric, zero diagonal; `community` (K,) numbered by size descending, then smallest class;
    `stability` (K,) in 0..1, how reliably a class stays with its community; `modularity` at resolution 1 and
    `mass_kept`, the share of confusion mass that pruning left, belong together: never show one without the other.
    """

    weight: sparse.csr_array
    community: NDArray[np.int64]
    stability: NDArray[np.float64]
    modularity: float
    mass_kept: float
    parameters: dict[str, Any]

    def __post_init__(self) -> None:
        k = len(self.community)
        if self.weight.shape != (k, k) or len(self.stability) != k:
            raise ValueError(f"a graph on {k} classes needs a weight of shape ({k}, {k}), got {self.weight.shape}")
        if not np.isfinite(self.weight.data).all() or (self.weight.data < 0).any():
            raise ValueError("edge weights are finite and not negative")
        if self.weight.diagonal().any() or abs(self.weight - self.weight.T).max() > 1e-9:
            raise ValueError("the weight is symmetric with a zero diagonal")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest images of every image, best first: `index` (N, k) without itself, `similarity` (N, k) cosine."""

    index: NDArray[np.int32]
    similarity: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.index.shape != self.similarity.shape or self.index.ndim != 2:
            raise ValueError(f"index {self.index.shape} and similarity {self.similarity.shape} differ")


@dataclass(frozen=True, eq=False)
class Scores:
    """One scorer's suspicion of every image: (N,) in 0..1, higher = more suspicious."""

    scorer: str
    suspicion: NDArray[np.float64]

    def __post_init__(self) -> None:
        values = self.suspicion
        if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any() or (values > 1).any():
            raise ValueError(f"the scorer {self.scorer!r} gave values outside 0..1")


@dataclass(frozen=True, eq=False)
class Layout2D:
    """Positions on a map: `xy` (N, 2) float32, how they were made and with what."""

    xy: NDArray[np.float32]
    method: str
    parameters: dict[str, Any]

    def __post_init__(self) -> None:
        if self.xy.ndim != 2 or self.xy.shape[1] != 2 or not np.isfinite(self.xy).all():
            raise ValueError(f"a layout is (N, 2) and finite, got {self.xy.shape}")


@dataclass(frozen=True)
class Decision:
    """What one person said of one image; `relabel` and `several` carry the new label(s), nothing else does.

    `session` and `seq` come from the client and make booking idempotent. `new_label` holds a class name; for `several`
    the names joined by a vertical tab, which no class name may hold. `undo` names the `seq` of the same session in
    `undoes`. Times are seconds since the epoch, UTC; `shown_at` is when the image came up.

    `queue` says in which queue it was made, such as "suspects" or "audit:3f9a". `purpose`: known (the answer was known
    beforehand) and repeat (the same person had judged the image before) only measure the reviewer and never count as a
    verdict on the image; adjudicate settles a disagreement and stands above the reviewers' own verdicts.
    """

    image_id: str
    verdict: Verdict
    given: str
    suggested: str
    new_label: str | None
    reviewer: str
    run_id: str
    session: str
    seq: int
    decided_at: float
    note: str = ""
    undoes: int | None = None
    mode: Mode = ""
    shown_at: float | None = None
    queue: str = ""
    purpose: Purpose = ""

    def __post_init__(self) -> None:
        for name, allowed in (("verdict", VERDICTS), ("mode", get_args(Mode)), ("purpose", get_args(Purpose))):
            found = getattr(self, name)
            if found not in allowed:
                raise BadInput(
                    f"The {name} {found!r} is not known", wanted="one of " + ", ".join(filter(None, allowed))
                )
        if (self.verdict in ("relabel", "several")) != (self.new_label is not None):
            raise BadInput(f"The verdict {self.verdict} came with the new label {self.new_label!r}")
        if (self.verdict == "undo") != (self.undoes is not None):
            raise BadInput("An undo, and only an undo, names what it undoes")
