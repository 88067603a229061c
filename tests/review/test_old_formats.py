"""Databases as earlier versions of the program wrote them (formats/*.sql), opened with this one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from analysis.review import upgrades
from analysis.review.decisions import DecisionStore
from analysis.review.edges import Edges
from analysis.review.tables import metadata
from tests.review.helpers import decision
from tests.review.test_edges import edge

FORMATS = Path(__file__).with_name("formats")
RELEASED = sorted({int(path.name.split(".")[0]) for path in FORMATS.glob("*.sqlite.sql")})

POSTGRES_DEFINITIONS = """
WITH here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema())
SELECT indexname, indexdef FROM pg_indexes, here WHERE schemaname = nspname
UNION ALL SELECT viewname, definition FROM pg_views, here WHERE schemaname = nspname
UNION ALL SELECT proname, pg_get_functiondef(f.oid) FROM pg_proc f, here WHERE pronamespace = here.oid
UNION ALL SELECT conname, pg_get_constraintdef(c.oid) FROM pg_constraint c, here WHERE connamespace = here.oid
UNION ALL SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, here
  WHERE c.relnamespace = here.oid
UNION ALL SELECT table_name || '.' || column_name,
  concat_ws(' ', ordinal_position, data_type, is_nullable, column_default)
  FROM information_schema.columns, here WHERE table_schema = nspname
"""


def write_old(url: str, number: int) -> None:
    """Make the database that a program of that format left behind, decisions in it."""
    kind = make_url(url).get_backend_name()
    script = (FORMATS / f"{number}.{kind}.sql").read_text(encoding="utf-8")
    script += (FORMATS / "rows.sql").read_text(encoding="utf-8")
    if kind == "sqlite":
        connection = sqlite3.connect(str(make_url(url).database))
        connection.executescript(script)
        connection.close()
        return
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql(script)
    engine.dispose()


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, url: str) -> str:
    write_old(url, request.param)
    return url


def as_code(url: str) -> dict[str, str]:
    """Everything in the database that has a definition: name -> its text, as the database itself tells it."""
    with DecisionStore(url) as store, store.reading() as conn:
        if conn.dialect.name == "sqlite":
            rows = conn.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger', 'view')"
            )
            found = {name: " ".join(str(sql).split()) for name, sql in rows}
            for (table,) in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all():
                found[table] = str(conn.exec_driver_sql(f"PRAGMA table_xinfo({table})").all())
            return found
        here = str(conn.exec_driver_sql("SELECT current_schema()").scalar())
        rows = conn.exec_driver_sql(POSTGRES_DEFINITIONS)
        return {name: str(sql).replace(here, "HERE") for name, sql in rows}


def test_an_upgraded_database_is_the_same_as_a_fresh_one(old: str, other_url: str) -> None:
    upgraded, fresh = as_code(old), as_code(other_url)
    assert upgraded == fresh
    assert {"lookalike_current", "lookalike_events_image", "lookalike_edge_events_pair"} <= set(fresh)
    assert sum("no_" in name for name in fresh) >= 2, "the triggers are there"


def facts(url: str, table: str) -> dict[str, Any]:
    engine = create_engine(url)
    found = inspect(engine)
    columns = [{k: str(v) for k, v in c.items() if k in ("name", "type", "nullable")} for c in found.get_columns(table)]
    result = {
        "columns": sorted(columns, key=lambda column: column["name"]),
        "key": found.get_pk_constraint(table)["constrained_columns"],
        "once": sorted(str(u["column_names"]) for u in found.get_unique_constraints(table)),
        "indexes": sorted(str((i["name"], i["column_names"])) for i in found.get_indexes(table)),
    }
    engine.dispose()
    return result


def test_the_steps_lead_to_the_tables_that_the_program_works_with(old: str, other_url: str) -> None:
    DecisionStore(old).close()
    engine = create_engine(other_url)
    metadata.create_all(engine)
    engine.dispose()
    for table in metadata.tables:
        assert facts(old, table) == facts(other_url, table), table


def test_every_decision_is_there_and_counts_as_before(old: str) -> None:
    with DecisionStore(old) as store:
        log = store.log()
        assert log["seq"].tolist() == [1, 2, 3, 4, 2**53 - 1]
        assert log["event_id"].tolist() == [1, 2, 3, 4, 5]
        assert log["image_id"].tolist() == ["a.png", "ü/b'.png", "c.png", "c.png", "a.png"]
        assert log["verdict"].tolist() == ["keep", "relabel", "none_fits", "undo", "unsure"]
        assert log["new_label"].tolist() == ["", "dog", "", "", ""] and log["undoes"].tolist() == [-1, -1, -1, 3, -1]
        assert log["note"][1] == "quite sure" and log["booked_at"].tolist()[:2] == [1760000002.5, 1760000003.5]
        for column in ("mode", "queue", "purpose"):
            assert log[column].tolist() == [""] * 5
        assert np.isnan(log["shown_at"]).all()
        assert store.in_force().set_index("image_id")["verdict"].to_dict() == {"a.png": "keep", "ü/b'.png": "relabel"}
    with DecisionStore(old, scope="other") as other:
        assert other.in_force()["image_id"].tolist() == ["z.png"]


def test_work_goes_on_in_an_upgraded_database(old: str) -> None:
    with DecisionStore(old) as store:
        sent_again = decision(1, session="old-1")
        assert sent_again.decided_at == 1760000001.25
        assert store.book([sent_again, decision(5, session="old-1", purpose="adjudicate")]) == {"old-1": [1, 5]}
        later = store.log(since=5)
        assert later["seq"].tolist() == [5] and later["event_id"][0] > 6, "numbers go on where they were"
        assert Edges(store).book([edge(1)]) == {"session-1": [1]}
        for change in ("UPDATE lookalike_events SET verdict = 'skip'", "DELETE FROM lookalike_events"):
            with pytest.raises(DBAPIError, match="decisions are only ever added"), store.writing() as conn:
                conn.execute(text(change))
        with store.reading() as conn:
            assert conn.execute(text("SELECT format FROM lookalike_format")).scalars().all() == [len(upgrades.UPGRADES)]
            images = conn.execute(text("SELECT DISTINCT image_id FROM lookalike_current ORDER BY image_id")).scalars()
            assert set(images) == {"a.png", "ü/b'.png", "z.png"}


def test_eight_processes_open_an_old_database_at_once(url: str, tmp_path: Path) -> None:
    files = [f"sqlite:///{tmp_path / f'{i}.sqlite'}" for i in range(5)]
    urls = [url, *files] if url.startswith("sqlite") else [url]
    for address in urls:
        write_old(address, RELEASED[0])
    worker = [sys.executable, str(Path(__file__).with_name("worker.py")), "eight", *urls]
    done = subprocess.run(worker, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.splitlines() == [f"p{i} 5" for i in range(8)] * len(urls), done.stdout + done.stderr
    for address in urls:
        with DecisionStore(address) as store:
            assert store.count() == 45
            assert not store.log().duplicated(["session", "seq"]).any()
