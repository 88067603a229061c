"""Workspaces with known structure, of any size, made by the program itself from predictions that are drawn by lot.

Classes lie in communities of ten; four of five predictions are right, and nine of ten of the others stay inside the
community. The map puts an image beside the others that are predicted alike, so that a lasso means something.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.runs.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
COMMUNITY = 10  # classes in a planted community
NEAR = 15  # neighbours of an image
SIDE = 8  # pixels of an image


def make_workspace(cache: Path, n: int, k: int) -> Path:
    """The workspace of n images in k classes; made when it is not in the folder `cache` yet."""
    place = cache / f"{n}-images-{k}-classes"
    if (place / "whole").exists():
        return place / "workspace"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    predicted = _write_inputs(place, n, k)
    command = ["run", str(place / "data.npz"), "--predictions", str(place / "top.npz"), "--held-out", "yes"]
    done = subprocess.run(
        [sys.executable, "-m", "analysis", *command, "--workspace", str(place / "workspace")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    _add_map(place / "workspace", predicted)
    for name in ("data.npz", "top.npz"):
        (place / name).unlink()
    (place / "whole").touch()
    return place / "workspace"


def _write_inputs(folder: Path, n: int, k: int, seed: int = 0) -> NDArray[np.integer]:
    """Small images, labels and top-3 predictions; the predicted classes (N,)."""
    rng = np.random.default_rng(seed)
    given = np.arange(n) % k
    size = min(COMMUNITY, k)
    near = given - given % size + rng.integers(0, size, n)
    far = rng.integers(0, k, n)
    first = np.where(rng.random(n) < 0.8, given, np.where(rng.random(n) < 0.9, near, far)) % k
    top = np.column_stack([first, (first + 1) % k, (first + 2) % k]).astype(np.int32)
    share = np.sort(rng.dirichlet((6, 2, 1), n), axis=1)[:, ::-1]
    images = rng.integers(0, 255, (n, SIDE, SIDE, 3), np.uint8)
    images[:, :2] = ((given * 37) % 256).astype(np.uint8)[:, None, None, None]
    np.savez(folder / "data.npz", images=images, labels=given)
    np.savez(folder / "top.npz", top_class=top, top_prob=share.astype(np.float32))
    return first


def _add_map(place: Path, predicted: NDArray[np.integer], seed: int = 0) -> None:
    """Places of the images around those of their predicted classes, and the next of the same class as neighbours.

    The program would need hours and features for a million images; what the pages read of a map is the same.
    """
    rng = np.random.default_rng(seed)
    n, k = len(predicted), int(predicted.max()) + 1
    of_class = rng.uniform(-20, 20, (k, 2))
    xy = of_class[predicted] + rng.normal(0, 12 / np.sqrt(k), (n, 2))
    order = np.argsort(predicted, kind="stable")
    index = np.empty((n, NEAR), np.int32)
    index[order] = np.column_stack([np.roll(order, -step) for step in range(1, NEAR + 1)])
    alike = np.tile(np.linspace(0.99, 0.8, NEAR, dtype=np.float32), (n, 1))
    run = Workspace.open(place).runs()[0]
    for name, array in {"xy": xy.astype(np.float32), "neighbour_index": index, "neighbour_similarity": alike}.items():
        run.put(name, array, key="planted")
    run.put("map", {"method": "umap", "parameters": {}}, key="planted")
