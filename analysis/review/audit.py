"""A random audit: how many labels are wrong, how many of them nobody has found, and how sure that is. Pure.

A queue shows the images that a score put first, so its precision says nothing of the others (METHODS 8.3). A sample
that ignores every score does. It is drawn from a population that is fixed at that moment, and stays the same sample
whatever happens afterwards.

**Verdicts from queues count for the sample, in drawn order and without a gap.** The sample is uniform because of how it
was drawn; a label in it is right or wrong whoever looks at it, and in which queue. To leave out what a queue judged
first would leave the images that no score suspects: too few wrong ones. To count it before its turn would add just
those that a score suspects: too many. So the sample counts up to the first image that nobody has looked at: the first k
of a uniform sample in random order are a uniform sample too, and no score has a say in where the gap is. For the same
reason nothing depends on whether a queue is worked before, after or during the audit: what it finds is only subtracted.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import wilson
from analysis.base.errors import BadInput
from analysis.review.said import OPEN, RIGHT, WRONG

Population = Literal["unjudged", "all"]
Interval = tuple[float, float]
USUAL = 200
TELLING = 0.6  # a wider interval of a share says nothing
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class AuditRule:
    """What defines a sample for good: how many images, the seed, and the population.

    unjudged: the images that nobody had judged after event `as_of` of the decision log (0 = before the first).
    """

    m: int = USUAL
    seed: int = 0
    as_of: int = 0
    population: str = "unjudged"

    def __post_init__(self) -> None:
        for name, lowest in (("m", 1), ("seed", 0), ("as_of", 0)):
            found = getattr(self, name)
            if not isinstance(found, int) or isinstance(found, bool) or not lowest <= found <= MAX_SEED:
                raise BadInput(f"The {name} of an audit is {str(found)[:40]}", wanted=f"a whole number from {lowest}")
        if self.population not in get_args(Population):
            raise BadInput(
                f"The population of an audit is {str(self.population)[:40]!r}",
                wanted="one of " + ", ".join(get_args(Population)),
            )

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> AuditRule:
        """The rule of a named queue of kind audit. Raises BadInput where it makes no sense."""
        return cls(**{name: rule[name] for name in ("m", "seed", "as_of", "population") if name in rule})

    def as_rule(self) -> dict[str, Any]:
        """The rule as a named queue keeps it."""
        return {"m": self.m, "seed": self.seed, "as_of": self.as_of, "population": self.population}


@dataclass(frozen=True, eq=False)
class Audit:
    """A drawn sample: its rows in drawn order, and which images it was drawn from (N,) bool."""

    sample: NDArray[np.int64]
    population: NDArray[np.bool_]


@dataclass(frozen=True)
class AuditResult:
    """What an audit says. Numbers are of images; shares and intervals (95 %) are in 0..1.

    The sample of `m` counts up to the first image nobody has looked at: `counted`. Of these `wrong` and `right` were
    judged; `unsure` (skipped ones too) count as neither. `waiting`: judged, but behind the gap, in no figure yet.
    `rate`: wrong labels in the `population` of `n_images` images as it was drawn, None before the first judgement.
    `remaining`: wrong labels in the whole data set that nobody has found yet. `share_wrong`: wrong labels in the whole
    data set, found or not. `found`: wrong labels found so far, wherever, `found_inside` those of the population;
    `found_share`: of all wrong labels.
    """

    m: int
    counted: int
    wrong: int
    right: int
    unsure: int
    waiting: int
    population: int
    n_images: int
    unjudged: int
    rate: float | None
    rate_interval: Interval
    remaining: float | None
    remaining_interval: Interval
    share_wrong: float | None
    share_interval: Interval
    found: int
    found_inside: int
    found_share: float | None
    found_interval: Interval

    @property
    def judged(self) -> int:
        """Images of the counted part with a judgement."""
        return self.wrong + self.right

    @property
    def chance(self) -> float | None:
        """The share of wrong labels among images that nobody has judged by now: what a random pick would find."""
        return self.remaining / self.unjudged if self.remaining is not None and self.unjudged else None

    def sentence(self) -> str:
        """The result in words, with what it does not count."""
        if self.rate is None or self.remaining is None:
            return f"None of the {self.m:,} images of this random sample has a judgement that counts yet."
        low, high = self.remaining_interval
        what = (
            f"Of {_images(self.judged)} drawn at random from {self.population:,}, {self.wrong:,} "
            f"{'has' if self.wrong == 1 else 'have'} a wrong label: {_between(self.rate_interval)} of them all (95 % "
            f"interval). About {self.remaining:,.0f} wrong labels are not found yet (between {low:,.0f} and "
            f"{high:,.0f}); in the whole data set {_between(self.share_interval)} of the labels are wrong."
        )
        least, most = self.found_interval
        if self.found and most - least <= TELLING:
            what += f" The {self.found:,} found so far are {_between(self.found_interval)} of all wrong labels."
        return what + self._not_counted()

    def _not_counted(self) -> str:
        said = ""
        if self.unsure:
            said += f" {_images(self.unsure)} of the sample could not be judged and count as neither right nor wrong."
        if self.counted < self.m:
            said += f" The sample is judged up to image {self.counted:,} of {self.m:,}"
            said += f"; {self.waiting:,} behind it wait for those before them." if self.waiting else "."
        return said


def draw(
    image_ids: Sequence[str] | NDArray[Any],
    *,
    m: int = USUAL,
    seed: int,
    exclude: NDArray[np.integer[Any]] | None = None,
) -> NDArray[np.int64]:
    """Rows (at most m,) of a uniform sample without replacement, in drawn order, of the images not in `exclude` (rows).

    Depends on ids and seed alone, not on the order of rows, the machine or a score: those with the smallest hash are
    drawn. A larger m only adds to the end. Takes about a second per million images.
    """
    left_out = set() if exclude is None else set(np.asarray(exclude).tolist())
    key = str(seed).encode()

    def hashed() -> Iterator[tuple[bytes, str, int]]:
        for row, image_id in enumerate(image_ids):
            if row not in left_out:
                text = image_id.encode("utf-8", "surrogatepass")
                yield hashlib.blake2b(text, digest_size=8, key=key).digest(), image_id, row

    return np.array([row for _, _, row in heapq.nsmallest(m, hashed())], np.int64)


def take_sample(image_ids: Sequence[str] | NDArray[Any], rule: AuditRule, judged: NDArray[np.integer[Any]]) -> Audit:
    """The sample of a rule; `judged` are the rows somebody had judged after event `rule.as_of`."""
    population = np.ones(len(image_ids), bool)
    if rule.population == "unjudged":
        population[judged] = False
    sample = draw(image_ids, m=rule.m, seed=rule.seed, exclude=np.flatnonzero(~population))
    return Audit(sample, population)


def finite_wilson(wrong: float, n: float, population: int) -> Interval:
    """Wilson 95 % interval of a share from n of `population` images, without width once all were seen. [Wilson27]

    Drawing without replacement leaves (population - n) / (population - 1) of the variance: as if more were drawn.
    """
    if n >= population > 0:
        return wrong / n, wrong / n
    more = (population - 1) / (population - n) if population else 1.0
    return wilson(wrong * more, n * more)


def audit_result(audit: Audit, verdict: NDArray[np.int8]) -> AuditResult:
    """What an audit says now; `verdict` (N,) is `Said.verdict`, what is in force of every image, from any queue.

    The estimate of the whole set is stratified: the images outside the population were known when it was drawn and are
    counted as they are; those inside are estimated, less the wrong ones found since, and never outside what is still
    possible. An image outside whose verdict was taken back is unknown: the intervals allow for either.
    """
    sample = verdict[audit.sample]
    gap = np.flatnonzero(sample == OPEN)
    counted = int(gap[0]) if len(gap) else len(sample)
    wrong, right = (int(np.count_nonzero(sample[:counted] == code)) for code in (WRONG, RIGHT))
    size = int(np.count_nonzero(audit.population))
    inside, outside = verdict[audit.population], verdict[~audit.population]
    found, sound = (int(np.count_nonzero(inside == code)) for code in (WRONG, RIGHT))
    known, fine = (int(np.count_nonzero(outside == code)) for code in (WRONG, RIGHT))
    unknown = len(outside) - known - fine
    judged = wrong + right
    rate = wrong / judged if judged else None
    low, high = finite_wilson(wrong, judged, size)
    remaining = None
    if rate is not None:
        remaining = _clip(rate * size, found, size - sound) - found + rate * unknown
    least = _clip(floor(round(low * size, 6)), found, size - sound) - found
    most = _clip(ceil(round(high * size, 6)), found, size - sound) - found + unknown
    total, n = known + found, len(verdict)
    return AuditResult(
        m=len(sample),
        counted=counted,
        wrong=wrong,
        right=right,
        unsure=counted - judged,
        waiting=int(np.isin(sample[counted:], (RIGHT, WRONG)).sum()),
        population=size,
        n_images=n,
        unjudged=n - total - sound - fine,
        rate=rate,
        rate_interval=(low, high),
        remaining=remaining,
        remaining_interval=(least, most),
        share_wrong=None if remaining is None or not n else (total + remaining) / n,
        share_interval=((total + least) / max(1, n), (total + most) / max(1, n)),
        found=total,
        found_inside=found,
        found_share=None if remaining is None else _of(total, remaining),
        found_interval=(_of(total, most) or 0.0, 1.0 if least == 0 else total / (total + least)),
    )


def _images(n: int) -> str:
    return f"{n:,} image{'' if n == 1 else 's'}"


def _between(interval: Interval) -> str:
    low, high = (f"{share * 100:.1f}" for share in interval)
    return f"{low} %" if low == high else f"{low} to {high} %"


def _clip(value: float, low: float, high: float) -> float:
    return max(low, min(value, high))


def _of(found: float, remaining: float) -> float | None:
    return found / (found + remaining) if found + remaining else None
