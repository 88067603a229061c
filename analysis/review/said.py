"""What people said so far as arrays by data set row, so that a queue of a million images is a matter of milliseconds.

Pure. A frame of decisions knows image ids; everything on a screen knows rows. The change from one to the other is made
once per event here and shared by all visitors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.image_ids import FindsRows
from analysis.review.standing import disagreements, in_force

OPEN, RIGHT, WRONG, UNSURE, SKIPPED = range(5)  # what is known of the label of one image
AUDIT = "audit:"  # how the tag of an audit queue begins
LONGEST_LOOK = 60.0  # seconds; what took longer holds a pause

Codes = NDArray[np.int8]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Said:
    """What stands after one event: N images, E verdicts (the last one per image and reviewer), oldest first.

    `verdict` (N,): what is in force of each image: OPEN (nobody said anything), RIGHT, WRONG, UNSURE or SKIPPED.
    `queued` and `audited` (N,): the same counting only what was said outside, or inside, audit queues; the settling of
    a disagreement counts wherever the image was judged. METHODS 8.3: the two never meet in one precision.
    `disagreeing`: rows, ascending, on which reviewers disagree and nobody settled it.
    `judges` (N,): how many reviewers judged the image or were unsure. `settled` (N,) bool: a disagreement was settled.
    By verdict (E,): `event` (its number in the log, ascending), `row`, `code`, `reviewer` and `queue` as booked,
    `settles` bool, and `seconds` of looking (NaN: unknown).
    """

    verdict: Codes
    queued: Codes
    audited: Codes
    judges: NDArray[np.int64]
    settled: NDArray[np.bool_]
    disagreeing: Rows
    event: NDArray[np.int64]
    row: Rows
    code: Codes
    reviewer: NDArray[np.object_]
    queue: NDArray[np.object_]
    settles: NDArray[np.bool_]
    seconds: NDArray[np.float64]

    def done(self, reviewer: str, *, opinions: int = 1, adjudicate: bool = False) -> tuple[Rows, Rows]:
        """(decided, skipped) rows, ascending, as `reviewer` sees it: what leaves a queue, what goes to its end.

        An image is decided when `opinions` different people judged it (unsure counts), when this reviewer did, or when
        a disagreement on it was settled. Only the reviewer's own skips count: to others the image is open. With
        `adjudicate` only settling counts, and that this reviewer tried to settle it and was unsure.
        """
        mine = (self.reviewer == reviewer) & (self.settles == adjudicate)
        decided = self.settled.copy() if adjudicate else self.settled | (self.judges >= max(1, opinions))
        decided[self.row[mine & (self.code != SKIPPED)]] = True
        skipped = np.unique(self.row[mine & (self.code == SKIPPED)])
        return np.flatnonzero(decided), skipped[~decided[skipped]]


def said_of(current: pd.DataFrame, image_ids: FindsRows, *, before: Said | None = None) -> Said:
    """What stands as arrays; `current` is `DecisionStore.current()`, `image_ids` (N,) the unique ones of a data set.

    Verdicts on images that the data set does not hold are left out. `before`: what it gave for the same data set
    earlier; only the images of newer events are looked up then.
    """
    rows = _rows_of(current, image_ids, before)
    current = current.assign(row=rows, code=codes(current))[rows >= 0].reset_index(drop=True)
    row, code = current["row"].to_numpy(), current["code"].to_numpy()
    settles = (current["purpose"] == "adjudicate").to_numpy(bool)
    n = len(image_ids)
    verdict, queued, audited = np.zeros((3, n), np.int8)
    counts = current["in_force"].to_numpy(bool)
    verdict[row[counts]] = code[counts]
    in_audit = current["queue"].str.startswith(AUDIT).to_numpy(bool) & ~settles
    both = np.isin(row, row[in_audit])  # everything said of images that an audit has seen
    queued[row[counts & ~both]] = code[counts & ~both]
    for target, part in ((queued, both & ~in_audit & ~settles), (audited, in_audit)):
        _fill(target, current[part | (settles & np.isin(row, row[part]))])
    judges = np.bincount(row[(code != SKIPPED) & ~settles], minlength=n)
    settled = np.zeros(n, bool)
    settled[row[settles & np.isin(code, (RIGHT, WRONG))]] = True
    return Said(
        verdict=verdict,
        queued=queued,
        audited=audited,
        judges=judges,
        settled=settled,
        disagreeing=np.unique(disagreements(current[judges[row] > 1])["row"].to_numpy(np.int64)),
        event=current["event_id"].to_numpy(np.int64),
        row=row,
        code=code,
        reviewer=current["reviewer"].to_numpy(object),
        queue=current["queue"].to_numpy(object),
        settles=settles,
        seconds=seconds_of(current),
    )


def codes(decisions: pd.DataFrame) -> Codes:
    """RIGHT, WRONG, UNSURE or SKIPPED of each decision; choosing the given label as the new one is keeping it."""
    verdict = decisions["verdict"]
    same = (verdict == "relabel") & (decisions["new_label"] == decisions["given"])
    kinds = [(verdict == "keep") | same, verdict == "unsure", verdict == "skip"]
    return np.select([kind.to_numpy(bool) for kind in kinds], [RIGHT, UNSURE, SKIPPED], WRONG).astype(np.int8)


def seconds_of(decisions: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds each decision took, at most `LONGEST_LOOK`; NaN where it is not known when the image came up.

    The decisions of one page of the grid share the time that the page took.
    """
    took = (decisions["decided_at"] - decisions["shown_at"]).to_numpy(float, copy=True)
    grid = (decisions["mode"] == "grid").to_numpy(bool)
    if grid.any():
        together = decisions[grid].groupby(["session", "shown_at"])["shown_at"]
        took[grid] /= together.transform("size").to_numpy(float)
    return np.where(took >= 0, np.minimum(took, LONGEST_LOOK), np.nan)


def _rows_of(current: pd.DataFrame, image_ids: FindsRows, before: Said | None) -> Rows:
    """The row of the image of each event, -1 where the data set does not hold it."""
    event = current["event_id"].to_numpy(np.int64)
    rows = np.full(len(event), -1)
    unknown = np.ones(len(event), bool)
    if before is not None:
        place, unknown = among(event, before.event)
        rows[~unknown] = before.row[place[~unknown]]
    rows[unknown] = image_ids.get_indexer(current["image_id"][unknown])
    return rows


def among(event: NDArray[np.int64], earlier: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each event (E,) stands among `earlier` ones, and which of them are not there; both ascend.

    An event never changes: what was found out of it alone holds for good.
    """
    place = np.minimum(np.searchsorted(earlier, event), max(0, len(earlier) - 1))
    unknown = earlier[place] != event if len(earlier) else np.ones(len(event), bool)
    return place, unknown


def _fill(target: Codes, part: pd.DataFrame) -> None:
    counted = part[in_force(part).to_numpy(bool)] if len(part) else part
    target[counted["row"].to_numpy()] = counted["code"].to_numpy()
