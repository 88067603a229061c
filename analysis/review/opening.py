"""Where a workspace's decisions are kept: its own SQLite file, or a database that a team shares."""

from __future__ import annotations

import os
from pathlib import Path

from analysis.review.decisions import DecisionStore
from analysis.review.engine import parse, shown
from analysis.runs.workspace import Workspace

VARIABLE = "LOOKALIKE_DATABASE_URL"


def database_named(database: str | None = None) -> str | None:
    """The address of the shared database: `database`, else what the environment names, else None.

    It means the same from any folder: the path of a SQLite file is made absolute. It may hold a password.
    """
    named = database or os.environ.get(VARIABLE, "").strip()
    if not named:
        return None
    url = parse(named)
    if url.get_backend_name() == "sqlite" and not str(url.database).startswith("file:"):
        url = url.set(database=str(Path(str(url.database)).expanduser().resolve()))
    return url.render_as_string(hide_password=False)


def open_store(workspace: Workspace, database: str | None = None) -> DecisionStore:
    """Open the decisions of a workspace, in the shared database where one is named (see `database_named`).

    There they go by the data set's fingerprint: copies of one workspace share their decisions, and other data sets
    never see them. Raises StoreFailure where the database cannot be reached, BadInput for an address of another kind.
    """
    named = database_named(database)
    if named is None or parse(named) == parse(workspace.review_url):
        return DecisionStore(workspace.review_url)
    return DecisionStore(named, scope=str(workspace.facts()["fingerprint"]))


def place_of(workspace: Workspace, database: str | None = None) -> str:
    """Where the decisions are kept, for people to read: never with a password."""
    named = database_named(database)
    return shown(parse(named if named is not None else workspace.review_url))
