"""The tables of an export: their columns, what a cell holds, and how one is made."""

from __future__ import annotations

from typing import Any

import pandas as pd

STATUS = {
    "relabel": "relabelled",
    "keep": "kept",
    "several": "several",
    "none_fits": "none_fits",
    "unsure": "unsure",
    "skip": "skipped",
}
STATUSES = ("unreviewed", *STATUS.values())

# What a cell holds: text, number (NaN = not known), flag, whole, names (tuple of text).
COLUMNS: dict[str, dict[str, str]] = {
    "labels": {  # a row per image that stays in the list, in the order of the data set
        "image_id": "text",
        "path": "text",
        "split": "text",  # "" where the data set names none
        "given": "text",
        "label": "text",  # the final one
        "status": "text",  # one of STATUSES; unreviewed says nothing about being right
        "labels": "names",  # all that fit, where the status is several; else empty
        "excluded": "flag",  # marked as not to be trained on, whatever its label
    },
    "images": {  # what was known of the same images, in the same order, before anybody judged them
        "image_id": "text",
        "width": "whole",  # pixels; 0 = not known
        "height": "whole",
        "suspicion": "number",
        "is_suspect": "flag",
        "suggested": "text",  # "" where no run has looked
        "predicted": "text",
    },
    "changes": {  # a row per image whose given label was found wrong, or that was left out, in the same order
        "image_id": "text",
        "path": "text",
        "old": "text",
        "new": "text",  # what the list says now; "" = not in the list any more
        "action": "text",  # relabel, mark (label stays, status says what is wrong with it) or drop
        "labels": "names",
        "verdict": "text",  # what led to it; exclude where the mark did, "" where nobody has looked
        "reviewer": "text",
        "decided_at": "text",  # ISO 8601, UTC
        "reason": "text",  # why the image was suspected
        "suspicion": "number",
        "suggested": "text",
        "run_id": "text",
        "note": "text",
        "session": "text",
        "seq": "whole",  # -1 where nobody has looked
    },
    "conflicts": {  # the judgements on images where reviewers disagree
        "image_id": "text",
        "given": "text",
        "verdict": "text",
        "labels": "names",  # the new label(s)
        "reviewer": "text",
        "decided_at": "text",
        "note": "text",
        "in_force": "flag",  # this one was used
    },
    "problems": {  # decisions that could not be applied
        "image_id": "text",
        "problem": "text",
        "verdict": "text",
        "given": "text",
        "labels": "names",
        "reviewer": "text",
        "decided_at": "text",
    },
}
_DTYPES = {"text": "str", "number": "float64", "flag": "bool", "whole": "int64", "names": "object"}


def frame_of(name: str, columns: dict[str, Any]) -> pd.DataFrame:
    """The table `name` with the columns and types that COLUMNS declares; what is missing raises KeyError."""
    return typed({column: columns[column] for column in COLUMNS[name]}, COLUMNS[name])


def typed(columns: dict[str, Any], kinds: dict[str, str]) -> pd.DataFrame:
    """A frame of `columns`, each of the kind that `kinds` names."""
    made = {}
    for column, cells in columns.items():
        kind = kinds[column]
        made[column] = pd.Series(list(cells) if kind == "names" else cells, dtype=_DTYPES[kind])
    return pd.DataFrame(made)
