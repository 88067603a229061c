"""Decisions applied to the given labels: the cleaned list, what changed, by whom and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.base.config import Settings
from analysis.review.limits import labels_of
from analysis.review.standing import disagreements, in_force

Keep = Literal["keep", "drop"]

STATUS = {
    "relabel": "relabelled",
    "keep": "kept",
    "several": "several",
    "none_fits": "none_fits",
    "unsure": "unsure",
    "skip": "skipped",
}
STATUSES = ("unreviewed", *STATUS.values())

# Columns of the four tables and what a cell holds: text, number (NaN = not known), flag, whole, names (tuple of text).
COLUMNS: dict[str, dict[str, str]] = {
    "labels": {  # a row per image that stays in the list, in the order of the data set
        "image_id": "text",
        "path": "text",
        "given": "text",
        "label": "text",  # the final one
        "status": "text",  # one of STATUSES; unreviewed says nothing about being right
        "labels": "names",  # all that fit, where the status is several; else empty
    },
    "changes": {  # a row per image whose given label was found wrong, or that was left out, in the same order
        "image_id": "text",
        "path": "text",
        "old": "text",
        "new": "text",  # what the list says now; "" = not in the list any more
        "action": "text",  # relabel, mark (label stays, status says what is wrong with it) or drop
        "labels": "names",
        "verdict": "text",
        "reviewer": "text",
        "decided_at": "text",  # ISO 8601, UTC
        "reason": "text",  # why the image was suspected
        "suspicion": "number",
        "suggested": "text",
        "run_id": "text",
        "note": "text",
        "session": "text",
        "seq": "whole",
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


class ExportPolicy(Settings):
    """What happens to images whose verdict gives no single new label. `keep`: the given label stays, marked."""

    several: Keep = Field("keep", description="several labels fit")
    none_fits: Keep = Field("keep", description="no label of this data set fits")
    unsure: Keep = Field("keep", description="the reviewer could not tell")


@dataclass(frozen=True, eq=False)
class Cleaned:
    """The four tables described in COLUMNS."""

    labels: pd.DataFrame
    changes: pd.DataFrame
    conflicts: pd.DataFrame
    problems: pd.DataFrame


def frame_of(name: str, columns: dict[str, Any]) -> pd.DataFrame:
    """The table `name` with the columns and types that COLUMNS declares; what is missing raises KeyError."""
    kinds = COLUMNS[name]
    made = {}
    for column, kind in kinds.items():
        cells = columns[column]
        made[column] = pd.Series(list(cells) if kind == "names" else cells, dtype=_DTYPES[kind])
    return pd.DataFrame(made)


def cleaned(
    table: pd.DataFrame,
    classes: Sequence[str],
    current: pd.DataFrame,
    *,
    policy: ExportPolicy | None = None,
    evidence: pd.DataFrame | None = None,
) -> Cleaned:
    """Apply what people say now (`DecisionStore.current()`) to the given labels of a data set's table.

    Rows without a decision stay as they were with the status unreviewed. `evidence` has the columns image_id,
    suspicion, reasons (the suspects table has them) and is copied into the changes. A decision on an image that is
    not here, on another given label than the one here, or for a class that is not here is not applied, but listed.
    """
    policy = policy or ExportPolicy()
    names = np.asarray(classes, dtype=object)
    ids = pd.Index(table["image_id"])
    current = current.reset_index(drop=True)
    row = ids.get_indexer(pd.Index(current["image_id"]))
    given = names[table["given"].to_numpy()]
    problem = _problems(current, row, given, set(classes))
    sound = problem == ""
    usable, rows = current[sound], row[sound]
    counts = in_force(usable).to_numpy()
    decided = usable[counts].assign(row=rows[counts]).sort_values("row")
    label, status, left_out = _final(decided, given, policy)
    marked = np.isin(status, ("several", "none_fits")) & ~left_out
    action = np.select([left_out, status == "relabelled", marked], ["drop", "relabel", "mark"], "")
    fitting = np.empty(len(table), object)
    fitting[:] = [()] * len(table)
    for place, new in zip(decided["row"], decided["new_label"], strict=True):
        fitting[place] = labels_of(new) if status[place] == "several" else ()
    paths = table["path"].to_numpy()
    labels = {
        "image_id": ids.to_numpy(),
        "path": paths,
        "given": given,
        "label": label,
        "status": status,
        "labels": fitting,
    }
    stays = frame_of("labels", {name: cells[~left_out] for name, cells in labels.items()})
    changed = decided[action[decided["row"].to_numpy(int)] != ""]
    at = changed["row"].to_numpy(int)
    facts = {**{name: cells[at] for name, cells in labels.items()}, "action": action[at]}
    return Cleaned(
        labels=stays,
        changes=_changes(changed, facts, evidence),
        conflicts=_conflicts(usable),
        problems=_refused(current[~sound], problem[~sound]),
    )


def _problems(
    current: pd.DataFrame, row: np.ndarray[Any, Any], given: np.ndarray[Any, Any], known: set[str]
) -> np.ndarray[Any, Any]:
    """Why each decision cannot be applied (n,) text; "" where it can."""
    out = np.full(len(current), "", dtype=object)
    columns = zip(row, current["given"], current["new_label"], strict=True)
    for i, (place, judged, new) in enumerate(columns):
        if place < 0:
            out[i] = "the image is not in this data set"
        elif judged != given[place]:
            out[i] = "the given label was another one when it was judged"
        elif any(name not in known for name in labels_of(new)):
            out[i] = "the new label is no class of this data set"
    return out


def _final(
    decided: pd.DataFrame, given: np.ndarray[Any, Any], policy: ExportPolicy
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(final label (N,), status (N,), left out (N,) bool) of every image."""
    label, status = given.copy(), np.full(len(given), "unreviewed", dtype=object)
    places = decided["row"].to_numpy(int)
    status[places] = decided["verdict"].map(STATUS).to_numpy()
    relabel = (decided["verdict"] == "relabel").to_numpy()
    label[places[relabel]] = decided["new_label"].to_numpy()[relabel]
    status[(status == "relabelled") & (label == given)] = "kept"
    dropped = [verdict for verdict in ("several", "none_fits", "unsure") if getattr(policy, verdict) == "drop"]
    left_out = np.isin(status.astype(str), dropped)
    label[left_out] = ""
    return label, status, left_out


def _changes(changed: pd.DataFrame, facts: dict[str, Any], evidence: pd.DataFrame | None) -> pd.DataFrame:
    """The change list of the decisions `changed`; `facts` holds the same rows of the label list."""
    if evidence is None:
        evidence = pd.DataFrame({"image_id": [], "suspicion": [], "reasons": []})
    found = evidence.drop_duplicates("image_id").set_index("image_id").reindex(facts["image_id"])
    return frame_of(
        "changes",
        {
            **{name: changed[name].to_numpy() for name in ("verdict", "reviewer", "suggested", "run_id", "note")},
            **{name: changed[name].to_numpy() for name in ("session", "seq")},
            **{name: facts[name] for name in ("image_id", "path", "action", "labels")},
            "old": facts["given"],
            "new": facts["label"],
            "decided_at": [iso_time(at) for at in changed["decided_at"]],
            "reason": found["reasons"].astype(object).where(found["reasons"].notna(), "").to_numpy(),
            "suspicion": found["suspicion"].to_numpy(float),
        },
    )


def _conflicts(usable: pd.DataFrame) -> pd.DataFrame:
    apart = disagreements(usable.assign(in_force=in_force(usable)))
    return frame_of("conflicts", _said(apart, ("image_id", "given", "verdict", "reviewer", "note", "in_force")))


def _refused(current: pd.DataFrame, problem: np.ndarray[Any, Any]) -> pd.DataFrame:
    facts = _said(current, ("image_id", "given", "verdict", "reviewer"))
    return frame_of("problems", {**facts, "problem": problem})


def _said(current: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    facts = {name: current[name].to_numpy() for name in columns}
    times = [iso_time(at) for at in current["decided_at"]]
    return {**facts, "labels": [labels_of(new) for new in current["new_label"]], "decided_at": times}


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, such as 2026-03-01T12:00:00.250000+00:00."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
