"""A workspace: one data set under study, its runs and its decisions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.arrays import digest_of
from analysis.base.config import RunSettings
from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.types import Dataset, Pixels
from analysis.runs.files import read_array, read_json, read_table, write_array, write_json, write_table
from analysis.runs.run import DONE, Run

OURS = frozenset({"image_id", "path", "source_row", "given", "true", "content", "width", "height"})  # no metadata
MARK = ".lookalike"  # says that a folder is ours even before the data set is stored


class Workspace:
    """A folder holding `workspace.json`, `dataset.parquet`, images of array sources, `runs/`, the decisions."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def open(cls, path: Path | str) -> Workspace:
        """An existing workspace; anything else is a clear error."""
        workspace = cls(Path(path).expanduser().resolve())
        if not (workspace.path / "workspace.json").exists():
            raise NotFoundHere(
                f"{path} is not a workspace",
                wanted="a folder with workspace.json",
                hint="make one with: python -m analysis run SOURCE --workspace " + str(path),
            )
        workspace.facts()
        return workspace

    @classmethod
    def claim(cls, path: Path | str) -> Workspace:
        """Make sure that the folder may become a workspace, before anything slow is done; a foreign one is refused."""
        root = Path(path).expanduser().resolve()
        mark = root / MARK
        if root.exists() and not root.is_dir():
            raise BadInput(f"{root} is a file", wanted="a new or empty folder")
        if root.exists() and not mark.exists() and any(root.iterdir()):
            raise BadInput(
                f"{root} is not empty and is no workspace", wanted="a new or empty folder", hint="see --workspace"
            )
        try:
            root.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError as error:
            raise BadInput(f"{root} cannot be written: {error.strerror}", wanted="a folder you may write to") from error
        return cls(root)

    @classmethod
    def create(cls, path: Path | str, dataset: Dataset, *, source: str, reader: str) -> Workspace:
        """Store a data set as a workspace. A folder that holds something else, or another data set, is refused."""
        workspace = cls.claim(path)
        if (workspace.path / "workspace.json").exists():
            old = workspace.facts()
            if old["fingerprint"] == dataset.fingerprint:
                return workspace
            _refuse_other_data(workspace.path, old, dataset)
        _store(workspace.path, dataset, source=source, reader=reader)
        return workspace

    def renew_metadata(self, dataset: Dataset) -> tuple[list[str], list[str]]:
        """Take over the metadata of the same data set read again: (columns gained, columns with other values now).

        Images, labels and classes are those that are stored, and so are runs and decisions. A column that the source
        has no more is kept. Raises BadInput for another data set.
        """
        old = self.facts()
        if old["fingerprint"] != dataset.fingerprint:
            _refuse_other_data(self.path, old, dataset)
        table = read_table(self.path / "dataset.parquet")
        names = [name for name in dataset.table.columns if name not in OURS]
        gained = [name for name in names if name not in table]
        changed = [name for name in names if name in table and not _same(table[name], dataset.table[name])]
        if gained or changed:
            new = {name: dataset.table[name].to_numpy() for name in (*gained, *changed)}
            write_table(self.path / "dataset.parquet", table.assign(**new))
        return gained, changed

    def facts(self) -> dict[str, Any]:
        """What `workspace.json` says."""
        return read_json(self.path / "workspace.json")

    def pixels(self) -> Pixels:
        """Where the images are, arrays opened memory-mapped."""
        facts = self.facts()["pixels"]
        kind = facts["kind"]
        if kind == "files":
            return Pixels(kind, root=Path(facts["root"]))
        data = read_array(self.path / "images.npy") if kind != "none" else None
        offsets = read_array(self.path / "images.offsets.npy") if kind == "blob" else None
        return Pixels(kind, data=data, offsets=offsets)

    def dataset(self) -> Dataset:
        """The data set as it was read."""
        facts = self.facts()
        return Dataset(
            table=read_table(self.path / "dataset.parquet"),
            classes=tuple(facts["classes"]),
            fingerprint=facts["fingerprint"],
            pixels=self.pixels(),
            set_aside=self.set_aside(),
            about=facts["about"],
        )

    def set_aside(self) -> pd.DataFrame:
        """Images that could not be used: `path`, `reason`."""
        return read_table(self.path / "set_aside.parquet")

    @property
    def review_url(self) -> str:
        """Where the decisions are by default: beside the runs, because people's work outlives runs."""
        return f"sqlite:///{self.path / 'review.sqlite'}"

    # -- runs --------------------------------------------------------------------------------------------------
    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        folder = self.path / "runs"
        found = sorted(folder.glob("*/run.json")) if folder.exists() else []
        return [Run(path.parent) for path in found]

    def run(self, run_id: str) -> Run:
        """One run by its id."""
        path = self.path / "runs" / run_id
        if "/" in run_id or run_id.startswith(".") or not (path / "run.json").exists():
            raise NotFoundHere(f"There is no run {run_id!r} in {self.path}")
        return Run(path)

    def latest(self) -> Run | None:
        """The newest finished run, or None."""
        finished = [run for run in self.runs() if run.status().get("state") == DONE]
        return finished[-1] if finished else None

    def run_for(self, settings: RunSettings, *, label: str) -> Run:
        """The run with these settings on this data set, to continue or repeat; a new folder when there is none."""
        asked = settings.model_dump_json()
        digest = digest_of(self.facts()["fingerprint"], asked)[:10]
        known = [run for run in self.runs() if run.run_id.endswith("_" + digest)]
        if known:
            return known[-1]
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        run = Run(self.path / "runs" / f"{stamp}_{label}_{digest}")
        run.path.mkdir(parents=True)
        write_json(run.path / "config.json", {"settings": settings.model_dump()})
        run.set_status(state="new", settings_digest=digest)
        return run


def _same(one: pd.Series, other: pd.Series) -> bool:
    """Do two columns say the same, one of which was on the disk?"""
    missing = one.isna().to_numpy()
    if not np.array_equal(missing, other.isna().to_numpy()):
        return False
    return bool((one[~missing].astype(str).to_numpy() == other[~missing].astype(str).to_numpy()).all())


def _refuse_other_data(path: Path, old: dict[str, Any], dataset: Dataset) -> None:
    """Decisions are keyed by image id: a data set that lost ids people decided on would orphan them."""
    raise BadInput(
        f"{path} holds another data set ({old['n_images']} images, now {len(dataset)}; "
        "images, labels or classes changed)",
        wanted="the same data set, or a new workspace",
        hint="name another folder with --workspace",
    )


def _store(path: Path, dataset: Dataset, *, source: str, reader: str) -> None:
    pixels = dataset.pixels
    write_table(path / "dataset.parquet", dataset.table)
    write_table(path / "set_aside.parquet", dataset.set_aside)
    if pixels.data is not None:
        write_array(path / "images.npy", pixels.data)
    if pixels.offsets is not None:
        write_array(path / "images.offsets.npy", pixels.offsets)
    facts = {
        "name": Path(source).name or source,
        "source": source,
        "reader": reader,
        "fingerprint": dataset.fingerprint,
        "classes": list(dataset.classes),
        "pixels": {"kind": pixels.kind, "root": str(pixels.root) if pixels.root else None},
        "n_images": len(dataset),
        "n_set_aside": len(dataset.set_aside),
        "about": dataset.about,
        "created": time.time(),
    }
    write_json(path / "workspace.json", facts)  # last: without it the folder is no workspace
