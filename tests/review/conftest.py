"""A database for every test of the store: a fresh SQLite file, and a fresh schema of PostgreSQL where one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from analysis.review.decisions import DecisionStore
from tests.review.server import programs, running

POSTGRES = "LOOKALIKE_TEST_POSTGRES_URL"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server: the one the environment names, else one started for the tests."""
    if POSTGRES in os.environ:
        yield os.environ[POSTGRES]
        return
    found = programs()
    if found is None:
        missing = f"no PostgreSQL here, and {POSTGRES} is not set: the store is not tested on it"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    with running(found) as address:
        yield address


@contextmanager
def fresh_schema(address: str) -> Iterator[str]:
    """An empty schema on a PostgreSQL server, gone afterwards; gives its URL."""
    server = make_url(address).set(drivername="postgresql+psycopg")
    schema = f"test_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    yield server.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.connect() as conn:
        conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'review.sqlite'}"
        return
    with fresh_schema(request.getfixturevalue("postgres")) as address:
        yield address


@pytest.fixture
def other_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a second empty database of the same kind."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.sqlite'}"
        return
    with fresh_schema(request.getfixturevalue("postgres")) as address:
        yield address


@pytest.fixture
def store(url: str) -> Iterator[DecisionStore]:
    """An open store on an empty database."""
    opened = DecisionStore(url)
    yield opened
    opened.close()
