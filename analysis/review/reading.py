"""Events of the log as a table: read into columns, never a million rows as Python objects at once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Select, select

from analysis.base.types import Decision
from analysis.review.tables import events

FIELDS = [field.name for field in fields(Decision)]
COLUMNS = ["event_id", *FIELDS, "booked_at"]
CHUNK = 20_000  # rows that are Python objects at a time

_TYPES = {
    **dict.fromkeys(COLUMNS, pa.large_string()),
    **dict.fromkeys(("event_id", "seq", "undoes"), pa.int64()),
    **dict.fromkeys(("decided_at", "booked_at", "shown_at"), pa.float64()),
}
_SCHEMA = pa.schema(_TYPES)
_ABSENT = {"undoes": -1, "new_label": ""}  # `shown_at` is NaN


def all_columns() -> Select[Any]:
    """The columns of `read_events`, to be narrowed down to some events."""
    return select(*(events.c[name] for name in COLUMNS))


def read_events(conn: Connection, query: Select[Any]) -> pd.DataFrame:
    """The events of a query on `all_columns()`, in the order of booking.

    Columns: event_id, those of `Decision`, booked_at (the server's clock). `new_label` is "" and `undoes` is -1 where
    there is none; `shown_at` is NaN.
    """
    result = conn.execute(query.order_by(events.c.event_id), execution_options={"yield_per": CHUNK})
    parts = [pa.RecordBatch.from_arrays(_arrays(rows), schema=_SCHEMA) for rows in result.partitions()]
    frame = pa.Table.from_batches(parts, schema=_SCHEMA).combine_chunks().to_pandas()
    return frame.astype(dict.fromkeys((name for name in COLUMNS if pa.types.is_large_string(_TYPES[name])), "str"))


def _arrays(rows: Any) -> list[pa.Array]:
    arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), _TYPES.values(), strict=True)]
    for name, value in _ABSENT.items():
        place = COLUMNS.index(name)
        arrays[place] = arrays[place].fill_null(value)
    return arrays
