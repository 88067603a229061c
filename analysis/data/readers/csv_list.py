"""A text file that lists images with their labels: csv, tsv or a plain list, with or without a header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, build
from analysis.data.frames import TEXT_SUFFIXES
from analysis.data.labels import code_labels, read_classes
from analysis.data.list_columns import COLUMNS, has_header, places_by_look, places_by_name
from analysis.data.listing import place, set_repeats_aside
from analysis.data.metadata import column_of, further_columns
from analysis.data.reader import Options, file_of, flag, folder_of, reader
from analysis.data.scan import look_at_files
from analysis.data.text_in import read_table


@dataclass(frozen=True)
class _Listing:
    """Rows of the list, cut to the columns that are used, and where each row stands."""

    frame: pd.DataFrame  # columns among COLUMNS, text
    further: pd.DataFrame  # the other columns, typed
    lines: list[int]
    file: str
    notes: list[str]

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
    metadata = tuple(str(name) for name in listing.further)
    records = pd.concat([records, listing.further], axis=1)
    found = Found(coded.classes, records, notes=listing.notes, metadata=metadata)
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
    with_header = flag(options, "header", default=has_header(table.cells[0], asked))
    places = (
        places_by_name(table.cells[0], asked, file.name)
        if with_header
        else places_by_look(table.cells[0], asked, file.name)
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
    further, notes = _further(table.cells, places) if with_header else (pd.DataFrame(), [])
    return _Listing(pd.DataFrame(columns, dtype=object), further, table.lines[first:], file.name, notes)


def _further(cells: list[list[str]], places: dict[str, int]) -> tuple[pd.DataFrame, list[str]]:
    """The columns that have no meaning for us, with what was passed over."""
    used = [cells[0][place] for place in places.values()]
    kept, notes = further_columns(cells[0], used)
    made = {
        name: column_of([fields[place] if place < len(fields) else "" for fields in cells[1:]])
        for name, place in kept.items()
    }
    return pd.DataFrame({name: column for name, column in made.items() if column is not None}), notes
