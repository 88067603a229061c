"""Which column of a list of images holds the path, which the label: by its name, or by how the first row looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.base.errors import BadInput
from analysis.data.decode import SUFFIXES
from analysis.data.listing import require_columns

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


def has_header(first: Sequence[str], asked: Mapping[str, str]) -> bool:
    """Is the first row a header? `asked` are the columns that somebody named, such as {"label": "kind"}."""
    names = {field.lower() for field in first}
    if any(Path(field).suffix.lower() in SUFFIXES for field in first):
        return False  # "set/1.jpg,set" is a row, though a column may be called set
    usual = {name for names in COLUMNS.values() for name in names}
    return bool(names & usual) or any(value in first for value in asked.values())


def places_by_name(header: Sequence[str], asked: Mapping[str, str], file: str) -> dict[str, int]:
    """Where each of COLUMNS stands that is there; raises BadInput where the path or the label is not."""
    lower = [field.lower() for field in header]
    places = {name: _asked_place(value, header, file) for name, value in asked.items()}
    for name, usual in COLUMNS.items():
        place = next((lower.index(column) for column in usual if column in lower), None)
        if name not in places and place is not None and place not in places.values():
            places[name] = place
    require_columns(places, ("path", "label"), header=header, usual=COLUMNS, file=file)
    return places


def listed(names: Sequence[str]) -> str:
    """Names in a row, in quotes where one could be taken for two."""
    return ", ".join(repr(name) if set(name) & set(',;\t\n"') else name for name in names)


def _asked_place(value: str, header: Sequence[str], file: str) -> int:
    if value in header:
        return header.index(value)
    if value.isascii() and value.isdigit() and int(value) < len(header):
        return int(value)
    raise BadInput(f"{file} has no column {value!r}", wanted="one of " + listed(header[:12]))


def places_by_look(first: Sequence[str], asked: Mapping[str, str], file: str) -> dict[str, int]:
    """No header: the path is the first column whose first field looks like an image file, the label the next other."""
    places = {name: _asked_place(value, [str(i) for i in range(len(first))], file) for name, value in asked.items()}
    free = [i for i in range(len(first)) if i not in places.values()]
    if "path" not in places:
        path = next((i for i in free if Path(first[i]).suffix.lower() in SUFFIXES), None)
        if path is None:
            raise BadInput(
                f"{file} starts with the fields {listed(first[:8])}: no column names, and none is an image file",
                wanted="a header with path and label, or rows such as cat/1.jpg,cat",
            )
        places["path"] = path
        free.remove(path)
    if "label" not in places:
        if not free:
            raise BadInput(f"{file} has {len(first)} column", wanted="a path and a label in every row")
        places["label"] = free[0]
    return places
