"""Taking labels away: the registry of formats, and folders that are written whole or not at all."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import uuid4

import pandas as pd
from pydantic import ValidationError

from analysis.base.config import Settings
from analysis.base.errors import BadInput, NotAvailable, StoreFailure
from analysis.base.progress import Progress, Silent
from analysis.base.registry import Registry
from analysis.review.columns import COLUMNS
from analysis.review.pictures import Pictures
from analysis.runs.files import read_json, write_json

PROVENANCE = "provenance.json"
SYNCED_ONE_BY_ONE = 200  # files; above it the disk is asked once for everything
S = TypeVar("S", bound=Settings)
Group = Literal["tables", "patch", "training", "tools"]


@dataclass(frozen=True, eq=False)
class Export:
    """Everything that is taken away: the tables of `columns.COLUMNS` by name, and where they come from.

    `classes` are the K class names, in the order of their numbers. `pictures` gives the images by id; None where the
    data set holds names and labels only. `progress` is told how far the writing is.
    """

    tables: dict[str, pd.DataFrame]
    classes: tuple[str, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    pictures: Pictures | None = None
    progress: Progress = field(default_factory=Silent)

    def __post_init__(self) -> None:
        if set(self.tables) != set(COLUMNS):
            raise ValueError(f"an export holds the tables {sorted(COLUMNS)}, got {sorted(self.tables)}")
        for name, table in self.tables.items():
            if list(table.columns) != list(COLUMNS[name]):
                raise ValueError(f"the table {name!r} has the columns {list(table.columns)}")

    @property
    def labels(self) -> pd.DataFrame:
        """The table that every format holds in some form."""
        return self.tables["labels"]


@dataclass(frozen=True, eq=False)
class Returned:
    """What can be read back from an export: `tables` holds at least `labels` with at least image_id and label.

    A patch holds what changes and no list: there it is `changes`.
    """

    tables: dict[str, pd.DataFrame]
    classes: tuple[str, ...]
    provenance: dict[str, Any]


class NoOptions(Settings):
    """A format that has nothing to choose."""


Write = Callable[[Export, Path, Any], None]
Read = Callable[[Path], dict[str, pd.DataFrame]]


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A format: `write(export, folder, options)` fills an empty folder, `read(folder)` gets the tables back from it.

    `summary` is one line for who chooses, `reading` a few sentences for who opens the files (kept in the provenance).
    `options` is a Settings class with described fields, `needs` names the optional packages it cannot do without.
    `copies(export, options)` says whether the images themselves are taken along, `check(export, options)` raises
    BadInput where the format cannot hold what this export holds, before anything is written.
    """

    name: str
    title: str
    summary: str
    reading: str
    group: Group
    write: Write
    read: Read
    options: type[Settings] = NoOptions
    needs: tuple[str, ...] = ()
    copies: Callable[[Export, Any], bool] = lambda *_: False
    check: Callable[[Export, Any], None] = lambda *_: None


EXPORTERS: Registry[Exporter] = Registry("exporter", "analysis.review.exporters")


def exporter(name: str, **about: Any) -> Callable[[Write], Write]:
    """Register the decorated function `write(export, folder, options)` as the format `name`.

    `about` are the other fields of `Exporter`: title, summary, reading, group, read, and what is not as by default.
    """

    def register(write: Write) -> Write:
        EXPORTERS.add(name, Exporter(name=name, write=write, **about))
        return write

    return register


def missing(spec: Exporter) -> str:
    """Why a format cannot be used on this machine; "" where it can."""
    lacking = [package for package in spec.needs if importlib.util.find_spec(package) is None]
    return f"the optional package {', '.join(lacking)} is not installed" if lacking else ""


def options_of(spec: Exporter, asked: Settings | Mapping[str, Any] | None) -> Settings:
    """The options of a format, checked; an unknown name or value is a clear error."""
    return asked if isinstance(asked, spec.options) else settings_of(spec.options, asked, f"option of {spec.name}")


def settings_of(kind: type[S], asked: Settings | Mapping[str, Any] | None, what: str) -> S:
    """Settings made of names and values, such as those of a command; `what` is what a person calls one of them."""
    try:
        return kind.model_validate(dict(asked or {}))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if name not in kind.model_fields:
            known = ", ".join(kind.model_fields)
            raise BadInput(
                f"There is no {what} called {name!r}", wanted=f"one of {known}" if known else "none"
            ) from error
        wanted = first["msg"].removeprefix("Input should be ")
        raise BadInput(f"The {what} {name!r} is {first['input']!r}", wanted=wanted) from error


def write_export(
    export: Export,
    format_name: str,
    folder: Path | str,
    *,
    options: Settings | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write an export as exactly the folder `folder`, whole or not at all; gives the folder's full path.

    Raises BadInput when something is there already or an option is wrong, NotAvailable when the format needs what is
    not here, StoreFailure when the disk refuses.
    """
    spec, chosen = _ready(export, format_name, options)
    target = Path(folder).expanduser().resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput(f"{target} exists and is not empty", wanted="a new or empty folder")
    beside = target.with_name(f".{target.name[:80]}.{uuid4().hex[:8]}.part")
    try:
        beside.mkdir(parents=True)
        _fill(beside, replace(export, progress=progress or export.progress), spec, chosen)
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


def new_export(
    export: Export,
    format_name: str,
    parent: Path | str,
    *,
    options: Settings | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write an export into a new folder `<time>_<format>` (UTC) inside `parent`, such as a workspace's `exports`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name, number = f"{stamp}_{EXPORTERS.get(format_name).name}", 1
    while (Path(parent) / name).exists():
        number += 1
        name = f"{stamp}_{format_name}_{number}"
    return write_export(export, format_name, Path(parent) / name, options=options, progress=progress)


def read_export(format_name: str, folder: Path | str) -> Returned:
    """Read back what `write_export` wrote."""
    spec = EXPORTERS.get(format_name)
    provenance = read_json(Path(folder) / PROVENANCE)
    if provenance.get("exporter") != spec.name:
        raise BadInput(f"{folder} was written as {provenance.get('exporter')!r}", wanted=spec.name)
    tables = spec.read(Path(folder))
    for name, rows in provenance["rows"].items():
        if name in tables and len(tables[name]) != rows:
            raise BadInput(f"The {name} in {folder} cannot be read: {len(tables[name]):,} rows", wanted=f"{rows:,}")
    ours = ("format", "exporter", "options", "reading", "classes", "rows")
    kept = {key: value for key, value in provenance.items() if key not in ours}
    return Returned(tables=tables, classes=tuple(provenance["classes"]), provenance=kept)


def zip_export(export: Export, format_name: str, *, options: Settings | Mapping[str, Any] | None = None) -> bytes:
    """The same files as one zip archive, to be sent as a download; links become the files they lead to."""
    spec, chosen = _ready(export, format_name, options)
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="lookalike-export-") as place:
        _fill(Path(place), export, spec, chosen)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(place).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(place).as_posix())
    return packed.getvalue()


def ready(export: Export, spec: Exporter, options: Settings) -> None:
    """Raise NotAvailable or BadInput with the reason where this export cannot be written in this format here."""
    why = missing(spec)
    if why:
        raise NotAvailable(f"The format {spec.name} is not available: {why}", hint="install it, or take another format")
    if export.pictures is None and spec.copies(export, options):
        raise NotAvailable(
            f"The format {spec.name} takes the images along, and this data set has none",
            wanted="a data set read with its images, or a format of labels alone",
        )
    spec.check(export, options)


def _ready(export: Export, format_name: str, options: Settings | Mapping[str, Any] | None) -> tuple[Exporter, Settings]:
    spec = EXPORTERS.get(format_name)
    chosen = options_of(spec, options)
    ready(export, spec, chosen)
    return spec, chosen


def _fill(folder: Path, export: Export, spec: Exporter, options: Settings) -> None:
    spec.write(export, folder, options)
    rows = {name: len(table) for name, table in export.tables.items()}
    said = {"exporter": spec.name, "options": options.model_dump(), "reading": spec.reading, "rows": rows}
    write_json(folder / PROVENANCE, {**export.provenance, **said, "classes": list(export.classes)})
    _to_disk(folder)


def _to_disk(folder: Path) -> None:
    """Wait until the files are on the disk. Links are left alone: what they lead to is not ours."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    if len(files) > SYNCED_ONE_BY_ONE and hasattr(os, "sync"):
        os.sync()
        return
    for path in files:
        if path.stat().st_nlink == 1:
            with path.open("rb+") as handle:
                os.fsync(handle.fileno())
