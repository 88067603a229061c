"""The workspaces that were opened in this process: only these are served, one image and decision store each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from analysis.base.arrays import digest_of
from analysis.base.image_ids import RowOf
from analysis.base.types import Dataset
from analysis.data.images import ImageStore
from analysis.review.decisions import DecisionStore
from analysis.review.leases import Leases
from analysis.review.named import NamedQueues
from analysis.review.opening import open_store
from analysis.runs.workspace import Workspace

T = TypeVar("T")


class _Part(Generic[T]):
    """A part of an open workspace, made on first use, and once only, whichever threads ask for it together.

    No cached_property: with Python 3.11 it has a lock of its own, so that two parts that need each other could block
    two threads for ever; with later versions it has none.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.make = make
        self.name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, opened: Opened, _owner: object = None) -> T:
        with opened.lock:
            if self.name not in vars(opened):
                vars(opened)[self.name] = self.make(opened)  # found there from now on, without coming here
            return cast("T", vars(opened)[self.name])


class Opened:
    """One open workspace with what pages and routes share of it; each part is made on first use."""

    def __init__(self, workspace: Workspace) -> None:
        facts = workspace.facts()
        self.workspace = workspace
        self.fingerprint: str = facts["fingerprint"]
        self.key = key_of(workspace)
        self.lock = threading.RLock()

    @_Part
    def dataset(self) -> Dataset:
        """The data set; its table is shared: never change it in place."""
        return self.workspace.dataset()

    @_Part
    def images(self) -> ImageStore:
        """Decoded images and thumbnails by row."""
        return ImageStore(self.dataset.pixels, self.dataset.table, thumbs=self.workspace.path / "thumbs")

    @_Part
    def row_of(self) -> RowOf:
        """Row number by image id, for looking up what a browser sends."""
        return RowOf(self.dataset.table["image_id"])

    @_Part
    def class_names(self) -> dict[str, int]:
        """The numbers of the classes by name, for quick look-up."""
        return {name: k for k, name in enumerate(self.dataset.classes)}

    @_Part
    def leases(self) -> Leases:
        """Who has which image on the screen."""
        return Leases(self.decisions)

    @_Part
    def queues(self) -> NamedQueues:
        """The queues that were given a name."""
        return NamedQueues(self.decisions)

    @_Part
    def decisions(self) -> DecisionStore:
        """The store of people's decisions."""
        return open_store(self.workspace)


_opened: dict[str, Opened] = {}
_found: dict[Path, tuple[tuple[int, int, int], Opened]] = {}  # by path, with the mark of the file that was read
_lock = threading.Lock()


def key_of(workspace: Workspace) -> str:
    """The name of a workspace in URLs: the same after a restart, and not to be guessed from its path alone."""
    facts = workspace.facts()
    return digest_of(str(workspace.path), facts["fingerprint"], repr(facts["created"]))[:20]


def open_workspace(path: Path | str) -> Opened:
    """Open the workspace at `path` for this process, or give the one already open.

    Raises NotFoundHere where the folder is no workspace. Pages ask often: what the folder says is read again only where
    its file was written anew.
    """
    place = Path(path)
    mark = _mark(place)
    known = _found.get(place)
    if known is not None and known[0] == mark:
        return known[1]
    workspace = Workspace.open(place)
    key = key_of(workspace)
    with _lock:
        if key not in _opened:
            _opened[key] = Opened(workspace)
        if mark is not None and place.is_absolute():  # another path means something else in another folder
            _found[place] = mark, _opened[key]
        return _opened[key]


def _mark(place: Path) -> tuple[int, int, int] | None:
    """What changes when `workspace.json` is written anew; None where there is none."""
    try:
        found = (place / "workspace.json").stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def by_key(key: str) -> Opened | None:
    """The open workspace of that key, or None when it was not opened here."""
    with _lock:
        return _opened.get(key)


def close_all() -> None:
    """Forget every open workspace (for tests)."""
    with _lock:
        _opened.clear()
        _found.clear()
