"""Predictions of any number of models in a workspace: one folder each under `models/`, whole or absent.

Who compares models reads them with `stored_models`: the arrays are memory-mapped, so that a hundred models cost nothing
until they are looked at. Rows are those of the workspace's data set.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from analysis.base.arrays import digest_of
from analysis.base.checks import check_labels, check_top
from analysis.base.errors import BadInput, NotFoundHere, Refused, StoreFailure
from analysis.runs.files import read_array, read_json, write_array, write_json
from analysis.runs.run import DONE
from analysis.runs.workspace import Workspace

FOLDER = "models"
LONGEST_NAME = 120
KEPT = 5  # classes per image: what top-1 and top-5 need
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, eq=False)
class StoredModel:
    """What one model says of the N images of a workspace, memory-mapped and read-only.

    `name` is hostile until escaped. `top_class` (N, k) int, k = 1..5 classes per image, best first. `top_prob` (N, k)
    float32 with their probabilities, or None where only classes are known. `held_out`: the model trained on none of
    these images. `source` says where the predictions came from, `at` when they were stored (seconds since 1970).
    """

    name: str
    top_class: NDArray[np.integer]
    top_prob: NDArray[np.floating] | None
    held_out: bool
    source: str
    at: float

    @property
    def predicted(self) -> NDArray[np.integer]:
        """The most probable class of every image, (N,)."""
        return self.top_class[:, 0]

    @property
    def k(self) -> int:
        """Classes known per image; top-5 needs five, or as many as there are classes."""
        return int(self.top_class.shape[1])


def stored_models(workspace: Workspace) -> list[StoredModel]:
    """All models whose predictions the workspace holds, by name; an empty list where there are none."""
    facts = workspace.facts()
    found = [_read(path.parent, facts) for path in _cards(workspace)]
    return sorted(found, key=lambda model: model.name)


def run_models(workspace: Workspace) -> list[StoredModel]:
    """The models of the workspace's own finished runs, the oldest first, each called "NAME (run)"; of several runs
    with a model of one name the newest is taken."""
    found: dict[str, StoredModel] = {}
    n = workspace.facts()["n_images"]
    for run in workspace.runs():
        if run.status().get("state") != DONE or not run.has("top_class") or not run.has("summary"):
            continue
        ids, probs = run.array("top_class"), run.array("top_prob")
        name = f"{run.json('summary')['model']} (run)"
        if len(ids) == n:
            held_out = bool(np.all(run.array("held_out")))
            found[name] = StoredModel(name, ids[:, :KEPT], probs[:, :KEPT], held_out, run.run_id, 0.0)
    return list(found.values())


def models_stamp(workspace: Workspace) -> str:
    """What changes whenever a model is added, replaced or taken away: for caches. "" where there are none."""
    cards = [(path.parent.name, path.stat().st_mtime_ns) for path in _cards(workspace)]
    return digest_of(*(part for card in sorted(cards) for part in card)) if cards else ""


def add_model(
    workspace: Workspace,
    name: str,
    top_class: NDArray[Any],
    *,
    top_prob: NDArray[Any] | None = None,
    held_out: bool = True,
    source: str = "",
    replace: bool = False,
) -> None:
    """Store what a model says of every image of the workspace, whole or not at all.

    `top_class` (N,) or (N, k) class numbers in 0..K-1, best first; `top_prob` the same shape, their probabilities.
    More than five classes per image are cut to five. Raises BadInput for other shapes or classes (the first bad row is
    named), Refused for a name that cannot be shown, BadInput for a name that is taken unless `replace`.
    """
    facts = workspace.facts()
    ids, probs = _checked(top_class, top_prob, facts)
    place = workspace.path / FOLDER / _folder_name(check_name(name))
    if place.exists() and not replace:
        raise BadInput(f"The workspace holds a model {name!r}", wanted="another name", hint="or ask to replace it")
    smallest = np.int16 if len(facts["classes"]) <= np.iinfo(np.int16).max else np.int32
    with _whole_folder(place) as beside:
        write_array(beside / "top_class.npy", np.ascontiguousarray(ids, smallest))
        if probs is not None:
            write_array(beside / "top_prob.npy", np.ascontiguousarray(probs, np.float32))
        card = {"name": name, "fingerprint": facts["fingerprint"], "has_prob": probs is not None, "at": time.time()}
        write_json(beside / "card.json", {**card, "held_out": bool(held_out), "source": source})


def remove_model(workspace: Workspace, name: str) -> None:
    """Take a model out of the workspace. Raises NotFoundHere where there is none of that name."""
    place = workspace.path / FOLDER / _folder_name(name)
    if not (place / "card.json").exists():
        raise NotFoundHere(f"The workspace holds no model {name!r}", hint="see: python -m analysis rerank WORKSPACE")
    _discard(place)


def check_name(name: str) -> str:
    """The name, when it is one printable line of 1 to 120 characters; else Refused."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"The model is called {name[:40]!r}", wanted=f"one printable line of 1 to {LONGEST_NAME} letters")
    return name


# -- inside ----------------------------------------------------------------------------------------------------------
def _cards(workspace: Workspace) -> list[Path]:
    """Cards of whole folders; what is being written has a name that starts with a dot."""
    folder = workspace.path / FOLDER
    return [path for path in folder.glob("*/card.json") if not path.parent.name.startswith(".")]


def _read(folder: Path, facts: dict[str, Any]) -> StoredModel:
    card = read_json(folder / "card.json")
    ids = read_array(folder / "top_class.npy")
    if card["fingerprint"] != facts["fingerprint"] or len(ids) != facts["n_images"]:
        raise BadInput(
            f"The predictions of {card['name']!r} belong to another data set",
            wanted="predictions for the images of this workspace",
            hint=f"take {folder} away and add them again",
        )
    probs = read_array(folder / "top_prob.npy") if card["has_prob"] else None
    return StoredModel(card["name"], ids, probs, bool(card["held_out"]), card["source"], float(card["at"]))


def _checked(
    top_class: NDArray[Any], top_prob: NDArray[Any] | None, facts: dict[str, Any]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    n, n_classes = facts["n_images"], len(facts["classes"])
    ids = np.asarray(top_class)
    ids = ids[:, None] if ids.ndim == 1 else ids
    if ids.ndim != 2 or len(ids) != n or ids.shape[1] == 0:
        raise BadInput(f"The predicted classes are {np.shape(top_class)}", wanted=f"({n},) or ({n}, k)")
    ids = ids[:, :KEPT]
    if top_prob is None:
        for column in ids.T:
            check_labels(column, n_classes, lowest=0, what="predicted")
        return ids, None
    probs = np.asarray(top_prob).reshape(n, -1)[:, :KEPT]
    check_top(ids, probs, n_classes)
    return ids, probs


def _folder_name(name: str) -> str:
    """A folder name that cannot leave the workspace, and two names never share."""
    return f"{_ODD.sub('_', name).strip('._')[:40] or 'model'}-{digest_of(name)[:10]}"


@contextmanager
def _whole_folder(place: Path) -> Iterator[Path]:
    """A folder beside `place` that takes its place when all of it is written; what was there stays until then."""
    beside = place.with_name(f".{place.name}.{uuid4().hex[:8]}.part")
    try:
        beside.mkdir(parents=True)
        yield beside
        old = _moved_aside(place) if place.exists() else None
        try:
            beside.replace(place)
        except OSError:
            if old is not None:
                old.rename(place)
            raise
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StoreFailure(
            f"{place} could not be written: {error.strerror}", wanted="room, and the right to write there"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _discard(place: Path) -> None:
    """Rename, then delete: nobody sees a part of a folder."""
    shutil.rmtree(_moved_aside(place), ignore_errors=True)


def _moved_aside(place: Path) -> Path:
    gone = place.with_name(f".{place.name}.{uuid4().hex[:8]}.gone")
    return place.rename(gone)
