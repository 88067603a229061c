"""Opening a database for decisions: SQLite in the workspace, or PostgreSQL for teams, with the same promises."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError, ProgrammingError

from analysis.base.errors import BadInput, NotAvailable, StoreFailure
from analysis.review import upgrades

BUSY_SECONDS = 20.0  # how long one process waits for another's short transaction
ADVISORY_LOCK = 0x4C6F6F6B  # PostgreSQL: any fixed number, the same in every process
# PostgreSQL: seconds to wait for a server that does not answer, milliseconds for a connection that has gone dead
_PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 30_000}

WRITES = {"lookalike_writes": True}  # execution option of connections that take the write lock at BEGIN

_SQLITE_WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the file or its folder is read-only",
    "SQLITE_IOERR": "the disk refused to write (full, a quota or a limit on file size, or gone)",
    "SQLITE_CANTOPEN": "the file cannot be opened: its folder is missing, or may not be written",
    "SQLITE_BUSY": f"another program has held the file locked for {BUSY_SECONDS:.0f} s",
    "SQLITE_PERM": "the file may not be read",
    "SQLITE_CORRUPT": "the file is damaged",
}


def parse(url: str | Path) -> URL:
    """The address of a database; a plain path means a SQLite file. Raises BadInput for anything else than the two."""
    written = str(url)
    if isinstance(url, Path) or "://" not in written:
        return URL.create("sqlite", database=str(Path(written).expanduser()))
    try:
        parsed = make_url(written)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise BadInput("The database address cannot be read", wanted="sqlite:///FILE or postgresql://…") from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadInput(f"Decisions cannot be kept in {parsed.drivername}", wanted="sqlite:///FILE or postgresql://…")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise BadInput("Decisions cannot be kept in memory: they would be lost", wanted="sqlite:///FILE")
    return parsed


def shown(url: URL) -> str:
    """The address for people to read, without any password."""
    secret = {name: "***" for name in url.query if "pass" in name.lower()}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def open_engine(url: URL) -> Engine:
    """Connect and bring the tables to the present format; safe when many processes do it at once."""
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, max_overflow=-1)
            event.listen(engine, "connect", _on_sqlite_connect)
            event.listen(engine, "begin", _on_sqlite_begin)
        else:
            patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
            # a server set to stricter levels would read what it saw before it waited for the write lock
            level: Any = {"isolation_level": "READ COMMITTED"}
            engine = create_engine(url, pool_pre_ping=True, max_overflow=32, connect_args=patience, **level)
            event.listen(engine, "begin", _on_postgres_begin)
    except ModuleNotFoundError as error:
        raise NotAvailable(
            f"The package {error.name} for PostgreSQL is not installed", hint='pip install "psycopg[binary]"'
        ) from error
    try:
        with failures(engine, "opened"):
            _prepare(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _prepare(engine: Engine) -> None:
    with engine.begin() as conn:
        if upgrades.format_of(conn) == len(upgrades.UPGRADES):
            return  # the usual case needs no write lock and works on a read-only file
    if engine.dialect.name == "sqlite":
        _to_wal(engine)
    with engine.execution_options(**WRITES).begin() as conn:
        upgrades.upgrade(conn)


def _to_wal(engine: Engine) -> None:
    """Switch the file to write-ahead logging, once for good.

    SQLite answers "locked" at once, without the busy timeout, when two processes do this together: ask again.
    """
    until = time.monotonic() + BUSY_SECONDS
    raw = engine.raw_connection()
    try:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise OperationalError("PRAGMA journal_mode=WAL", None, error) from error
                time.sleep(0.01)
    finally:
        raw.close()


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_on_sqlite_begin` does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
    cursor.close()


def _on_sqlite_begin(conn: Connection) -> None:
    # a deferred transaction that reads and then writes fails at once when another one wrote in between
    writes = conn.get_execution_options().get("lookalike_writes", False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_postgres_begin(conn: Connection) -> None:
    # one writer at a time, as in SQLite: event numbers become visible in their order, none turns up behind a reader;
    # and a writer that hangs, or whose machine has gone, does not hold up the others for ever
    if conn.get_execution_options().get("lookalike_writes", False):
        patience = {"lock_timeout": BUSY_SECONDS, "idle_in_transaction_session_timeout": 3 * BUSY_SECONDS}
        limits = ", ".join(
            f"set_config('{name}', '{seconds * 1000:.0f}ms', true)" for name, seconds in patience.items()
        )
        conn.execute(text(f"SELECT {limits}, pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


@contextmanager
def failures(engine: Engine, verb: str) -> Iterator[None]:
    """Turn what the database refuses into StoreFailure ("could not be `verb`"), a foreign file into BadInput."""
    where = shown(engine.url)
    try:
        yield
    except DBAPIError as error:
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        if name == "SQLITE_NOTADB":
            raise BadInput(f"{where} is not a SQLite file", wanted="the decisions of a workspace") from error
        if not isinstance(error, OperationalError) and not _worldly(error, name):
            raise
        reason = next((words for start, words in _SQLITE_WORDS.items() if name.startswith(start)), str(error.orig))
        raise StoreFailure(
            f"The decisions could not be {verb}: {reason.strip()} ({where})",
            wanted="a database that can be written",
            hint="nothing that was acknowledged is lost; free space or mend the access and try again",
        ) from error


def _worldly(error: DBAPIError, name: str) -> bool:
    """Is this the disk's or the server's doing, although the driver gives it no OperationalError?"""
    if isinstance(error, ProgrammingError) and error.statement is None:
        return True  # PostgreSQL would not even connect: an option in the address that it does not know
    return bool(error.connection_invalidated) or (isinstance(error, DatabaseError) and name == "SQLITE_CORRUPT")
