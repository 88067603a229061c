"""Image classification sets of the Hugging Face library `datasets`: by name, or a folder made by `save_to_disk`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.errors import BadInput, NotAvailable, Refused, UserError
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, blob_of, build
from analysis.data.decode import as_png, read_bytes
from analysis.data.labels import clean_name, code_labels, read_classes
from analysis.data.reader import Options, reader
from analysis.data.scan import look_at_blob

PREFIX = "hf:"
SPLITS = {"validation": "val", "valid": "val"}
LABELS = ("label", "labels", "fine_label", "class", "target")


def sniff(source: str) -> bool:
    """Does it start with hf:, or is it a folder that `save_to_disk` wrote?"""
    if source.startswith(PREFIX):
        return True
    path = Path(source).expanduser()
    if not path.is_dir():
        return False
    return (path / "dataset_dict.json").is_file() or all(
        (path / name).is_file() for name in ("state.json", "dataset_info.json")
    )


@reader(
    "huggingface",
    title="Hugging Face datasets (hf:NAME)",
    sniff=sniff,
    options={
        "config": "configuration of the data set",
        "split": "splits to read, separated by commas (default: all)",
        "image": "name of the image column",
        "label": "name of the label column",
        "true": "name of a column of true labels",
        "classes": "file with class names in order, one a line (default: those of the data set)",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read the chosen splits; images stay encoded as they are."""
    parts = _load(source, options)
    columns = _columns(parts, options)
    images: list[bytes] = []
    rows: list[dict[str, Any]] = []
    refused: dict[int, str] = {}
    homes = _homes(source)
    progress.start("collecting images", sum(len(part) for part in parts.values()))
    for split, part in parts.items():
        for i, item in enumerate(_encoded(part, columns["image"])):
            try:
                images.append(_bytes_of(item[columns["image"]], homes))
            except UserError as error:  # a missing file, or one that lies elsewhere
                refused[len(images)] = str(error)
                images.append(b"")
            name = f"{SPLITS.get(split, split)}/{i:06d}"
            rows.append({"path": name, "split": SPLITS.get(split, split), **{k: item[columns[k]] for k in columns}})
            progress.advance()
    frame = pd.DataFrame(rows).drop(columns="image")
    found = _found(frame, next(iter(parts.values())), columns["label"], options)
    data, offsets = blob_of(images)
    looked = look_at_blob(data, offsets, progress)
    looked["reason"] = [refused.get(i, reason) for i, reason in enumerate(looked["reason"])]
    return build(found, Pixels("blob", data=data, offsets=offsets), looked)


def _homes(source: str) -> list[Path]:
    """Folders that images may be read from: a data set may name any path on this machine."""
    local = [] if source.startswith(PREFIX) else [Path(source).expanduser().resolve()]
    return [*local, Path(_library().config.HF_CACHE_HOME).expanduser().resolve()]


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise NotAvailable(
            "The package datasets is not installed",
            wanted="it, to read Hugging Face data sets",
            hint='pip install "lookalike[huggingface]" or pip install datasets',
        ) from error
    return datasets


def _load(source: str, options: Options) -> dict[str, Any]:
    """Split name → data set, only the splits asked for."""
    library = _library()
    try:
        if source.startswith(PREFIX):
            loaded = library.load_dataset(source.removeprefix(PREFIX), options.get("config"))
        else:
            loaded = library.load_from_disk(str(Path(source).expanduser()))
    except (OSError, ValueError, RuntimeError) as error:  # what the library raises: missing, no network, scripts
        raise NotAvailable(
            f"{source} cannot be loaded: {' '.join(str(error).split())[:200]}",
            wanted="a data set that is here or can be fetched",
            hint="without a network, give a folder made by save_to_disk, or the Parquet files",
        ) from error
    parts = dict(loaded) if hasattr(loaded, "keys") else {str(loaded.split or "images"): loaded}
    asked = [name.strip() for name in options.get("split", "").split(",") if name.strip()]
    unknown = [name for name in asked if name not in parts]
    if unknown:
        raise BadInput(f"{source} has no split {unknown[0]!r}", wanted="one of " + ", ".join(parts))
    return {name: part for name, part in parts.items() if not asked or name in asked}


def _columns(parts: dict[str, Any], options: Options) -> dict[str, str]:
    features = next(iter(parts.values())).features
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    image = options.get("image") or next((name for name, kind in kinds.items() if kind == "Image"), None)
    usual = [name for name, kind in kinds.items() if kind == "ClassLabel"] + [n for n in LABELS if n in kinds]
    label = options.get("label") or next(iter(usual), None)
    wanted = {"image": image, "label": label, **({"true": options["true"]} if "true" in options else {})}
    for name, column in wanted.items():
        if column not in kinds:
            raise BadInput(
                f"There is no {name} column" + (f" {column!r}" if column else "") + f" among {', '.join(kinds)}",
                wanted="a classification data set with images",
                hint=f"name it with the option {name}",
            )
    return {name: str(column) for name, column in wanted.items()}


def _encoded(part: Any, image: str) -> Iterator[dict[str, Any]]:
    """Items whose image is {bytes, path}, not decoded."""
    library = _library()
    if type(part.features[image]).__name__ == "Image":
        part = part.cast_column(image, library.Image(decode=False))
    return iter(part)


def _bytes_of(value: Any, homes: list[Path]) -> bytes:
    """The encoded image of a cell; b"" where there is none, which the look at all images then reports."""
    if isinstance(value, dict):
        if value.get("bytes") is not None:
            return bytes(value["bytes"])
        return _file_bytes(value["path"], homes) if value.get("path") else b""
    if isinstance(value, bytes):
        return value
    return b"" if value is None else as_png(np.asarray(value, np.uint8))


def _file_bytes(path: str, homes: list[Path]) -> bytes:
    full = (homes[0] / path).resolve()
    if not any(full.is_relative_to(home) for home in homes):
        raise Refused(f"{path} lies outside of the data set's folders")
    return read_bytes(full)


def _found(frame: pd.DataFrame, part: Any, label: str, options: Options) -> Found:
    stored = getattr(part.features[label], "names", None)
    names = read_classes(options.get("classes")) or (tuple(clean_name(name) for name in stored) if stored else None)

    def row_name(row: int) -> str:
        return str(frame["path"].iloc[row])

    coded = code_labels(frame.pop("label").to_numpy(), classes=names, row_name=row_name)
    frame["given"] = coded.numbers
    if "true" in frame:
        frame["true"] = code_labels(frame["true"].to_numpy(), classes=coded.classes, row_name=row_name).numbers
    return Found(coded.classes, frame)
