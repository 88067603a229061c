"""Taking labels away: the registry of formats, and folders that are written whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from analysis.base.errors import BadInput, StoreFailure
from analysis.base.registry import Registry
from analysis.review.apply import COLUMNS
from analysis.runs.files import read_json, write_json

PROVENANCE = "provenance.json"


@dataclass(frozen=True, eq=False)
class Export:
    """Everything that is taken away: the tables of `apply.COLUMNS` by name, and where they come from."""

    tables: dict[str, pd.DataFrame]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if set(self.tables) != set(COLUMNS):
            raise ValueError(f"an export holds the tables {sorted(COLUMNS)}, got {sorted(self.tables)}")
        for name, table in self.tables.items():
            if list(table.columns) != list(COLUMNS[name]):
                raise ValueError(f"the table {name!r} has the columns {list(table.columns)}")


Write = Callable[[dict[str, pd.DataFrame], Path], None]
Read = Callable[[Path], dict[str, pd.DataFrame]]


@dataclass(frozen=True)
class Exporter:
    """A format: `write` puts tables into an empty folder, `read` gets the same tables back from it."""

    name: str
    title: str
    reading: str  # one or two sentences for who opens the files; kept in the provenance
    write: Write
    read: Read


EXPORTERS: Registry[Exporter] = Registry("exporter", "analysis.review.exporters")


def exporter(name: str, *, title: str, reading: str, read: Read) -> Callable[[Write], Write]:
    """Register the decorated function `write(tables, folder)` as the format `name`."""

    def register(write: Write) -> Write:
        EXPORTERS.add(name, Exporter(name=name, title=title, reading=reading, write=write, read=read))
        return write

    return register


def write_export(export: Export, format_name: str, folder: Path | str) -> Path:
    """Write an export as exactly the folder `folder`, whole or not at all; gives the folder's full path.

    Raises BadInput when something is there already, StoreFailure when the disk refuses.
    """
    spec = EXPORTERS.get(format_name)
    target = Path(folder).expanduser().resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput(f"{target} exists and is not empty", wanted="a new or empty folder")
    beside = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        beside.mkdir(parents=True)
        _fill(beside, export, spec)
        if target.exists():
            target.rmdir()
        beside.rename(target)
    except OSError as error:
        raise StoreFailure(
            f"The export could not be written: {error.strerror or error} ({target})",
            wanted="a folder that can be written",
            hint="free space or name another folder; nothing was left behind",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def new_export(export: Export, format_name: str, parent: Path | str) -> Path:
    """Write an export into a new folder `<time>_<format>` (UTC) inside `parent`, such as a workspace's `exports`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name, number = f"{stamp}_{EXPORTERS.get(format_name).name}", 1
    while (Path(parent) / name).exists():
        number += 1
        name = f"{stamp}_{format_name}_{number}"
    return write_export(export, format_name, Path(parent) / name)


def read_export(format_name: str, folder: Path | str) -> Export:
    """Read back what `write_export` wrote."""
    spec = EXPORTERS.get(format_name)
    provenance = read_json(Path(folder) / PROVENANCE)
    if provenance.get("exporter") != spec.name:
        raise BadInput(f"{folder} was written as {provenance.get('exporter')!r}", wanted=spec.name)
    kept = {key: value for key, value in provenance.items() if key not in ("format", "exporter", "reading")}
    return Export(tables=spec.read(Path(folder)), provenance=kept)


def zip_export(export: Export, format_name: str) -> bytes:
    """The same files as one zip archive, to be sent as a download."""
    spec = EXPORTERS.get(format_name)
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="lookalike-export-") as place:
        _fill(Path(place), export, spec)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(place).iterdir()):
                archive.write(path, path.name)
    return packed.getvalue()


def _fill(folder: Path, export: Export, spec: Exporter) -> None:
    spec.write(export.tables, folder)
    write_json(folder / PROVENANCE, {**export.provenance, "exporter": spec.name, "reading": spec.reading})
    for path in folder.iterdir():
        with path.open("rb+") as handle:
            os.fsync(handle.fileno())
