"""Label Studio: tasks with predictions and annotations for a Choices control, and the labelling configuration."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pandas as pd
from pydantic import Field

from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.exporter import Export, exporter
from analysis.review.naming import url_path
from analysis.review.placing import MayHaveImages, paths_of, takes_images
from analysis.review.plain import table_of, text_of

FILE = "tasks.json"
LOCAL = "/data/local-files/?d="
LIST_FROM = 30  # classes; above it they are chosen from a list instead of buttons
READING = (
    "Paste labeling_config.xml into the project's labelling interface, then import tasks.json. What people judged here "
    "is an annotation (without a choice where no label fits); the given label is the prediction `given`, a suspect's "
    "suggested label is the prediction `suggested` with our suspicion as its score. `image` in a task is the option "
    "prefix and the path: with the default prefix Label Studio serves local files from the folder that "
    "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT names, which must be the data set's folder (or the one of this export, "
    "where the images came along). A task's data also hold image_id, path, split, given, label (the final one), "
    "status, labels and excluded. A class name with a control character cannot stand in XML and stops the export."
)
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Options(MayHaveImages):
    """Where Label Studio finds the images."""

    prefix: str = Field(LOCAL, description="what stands before the path of an image, such as an address or folder")


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels, from the annotation where there is one with one choice, else from the task's data."""
    try:
        tasks = json.loads((folder / FILE).read_bytes())
        rows = [_said(task) for task in tasks]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{FILE} cannot be read: {error!r}", wanted="a whole export") from error
    return {"labels": table_of(rows, COLUMNS["labels"], FILE)}


def _said(task: dict[str, Any]) -> dict[str, Any]:
    results = [result for annotation in task.get("annotations", []) for result in annotation["result"]]
    choices = results[0]["value"]["choices"] if results else []
    if len(choices) > 1:
        return {**task["data"], "labels": choices}
    return {**task["data"], **({"label": choices[0]} if choices else {})}


def check(export: Export, _: Options) -> None:
    """Raise BadInput for a class name that the labelling configuration cannot hold."""
    odd = next((name for name in export.classes if _NOT_XML.search(name)), None)
    if odd is not None:
        raise BadInput(
            f"The class name {odd[:200]!r} holds a character that XML cannot hold",
            wanted="class names of printable text",
            hint="rename the class, or choose another format",
        )


@exporter(
    "label_studio",
    title="Label Studio",
    summary="tasks with predictions and annotations",
    reading=READING,
    group="tools",
    read=read,
    options=Options,
    copies=takes_images,
    check=check,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write tasks.json and labeling_config.xml, and the images where that was asked for."""
    labels, known = export.labels, export.tables["images"]
    paths = paths_of(export, folder, options)
    (folder / "labeling_config.xml").write_text(config(export), encoding="utf-8")
    names = list(COLUMNS["labels"])
    rows = zip(*(labels[name].tolist() for name in names), strict=True)
    scores = zip(known["is_suspect"], known["suggested"], known["suspicion"].tolist(), strict=True)
    with (folder / FILE).open("x", encoding="utf-8", newline="\n") as handle:
        start = "[\n"
        for row, path, evidence in zip(rows, paths, scores, strict=True):
            data = dict(zip(names, row, strict=True))
            task = {"data": {"image": options.prefix + url_path(path), **data}, **_results(data, evidence)}
            handle.write(start + text_of(task))
            start = ",\n"
        handle.write(("" if start == ",\n" else start) + "\n]\n")


def config(export: Export) -> str:
    """The labelling interface: the image and its classes to choose from."""
    choice = "multiple" if (export.labels["status"] == "several").any() else "single"
    layout = ' layout="select"' if len(export.classes) > LIST_FROM else ""
    lines = ["<View>", '  <Image name="image" value="$image" zoom="true"/>']
    lines.append(f'  <Choices name="label" toName="image" choice="{choice}"{layout}>')
    lines += [f"    <Choice value={quoteattr(name)}/>" for name in export.classes]
    return "\n".join([*lines, "  </Choices>", "</View>", ""])


def _results(data: dict[str, Any], evidence: tuple[bool, str, float]) -> dict[str, Any]:
    is_suspect, suggested, suspicion = evidence
    predictions: list[dict[str, Any]] = [{"model_version": "given", "result": _choice([data["given"]])}]
    if is_suspect and suggested:
        predictions.append({"model_version": "suggested", "score": suspicion, "result": _choice([suggested])})
    status = data["status"]
    if status in ("kept", "relabelled", "several"):
        return {
            "annotations": [{"result": _choice(list(data["labels"]) or [data["label"]])}],
            "predictions": predictions,
        }
    if status == "none_fits":
        return {"annotations": [{"result": []}], "predictions": predictions}
    return {"predictions": predictions}


def _choice(names: list[str]) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "image", "type": "choices", "value": {"choices": names}}]
