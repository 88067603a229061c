"""Parquet tables: a path and a label per row, or the encoded images inside, as Hugging Face stores them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, blob_of, build
from analysis.data.frames import PARQUET_SUFFIXES
from analysis.data.labels import clean_name, code_labels, read_classes
from analysis.data.listing import place, require_columns, set_repeats_aside
from analysis.data.metadata import column_of, further_columns
from analysis.data.reader import Options, folder_of, reader
from analysis.data.scan import look_at_blob, look_at_files

if TYPE_CHECKING:
    import pyarrow as pa

# Usual column names, the first that is there is taken; an option of the same name overrules them
COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "img", "images", "jpg", "png", "bytes", "path", "image_path", "file", "filename", "file_name"),
    "label": ("label", "labels", "fine_label", "class", "given", "given_label", "target", "category"),
    "split": ("split",),
    "title": ("title",),
    "description": ("description", "caption", "text"),
    "true": ("true", "true_label", "clean_label"),
}
METADATA = "metadata:"  # how columns are named that have no meaning for us
PART = re.compile(r"(train|validation|valid|val|test)(?=[-_.\d]|$)", re.IGNORECASE)
SPLITS = {"validation": "val", "valid": "val"}


@dataclass
class _Rows:
    """Columns of all files end to end; an image is bytes or a path, `where` names its row."""

    images: list[Any] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    where: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sniff(source: str) -> bool:
    """Is it a Parquet file, or a folder of them?"""
    path = Path(source).expanduser()
    if path.is_dir():
        return bool(_shards(path))
    return path.suffix.lower() in PARQUET_SUFFIXES and path.is_file()


def _shards(folder: Path) -> list[Path]:
    """The Parquet files of a folder, or of its sub-folder data, where Hugging Face puts them."""
    for place_ in (folder, folder / "data"):
        found = sorted(path for suffix in PARQUET_SUFFIXES for path in place_.glob("*" + suffix))
        if found:
            return found
    return []


@reader(
    "parquet",
    title="Parquet table with paths or embedded images",
    sniff=sniff,
    options={
        **{name: f"name of the {name} column" for name in COLUMNS},
        "root": "folder the paths are relative to (default: that of the table)",
        "classes": "file with class names in order, one a line (default: stored names, else the labels)",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read one file or all files of a folder; `train-….parquet` and its like give the split."""
    path = Path(source).expanduser()
    files = _shards(path) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise NotFoundHere(f"There is no Parquet file {source!r}")
    rows, names = _Rows(), read_classes(options.get("classes"))
    for file in files:
        stored = _read_file(file, options, rows)
        names = names or stored
    if not rows.images:
        raise BadInput(f"{source} holds no row")
    found = _found(rows, names)
    if any(isinstance(image, bytes) for image in rows.images):
        data, offsets = blob_of([image if isinstance(image, bytes) else b"" for image in rows.images])
        return build(found, Pixels("blob", data=data, offsets=offsets), look_at_blob(data, offsets, progress))
    root = folder_of(options["root"]) if "root" in options else files[0].parent.resolve()
    found.records["path"] = [str(image) if image is not None else "" for image in rows.images]
    place(found, root)
    set_repeats_aside(found)
    return build(found, Pixels("files", root=root), look_at_files(root, found.records["path"].tolist(), progress))


def _read_file(file: Path, options: Options, rows: _Rows) -> tuple[str, ...] | None:
    """Append the rows of one file; gives the class names that Hugging Face's metadata hold, if any."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            schema = opened.schema_arrow
            chosen = _columns(schema.names, options, file.name)
            before = len(rows.images)
            chosen |= _further(schema, chosen, rows)
            for batch in opened.iter_batches(batch_size=1024, columns=sorted(set(chosen.values()))):
                _append(batch, chosen, rows, file.name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{file.name} cannot be read: {' '.join(str(error).split())[:160]}", wanted="Parquet") from error
    part = PART.match(file.name)
    if "split" not in chosen and part:
        word = part.group(1).lower()
        rows.columns.setdefault("split", [""] * before).extend([SPLITS.get(word, word)] * (len(rows.images) - before))
    for values in rows.columns.values():  # a column that only other files have
        values.extend([None] * (len(rows.images) - len(values)))
    return _stored_classes(schema, chosen["label"])


def _columns(names: list[str], options: Options, file: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name, usual in COLUMNS.items():
        asked = options.get(name)
        if asked is not None and asked not in names:
            raise BadInput(f"{file} has no column {asked!r}", wanted="one of " + ", ".join(names[:12]))
        column = asked or next((column for column in usual if column in names), None)
        if column is not None:
            chosen[name] = column
    require_columns(chosen, ("image", "label"), header=names, usual=COLUMNS, file=file)
    return chosen


def _further(schema: pa.Schema, chosen: dict[str, str], rows: _Rows) -> dict[str, str]:
    """The other columns of text, numbers and flags, by the names under which `_Rows` keeps them."""
    import pyarrow as pa

    plain = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_string,
        pa.types.is_large_string,
    )
    names = [name for name in schema.names if any(is_one(schema.field(name).type) for is_one in plain)]
    kept, rows.notes = further_columns(names, list(chosen.values()))
    return {METADATA + name: names[place] for name, place in kept.items()}


def _append(batch: pa.RecordBatch, chosen: dict[str, str], rows: _Rows, file: str) -> None:
    first = len(rows.images)
    for value in batch.column(chosen["image"]).to_pylist():
        image, name = _image_of(value, f"{file}, row {len(rows.where)}")
        rows.images.append(image)
        rows.names.append(name)
        rows.where.append(f"{file}, row {len(rows.where)}")
    for name, column in chosen.items():
        if name != "image":
            rows.columns.setdefault(name, [None] * first).extend(batch.column(column).to_pylist())


def _image_of(value: Any, where: str) -> tuple[bytes | str | None, str | None]:
    """(bytes or path, file name) of a cell: bytes, a path, or {bytes, path} as Hugging Face stores images."""
    if isinstance(value, dict):
        inner = value.get("bytes")
        name = value.get("path")
        return (inner if inner is not None else name), name
    if value is None or isinstance(value, (bytes, str)):
        return value, None
    raise BadInput(f"{where}: the image is {type(value).__name__}", wanted="bytes, a path, or {bytes, path}")


def _stored_classes(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """Class names in Hugging Face's schema metadata."""
    try:
        stored = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = stored["info"]["features"][label]["names"]
    except (ValueError, KeyError, TypeError):
        return None
    return tuple(clean_name(name) for name in names) if isinstance(names, list) and names else None


def _found(rows: _Rows, names: tuple[str, ...] | None) -> Found:
    def row_name(row: int) -> str:
        return rows.where[row]

    coded = code_labels(_plain(rows.columns["label"]), classes=names, row_name=row_name)
    split = [value or "images" for value in rows.columns.get("split", ["images"] * len(rows.images))]
    counters: dict[str, int] = {}
    ids = []
    for part in map(str, split):
        ids.append(f"{part}/{counters.get(part, 0):06d}")
        counters[part] = counters.get(part, 0) + 1
    named = [name for name in rows.names if name]
    paths = rows.names if len(set(named)) == len(rows.images) else ids
    records = pd.DataFrame({"image_id": ids, "path": paths, "given": coded.numbers, "where": rows.where})
    for name in ("title", "description"):
        if name in rows.columns:
            records[name] = ["" if value is None else str(value) for value in rows.columns[name]]
    if "split" in rows.columns:
        records["split"] = ["" if value is None else str(value) for value in rows.columns["split"]]
    if "true" in rows.columns:
        truth = code_labels(_plain(rows.columns["true"]), classes=coded.classes, row_name=row_name)
        records["true"] = truth.numbers
    further = {
        name.removeprefix(METADATA): column_of(cells)
        for name, cells in rows.columns.items()
        if name.startswith(METADATA)
    }
    made = pd.DataFrame({name: column for name, column in further.items() if column is not None})
    names_kept = tuple(str(name) for name in made)
    return Found(coded.classes, pd.concat([records, made], axis=1), notes=rows.notes, metadata=names_kept)


def _plain(values: list[Any]) -> np.ndarray[Any, Any]:
    """Labels as an array: whole numbers where all are, with -1 for gaps; else objects."""
    if all(value is None or (isinstance(value, int) and not isinstance(value, bool)) for value in values):
        return np.array([-1 if value is None else value for value in values], np.int64)
    return np.array(values, dtype=object)
