"""Tables as JSON objects, one per row, and back; the texts are put together column by column, which is fast."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any

import pandas as pd

from analysis.base.errors import BadInput
from analysis.review.columns import typed
from analysis.review.csv_cells import each

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def text_of(value: Any) -> str:
    """JSON on one line, letters as they are."""
    return _ENCODER.encode(value)


def object_texts(kinds: Mapping[str, str], columns: Mapping[str, Any]) -> Iterator[str]:
    """Every row as the text of a JSON object. Numbers that are not known become null."""
    fields = [each(columns[name], _text(kind)) for name, kind in kinds.items()]
    shape = "{" + ", ".join(f"{text_of(name)}: %s" for name in kinds) + "}"  # no column name holds a percent sign
    return (shape % row for row in zip(*fields, strict=True))


def table_of(rows: Iterable[Any], kinds: Mapping[str, str], where: str) -> pd.DataFrame:
    """The table whose rows these objects are. Raises BadInput naming `where` and the row."""
    columns: dict[str, list[Any]] = {name: [] for name in kinds}
    for number, row in enumerate(rows):
        try:
            for name, kind in kinds.items():
                columns[name].append(_back(kind, row[name]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"Row {number} of {where} cannot be read: {error!r}") from error
    return typed(columns, dict(kinds))


def _text(kind: str) -> Any:
    if kind == "number":
        return lambda value: repr(float(value)) if math.isfinite(value) else "null"
    if kind == "flag":
        return lambda value: "true" if value else "false"
    # encode_basestring is what the encoder itself uses for text, without its detours
    return {"text": encode_basestring, "whole": lambda value: str(int(value)), "names": text_of}[kind]


def _back(kind: str, value: Any) -> Any:
    if kind == "number":
        return math.nan if value is None else float(value)
    if kind in ("text", "flag") and not isinstance(value, str if kind == "text" else bool):
        raise ValueError(f"{value!r} is no {kind}")
    return tuple(value) if kind == "names" else int(value) if kind == "whole" else value
