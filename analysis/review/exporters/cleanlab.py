"""The columns that cleanlab's frames of label issues have, with what people decided beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.csv_cells import READING as GUARDED
from analysis.review.csv_cells import read_csv, write_csv
from analysis.review.exporter import PROVENANCE, Export, exporter
from analysis.runs.files import read_json

FILE = "label_issues.csv"
CLASSES = {"number": "whole", "class": "text"}
KINDS = {
    "image_id": "text",
    "path": "text",
    "split": "text",
    "is_label_issue": "flag",
    "label_quality": "number",
    "given_label": "text",
    "predicted_label": "text",
    "suggested_label": "text",
    "clean_label": "text",
    "status": "text",
    "labels": "names",
    "excluded": "flag",
}
NUMBERED = ("given_label", "predicted_label", "suggested_label", "clean_label")
READING = (
    f"{FILE} has a row per image that stays. is_label_issue, label_quality, given_label and predicted_label mean what "
    "they mean in the frames of cleanlab's CleanLearning and find_label_issues: label_quality is 1 minus our suspicion "
    "(low = the given label is likely wrong; Datalab calls it label_score), empty where no run has looked. "
    "suggested_label is the class proposed instead, clean_label the final one, status what people said (unreviewed "
    "says nothing about being right), `labels` a JSON list where several fit. CleanLearning wants class numbers: "
    "choose the option values=numbers; classes.csv has the number of every class, -1 is no class. "
    f"{GUARDED}"
)


class Options(Settings):
    """How classes are written."""

    values: Literal["names", "numbers"] = Field(
        "names",
        title="Classes as",
        description="names: as Datalab shows them; numbers: as CleanLearning wants them, see classes.csv",
    )


def _kinds(options: Options) -> dict[str, str]:
    numbered = dict.fromkeys(NUMBERED, "whole") if options.values == "numbers" else {}
    return {**KINDS, **numbered}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels, with clean_label as the label and given_label as the given one."""
    classes = read_csv(folder / "classes.csv", CLASSES)["class"].tolist()
    options = Options.model_validate(read_json(folder / PROVENANCE)["options"])
    table = read_csv(folder / FILE, _kinds(options))
    if options.values == "numbers":
        try:
            for name in ("given_label", "clean_label"):
                table[name] = pd.Series([classes[number] for number in table[name]], dtype="str")
        except IndexError as error:
            raise BadInput(f"{FILE} cannot be read: it holds a number that is not in classes.csv") from error
    renamed = table.rename(columns={"given_label": "given", "clean_label": "label"})
    return {"labels": renamed[list(COLUMNS["labels"])]}


@exporter(
    "cleanlab",
    title="cleanlab columns",
    summary="given_label, is_label_issue, label_quality, clean_label …",
    reading=READING,
    group="tools",
    read=read,
    options=Options,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write label_issues.csv and classes.csv."""
    labels, images = export.labels, export.tables["images"]
    columns: dict[str, Any] = {
        **{name: labels[name] for name in ("image_id", "path", "split", "status", "labels", "excluded")},
        "is_label_issue": images["is_suspect"],
        "label_quality": 1 - images["suspicion"],
        "given_label": labels["given"],
        "predicted_label": images["predicted"],
        "suggested_label": images["suggested"],
        "clean_label": labels["label"],
    }
    if options.values == "numbers":
        known = pd.Index(np.asarray(export.classes, dtype=object))
        columns |= {name: known.get_indexer(pd.Index(columns[name])) for name in NUMBERED}
    write_csv(folder / FILE, _kinds(options), columns)
    write_csv(folder / "classes.csv", CLASSES, {"number": range(len(export.classes)), "class": list(export.classes)})
