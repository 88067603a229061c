"""Tables of numbers from csv, tsv, txt or parquet as data frames, numbers as numbers and everything else as text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.text_in import SAMPLE, encoding_of, find_delimiter

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".lst", ".psv")
PARQUET_SUFFIXES = (".parquet", ".pq")


def read_frame(path: Path, *, as_text: bool = False) -> pd.DataFrame:
    """The table in a csv, tsv, txt or parquet file; without a header line the columns are numbered from 0.

    A blank line is a row: to drop it would move all later rows up by one. `as_text` leaves "007" and "1.0" of text
    files as they are written.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise NotFoundHere(f"There is no file {path}")
    if suffix in PARQUET_SUFFIXES:
        return read_parquet(path)
    if suffix in TEXT_SUFFIXES:
        return _read_text(path, as_text=as_text)
    raise BadInput(f"{path.name} ends in {suffix or 'nothing'}", wanted="npy, npz, csv, tsv, txt or parquet")


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """A Parquet file as a frame; a damaged one is a clear error."""
    import pyarrow as pa

    try:
        return pd.read_parquet(path, columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read: {' '.join(str(error).split())[:160]}", wanted="Parquet") from error


def _read_text(path: Path, *, as_text: bool) -> pd.DataFrame:
    encoding = encoding_of(path)
    try:
        with path.open(encoding=encoding, newline="") as file:
            sample = [line for _, line in zip(range(SAMPLE), file, strict=False)]
    except UnicodeError as error:
        raise BadInput(f"{path.name} is not valid {encoding}", wanted="a UTF-8 text table") from error
    delimiter = find_delimiter(sample) or ("," if not _blank_separated(sample) else None)
    try:
        # names such as "NA" or "None" are classes, not gaps: gaps are found when numbers are wanted
        frame = pd.read_csv(
            path,
            sep=delimiter or r"\s+",
            encoding=encoding,
            header=0 if _has_header(sample, delimiter) else None,
            keep_default_na=False,
            skip_blank_lines=False,
            dtype=str if as_text else None,
            engine="c",
            low_memory=False,
            skipinitialspace=True,
        )
    except (ValueError, UnicodeError) as error:  # pandas' parser errors are ValueErrors
        raise BadInput(f"{path.name} cannot be read: {' '.join(str(error).split())[:160]}", wanted="csv") from error
    blank = (frame.isna() | (frame == "")).all(axis=1).to_numpy()
    return frame.iloc[: len(frame) - int(np.argmin(blank[::-1]))] if len(frame) and not blank.all() else frame.iloc[:0]


def _blank_separated(sample: list[str]) -> bool:
    """Numbers with blanks between them, as numpy's savetxt writes; a lone column of names may hold blanks too."""
    return bool(sample) and all(_is_number(field) for line in sample[1:] or sample for field in line.split())


def _has_header(sample: list[str], delimiter: str | None) -> bool:
    """Does the first line hold text where numbers follow, or the usual name of a column?"""
    if not sample:
        return False
    rows = [line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter)) for line in sample[:2]]
    first = [field.strip() for field in rows[0]]
    if any(field.lower() in USUAL for field in first):
        return True
    if len(rows) < 2:
        return False
    if all(_is_number(field) for field in first):
        counted = len(first) > 1 and first == [str(i) for i in range(len(first))]
        return counted and not all(field.strip().isdigit() for field in rows[1])
    return any(not _is_number(a) and _is_number(b.strip()) for a, b in zip(first, rows[1], strict=False))


USUAL = {"label", "labels", "given", "given_label", "class", "target", "y", "predicted", "prediction", "pred", "argmax"}
USUAL |= {"image_id", "id", "path", "file", "filename", "image", "confidence"}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def numeric(frame: pd.DataFrame, what: str) -> NDArray[Any]:
    """The columns of a frame as one float array (rows, columns); a cell that is no number is refused with its row."""
    columns = []
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind not in "fiub":
            numbers = pd.to_numeric(column, errors="coerce")
            wrong = np.flatnonzero(numbers.isna().to_numpy())
            if len(wrong):
                row = int(wrong[0])
                raise BadInput(
                    f"{what}: row {row} has {str(column.iloc[row])[:40]!r} in the column {name!r}", wanted="a number"
                )
            column = numbers
        columns.append(column.to_numpy(dtype=np.float64))
    return np.stack(columns, axis=1) if columns else np.empty((len(frame), 0))
