"""The format number of the decision store and the steps from one format to the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, text, update

from analysis.base.errors import NewerFormat
from analysis.review.tables import edge_events, events, leases, live, metadata, queues, version

APPEND_ONLY = ("lookalike_events", "lookalike_edge_events")
REFUSAL = "decisions are only ever added"

# Format 1 as it was released.
_EVENTS_1 = """
CREATE TABLE lookalike_events (
    event_id {number} NOT NULL PRIMARY KEY {counting},
    scope TEXT NOT NULL, session TEXT NOT NULL, seq {big} NOT NULL,
    image_id TEXT NOT NULL, verdict TEXT NOT NULL, given TEXT NOT NULL, suggested TEXT NOT NULL, new_label TEXT,
    reviewer TEXT NOT NULL, run_id TEXT NOT NULL,
    decided_at {time} NOT NULL, booked_at {time} NOT NULL, note TEXT NOT NULL, undoes {big},
    CONSTRAINT lookalike_events_once UNIQUE (scope, session, seq)
)
"""
_WORDS = {
    "sqlite": {"number": "INTEGER", "counting": "AUTOINCREMENT", "big": "INTEGER", "time": "FLOAT"},
    "postgresql": {"number": "BIGSERIAL", "counting": "", "big": "BIGINT", "time": "DOUBLE PRECISION"},
}


def _first(conn: Connection) -> None:
    conn.execute(text(_EVENTS_1.format(**_WORDS[conn.dialect.name])))
    conn.execute(text("CREATE INDEX lookalike_events_undone ON lookalike_events (scope, session, undoes)"))


def _second(conn: Connection) -> None:
    """Mode, queue and purpose of a decision; marks; pairs of classes; leases; named queues; rows that cannot change."""
    time_type = _WORDS[conn.dialect.name]["time"]
    for column in ("mode TEXT NOT NULL DEFAULT ''", f"shown_at {time_type}", "queue TEXT NOT NULL DEFAULT ''"):
        conn.execute(text(f"ALTER TABLE lookalike_events ADD COLUMN {column}"))
    conn.execute(text("ALTER TABLE lookalike_events ADD COLUMN purpose TEXT NOT NULL DEFAULT ''"))
    conn.execute(text("CREATE INDEX lookalike_events_image ON lookalike_events (scope, image_id)"))
    metadata.create_all(conn, tables=[edge_events, leases, queues])
    for table in APPEND_ONLY:
        _forbid_changes(conn, table)
    _make_view(conn)


def _third(conn: Connection) -> None:
    """What was booked last, and since an event, without looking at what others booked on the same server."""
    conn.execute(text("CREATE INDEX lookalike_events_order ON lookalike_events (scope, event_id)"))


def _forbid_changes(conn: Connection, table: str) -> None:
    if conn.dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            conn.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    conn.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION lookalike_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    conn.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION lookalike_append_only()"
    )


def _make_view(conn: Connection) -> None:
    """What stands now, for people with a database tool; the program asks by the same query."""
    standing = select(*events.c).where(events.c.event_id.in_(live()))
    written = standing.compile(conn, compile_kwargs={"literal_binds": True})
    conn.exec_driver_sql(f"CREATE VIEW lookalike_current AS {written}")


# UPGRADES[i] leads from format i to format i + 1. A step is never changed once released: add the next one, and write
# out in the older step what it then takes from `tables`.
UPGRADES: list[Callable[[Connection], None]] = [_first, _second, _third]


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
