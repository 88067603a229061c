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
from analysis.base.image_ids import RowOf
from analysis.review.columns import STATUS, frame_of
from analysis.review.limits import labels_of
from analysis.review.standing import disagreements, in_force

Keep = Literal["keep", "drop"]
Array = np.ndarray[Any, Any]

# What a row of the changes takes from the decision that led to it, and what stands there where nobody has looked
_SAID: dict[str, Any] = {
    "verdict": "",
    "reviewer": "",
    "decided_at": np.nan,
    "suggested": "",
    "run_id": "",
    "note": "",
    "session": "",
    "seq": -1,
}


class ExportPolicy(Settings):
    """What happens to images that have no single right label. `keep`: they stay, with the given label, marked."""

    several: Keep = Field("keep", description="several labels fit")
    none_fits: Keep = Field("keep", description="no label of this data set fits")
    unsure: Keep = Field("keep", description="the reviewer could not tell")
    unreviewed: Keep = Field("keep", description="nobody has judged the image: not looked at, or skipped")
    excluded: Keep = Field("drop", description="marked as not to be trained on, whatever its label")


@dataclass(frozen=True, eq=False)
class Cleaned:
    """The tables described in COLUMNS."""

    labels: pd.DataFrame
    images: pd.DataFrame
    changes: pd.DataFrame
    conflicts: pd.DataFrame
    problems: pd.DataFrame

    def without(self, others: set[str]) -> Cleaned:
        """The same without the images `others`, by id."""
        rest = {name: table[~table["image_id"].isin(others)] for name, table in self.tables().items()}
        return Cleaned(**{name: table.reset_index(drop=True) for name, table in rest.items()})

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, in the order of COLUMNS."""
        return dict(vars(self))


def cleaned(
    table: pd.DataFrame,
    classes: Sequence[str],
    current: pd.DataFrame,
    *,
    policy: ExportPolicy | None = None,
    evidence: pd.DataFrame | None = None,
    excluded: pd.DataFrame | None = None,
) -> Cleaned:
    """Apply what people say now (`DecisionStore.current()`) to the given labels of a data set's table.

    Rows without a decision stay as they were with the status unreviewed. `excluded` are the marks that stand
    (`DecisionStore.excluded()`). `evidence` is what was known beforehand: image_id, suspicion, reasons, perhaps
    is_suspect and the class names suggested and predicted. A decision on an image that is not here, on another given
    label than the one here, or for a class that is not here is not applied, but listed.
    """
    policy = policy or ExportPolicy()
    ids = RowOf(table["image_id"])
    given = np.asarray(classes, dtype=object)[table["given"].to_numpy()]
    current = current.reset_index(drop=True)
    row = ids.get_indexer(current["image_id"])
    problem = _problems(current, row, given, set(classes))
    usable, rows = current[problem == ""], row[problem == ""]
    counts = in_force(usable).to_numpy()
    decided, at = usable[counts], rows[counts]
    marks, marked, lost = _marks(excluded, current, ids)
    label, status, action = _final(decided, at, given, policy)
    is_excluded = np.zeros(len(table), bool)
    is_excluded[marked] = True
    if policy.excluded == "drop":
        label[is_excluded], action[is_excluded] = "", "drop"
    said = _said(len(table), (decided, at), (marks, marked if policy.excluded == "drop" else marked[:0]))
    facts = {
        "image_id": table["image_id"].array,  # not as objects: a million texts take 65 MB so, and 20 as they are
        "path": table["path"].array,
        "split": table["split"].array if "split" in table else np.full(len(table), ""),
        "given": given,
        "label": label,
        "status": status,
        "labels": _fitting(decided, at, len(table)),
        "excluded": is_excluded,
        "action": action,
    }
    stays, changed = action != "drop", action != ""
    known = _known(table, evidence)
    refused = pd.concat([current[problem != ""].assign(problem=problem[problem != ""]), lost])
    return Cleaned(
        labels=frame_of("labels", {name: cells[stays] for name, cells in facts.items()}),
        images=frame_of("images", {name: cells[stays] for name, cells in known.items()}),
        changes=_changes(
            {name: cells[changed] for name, cells in facts.items()},
            {name: cells[changed] for name, cells in known.items()},
            said(changed),
        ),
        conflicts=_conflicts(usable.assign(in_force=counts)),
        problems=frame_of("problems", _spoken(refused, ("image_id", "given", "verdict", "reviewer", "problem"))),
    )


def _problems(current: pd.DataFrame, row: Array, given: Array, known: set[str]) -> Array:
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


def _marks(
    excluded: pd.DataFrame | None, current: pd.DataFrame, ids: RowOf
) -> tuple[pd.DataFrame, Array, pd.DataFrame]:
    """(marks on images of this data set, their rows in the table, marks on other images with the problem)."""
    marks = current.iloc[:0] if excluded is None else excluded
    row = ids.get_indexer(marks["image_id"])
    here = row >= 0
    return marks[here], row[here], marks[~here].assign(problem="the image is not in this data set")


def _final(decided: pd.DataFrame, at: Array, given: Array, policy: ExportPolicy) -> tuple[Array, Array, Array]:
    """(final label (N,), status (N,), action (N,): "", relabel, mark or drop) of every image by its verdict."""
    label, status = given.copy(), np.full(len(given), "unreviewed", dtype=object)
    status[at] = decided["verdict"].map(STATUS).to_numpy()
    relabel = (decided["verdict"] == "relabel").to_numpy()
    label[at[relabel]] = decided["new_label"].to_numpy()[relabel]
    status[(status == "relabelled") & (label == given)] = "kept"
    says = pd.Series(status, dtype=object)  # np.isin would copy and sort a million texts
    dropped = [
        verdict for verdict in ("several", "none_fits", "unsure", "unreviewed") if getattr(policy, verdict) == "drop"
    ]
    left_out = says.isin([*dropped, "skipped"] if "unreviewed" in dropped else dropped).to_numpy()
    label[left_out] = ""
    action = np.full(len(given), "", dtype=object)
    for rows, does in ((says.isin(("several", "none_fits")), "mark"), (says == "relabelled", "relabel")):
        action[rows.to_numpy()] = does
    action[left_out] = "drop"
    return label, status, action


def _fitting(decided: pd.DataFrame, at: Array, n: int) -> Array:
    """All labels that fit (N,) tuples of names, where several do; else ()."""
    fitting = np.empty(n, object)
    fitting[:] = [()] * n
    several = (decided["verdict"] == "several").to_numpy()
    for place, new in zip(at[several], decided["new_label"].to_numpy()[several], strict=True):
        fitting[place] = labels_of(new)
    return fitting


def _known(table: pd.DataFrame, evidence: pd.DataFrame | None) -> dict[str, Array]:
    """The columns of the table `images` for every row of the data set, and `reasons`."""
    blank: dict[str, Any] = {"suspicion": np.nan, "is_suspect": False, "suggested": "", "predicted": "", "reasons": ""}
    n = len(table)
    found: dict[str, Any] = {
        name: np.full(n, value, dtype=object if value == "" else None) for name, value in blank.items()
    }
    if evidence is not None:
        same = evidence["image_id"].array.equals(table["image_id"].array)  # as a rule: then nothing is looked up
        row = None if same else pd.Index(evidence["image_id"]).get_indexer(pd.Index(table["image_id"]))
        for name in (name for name in blank if name in evidence):
            cells = evidence[name]
            found[name] = cells.array if row is None else np.where(row >= 0, cells.to_numpy()[row], blank[name])
    sizes = {side: table[side].to_numpy() if side in table else np.zeros(n, int) for side in ("width", "height")}
    return {"image_id": table["image_id"].array, **sizes, **found}


def _said(n: int, *sources: tuple[pd.DataFrame, Array]) -> Any:
    """Of every image the decision that led to what happens to it; the last source that speaks of it is taken."""
    pool = pd.concat([said[list(_SAID)].iloc[: len(at)] for said, at in sources], ignore_index=True)
    pick = np.full(n, -1)
    start = 0
    for _, at in sources:
        pick[at] = np.arange(start, start + len(at))
        start += len(at)

    def of(rows: Array) -> pd.DataFrame:
        taken = pool.astype(object).reindex(pick[rows])  # -1 is no label of the pool: those rows come out empty
        nobody = pick[rows] < 0
        return taken.assign(**{name: np.where(nobody, blank, taken[name]) for name, blank in _SAID.items()})

    return of


def _changes(facts: dict[str, Array], known: dict[str, Array], said: pd.DataFrame) -> pd.DataFrame:
    """The change list; all three hold the same images."""
    times = ["" if at != at else iso_time(at) for at in said["decided_at"]]  # noqa: PLR0124  # NaN is unlike itself
    return frame_of(
        "changes",
        {
            **{name: said[name].to_numpy() for name in _SAID},
            **{name: facts[name] for name in ("image_id", "path", "action", "labels")},
            "old": facts["given"],
            "new": facts["label"],
            "decided_at": times,
            "reason": known["reasons"],
            "suspicion": known["suspicion"],
        },
    )


def _conflicts(usable: pd.DataFrame) -> pd.DataFrame:
    return frame_of(
        "conflicts", _spoken(disagreements(usable), ("image_id", "given", "verdict", "reviewer", "note", "in_force"))
    )


def _spoken(current: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    facts = {name: current[name].to_numpy() for name in columns}
    times = [iso_time(at) for at in current["decided_at"]]
    return {**facts, "labels": [labels_of(new) for new in current["new_label"]], "decided_at": times}


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, such as 2026-03-01T12:00:00.250000+00:00."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
