"""One analysis run on disk: artifacts with cards, status, progress, log."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base import schema
from analysis.base.atomic import replacing
from analysis.base.errors import NotFoundHere
from analysis.runs.files import read_array, read_json, read_table, write_array, write_json, write_table

DONE, FAILED, CANCELLED, RUNNING = "done", "failed", "cancelled", "running"


class Run:
    """A folder of artifacts. An artifact exists when its card does; the card is written last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def run_id(self) -> str:
        """The folder's name, unique inside the workspace."""
        return self.path.name

    # -- artifacts ---------------------------------------------------------------------------------------------
    def card(self, name: str) -> dict[str, Any] | None:
        """The card of an artifact, or None when it is absent."""
        path = self.path / f"{name}.card.json"
        return read_json(path) if path.exists() else None

    def has(self, name: str) -> bool:
        """Is the artifact there, whole?"""
        return (self.path / f"{name}.card.json").exists()

    def fresh(self, name: str, key: str) -> bool:
        """Was the artifact made from the same inputs, parameters and algorithm version (`key`)?"""
        card = self.card(name)
        return card is not None and card["key"] == key

    def put(self, name: str, value: NDArray[Any] | pd.DataFrame | dict[str, Any], *, key: str, **facts: Any) -> None:
        """Store an array (.npy), table (.parquet) or JSON object under `name`, then its card."""
        self._uncard(name)
        if isinstance(value, pd.DataFrame):
            schema.check_table(name, value)
            suffix, shape = "parquet", list(value.shape)
            write_table(self.path / f"{name}.parquet", value)
        elif isinstance(value, dict):
            suffix, shape = "json", []
            write_json(self.path / f"{name}.json", value)
        else:
            if name not in schema.ARRAYS:
                raise ValueError(f"there is no artifact array named {name!r}")
            suffix, shape = "npy", list(value.shape)
            write_array(self.path / f"{name}.npy", value)
        made = {"name": name, "key": key, "file": f"{name}.{suffix}", "shape": shape, "at": time.time()}
        write_json(self.path / f"{name}.card.json", {**made, **facts})

    def drop(self, name: str) -> None:
        """Remove an artifact, card first."""
        card = self.card(name)
        self._uncard(name)
        if card:
            (self.path / card["file"]).unlink(missing_ok=True)

    def _uncard(self, name: str) -> None:
        (self.path / f"{name}.card.json").unlink(missing_ok=True)

    def array(self, name: str) -> NDArray[Any]:
        """An array, memory-mapped and read-only."""
        return read_array(self._file(name))

    def table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A table, all columns or some."""
        return read_table(self._file(name), columns)

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        return read_json(self._file(name))

    def _file(self, name: str) -> Path:
        card = self.card(name)
        if card is None:
            raise NotFoundHere(
                f"The run {self.run_id} has no {name}", wanted="a finished run", hint="run the analysis again"
            )
        return self.path / str(card["file"])

    # -- status ------------------------------------------------------------------------------------------------
    def status(self) -> dict[str, Any]:
        """What `run.json` says, with `state` corrected to failed where the process has died."""
        path = self.path / "run.json"
        if not path.exists():
            return {"state": FAILED, "error": "the run was never started"}
        status = read_json(path)
        if status.get("state") == RUNNING and not alive(int(status.get("pid", 0)), status.get("started_ticks")):
            status["state"] = FAILED
            status["error"] = "the process ended without a word (killed?); run again to continue"
        return status

    def set_status(self, **changes: Any) -> None:
        """Merge `changes` into `run.json`; only the process that runs the analysis calls this."""
        path = self.path / "run.json"
        old = read_json(path) if path.exists() else {}
        write_json(path, {**old, **changes, "updated": time.time()})

    def log(self, event: str, **facts: Any) -> None:
        """Append one line to `log.jsonl`."""
        line = json.dumps({"at": time.time(), "event": event, **facts}, ensure_ascii=False)
        with (self.path / "log.jsonl").open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")

    def ask_to_cancel(self) -> None:
        """Leave a mark that the running process looks for."""
        (self.path / "cancel").touch()

    def cancel_asked(self) -> bool:
        """Has somebody asked to stop?"""
        return (self.path / "cancel").exists()

    def clear_cancel(self) -> None:
        """Forget an old request to stop."""
        (self.path / "cancel").unlink(missing_ok=True)

    def parts(self, key: str) -> RunParts:
        """Storage for finished pieces of a long step; pieces made under another `key` are not seen."""
        return RunParts(self.path / "parts" / key)

    def clear_parts(self) -> None:
        """Remove all pieces, once what they were for is stored whole."""
        shutil.rmtree(self.path / "parts", ignore_errors=True)


class RunParts:
    """Finished pieces of a long step (`Parts` of base.progress): one .npz each, moved into place whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored under `name`, or None."""
        path = self.path / f"{name}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def put(self, name: str, **arrays: NDArray[Any]) -> None:
        """Store arrays under `name`."""
        with replacing(self.path / f"{name}.npz") as beside, beside.open("wb") as handle:
            np.savez(handle, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as its own options


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (Linux); tells it from a later one with the same number."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def alive(pid: int, started_ticks: int | None = None) -> bool:
    """Is the process running, and the same one?"""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
        return False
    return started_ticks is None or start_ticks(pid) in (None, started_ticks)
