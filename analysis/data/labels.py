"""Labels as they come (names, numbers, blanks) to class numbers 0..K-1, with the order of the classes kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.types import UNKNOWN

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,8})(\.\d{0,6})?", re.ASCII)
RowName = Callable[[int], str]  # what to call row i in a message: "labels.csv, line 7"


@dataclass(frozen=True)
class Coded:
    """Class numbers (N,) int64 in -1..K-1, -1 = no label, and the K class names in order."""

    numbers: NDArray[np.int64]
    classes: tuple[str, ...]


def clean_name(name: object) -> str:
    """A class name without control characters (a vertical tab joins names elsewhere), its ends trimmed."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(name))
    return text.strip() or "(no name)"


def is_text(name: str) -> bool:
    """Can the name be stored as UTF-8? File names need not be valid text."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def code_labels(values: NDArray[Any] | Sequence[Any], *, classes: Sequence[str] | None, row_name: RowName) -> Coded:
    """Turn labels (N,), names or whole numbers, into class numbers.

    Without `classes` they are the distinct labels, in numeric order for numbers, else sorted as text. With `classes` a
    label is one of the names, or failing that a number 0..K-1. Blank, None, NaN and -1 mean "no label".
    Raises BadInput naming the first row that is neither.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise BadInput(f"The labels have the shape {array.shape}", wanted="one label per image, shape (images,)")
    if array.dtype.kind in "iub":
        return _code_numbers(array.astype(np.int64), classes, row_name)
    if array.dtype.kind == "f":
        return _code_numbers(whole_numbers(array, row_name), classes, row_name)
    texts = np.array(["" if _blank(value) else str(value).strip() for value in array.tolist()], dtype=object)
    return _code_texts(texts, classes, row_name)


def whole_numbers(values: NDArray[Any], row_name: RowName) -> NDArray[np.int64]:
    """Float labels (N,) to int64; NaN becomes -1, a fraction or infinity is refused with its row."""
    missing = np.isnan(values)
    filled = np.where(missing, UNKNOWN, values)
    bad = np.flatnonzero(~np.isfinite(filled) | (filled != np.round(filled)))
    if len(bad):
        raise BadInput(f"{row_name(int(bad[0]))} has the label {values[bad[0]]}", wanted="a whole number or a name")
    return filled.astype(np.int64)


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124  # NaN, the quick way


def _code_numbers(numbers: NDArray[np.int64], classes: Sequence[str] | None, row_name: RowName) -> Coded:
    below = np.flatnonzero(numbers < UNKNOWN)
    if len(below):
        raise BadInput(
            f"{row_name(int(below[0]))} has the label {numbers[below[0]]}", wanted="0 or more, or -1 for no label"
        )
    if classes is None:
        present = np.unique(numbers[numbers >= 0])
        coded = np.where(numbers < 0, UNKNOWN, np.searchsorted(present, numbers))
        return Coded(coded.astype(np.int64), tuple(str(number) for number in present))
    names = {name: i for i, name in enumerate(classes)}
    if all(str(number) in names for number in np.unique(numbers[numbers >= 0])):
        return Coded(np.array([names.get(str(number), UNKNOWN) for number in numbers], np.int64), tuple(classes))
    above = np.flatnonzero(numbers >= len(classes))
    if len(above):
        raise BadInput(
            f"{row_name(int(above[0]))} has the label {numbers[above[0]]}",
            wanted=f"a class in 0..{len(classes) - 1} or one of the class names",
        )
    return Coded(numbers, tuple(classes))


def _code_texts(texts: NDArray[np.object_], classes: Sequence[str] | None, row_name: RowName) -> Coded:
    distinct = {text for text in texts.tolist() if text}
    numbers = numbers_of(texts) if classes is None or not distinct <= set(classes) else None
    if numbers is not None and (numbers == np.round(numbers)).all():
        return _code_numbers(numbers.astype(np.int64), classes, row_name)
    cleaned = {text: clean_name(text) for text in distinct}
    order = tuple(classes) if classes is not None else tuple(sorted(set(cleaned.values())))
    number = {name: i for i, name in enumerate(order)}
    unknown = {text for text, name in cleaned.items() if name not in number}
    if unknown:
        row = next(i for i, text in enumerate(texts) if text in unknown)
        raise BadInput(
            f"{row_name(row)} has the label {texts[row][:80]!r}, which is not among the {len(order)} classes",
            wanted="one of " + ", ".join(order[:8]) + (" …" if len(order) > 8 else ""),
        )
    coded = [number[cleaned[text]] if text else UNKNOWN for text in texts]
    return Coded(np.array(coded, np.int64), order)


def numbers_of(texts: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """The numbers that all `texts` (N,) are, -1 for blanks; None when one is a name ("007" is: nobody counts so)."""
    if not all(_NUMBER.fullmatch(text) for text in set(texts.tolist()) if text):
        return None
    return np.array([float(text) if text else UNKNOWN for text in texts.tolist()])


def read_classes(asked: str | None) -> tuple[str, ...] | None:
    """Class names from the option `classes`: a text file with one name a line, or names separated by commas."""
    if not asked:
        return None
    path = Path(asked).expanduser()
    if path.is_file():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise BadInput(f"{path} is not UTF-8 text", wanted="one class name a line") from error
    elif "," in asked:
        lines = asked.split(",")
    else:
        raise NotFoundHere(f"There is no file {asked!r} with class names", wanted="a text file, one name a line")
    names = tuple(clean_name(line) for line in lines if line.strip())
    twice = sorted({name for name in names if names.count(name) > 1})[:3] if len(set(names)) < len(names) else []
    if twice:
        raise BadInput(f"The class list names {', '.join(twice)} more than once", wanted="every class once")
    return names
