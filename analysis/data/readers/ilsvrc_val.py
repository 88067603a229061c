"""The validation images of ILSVRC 2012 as they are handed out: one flat folder, the labels in the development kit.

The kit counts classes from 1 in an order of its own (ILSVRC2012_ID), in which dogs come first. Networks count from 0 by
sorted wnid. Only `meta.mat` of the kit says which is which; taking one for the other gives plausible nonsense.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress
from analysis.base.types import Dataset, Pixels
from analysis.data.building import Found, build
from analysis.data.reader import Options, file_of, folder_of, reader
from analysis.data.scan import look_at_files

IMAGE = re.compile(r"ILSVRC2012_val_(\d{8})\.jpe?g", re.IGNORECASE)
WNID = re.compile(r"n\d{8}")
TRUTH, META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
NEAR = ("", "data", "ILSVRC2012_devkit_t12/data", "devkit/data")  # where the kit's files are looked for
TORN = (ValueError, KeyError, IndexError, TypeError, AttributeError, NotImplementedError, OSError)


def sniff(source: str) -> bool:
    """Is there a folder with such a file right inside?"""
    root = Path(source).expanduser()
    return root.is_dir() and any(IMAGE.fullmatch(path.name) for path in root.iterdir())


@reader(
    "ilsvrc_val",
    title="ILSVRC 2012 validation images with the development kit",
    sniff=sniff,
    options={
        "truth": f"the file {TRUTH} (default: beside the images or in the kit's folder there)",
        "meta": f"the file {META} of the kit, or lines such as 1 n02119789 (default: beside the file above)",
    },
)
def read(source: str, options: Options, progress: Progress) -> Dataset:
    """Read the images of a flat folder; image n has line n of the ground truth, a number that only the kit explains."""
    root = folder_of(source)
    truth = _file(options, "truth", TRUTH, (root, root.parent))
    meta = _file(options, "meta", META, (truth.parent, root, root.parent))
    wnid_of = _text_meta(meta) if meta.suffix.lower() == ".txt" else _mat_meta(meta)
    classes = tuple(sorted(wnid_of.values()))
    number = {kit: classes.index(wnid) for kit, wnid in wnid_of.items()}
    labels = _labels(truth, number)
    found = Found(classes, pd.DataFrame(columns=["path", "given"]))
    rows = []
    for path in sorted(root.iterdir()):
        match = IMAGE.fullmatch(path.name)
        if match is None:
            if path not in (truth, meta) and not path.is_dir():
                found.set_aside.append((path.name, "not a validation image"))
        elif not 1 <= int(match[1]) <= len(labels):
            found.set_aside.append((path.name, f"{truth.name} has {len(labels):,} lines, none for this image"))
        else:
            rows.append((path.name, labels[int(match[1]) - 1]))
    if not rows:
        raise BadInput(f"{truth.name} has no line for any image of {root}", wanted="a line for every image")
    found.records = pd.DataFrame(rows, columns=["path", "given"])
    found.notes.append(f"Labels: {truth.name}, its numbers turned into sorted wnids with {meta.name}.")
    return build(found, Pixels("files", root=root), look_at_files(root, found.records["path"].tolist(), progress))


def _file(options: Options, name: str, usual: str, folders: tuple[Path, ...]) -> Path:
    if options.get(name):
        return file_of(options[name])
    places = [folder / near / usual for folder in folders for near in NEAR]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise NotFoundHere(
            f"There is no {usual} beside the images in {folders[-2] if name == 'meta' else folders[0]}",
            wanted="the data folder of ILSVRC2012_devkit_t12 there, or the file itself",
            hint=f"name it with the option {name}",
        )
    return found.resolve()


def _labels(truth: Path, number: dict[int, int]) -> list[int]:
    """The class number of every line; BadInput naming the first line that is no number of the kit."""
    try:
        lines = truth.read_text(encoding="ascii").split("\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{truth.name} is no text of numbers", wanted="a number of the kit a line") from error
    while lines and not lines[-1].strip():
        lines.pop()
    labels = []
    for at, line in enumerate(lines, start=1):
        text = line.strip()
        known = number.get(int(text)) if text.isdigit() and len(text) <= 6 else None
        if known is None:
            raise BadInput(
                f"Line {at} of {truth.name} is {text[:20]!r}", wanted=f"a number of the kit, 1 to {max(number)}"
            )
        labels.append(known)
    return labels


def _mat_meta(meta: Path) -> dict[int, str]:
    """ILSVRC2012_ID -> wnid of the classes that images have: those without children in the hierarchy."""
    from scipy.io import loadmat

    try:
        rows: Any = np.atleast_1d(loadmat(meta, squeeze_me=True)["synsets"])
        found = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in rows if int(row["num_children"]) == 0}
    except TORN as error:
        raise BadInput(f"{meta} cannot be read: {error}", wanted="meta.mat of the development kit") from error
    return _checked(found, meta)


def _text_meta(meta: Path) -> dict[int, str]:
    """The same from lines such as "1 n02119789"."""
    found: dict[int, str] = {}
    for at, line in enumerate(meta.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        parts = line.split()
        if len(parts) < 2 or not (parts[0].isascii() and parts[0].isdigit()) or int(parts[0]) in found:
            raise BadInput(f"Line {at} of {meta.name} is {line[:40]!r}", wanted="a number, once, and its wnid")
        found[int(parts[0])] = parts[1]
    return _checked(found, meta)


def _checked(found: dict[int, str], meta: Path) -> dict[int, str]:
    odd = next((wnid for wnid in found.values() if not WNID.fullmatch(wnid)), None)
    if not found or odd is not None or len(set(found.values())) < len(found):
        what = f"holds {odd[:20]!r}" if odd else "names a wnid twice" if found else "names no class"
        raise BadInput(f"{meta.name} {what}", wanted="a different wnid such as n02119789 for every number")
    return found
