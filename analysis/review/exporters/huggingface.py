"""Data sets of the Hugging Face library `datasets`: saved to disk, or a folder of images with metadata."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from analysis.base.config import Settings
from analysis.base.errors import BadInput
from analysis.review.columns import frame_of
from analysis.review.exporter import PROVENANCE, Export, exporter
from analysis.review.naming import distinct
from analysis.review.placing import MEANING, STEP, check_space, place, suffix_of
from analysis.runs.files import read_json

READING = (
    "layout=arrow: load it with datasets.load_from_disk(FOLDER/'dataset'); a DatasetDict where the data set names "
    "splits. layout=imagefolder: load it with datasets.load_dataset('imagefolder', data_dir=FOLDER/'dataset'); every "
    "split is a folder with its images and metadata.jsonl. Columns: image (the file as it was; PNG for array data "
    "sets), label (the final class: a ClassLabel in arrow, its number in metadata.jsonl), labels (class numbers, where "
    "several fit), given, status (what people said; unreviewed says nothing about being right), excluded, image_id, "
    "path and split. classes.json has the class names in order. A split whose name `datasets` refuses (it takes "
    "letters, digits, _ and .) is renamed; the column split has its true name."
)
_TEXT = ("image_id", "path", "split", "given", "status")


class Options(Settings):
    """How the data set is stored."""

    layout: Literal["arrow", "imagefolder"] = Field(
        "arrow",
        title="Stored as",
        description="arrow: for load_from_disk, images inside; imagefolder: image files with metadata.jsonl",
    )
    link: Literal["copy", "hardlink", "symlink"] = Field(
        "copy", title="Image files", description="of imagefolder; " + MEANING
    )


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The labels, in the order they were written."""
    layout = read_json(folder / PROVENANCE)["options"]["layout"]
    try:
        classes = json.loads((folder / "classes.json").read_bytes())["names"]
        rows = list(_saved(folder / "dataset") if layout == "arrow" else _listed(folder / "dataset"))
        rows.sort(key=lambda row: int(row["row"]))
        columns = {name: [row[name] for row in rows] for name in (*_TEXT, "excluded")}
        columns["label"] = [classes[row["label"]] for row in rows]
        columns["labels"] = [tuple(classes[number] for number in row["labels"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInput(f"{folder.name} cannot be read: {error!r}"[:300], wanted="a whole export") from error
    return {"labels": frame_of("labels", columns)}


def _saved(folder: Path) -> Iterator[dict[str, Any]]:
    import datasets

    loaded = datasets.load_from_disk(str(folder))
    for part in loaded.values() if isinstance(loaded, datasets.DatasetDict) else [loaded]:
        yield from part.remove_columns("image")


def _listed(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*/metadata.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                raise ValueError(f"{path.name} ends in the middle of line {number}")
            yield json.loads(line)


def check(export: Export, _: Options) -> None:
    """Raise BadInput where nothing is left to be loaded."""
    if len(export.labels) == 0:
        raise BadInput("There is no image left in this list", wanted="one or more: `datasets` cannot load none")


@exporter(
    "huggingface",
    title="Hugging Face datasets",
    summary="for load_from_disk or load_dataset('imagefolder')",
    reading=READING,
    group="training",
    read=read,
    options=Options,
    needs=("datasets",),
    copies=lambda *_: True,
    check=check,
)
def write(export: Export, folder: Path, options: Options) -> None:
    """Write the data set into `dataset`, and classes.json."""
    (folder / "classes.json").write_text(json.dumps({"names": export.classes}, ensure_ascii=False), encoding="utf-8")
    splits = list(dict.fromkeys(export.labels["split"]))
    names = dict(zip(splits, _split_names(splits), strict=True))
    if options.layout == "imagefolder":
        _write_folder(export, folder, names, options)
    else:
        _write_arrow(export, folder, names)


def _split_names(splits: list[str]) -> list[str]:
    """Names that `datasets` takes: letters, digits, underscore, dots between them; different from each other."""
    plain = ["".join(c if c.isascii() and c.isalnum() else "_" for c in split) or "train" for split in splits]
    return [
        name.replace("~", "_").replace("%", "_") for name in distinct([name.strip("_") or "split" for name in plain])
    ]


def _rows(export: Export) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row, columns without the image) of every image."""
    numbers = {name: number for number, name in enumerate(export.classes)}
    labels = export.labels
    names = [*_TEXT, "excluded", "label", "labels"]
    for row, cells in enumerate(zip(*(labels[name].tolist() for name in names), strict=True)):
        said = dict(zip(names, cells, strict=True))
        said["label"] = numbers[said["label"]]
        yield row, {"row": row, **said, "labels": [numbers[name] for name in said["labels"]]}


def _write_folder(export: Export, folder: Path, splits: dict[str, str], options: Options) -> None:
    digits = len(str(len(export.labels)))
    files, lines = [], {split: list[str]() for split in splits}
    for row, said in _rows(export):
        name = f"{row:0{digits}}{suffix_of(export, said['image_id'])}"
        files.append(f"{splits[said['split']]}/{name}")
        lines[said["split"]].append(json.dumps({"file_name": name, **said}, ensure_ascii=False) + "\n")
    place(export, folder / "dataset", files, options.link)
    for split, texts in lines.items():
        path = folder / "dataset" / splits[split] / "metadata.jsonl"
        path.write_text("".join(texts), encoding="utf-8", newline="\n")


def _write_arrow(export: Export, folder: Path, splits: dict[str, str]) -> None:
    import datasets
    from datasets.arrow_writer import ArrowWriter

    assert export.pictures is not None
    check_space(folder, 2 * export.pictures.size(export.labels["image_id"].tolist()))  # written once, then sorted out
    features = _features(datasets, export)
    work = folder / "work"
    work.mkdir()
    writers = {
        split: ArrowWriter(path=str(work / f"{name}.arrow"), features=features) for split, name in splits.items()
    }
    export.progress.start("images", len(export.labels))
    for row, said in _rows(export):
        writers[said["split"]].write({"image": _encoded(export, said), **said})
        if row % STEP == STEP - 1:
            export.progress.advance(STEP)
    export.progress.advance(len(export.labels) % STEP)
    parts = {}
    for split, writer in writers.items():
        writer.finalize()
        parts[splits[split]] = datasets.Dataset.from_file(str(work / f"{splits[split]}.arrow"))
    whole = next(iter(parts.values())) if list(splits) == [""] else datasets.DatasetDict(parts)
    _save(datasets, whole, folder / "dataset")
    shutil.rmtree(work)


def _save(library: Any, whole: Any, folder: Path) -> None:
    """Without the library's own progress bars: ours has been told already."""
    quiet = library.are_progress_bars_disabled()
    library.disable_progress_bars()
    try:
        whole.save_to_disk(str(folder))
    finally:
        if not quiet:
            library.enable_progress_bars()


def _features(library: Any, export: Export) -> Any:
    label = library.ClassLabel(names=list(export.classes))
    text = {name: library.Value("string") for name in _TEXT}
    lists = {"labels": library.Sequence(library.Value("int64"))}
    numbers = {"row": library.Value("int64"), "excluded": library.Value("bool")}
    return library.Features({"image": library.Image(), "label": label, **lists, **text, **numbers})


def _encoded(export: Export, said: dict[str, Any]) -> dict[str, Any]:
    """The image's own bytes, in the form that the feature Image stores."""
    assert export.pictures is not None
    picture = export.pictures.get(said["image_id"])
    data = picture.data if picture.path is None else picture.path.read_bytes()
    return {"bytes": data, "path": PurePosixPath(said["path"]).name}
