"""COCO's JSON with image-level labels: an annotation per image and class, without a box unless one is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.exporter import Export, exporter
from analysis.review.naming import distinct
from analysis.review.placing import MayHaveImages, paths_of, takes_images
from analysis.review.plain import table_of

READING = (
    "annotations.json, or annotations_<split>.json per split, has COCO's `images`, `categories` and `annotations`. An "
    "image-level class is an annotation with image_id and category_id and nothing else; an image that several labels "
    "fit has one annotation for each. Ids start at 1; `categories` are in the order of the data set. With the option "
    "boxes every annotation also has the whole image as its bbox, for programs that only take detections. Beside "
    "COCO's keys an image has `source_id` (its id here), `path`, `split`, `given`, `label` (the final one), `status` "
    "(what people said; unreviewed says nothing about being right), `labels` and `excluded`."
)
_KEYS = {name: kind for name, kind in COLUMNS["labels"].items() if name != "image_id"}


class Options(MayHaveImages):
    """What the annotations say, and whether the images come along."""

    boxes: bool = Field(False, description="give every annotation the whole image as its box")


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels, in the order of the image ids; the label is taken from the annotations where there is but one."""
    found: list[dict[str, Any]] = []
    paths = sorted(folder.glob("annotations*.json"))
    for path in paths:
        try:
            found += _labelled(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path.name} cannot be read: {error!r}") from error
    if not paths:
        raise BadInput(f"There is no annotations.json in {folder}", wanted="a whole export")
    found.sort(key=lambda image: int(image["id"]))
    table = table_of(found, {"source_id": "text", **_KEYS}, "images")
    return {"labels": table.rename(columns={"source_id": "image_id"})}


def _labelled(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = {category["id"]: category["name"] for category in content["categories"]}
    said: dict[int, list[str]] = {}
    for annotation in content["annotations"]:
        said.setdefault(annotation["image_id"], []).append(names[annotation["category_id"]])
    for image in content["images"]:
        labels = said[image["id"]]
        one = {"label": labels[0], "labels": []} if len(labels) == 1 else {"labels": labels}
        yield {**image, **one}


def check(export: Export, options: Options) -> None:
    """Raise BadInput where boxes are wanted and the size of an image is not known."""
    known = export.tables["images"]
    unknown = known.loc[(known["width"] * known["height"]) == 0, "image_id"]
    if options.boxes and len(unknown):
        raise BadInput(
            f"The size of {unknown.iloc[0][:200]!r} is not known",
            wanted="a data set read with its images, or the option boxes=no",
        )


@exporter(
    "coco",
    title="COCO",
    summary="images, categories and image-level annotations",
    reading=READING,
    group="tools",
    read=read,
    options=Options,
    copies=takes_images,
    check=check,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write annotations.json or annotations_<split>.json, and the images where that was asked for."""
    paths = paths_of(export, folder, options)
    ids = {name: number for number, name in enumerate(export.classes, 1)}
    categories = [{"id": number, "name": name, "supercategory": ""} for name, number in ids.items()]
    splits = list(dict.fromkeys(export.labels["split"])) or [""]
    files = dict(zip(splits, distinct(splits), strict=True))
    parts: dict[str, tuple[list[Any], list[Any]]] = {split: ([], []) for split in splits}
    for number, image in enumerate(_images(export, paths), 1):
        images, annotations = parts[image["split"]]
        images.append({"id": number, **image})
        for label in image["labels"] or [image["label"]]:
            annotation = {"id": len(annotations) + 1, "image_id": number, "category_id": ids[label]}
            annotations.append({**annotation, **_box(image)} if options.boxes else annotation)
    for split, (images, annotations) in parts.items():
        name = f"annotations_{files[split]}.json" if split else "annotations.json"
        content = {"info": _info(export), "images": images, "annotations": annotations, "categories": categories}
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _images(export: Export, paths: list[str]) -> Iterator[dict[str, Any]]:
    labels, known = export.labels, export.tables["images"]
    columns = [paths, known["width"].tolist(), known["height"].tolist(), labels["image_id"].tolist()]
    columns += [labels[name].tolist() for name in _KEYS]
    names = ["file_name", "width", "height", "source_id", *_KEYS]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _box(image: dict[str, Any]) -> dict[str, Any]:
    width, height = image["width"], image["height"]
    return {"bbox": [0, 0, width, height], "area": width * height, "iscrowd": 0, "segmentation": []}


def _info(export: Export) -> dict[str, Any]:
    return {"description": "labels after review", "date_created": export.provenance.get("made_at", "")}
