"""FiftyOne's own format for image classification (FiftyOneImageClassificationDataset): labels.json and data/."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.exporter import Export, exporter
from analysis.review.placing import MayHaveImages, put_numbered
from analysis.review.plain import table_of

FILE = "labels.json"
READING = (
    "Load it with fiftyone.Dataset.from_dir(dataset_dir=…, dataset_type=fiftyone.types."
    "FiftyOneImageClassificationDataset). `classes` are the class names, the key of a label is the full path of its "
    "image, or the name of its file in data/ without the ending where the images came along. A label is its class "
    "number with attributes: image_id, path, split, given (the label it came with), final, status (what people said; "
    "unreviewed says nothing about being right), excluded and suspicion. Where several labels fit any image, every "
    "label is a list of such objects (Classifications). Images of array data sets are always written, as PNG."
)
_KEYS = {"image_id": "text", "path": "text", "split": "text", "given": "text", "status": "text", "excluded": "flag"}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels in the order they were written."""
    try:
        content = json.loads((folder / FILE).read_bytes())
        rows = [_row(target, content["classes"]) for target in content["labels"].values()]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadInput(f"{FILE} cannot be read: {error!r}", wanted="a whole export") from error
    return {"labels": table_of(rows, COLUMNS["labels"], FILE)}


def _row(target: Any, classes: list[str]) -> dict[str, Any]:
    targets = target if isinstance(target, list) else [target]
    said = targets[0]["attributes"]
    names = [classes[one["label"]] for one in targets]
    several = said["status"] == "several"
    return {**said, "label": said["final"] if several else names[0], "labels": names if several else []}


def writes_images(export: Export, options: MayHaveImages) -> bool:
    """FiftyOne needs files: those of the data set, or ours."""
    return options.images != "leave" or (export.pictures is not None and not export.pictures.are_files)


@exporter(
    "fiftyone",
    title="FiftyOne",
    summary="labels.json for Dataset.from_dir",
    reading=READING,
    group="tools",
    read=read,
    options=MayHaveImages,
    copies=writes_images,
)
def write(export: Export, folder: Path, options: MayHaveImages) -> None:
    """Write labels.json, and data/ where the images come along."""
    numbers = {name: number for number, name in enumerate(export.classes)}
    labels = export.labels
    multiple = bool((labels["status"] == "several").any())
    suspicion = export.tables["images"]["suspicion"].tolist()
    names = ["label", "labels", *_KEYS]
    rows = zip(*(labels[name].tolist() for name in names), strict=True)
    content: dict[str, Any] = {}
    for key, row, number in zip(_names(export, folder, options), rows, suspicion, strict=True):
        final, fitting, *said = row
        attributes = {**dict(zip(_KEYS, said, strict=True)), "final": final}
        if number == number:  # noqa: PLR0124  # NaN is unlike itself: no run has looked
            attributes["suspicion"] = number
        targets = [{"label": numbers[name], "attributes": attributes} for name in fitting or [final]]
        content[key] = targets if multiple else targets[0]
    text = json.dumps({"classes": list(export.classes), "labels": content}, ensure_ascii=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def _names(export: Export, folder: Path, options: MayHaveImages) -> list[str]:
    """The key of each label: unique, and what FiftyOne finds the image by."""
    if writes_images(export, options):
        link = "copy" if options.images == "leave" else options.images
        return [PurePosixPath(file).stem for file in put_numbered(export, folder, link, "data")]
    paths = export.labels["path"].tolist()
    if export.pictures is None or export.pictures.root is None:
        return export.labels["image_id"].tolist()
    return [(export.pictures.root / path).as_posix() for path in paths]
