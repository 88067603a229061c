"""What others found out about a workspace's labels, kept beside it: one file per kind, whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from analysis.base.atomic import replacing
from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.labelsets import LabelSets, PairScores
from analysis.runs.workspace import Workspace

FOLDER = "known_labels"
Kind = Literal["corrections", "real", "scores"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def keep_labels(workspace: Workspace, kind: Kind, found: LabelSets | PairScores, *, source: str) -> None:
    """Keep what a file said; what was kept of the same kind is replaced. `source` is the name of the file."""
    told = {"source": np.array(source), "fingerprint": np.array(workspace.facts()["fingerprint"])}
    arrays = {name: getattr(found, name) for name in type(found).__dataclass_fields__}
    with replacing(_file(workspace, kind)) as beside, beside.open("wb") as handle:
        np.savez(handle, **told, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as its own options


def kept_kinds(workspace: Workspace) -> dict[Kind, float]:
    """The kinds that are kept, each with the time it was written (a stamp for caches)."""
    files = {kind: _file(workspace, kind) for kind in KINDS}
    return {kind: file.stat().st_mtime for kind, file in files.items() if file.exists()}


def kept_labels(workspace: Workspace, kind: Kind) -> tuple[LabelSets | PairScores, str]:
    """(what was kept, the name of the file it came from). NotFoundHere without, BadInput for another data set's."""
    file = _file(workspace, kind)
    if not file.exists():
        raise NotFoundHere(f"The workspace keeps no {kind}", hint=f"python -m analysis rerank --{kind} FILE --keep")
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    source, fingerprint = str(arrays.pop("source")), str(arrays.pop("fingerprint"))
    if fingerprint != workspace.facts()["fingerprint"]:
        raise BadInput(f"{file.name} belongs to another data set", wanted="one made for this workspace")
    return (PairScores(**arrays) if kind == "scores" else LabelSets(**arrays)), source


def _file(workspace: Workspace, kind: Kind) -> Path:
    return workspace.path / FOLDER / f"{kind}.npz"
