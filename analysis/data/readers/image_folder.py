"""A folder with one sub-folder per class, perhaps below folders train, val and test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import UNKNOWN, Dataset, Pixels
from analysis.data.building import Found, build
from analysis.data.decode import SUFFIXES
from analysis.data.labels import clean_name, is_text, read_classes
from analysis.data.reader import Options, folder_of, reader
from analysis.data.scan import look_at_files

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
SPLIT_MODES = ("auto", "yes", "no")


@dataclass
class _Walk:
    """All image files below a folder, as paths relative to it, and what was passed over."""

    images: list[str] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def _is_hidden_folder(name: str) -> bool:
    return name.startswith((".", "_"))  # "__MACOSX" among them


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def sniff(source: str) -> bool:
    """Is there a folder with a sub-folder that holds an image?"""
    root = Path(source).expanduser()
    return root.is_dir() and any(_images_below(root))


def _images_below(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_hidden_folder(name)]
        if Path(folder) != root:
            yield from (name for name in files if _is_image(name) and not name.startswith("."))


@reader(
    "image_folder",
    title="Folder with a sub-folder per class",
    sniff=sniff,
    options={
        "split": "yes: the first level is train/val/test; no: it is the classes; auto (default)",
        "classes": "file with class names in order, one a line (default: the folder names, sorted)",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read all images below class folders; other files, links that leave the folder and hidden ones are named."""
    root = folder_of(source)
    mode = options.get("split", "auto")
    if mode not in SPLIT_MODES:
        raise BadInput(f"The option split is {mode!r}", wanted="one of " + ", ".join(SPLIT_MODES))
    walk = _walk(root)
    split_level = mode == "yes" or (mode == "auto" and _looks_split(walk.images))
    records = _records(walk, 1 if split_level else 0)
    classes = _number_classes(records, read_classes(options.get("classes")))
    found = Found(classes, records, walk.set_aside, _notes(walk, classes, split_level=split_level))
    if not split_level:
        found.records = records.drop(columns="split")
    found.about["n_hidden"] = len(walk.hidden)
    looked = look_at_files(root, records["path"].tolist(), progress)
    return build(found, Pixels("files", root=root), looked)


def _walk(root: Path) -> _Walk:
    walk = _Walk()
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        prefix = "" if here == root else here.relative_to(root).as_posix() + "/"
        walk.hidden += [_shown(prefix + name) for name in folders if _is_hidden_folder(name)]
        for name in folders:
            if (here / name).is_symlink() and not _is_hidden_folder(name):
                walk.set_aside.append((_shown(prefix + name), "a link to a folder: not followed"))
        folders[:] = sorted(name for name in folders if not _is_hidden_folder(name))
        for name in sorted(files):
            _sort_file(walk, prefix, name)
    return walk


def _sort_file(walk: _Walk, prefix: str, name: str) -> None:
    path = prefix + name
    if name.startswith("."):
        walk.hidden.append(_shown(path))
    elif not is_text(path):
        walk.set_aside.append((_shown(path), "the file name is not valid UTF-8: rename it"))
    elif _is_image(name):
        walk.images.append(path)
    else:
        walk.set_aside.append((path, f"not an image type that is read ({Path(name).suffix or 'no ending'})"))


def _shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode("utf-8")


def _looks_split(images: list[str]) -> bool:
    """Every folder at the top is called like a split, and below at least one of them are folders with images."""
    parts = [path.split("/") for path in images]
    tops = {names[0].lower() for names in parts if len(names) > 1}
    return bool(tops) and tops <= set(SPLITS) and any(len(names) > 2 for names in parts)


def _records(walk: _Walk, level: int) -> pd.DataFrame:
    """A row per image below a class folder; an image above that level is set aside."""
    rows = []
    for path in walk.images:
        names = path.split("/")
        if len(names) < level + 2:
            walk.set_aside.append((path, "not inside a class folder"))
            continue
        split = SPLITS.get(names[0].lower(), names[0]) if level else ""
        rows.append((path, clean_name(names[level]), split))
    if not rows:
        raise BadInput("There is no image inside a class folder", wanted="one sub-folder per class")
    return pd.DataFrame(rows, columns=["path", "name", "split"])


def _number_classes(records: pd.DataFrame, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Fill `given`; without a list the classes are the folder names, sorted as torchvision's ImageFolder does."""
    names = records.pop("name")
    classes = asked or tuple(sorted(set(names)))
    number = {name: i for i, name in enumerate(classes)}
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise BadInput(f"The folder {unknown[0]!r} is not among the {len(classes)} class names of the list")
    records["given"] = names.map(number).fillna(UNKNOWN).astype("int64")
    return classes


def _notes(walk: _Walk, classes: tuple[str, ...], *, split_level: bool) -> list[str]:
    notes = []
    if split_level:
        notes.append("The first level of folders was read as the split (train, val, test).")
    if walk.hidden:
        shown = ", ".join(walk.hidden[:3]) + (" …" if len(walk.hidden) > 3 else "")
        notes.append(f"{len(walk.hidden)} hidden files and folders (starting with . or _) were passed over: {shown}.")
    if len(classes) == 1:
        notes.append(f"There is only one class, {classes[0]!r}: is the right folder the one below or above?")
    return notes
