"""A finished workspace of very many classes, labels and predictions only: for what must not grow with the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.base.config import RunSettings
from analysis.base.types import ConfusionGraph, Dataset, Pixels, Predictions
from analysis.confusion.layout import class_positions
from analysis.confusion.matrix import confusion_table
from analysis.confusion.report import classes_table, communities_table, edges_table
from analysis.runs.run import DONE, Run
from analysis.runs.workspace import Workspace
from tests.confusion.planted import only_labels

GROUP = 50  # classes of a planted community
IMAGES = 4  # of each class


def make_many_classes(path: Path, k: int, *, seed: int = 0) -> Workspace:
    """K classes in planted communities of 50; every second image is predicted as another class of its community."""
    rng = np.random.default_rng(seed)
    given = np.repeat(np.arange(k), IMAGES)
    community = np.arange(k) // GROUP
    first = community[given] * GROUP
    predicted = np.where(
        rng.random(len(given)) < 0.5, given, first + rng.integers(0, np.minimum(GROUP, k - first), len(given))
    )
    far = rng.random(len(given)) < 0.02
    predicted[far] = rng.integers(0, k, int(far.sum()))
    ids = [f"{i:07d}" for i in range(len(given))]
    table = pd.DataFrame({"image_id": ids, "path": ids, "source_row": np.arange(len(given)), "given": given})
    dataset = Dataset(
        table=table,
        classes=tuple(f"class {i}" for i in range(k)),
        fingerprint=f"many-{k}-{seed}",
        pixels=Pixels("none"),
        set_aside=pd.DataFrame({"path": pd.Series(dtype=str), "reason": pd.Series(dtype=str)}),
        about={},
    )
    workspace = Workspace.create(path, dataset, source="many", reader="csv_list")
    run = workspace.run_for(RunSettings(), label="many")
    _fill(run, dataset, only_labels(predicted, k), community)
    run.set_status(state=DONE, step="summary", pid=0)
    return workspace


def _fill(run: Run, dataset: Dataset, found: Predictions, community: np.ndarray) -> None:
    given, k = dataset.given, dataset.n_classes
    predicted = found.argmax()
    confusion = confusion_table(given, found, k)
    graph = _graph(confusion, community, k)
    wrong = predicted != given
    per_class = np.bincount(given[wrong], minlength=k)
    classes = classes_table(
        graph, confusion, names=dataset.classes, n_suspects=per_class, positions=class_positions(graph)
    )
    one = np.ones(len(given))
    scores = pd.DataFrame({"suspicion": wrong * one, "suggested": predicted, "predicted": predicted})
    scores = scores.assign(p_given=~wrong * one, p_suggested=wrong * one, is_suspect=wrong)
    scores["kind"] = np.where(wrong, np.where(community[given] == community[predicted], "within", "cross"), "none")
    rows = np.flatnonzero(wrong)
    ids = dataset.table["image_id"].to_numpy()[rows]
    suspects = pd.DataFrame({"row": rows, "image_id": ids, "given": given[rows], "suggested": predicted[rows]})
    suspects = suspects.assign(suspicion=1.0, is_suspect=True, kind=scores["kind"].to_numpy()[rows], reasons="")
    made = {
        "confusion": confusion,
        "edges": edges_table(graph, confusion),
        "classes": classes,
        "communities": communities_table(graph, confusion, n_suspects=per_class),
        "scores": scores,
        "suspects": suspects,
        "top_class": predicted[:, None].astype(np.int32),
        "top_prob": np.ones((len(given), 1), np.float32),
        "held_out": np.ones(len(given), bool),
        "graph": {"parameters": graph.parameters},
        "summary": _summary(dataset, wrong),
    }
    for name, value in made.items():
        run.put(name, value, key="many")


def _graph(confusion: pd.DataFrame, community: np.ndarray, k: int) -> ConfusionGraph:
    from scipy import sparse

    off = confusion[(confusion["given"] != confusion["predicted"]) & (confusion["count"] > 0)]
    cells = (off["given"].to_numpy(), off["predicted"].to_numpy())
    directed = sparse.csr_array((off["count"].to_numpy(float), cells), shape=(k, k))
    parameters = {"top": 1, "weights": "count", "resolution": 1.0}
    weight = sparse.csr_array(directed + directed.T)
    return ConfusionGraph(weight, community, np.full(k, 0.9), 0.9, 1.0, parameters)


def _summary(dataset: Dataset, wrong: np.ndarray) -> dict[str, object]:
    share = float(wrong.mean())
    return {
        "n_images": len(dataset),
        "n_classes": dataset.n_classes,
        "n_set_aside": 0,
        "accuracy": {"value": 1 - share, "low": 1 - share, "high": 1 - share},
        "n_suspects": int(wrong.sum()),
        "share_suspects": share,
        "estimated_wrong": None,
        "n_communities": dataset.n_classes // GROUP,
        "modularity": 0.9,
        "mass_kept": 1.0,
        "graph_note": "",
        "model": "many",
        "mode": "imported",
        "why": "made for tests",
        "device": "none",
        "seconds": {},
        "detection": None,
        "notes": [],
    }
