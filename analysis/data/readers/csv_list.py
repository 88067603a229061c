"""A text file that lists images with their labels: csv, tsv or a plain list, with or without a header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, build
from analysis.data.decode import SUFFIXES
from analysis.data.frames import TEXT_SUFFIXES
from analysis.data.labels import code_labels, read_classes
from analysis.data.listing import place, require_columns, set_repeats_aside
from analysis.data.reader import Options, file_of, flag, folder_of, reader
from analysis.data.scan import look_at_files
from analysis.data.text_in import TextTable, read_table

# Usual column names, the first that is there is taken; an option of the same name overrules them
COLUMNS: dict[str, tuple[str, ...]] = {
    "path": (
        "path",
        "image_path",
        "filepath",
        "file_path",
        "file",
        "filename",
        "file_name",
        "image",
        "image_id",
        "img",
    ),
    "label": ("label", "class", "class_name", "label_name", "category", "given", "given_label", "target", "class_id"),
    "split": ("split", "set", "subset", "partition"),
    "title": ("title",),
    "description": ("description", "caption", "text"),
    "true": ("true", "true_label", "clean_label"),
}


@dataclass(frozen=True)
class _Listing:
    """Rows of the list, cut to the columns that are used, and where each row stands."""

    frame: pd.DataFrame  # columns among COLUMNS, text
    lines: list[int]
    file: str

    def row_name(self, row: int) -> str:
        return f"{self.file}, line {self.lines[row]}"


def sniff(source: str) -> bool:
    """Is it a file with the ending of a text table?"""
    path = Path(source).expanduser()
    return path.suffix.lower() in TEXT_SUFFIXES and path.is_file()


@reader(
    "csv_list",
    title="List of images with labels (csv, tsv, txt)",
    sniff=sniff,
    options={
        **{name: f"name or number (from 0) of the {name} column" for name in COLUMNS},
        "root": "folder the paths are relative to (default: that of the list)",
        "suffix": "ending to add to the paths, such as .jpg",
        "delimiter": "one character, or comma, semicolon, tab, pipe (default: found)",
        "header": "yes or no (default: found)",
        "classes": "file with class names in order, one a line (default: the labels, sorted)",
        "images": "no: the images are not here, only names and labels are read",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read the list; missing or unreadable images and rows listed twice are set aside with their line."""
    file = file_of(source)
    root = folder_of(options["root"]) if "root" in options else file.parent
    listing = _listing(file, options)
    coded = code_labels(
        listing.frame["label"].tolist(), classes=read_classes(options.get("classes")), row_name=listing.row_name
    )
    records = listing.frame.drop(columns="label").assign(
        given=coded.numbers, where=[f"line {line}" for line in listing.lines]
    )
    if "true" in records:
        truth = code_labels(records["true"].tolist(), classes=coded.classes, row_name=listing.row_name)
        records["true"] = truth.numbers
    found = Found(coded.classes, records)
    with_images = flag(options, "images", default=True)
    place(found, root if with_images else None, suffix=options.get("suffix", ""))
    set_repeats_aside(found)
    if not with_images:
        found.notes.append("Only names and labels were read: the images are not here.")
        return build(found, Pixels("none"))
    return build(found, Pixels("files", root=root), look_at_files(root, found.records["path"].tolist(), progress))


def _listing(file: Path, options: Options) -> _Listing:
    table = read_table(file, delimiter=options.get("delimiter"))
    if not table.cells:
        raise BadInput(f"{file.name} is empty", wanted="rows with a path and a label")
    asked = {name: options[name] for name in COLUMNS if name in options}
    with_header = flag(options, "header", default=_has_header(table.cells[0], asked))
    places = (
        _places_by_name(table.cells[0], asked, file.name) if with_header else _places_by_look(table, asked, file.name)
    )
    first = 1 if with_header else 0
    needed = max(places["path"], places["label"]) + 1
    for fields, line in zip(table.cells[first:], table.lines[first:], strict=True):
        if len(fields) < needed:
            raise BadInput(
                f"{file.name}, line {line} has {len(fields)} fields", wanted=f"at least {needed}, as the columns ask"
            )
    columns = {
        name: [fields[place] if place < len(fields) else "" for fields in table.cells[first:]]
        for name, place in places.items()
    }
    return _Listing(pd.DataFrame(columns, dtype=object), table.lines[first:], file.name)


def _has_header(first: list[str], asked: Mapping[str, str]) -> bool:
    names = {field.lower() for field in first}
    if any(Path(field).suffix.lower() in SUFFIXES for field in first):
        return False  # "set/1.jpg,set" is a row, though a column may be called set
    usual = {name for names in COLUMNS.values() for name in names}
    return bool(names & usual) or any(value in first for value in asked.values())


def _places_by_name(header: list[str], asked: Mapping[str, str], file: str) -> dict[str, int]:
    lower = [field.lower() for field in header]
    places = {name: _asked_place(value, header, file) for name, value in asked.items()}
    for name, usual in COLUMNS.items():
        place = next((lower.index(column) for column in usual if column in lower), None)
        if name not in places and place is not None and place not in places.values():
            places[name] = place
    require_columns(places, ("path", "label"), header=header, usual=COLUMNS, file=file)
    return places


def _asked_place(value: str, header: list[str], file: str) -> int:
    if value in header:
        return header.index(value)
    if value.isascii() and value.isdigit() and int(value) < len(header):
        return int(value)
    raise BadInput(f"{file} has no column {value!r}", wanted="one of " + ", ".join(header[:12]))


def _places_by_look(table: TextTable, asked: Mapping[str, str], file: str) -> dict[str, int]:
    """No header: the path is the first column whose first field looks like an image file, the label the next other."""
    first = table.cells[0]
    places = {name: _asked_place(value, [str(i) for i in range(len(first))], file) for name, value in asked.items()}
    free = [i for i in range(len(first)) if i not in places.values()]
    if "path" not in places:
        path = next((i for i in free if Path(first[i]).suffix.lower() in SUFFIXES), None)
        if path is None:
            raise BadInput(
                f"{file} starts with the fields {', '.join(first[:8])}: no column names, and none is an image file",
                wanted="a header with path and label, or rows such as cat/1.jpg,cat",
            )
        places["path"] = path
        free.remove(path)
    if "label" not in places:
        if not free:
            raise BadInput(f"{file} has {len(first)} column", wanted="a path and a label in every row")
        places["label"] = free[0]
    return places
