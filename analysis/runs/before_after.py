"""What training on the original and on the cleaned labels came to, kept in the workspace: the newest result alone."""

from __future__ import annotations

from typing import Any

from analysis.runs.files import read_json, write_json
from analysis.runs.workspace import Workspace

NAME = "before_after.json"


def keep_result(workspace: Workspace, facts: dict[str, Any]) -> None:
    """Store a result in the place of the last one."""
    write_json(workspace.path / NAME, facts)


def kept_result(workspace: Workspace) -> dict[str, Any] | None:
    """The newest result, or None where nothing was trained yet."""
    path = workspace.path / NAME
    return read_json(path) if path.exists() else None
