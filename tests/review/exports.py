"""Exports to be written and read back: every verdict, hostile class names, ids, notes and file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from analysis.base.types import Pixels
from analysis.review.apply import ExportPolicy, cleaned
from analysis.review.exporter import Export, Returned
from analysis.review.pictures import Pictures
from tests.factory import HOSTILE

NASTY = ["=1+1", "'quoted", 'say "hi", you', "two\nlines", "cr\rlf\r\n", "ünïcødé 猫", "NA", "../../up", "@a", HOSTILE]
# Names that some file system, shell or program takes for something else
FOLDERS = [
    "cat",
    "Cat",
    "CAT",
    ".",
    "..",
    "con",
    "nul.txt",
    "a/b",
    "a%2Fb",
    "a\\b",
    "trail. ",
    "-rf",
    "~",
    "",
    "x" * 999,
]
FOLDERS += [
    "ﬁ",
    "fi",
    "\u202egnp.exe",
    "files.csv",
    "no_split",
    "train",
    "classes",
    "%",
    "a\u200bb",
    "50 %",
    "é",
    "e\u0301",
]
FILES = ["plain.png", "sub/plain.png", "sub/PLAIN.PNG", "a b.png", "=f.png", "-rf.png", "..png.png", "q\"u,o'te.png"]
FILES += ["back\\slash.png", "\u202eabc.png", "%2e.png", "con.png", "ünï 猫.png", "semi;colon.png", "l" * 200 + ".png"]
SPLITS = ["train", "../val", ""]


def make_export(names: list[str], *, seed: int = 0, splits: list[str] | None = None, keep: str = "keep") -> Export:
    """Every verdict on grey images of these classes; ids, notes and reviewers are as hostile as the classes."""
    rng = np.random.default_rng(seed)
    k, n = len(names), 7 * len(names)
    ids = [f"{names[i % k]}/{i}" for i in range(n)]
    table = pd.DataFrame({"image_id": ids, "path": ids, "source_row": np.arange(n), "given": np.arange(n) % k})
    if splits:
        table["split"] = [splits[i % len(splits)] for i in range(n)]
    pixels = Pixels("array", data=rng.integers(0, 255, (n, 3, 2)).astype(np.uint8))
    return _decided(table, names, Pictures(pixels, table), keep=keep, rng=rng)


def make_export_of_files(root: Path, files: list[str] = FILES, names: tuple[str, ...] = ("cat", "Cat")) -> Export:
    """The same on image files of these names below `root`, each of its own grey."""
    for grey, file in enumerate(files):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), grey).save(root / file, "PNG")
    table = pd.DataFrame({"image_id": files, "path": files, "source_row": np.arange(len(files))})
    table["given"] = np.arange(len(files)) % len(names)
    table["width"], table["height"] = 4, 3
    return _decided(table, list(names), Pictures(Pixels("files", root=root), table), rng=np.random.default_rng(0))


def _decided(
    table: pd.DataFrame, names: list[str], pictures: Pictures, *, rng: np.random.Generator, keep: str = "keep"
) -> Export:
    ids, given = table["image_id"].tolist(), [names[i] for i in table["given"]]
    rows: list[dict[str, Any]] = []
    for i in range(0, len(ids), 2):
        verdict = ["relabel", "keep", "several", "none_fits", "unsure", "skip"][i // 2 % 6]
        other = names[(names.index(given[i]) + 1) % len(names)]
        new = {"relabel": other, "several": f"{given[i]}\v{other}"}.get(verdict, "")
        facts = {"image_id": ids[i], "verdict": verdict, "given": given[i], "new_label": new, "purpose": ""}
        said = {"note": given[i], "run_id": "r", "session": "s", "seq": i, "decided_at": 1.5 * i, "suggested": other}
        second = {"reviewer": "bob", "verdict": "skip" if verdict == "unsure" else "keep", "new_label": ""}
        rows += [{"reviewer": names[0], **facts, **said}, {**facts, **said, **second}]
    current = pd.DataFrame(rows)
    current["event_id"] = np.arange(len(current))[::-1]  # bob's word comes first
    seen = table["image_id"].iloc[::4].tolist()
    evidence = {"image_id": seen, "suspicion": rng.random(len(seen)), "reasons": names[-1], "is_suspect": True}
    marks = current.drop_duplicates("image_id").iloc[::3].assign(verdict="exclude")
    result = cleaned(
        table,
        names,
        current,
        evidence=pd.DataFrame({**evidence, "suggested": names[0], "predicted": names[1]}),
        excluded=marks,
        policy=ExportPolicy.model_validate({"excluded": keep}),
    )
    return Export(result.tables(), tuple(names), {"by": {names[0]: 1}}, pictures)


def assert_same(one: Export, other: Returned) -> None:
    """What was read back says what was written; formats that hold only labels or changes may leave out columns."""
    assert set(other.tables) == {"changes"} or {"image_id", "label", "status"} <= set(other.tables["labels"])
    for name, table in other.tables.items():
        pd.testing.assert_frame_equal(one.tables[name][list(table.columns)], table, obj=name)
    assert (one.provenance, one.classes) == (other.provenance, other.classes)


def bytes_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
