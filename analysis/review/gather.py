"""From a workspace to an export: its labels, the decisions in force, the reasons of a run, the provenance."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.condition_rows import Mask
from analysis.base.conditions import text_of
from analysis.base.errors import BadInput
from analysis.base.types import Dataset
from analysis.review.apply import Cleaned, ExportPolicy, cleaned, iso_time
from analysis.review.askable import askable
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import Export
from analysis.review.fates import fates, sentences
from analysis.review.pictures import Pictures
from analysis.review.standing import JUDGEMENTS
from analysis.runs.files import read_json
from analysis.runs.run import Run
from analysis.runs.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Only:
    """The images that an export is limited to: `keep` (N,) bool in the order of the data set, and the rule as said in a
    link, such as {"where": "suspicion < 0.9"}."""

    keep: Mask
    rule: dict[str, str]

    def __post_init__(self) -> None:
        if not self.keep.any():
            raise BadInput("No image passes the condition", wanted="a condition that some images pass")


def images_where(workspace: Workspace, store: DecisionStore, text: str, *, run: Run | None = None) -> Only:
    """The images that pass a condition of the filter language; BadCondition, with the place, where it is none."""
    asked = askable(workspace.dataset(), run or workspace.latest(), store)
    condition = asked.read(text)
    return Only(asked.passing(condition), {"where": text_of(condition)})


def gather(
    workspace: Workspace,
    store: DecisionStore,
    *,
    run: Run | None = None,
    policy: ExportPolicy | None = None,
    only: Only | None = None,
    dataset: Dataset | None = None,
) -> Export:
    """The cleaned labels of a workspace as they stand now; `run` gives the reasons (the latest one if not named).

    `dataset` is that of the workspace, where it was read already.
    With `only` images that are not asked for are in no table, as if the data set did not hold them.
    """
    policy = policy or ExportPolicy()
    run = run or workspace.latest()
    last_event = store.last_seq()
    current, excluded = store.current(), store.excluded()
    dataset = dataset or workspace.dataset()
    result = cleaned(
        dataset.table,
        dataset.classes,
        current,
        policy=policy,
        evidence=evidence_of(dataset, run),
        excluded=excluded,
    )
    if only is not None:
        others = set(dataset.table["image_id"].to_numpy()[~only.keep])
        result, current, excluded = result.without(others), *(_without(f, others) for f in (current, excluded))
    facts = {
        "made_at": iso_time(time.time()),
        "program": {"name": "lookalike", "version": program_version()},
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__},
        "data_set": _about(workspace),
        "run": None if run is None else {"run_id": run.run_id, **_settings(run)},
        "policy": policy.model_dump(),
        "only": None if only is None else only.rule,
        "images_without_one_label": sentences(fates(result), policy),
        "decisions": {"last_event": last_event, "current": len(current), "excluded": len(excluded)},
        "counts": {**counts(result), **looked_at(current)},
    }
    pictures = Pictures(dataset.pixels, dataset.table) if dataset.pixels.kind != "none" else None
    return Export(tables=result.tables(), classes=dataset.classes, provenance=facts, pictures=pictures)


def _without(table: pd.DataFrame, others: set[str]) -> pd.DataFrame:
    return table[~table["image_id"].isin(others)]


def evidence_of(dataset: Dataset, run: Run | None) -> pd.DataFrame | None:
    """What a run says of every image: image_id, suspicion, is_suspect, suggested and predicted as class names, and
    reasons ("" for images that are no suspects)."""
    if run is None or not (run.has("scores") and run.has("suspects")):
        return None
    table, names = dataset.table, np.asarray(dataset.classes, dtype=object)
    scores = run.table("scores", ["suspicion", "is_suspect", "suggested", "predicted"])
    suspects = run.table("suspects", ["row", "reasons"]).drop_duplicates("row")
    reasons = np.full(len(table), "", object)
    reasons[suspects["row"].to_numpy()] = suspects["reasons"].to_numpy(object)
    return pd.DataFrame(
        {
            "image_id": table["image_id"],
            "suspicion": scores["suspicion"].to_numpy(),
            "is_suspect": scores["is_suspect"].to_numpy(),
            "suggested": names[scores["suggested"].to_numpy()],
            "predicted": names[scores["predicted"].to_numpy()],
            "reasons": reasons,
        }
    )


def counts(result: Cleaned) -> dict[str, Any]:
    """The figures of an export: rows by status, changes by action, classes touched, by reviewer."""
    labels, changes = result.labels, result.changes
    moved = changes[changes["action"] == "relabel"]
    return {
        "n_labels": len(labels),
        "by_status": {str(k): int(v) for k, v in labels["status"].value_counts().sort_index().items()},
        "by_action": {str(k): int(v) for k, v in changes["action"].value_counts().sort_index().items()},
        "classes_touched": len(set(moved["old"]) | set(moved["new"])),
        "changes_by_reviewer": {str(k): int(v) for k, v in changes["reviewer"].value_counts().sort_index().items()},
        "images_in_conflict": int(result.conflicts["image_id"].nunique()),
        "by_policy": fates(result),
        "not_applied": len(result.problems),
    }


def looked_at(current: pd.DataFrame) -> dict[str, int]:
    """How many images were judged, and how many were looked at without a judgement: skipped, or unsure."""
    verdict = current.loc[current["in_force"], "verdict"]
    judged = int(verdict.isin(JUDGEMENTS).sum())
    return {"judged": judged, "left_open": len(verdict) - judged}


def program_version() -> str:
    """The version of this program, or "unknown" when it runs without having been installed."""
    try:
        return metadata.version("lookalike")
    except metadata.PackageNotFoundError:
        return "unknown"


def _about(workspace: Workspace) -> dict[str, Any]:
    facts = workspace.facts()
    chosen = ("name", "source", "reader", "fingerprint", "n_images", "n_set_aside", "about")
    return {key: facts[key] for key in chosen}


def _settings(run: Run) -> dict[str, Any]:
    path = run.path / "config.json"
    return {"settings": read_json(path)["settings"]} if path.exists() else {}
