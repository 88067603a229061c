"""Go on, audit, or stop? A recommendation with its reason in numbers. Pure.

There is no fixed number of images after which a queue is done. What counts is whether the queue still finds more wrong
labels than a random pick would, and how many can remain unfound at most: only a random audit knows either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.base.errors import BadInput
from analysis.review.audit import AuditResult, finite_wilson
from analysis.review.queue import QueueProgress, Recent

Verdict = Literal["begin", "go_on", "audit", "stop", "open"]
ACCEPTED = 0.01
STEPS = 600  # sizes of an audit that are tried, two or three per cent apart


@dataclass(frozen=True)
class Advice:
    """What to do, why, and for open: how many `more` images of a random audit would probably decide it."""

    verdict: Verdict
    sentence: str
    more: int | None = None


def advise(reached: QueueProgress, audit: AuditResult | None, *, n_images: int, accepted: float = ACCEPTED) -> Advice:
    """What to do about a queue; `accepted` is the share of all `n_images` labels that may stay wrong and unfound, 0..1.

    begin: nothing is judged. audit: no random sample says what remains, and the queue finds little or is done. go_on:
    the recent judgements find more wrong labels than a random pick would, or too many remain for certain. stop: the
    queue finds no more than chance, and no more than accepted can remain. open: the audit is too small to tell.
    """
    if not 0 <= accepted <= 1:
        raise BadInput(f"The accepted share of wrong labels is {accepted:g}", wanted="a share in 0..1")
    if reached.judged == 0:
        return Advice("begin", f"Nothing is judged yet in this queue of {_images(reached.total)}.")
    recent = _recent(reached)
    if audit is None or audit.rate is None:
        return _without_audit(reached, recent, audit, accepted)
    if reached.left and recent.low > (audit.chance or 0.0):
        return Advice(
            "go_on",
            f"{_yield(recent)}; a random pick among the images not judged yet would find about "
            f"{_percent(audit.chance or 0.0)}. The queue still finds more than chance.",
        )
    low, high = (bound / n_images for bound in audit.remaining_interval)
    dry = f"{_yield(recent)}, no better than a random pick" if reached.left else "Everything in this queue is judged"
    if high <= accepted:
        return Advice(
            "stop",
            f"{dry}, and at most {audit.remaining_interval[1]:,.0f} wrong labels remain unfound: {_percent(high)} of "
            f"{_images(n_images)}, and {_percent(accepted)} is accepted (random audit, 95 % interval).",
        )
    if low > accepted:
        return Advice(
            "go_on",
            f"{dry}, but at least {audit.remaining_interval[0]:,.0f} wrong labels remain unfound: {_percent(low)} of "
            f"{_images(n_images)}, more than the {_percent(accepted)} accepted (random audit, 95 % interval). "
            "Another queue or order, or a new analysis with the labels judged so far, may find them sooner.",
        )
    return _open(dry, audit, n_images=n_images, accepted=accepted)


def _without_audit(reached: QueueProgress, recent: Recent, audit: AuditResult | None, accepted: float) -> Advice:
    if reached.left and recent.low > accepted:
        return Advice(
            "go_on",
            f"{_yield(recent)}: more than the {_percent(accepted)} accepted. How many remain elsewhere only a random "
            "audit can tell.",
        )
    why = _yield(recent) if reached.left else "Everything in this queue is judged"
    if audit is None:
        what = "Draw a random sample and judge it"
    else:
        what = f"Judge the sample of {_images(audit.m)} that was drawn"
    return Advice("audit", f"{why}. That is no basis to stop: it says nothing of the other images. {what}.")


def _open(dry: str, audit: AuditResult, *, n_images: int, accepted: float) -> Advice:
    low, high = audit.remaining_interval
    allowed = accepted * n_images
    inside = (audit.rate or 0.0) * audit.population - audit.found_inside  # still to be found in the population
    further = _needed(audit.rate or 0.0, audit.population, found=audit.found_inside, remaining=inside, allowed=allowed)
    further = max(1, further - audit.judged)
    chance = audit.chance or 0.0
    fresh = _needed(chance, audit.unjudged, found=0, remaining=chance * audit.unjudged, allowed=allowed)
    if fresh < further:
        more, what = fresh, f"a new audit of about {_images(fresh)} not judged yet"
    else:
        more, what = further, f"about {further:,} more images of this audit"
    return Advice(
        "open",
        f"{dry}, but between {low:,.0f} and {high:,.0f} wrong labels remain unfound: {_percent(low / n_images)} to "
        f"{_percent(high / n_images)} of {_images(n_images)}, and {_percent(accepted)} is accepted. If the share stays "
        f"as it is, {what} would decide it.",
        more,
    )


def _needed(rate: float, population: int, *, found: int, remaining: float, allowed: float) -> int:
    """How many of a population must be judged until what remains is known to be at most, or more than, `allowed`.

    `found` wrong labels are known, `remaining` (about) are not; auditing finds its part of these.
    """
    for n in np.unique(np.geomspace(1, max(1, population), STEPS).astype(int)).tolist():
        low, high = finite_wilson(rate * n, n, population)
        known = found + max(0.0, remaining) * n / max(1, population)
        if high * population - known <= allowed or low * population - known > allowed:
            return int(n)
    return population


def _recent(reached: QueueProgress) -> Recent:
    """The last judgements made in this queue; where none is known to be, all of its images."""
    if reached.recent.judged:
        return reached.recent
    return Recent(reached.judged, reached.wrong, reached.low, reached.high)


def _yield(recent: Recent) -> str:
    if recent.judged == 1:
        said = f"The one label judged here was {'wrong' if recent.wrong else 'right'}"
    else:
        wrong = {0: "none was", 1: "1 was"}.get(recent.wrong, f"{recent.wrong:,} were")
        said = f"Of the last {recent.judged:,} labels judged here {wrong} wrong"
    return f"{said} (95 % interval {_percent(recent.low)} to {_percent(recent.high)})"


def _images(n: int) -> str:
    return f"{n:,} image{'' if n == 1 else 's'}"


def _percent(share: float) -> str:
    """0.0123 as "1.2 %", small ones with two digits that say something."""
    text = f"{share * 100:.1f}" if share >= 0.01 or share == 0 else f"{share * 100:.2g}"
    return f"{text} %"
