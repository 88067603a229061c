"""The label patch: only what changes, with its inverse, to be applied to a label file of any make."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS, typed
from analysis.review.exporter import Export, exporter
from analysis.review.patch import Change, Patch, inverse
from analysis.review.patchfile import read_patch, write_patch

FILE, BACK = "patch.jsonl", "inverse.jsonl"
READING = (
    f"{FILE} is UTF-8 JSON Lines: a header with the classes in the order of their numbers, then a change a line. "
    "action: relabel (old to new), drop (the image leaves the list), mark (the label stays; verdict and labels say "
    "what is wrong with it, excluded that nobody should train on it). Apply it to your own label file with "
    "`python -m analysis apply patch.jsonl LABELS --out NEW`, which leaves every other byte as it is and writes an "
    f"exact inverse beside the result; {BACK} sets the labels back by name, but cannot bring back a dropped line. "
    "Several people's patches are joined with `python -m analysis merge`."
)
_SAME = ("image_id", "path", "action", "old", "new", "verdict", "reviewer", "decided_at", "reason", "suggested")
_READ = {name: kind for name, kind in COLUMNS["changes"].items() if name not in ("session", "seq")}


def patch_of(export: Export) -> Patch:
    """The changes of an export as a patch. Images that are only marked as excluded are in it too."""
    facts = export.provenance
    data_set, run, program = (facts.get(name) or {} for name in ("data_set", "run", "program"))
    labels = export.labels
    excluded = set(labels.loc[labels["excluded"], "image_id"])
    changes = [_change(row, excluded) for row in export.tables["changes"].to_dict("records")]
    there = {change.image_id for change in changes}
    marked = labels[labels["excluded"] & ~labels["image_id"].isin(there)]
    return Patch(
        classes=export.classes,
        changes=(*changes, *(_excluded(row) for row in marked.to_dict("records"))),
        fingerprint=data_set.get("fingerprint", ""),
        data_set=data_set.get("name", ""),
        made_at=facts.get("made_at", ""),
        run=run.get("run_id", ""),
        program=" ".join(str(program[name]) for name in ("name", "version") if name in program),
        about={"policy": facts["policy"]} if "policy" in facts else {},
    )


def _change(row: dict[Any, Any], excluded: set[str]) -> Change:
    return Change(
        **{name: row[name] for name in (*_SAME, "labels", "run_id", "note")},
        excluded=row["image_id"] in excluded or row["verdict"] == "exclude",
        suspicion=None if math.isnan(row["suspicion"]) else float(row["suspicion"]),
    )


def _excluded(row: dict[Any, Any]) -> Change:
    facts = {name: row[name] for name in ("image_id", "path")}
    return Change(**facts, action="mark", old=row["label"], new=row["label"], excluded=True, verdict="exclude")


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The changes, without the sessions they come from; the labels themselves are in the list that is patched."""
    patch, back = read_patch(folder / FILE), read_patch(folder / BACK)
    if inverse(back) != patch:
        raise BadInput(f"{BACK} is damaged: it does not take {FILE} back", hint="export it again")
    if patch.direction != "forward":
        raise BadInput(f"{FILE} is damaged: it is an inverse", hint="export it again")
    rows = [change for change in patch.changes if (change.action, change.verdict) != ("mark", "exclude")]
    columns: dict[str, Any] = {name: [getattr(change, name) for change in rows] for name in _READ}
    columns["suspicion"] = [math.nan if value is None else value for value in columns["suspicion"]]
    return {"changes": typed(columns, _READ)}


@exporter(
    "patch",
    title="Label patch",
    summary="only what changes, to be applied to your own label file",
    reading=READING,
    group="patch",
    read=read,
)
def write(export: Export, folder: Path, _: Settings) -> None:
    """Write patch.jsonl and inverse.jsonl."""
    patch = patch_of(export)
    write_patch(folder / FILE, patch)
    write_patch(folder / BACK, inverse(patch))
