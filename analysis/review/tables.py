"""The tables of the decision store, their format number and the steps from one format to the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    update,
)

from analysis.base.errors import NewerFormat

metadata = MetaData()

big = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself in SQLite

events = Table(
    "lookalike_events",
    metadata,
    Column("event_id", big, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False),  # which workspace, where one server keeps the decisions of several
    Column("session", Text, nullable=False),
    Column("seq", big, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("suggested", Text, nullable=False),
    Column("new_label", Text),
    Column("reviewer", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("decided_at", Float(53), nullable=False),  # the client's clock
    Column("booked_at", Float(53), nullable=False),  # the server's clock
    Column("note", Text, nullable=False),
    Column("undoes", big),
    UniqueConstraint("scope", "session", "seq", name="lookalike_events_once"),
    Index("lookalike_events_undone", "scope", "session", "undoes"),
    sqlite_autoincrement=True,  # a number is never given twice, not even after rows were lost
)

version = Table(
    "lookalike_format",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("since", Float(53), nullable=False),
)


def _first(conn: Connection) -> None:
    metadata.create_all(conn, tables=[events])


# UPGRADES[i] leads from format i to format i + 1. A step is never changed once released: add the next one.
UPGRADES: list[Callable[[Connection], None]] = [_first]


def format_of(conn: Connection) -> int:
    """The format number of the tables that are there; 0 when there are none. Raises NewerFormat."""
    if not inspect(conn).has_table(version.name):
        return 0
    found = int(conn.execute(select(version.c.format)).scalar() or 0)
    if found > len(UPGRADES):
        raise NewerFormat(
            f"The decisions were written by a newer version of the program (format {found})",
            wanted=f"format {len(UPGRADES)} or older",
            hint="update the program",
        )
    return found


def upgrade(conn: Connection) -> None:
    """Bring the tables to the present format. To be called in a transaction that holds the only write lock."""
    found = format_of(conn)
    if found == len(UPGRADES):
        return
    if found == 0:
        metadata.create_all(conn, tables=[version])
    for step in UPGRADES[found:]:
        step(conn)
    known = conn.execute(select(version.c.id)).first()
    values = {"format": len(UPGRADES), "since": time.time()}
    conn.execute(update(version).values(values) if known else insert(version).values(id=1, **values))
