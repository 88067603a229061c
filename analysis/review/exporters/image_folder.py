"""A folder per class with its images, as torchvision's ImageFolder and many others read it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd
from pydantic import Field

from analysis.base.errors import BadInput
from analysis.review.columns import COLUMNS
from analysis.review.csv_cells import READING as GUARDED
from analysis.review.csv_cells import read_csv, write_csv
from analysis.review.exporter import PROVENANCE, Export, exporter
from analysis.review.naming import FileNames, distinct
from analysis.review.placing import WithImages, place, suffix_of

FILES = {"file": "text", **COLUMNS["labels"]}
CLASSES = {"number": "whole", "class": "text", "folder": "text"}
OURS = ("files.csv", "classes.csv", PROVENANCE, "no_split")
READING = (
    "Every image lies in the folder of its final label; where the data set names splits, those folders lie below one "
    "folder per split. Class names that are no folder names everywhere are written with %XX codes (and cut, with a "
    "digest, where they are long, or alike but for upper and lower case): classes.csv lists every class with its "
    "folder and its number in the original data set. torchvision numbers the classes anew, by their sorted folder "
    "names, and leaves out classes without images. files.csv lists every file with its image, the label it came with "
    "and what people said; a second file of the same name in one class got a suffix such as _2. Images of array data "
    f"sets are written as PNG. {GUARDED}"
)


class Options(WithImages):
    """How the images come along, and how they are sorted."""

    splits: bool = Field(
        True, title="A folder per split", description="above the class folders, where the data set names splits"
    )


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels, from the folder that every file lies in; the rest from files.csv."""
    listed = read_csv(folder / "files.csv", FILES)
    classes = read_csv(folder / "classes.csv", CLASSES)
    name_of = dict(zip(classes["folder"], classes["class"], strict=True))
    gone = next((file for file in listed["file"] if not (folder / file).is_file()), None)
    if gone is not None:
        raise BadInput(f"{gone} cannot be read: it is in files.csv, but not in {folder}", wanted="a whole export")
    folders = [PurePosixPath(file).parent.name for file in listed["file"]]
    unknown = next((name for name in folders if name not in name_of), None)
    if unknown is not None:
        raise BadInput(f"The folder {unknown!r} cannot be read: it is not in classes.csv", wanted="a whole export")
    listed["label"] = pd.Series([name_of[name] for name in folders], dtype="str")
    return {"labels": listed.drop(columns="file")}


@exporter(
    "image_folder",
    title="Folder per class",
    summary="the images sorted into class folders (ImageFolder)",
    reading=READING,
    group="training",
    read=read,
    options=Options,
    copies=lambda *_: True,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write the class folders, files.csv and classes.csv."""
    labels = export.labels
    folder_of = dict(zip(export.classes, distinct(export.classes, OURS), strict=True))
    splits = sorted(set(labels["split"]) - {""}) if options.splits else []
    split_of = dict(zip(splits, distinct(splits, OURS), strict=True))
    without = "no_split" if splits else ""
    names = FileNames()
    files = []
    for row in labels[["image_id", "path", "split", "label"]].itertuples(index=False):
        sub = PurePosixPath(split_of.get(row.split, without), folder_of[row.label]).as_posix()
        path = PurePosixPath(row.path)
        suffix = suffix_of(export, row.image_id)
        files.append(f"{sub}/{names.claim(sub, path.name.removesuffix(path.suffix) or 'image', suffix)}")
    place(export, folder, files, options.link)
    write_csv(folder / "files.csv", FILES, {"file": pd.Series(files, dtype="str"), **dict(labels.items())})
    columns = {"number": range(len(export.classes)), "class": list(export.classes), "folder": list(folder_of.values())}
    write_csv(folder / "classes.csv", CLASSES, columns)
