"""Workspaces opened before on this machine, newest first: a small file of the user's, lost without harm."""

from __future__ import annotations

import json
import os
from pathlib import Path

KEPT = 12


def remember(path: Path) -> None:
    """Put a workspace at the top of the list."""
    others = [other for other in _listed() if other != str(path)]
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([str(path), *others][:KEPT]), encoding="utf-8")
    except OSError:
        return  # a home that cannot be written: the list is a convenience


def recent() -> list[Path]:
    """Workspaces of the list that are still there, newest first."""
    return [Path(path) for path in _listed() if (Path(path) / "workspace.json").is_file()]


def _listed() -> list[str]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in known if isinstance(path, str)] if isinstance(known, list) else []


def _file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "lookalike" / "recent.json"
