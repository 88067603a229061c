"""From what a reader found to a `Dataset`: drop what cannot be used with its reason, hash, number, check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import fingerprint_of
from analysis.base.errors import BadInput
from analysis.base.types import UNKNOWN, Dataset, Pixels

OPTIONAL = ("true", "split", "title", "description")


@dataclass
class Found:
    """What a reader collects. `records` has a row per image: `path`, `given` (-1 = no label), optional columns.

    `set_aside` takes (path, reason) of what never became a record; `notes` sentences for the user. `metadata` names the
    columns of `records` that are kept beside ours.
    """

    classes: tuple[str, ...]
    records: pd.DataFrame
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    metadata: tuple[str, ...] = ()


def build(found: Found, pixels: Pixels, looked: pd.DataFrame | None = None) -> Dataset:
    """The data set of all records that have a label and a readable image; the others are listed in `set_aside`.

    `looked` comes from `analysis.data.scan`, a row per record (None: there are no images to look at).
    """
    records = found.records.reset_index(drop=True)
    if looked is None:
        looked = pd.DataFrame({"content": [""] * len(records), "width": 0, "height": 0, "reason": ""})
    reason = looked["reason"].to_numpy(dtype=object).copy()
    unlabelled = records["given"].to_numpy() == UNKNOWN
    reason[unlabelled & (reason == "")] = "no label"
    keep = reason == ""
    paths = records["path"].astype(str).to_numpy(dtype=object)
    aside = [*found.set_aside, *zip(paths[~keep], reason[~keep], strict=True)]
    if not keep.any():
        raise _nothing(aside)
    table = _table(records, paths, looked, found.metadata)[keep].reset_index(drop=True)
    given = table["given"].to_numpy()
    return Dataset(
        table=table,
        classes=found.classes,
        fingerprint=fingerprint_of(table["image_id"].tolist(), table["content"].tolist(), given, found.classes),
        pixels=pixels,
        set_aside=pd.DataFrame(aside, columns=["path", "reason"], dtype=str),
        about={**found.about, "notes": found.notes},
    )


def _table(records: pd.DataFrame, paths: np.ndarray, looked: pd.DataFrame, metadata: Sequence[str]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "image_id": records["image_id"].astype(str) if "image_id" in records else paths,
        "path": paths,
        "source_row": records["source_row"] if "source_row" in records else np.arange(len(records)),
        "given": records["given"].astype(np.int64),
    }
    columns.update({name: records[name] for name in (*OPTIONAL, *metadata) if name in records})
    columns.update({name: looked[name] for name in ("content", "width", "height")})
    return pd.DataFrame(columns).astype({"image_id": str, "path": str, "content": str, "source_row": np.int64})


def _nothing(aside: list[tuple[str, str]]) -> BadInput:
    if not aside:
        return BadInput("There is no image in this data set")
    path, reason = aside[0]
    return BadInput(
        f"None of the {len(aside)} images can be used; the first, {path}: {reason}",
        wanted="readable images with labels",
    )


def numbered(name: str, n: int) -> list[str]:
    """Stable ids for images that have no file name: "train/000000" …"""
    return [f"{name}/{i:06d}" for i in range(n)]


def blob_of(images: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Encoded images end to end (B,) uint8 and the positions (N + 1,) between them, as `Pixels` of kind blob want."""
    offsets = np.zeros(len(images) + 1, np.int64)
    np.cumsum([len(image) for image in images], out=offsets[1:])
    return np.frombuffer(b"".join(images), np.uint8), offsets
