"""What is woven into a queue, and what an item says beyond the analysis."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.review.checks import known_answers, mix, pools
from analysis.review.limits import labels_of
from analysis.review.standing import JUDGEMENTS
from dashboard import loaders
from dashboard.items import Extra, said
from dashboard.widgets.queue_options import Options
from dashboard.widgets.seen import Seen

PAIR_WORDS = {
    "overlap": "These two classes overlap: both labels can be right",
    "same": "These two classes are the same thing",
    "both": "Images of these two classes often hold both",
    "distinct": "These two classes are clearly different",
}


def mixed(
    seen: Seen, left: NDArray[np.integer], *, options: Options, reviewer: str
) -> tuple[NDArray[np.integer], dict[int, str]]:
    """The queue with the items that measure the reviewer woven in: its rows, and the purpose of those by position."""
    if not (options.known or options.repeat):
        return left, {}
    store, row_of = seen.opened.decisions, seen.opened.row_of
    known = known_answers(store.current(), seen.opened.dataset)
    seed = zlib.crc32(f"{reviewer}\n{store.last_seq()}".encode())
    settled, earlier = pools(store.log(), known, reviewer=reviewer, seed=seed)
    known_rows, own_rows = ([r for r in row_of.get_indexer(ids).tolist() if r >= 0] for ids in (settled, earlier))
    woven = mix(
        left.tolist(),
        known=known_rows,
        repeats=own_rows,
        share_known=options.known,
        share_repeat=options.repeat,
        seed=seed,
    )
    rows = np.array([row for row, _ in woven], left.dtype)
    return rows, {place: purpose for place, (_, purpose) in enumerate(woven) if purpose}


def extras_of(
    seen: Seen, rows: Sequence[int], start: int, *, purposes: Mapping[int, str], settles: bool
) -> dict[int, Extra]:
    """By position in the queue: purpose, what others said (only where a disagreement is settled), the pair's guideline.

    `rows` are those of a window that begins at position `start`.
    """
    written = loaders.guidelines(seen.path)
    others = what_others_said(seen, rows) if settles else {}
    made = {}
    for place, row in enumerate(rows, start):
        names = seen.classes[seen.columns.given[row]], seen.classes[seen.columns.suggested[row]]
        verdict, text = written.get(names, ("", ""))
        guideline = " – ".join(part for part in (PAIR_WORDS.get(verdict, ""), text) if part)
        purpose = "adjudicate" if settles else purposes.get(place, "")
        extra = Extra(purpose=purpose, others=tuple(others.get(row, ())), guideline=guideline)
        if extra != Extra():
            made[place] = extra
    return made


def what_others_said(seen: Seen, rows: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """By row: (reviewer, verdict in words) of everybody who judged the image, the oldest first."""
    ids = seen.opened.dataset.table["image_id"].iloc[list(rows)]
    row_of = dict(zip(ids, rows, strict=True))
    current = seen.opened.decisions.current()
    judged = current[
        current["image_id"].isin(ids) & current["verdict"].isin(JUDGEMENTS) & (current["purpose"] != "adjudicate")
    ]
    found: dict[int, list[tuple[str, str]]] = {}
    for one in judged.itertuples():
        note = f" (“{one.note}”)" if one.note else ""
        found.setdefault(row_of[one.image_id], []).append(
            (one.reviewer, said(one.verdict, labels_of(one.new_label)) + note)
        )
    return found
