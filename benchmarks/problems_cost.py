"""What looking for problems of the images costs, and whether the planted ones are found: one JSON row per case.

    python benchmarks/problems_cost.py            70,000 images of 28 x 28 in an array; 5,000 JPEG files of 500 x 375
    python benchmarks/problems_cost.py --full     a million images of 28 x 28 as well (minutes)

Every case runs in a process of its own. `cpu_s` are seconds of processor time; `extra_mib` is what the peak of memory
rose above what was there before (the pixels of an array included). Nearest images are made up, their search is another
step. Planted: 1 % of the images each as exact copy, blank, dark and bright; `found` and `false` count both kinds.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.base.types import Neighbours, Pixels  # noqa: E402  # the root of the project comes first
from analysis.data.images import ImageStore  # noqa: E402
from analysis.problems.find import find_problems  # noqa: E402
from analysis.problems.kinds import KINDS, rows_beyond  # noqa: E402

CASES = {"array_70000": 70_000, "jpeg_5000": 5_000}
FULL = {"array_1000000": 1_000_000}


def planted(n: int) -> dict[str, np.ndarray]:
    """Rows of every planted problem, none twice."""
    rows = np.random.default_rng(1).permutation(n)[: 4 * (n // 100)]
    return dict(zip(("exact", "blank", "dark", "bright"), np.split(rows, 4), strict=True))


def spoilt(image: np.ndarray, what: str) -> np.ndarray:
    """The image with the problem."""
    return {"blank": np.full_like(image, 120), "dark": image // 8, "bright": 224 + image // 8}[what]


def array_store(n: int) -> ImageStore:
    """N images of noise, 28 x 28."""
    images = np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)
    for what, rows in planted(n).items():
        for row in rows:
            images[row] = images[(row + 1) % n] if what == "exact" else spoilt(images[row], what)
    return ImageStore(Pixels("array", data=images), listing(n))


def jpeg_store(n: int, folder: Path) -> ImageStore:
    """N JPEG files of 500 x 375, smooth noise."""
    rng, problems = np.random.default_rng(0), planted(n)
    kinds = {int(row): what for what, rows in problems.items() for row in rows}
    before = b""
    for row in range(n):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        what = kinds.get(row, "")
        picture = Image.fromarray(spoilt(coarse, what) if what not in ("", "exact") else coarse)
        buffer = io.BytesIO()
        picture.resize((500, 375), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        data = before if what == "exact" and before else buffer.getvalue()
        (folder / f"{row}.jpg").write_bytes(data)
        before = data
    return ImageStore(Pixels("files", root=folder), listing(n).assign(path=[f"{row}.jpg" for row in range(n)]))


def listing(n: int) -> pd.DataFrame:
    """The table of a data set, as far as it is needed."""
    return pd.DataFrame({"path": [str(row) for row in range(n)], "source_row": range(n)})


def neighbours(n: int, k: int = 15) -> Neighbours:
    """Made-up nearest images."""
    rng = np.random.default_rng(2)
    similarity = np.sort(1 - np.exp(rng.normal(-1.5, 0.3, (n, k))), axis=1)[:, ::-1]
    return Neighbours(rng.integers(0, n, (n, k), dtype=np.int32), similarity.astype(np.float32).clip(-1, 1))


def peak_mib() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(case: str, n: int) -> dict[str, Any]:
    """Run the step on one case."""
    with tempfile.TemporaryDirectory() as folder:
        store = array_store(n) if case.startswith("array") else jpeg_store(n, Path(folder))
        near, before = neighbours(n), peak_mib()
        cpu, clock = time.process_time(), time.perf_counter()
        made = find_problems(listing(n), store, near)
        spent = {"cpu_s": time.process_time() - cpu, "s": time.perf_counter() - clock, "extra_mib": peak_mib() - before}
    facts, problems = made["image_facts"], planted(n)
    found = {"exact": int((facts["same_as"].to_numpy() != np.arange(n)).sum()), "planted": len(problems["blank"])}
    for name in ("blank", "dark", "bright"):
        kind = KINDS[name]
        assert kind.usual is not None
        rows = rows_beyond(kind, facts, kind.usual)
        hits = int(np.isin(rows, problems[name]).sum())
        found |= {name: hits, f"{name}_other": len(rows) - hits}
    return {"case": case, **{name: round(value, 2) for name, value in spent.items()}, **found}


def main() -> None:
    """Every case in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--case")
    asked = parser.parse_args()
    if asked.case:
        print(json.dumps(measure(asked.case, {**CASES, **FULL}[asked.case])))
        return
    for case in {**CASES, **(FULL if asked.full else {})}:
        subprocess.run([sys.executable, __file__, "--case", case], check=True)


if __name__ == "__main__":
    main()
