"""`score` and `graph`: plain arrays in, one file out, no workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.arrays import take_rows
from analysis.base.atomic import replacing
from analysis.base.config import GraphSettings
from analysis.base.errors import BadInput
from analysis.base.progress import Progress
from analysis.base.types import ConfusionGraph, Predictions
from analysis.data.plain_arrays import load_labels, load_probs
from analysis.models.elsewhere import Elsewhere
from analysis.runs.files import write_table

MOST_CLASSES = 1_000_000  # of a graph; more is a slip, and the memory would not hold it


def score(labels: str, probs: str, out: str, *, progress: Progress, device: str = "cpu") -> dict[str, Any]:
    """Write a Parquet or CSV file with one row per image, in input order; give back the counts to print.

    Columns: given, suggested (class numbers; -1 where the image has no label), suspicion, one column per scorer, one
    True or False per filter of confident learning, is_suspect (prune_by_noise_rate), kind. Memory grows with the
    images, not with the classes: a large matrix in a .npy file is read where it lies, on `device` (auto: on a GPU where
    there is one and the matrix is large).
    """
    from analysis.confusion.graph import build_graph
    from analysis.noise.combine import score_all
    from analysis.noise.filters import FILTERS
    from analysis.noise.scorer import ScorerInputs

    looks = Elsewhere(device, progress)
    given, matrix, classes = _labels_and_probs(labels, probs)
    labelled = given >= 0
    n_classes = matrix.shape[1]
    kept = take_rows(matrix, np.flatnonzero(labelled))
    predictions = Predictions("given", n_classes, np.ones(len(kept), bool), probs=kept, looks=looks)
    graph = build_graph(given[labelled], predictions, n_classes=n_classes, settings=GraphSettings())
    names = classes or tuple(str(k) for k in range(n_classes))
    inputs = ScorerInputs(
        given=given[labelled], predictions=predictions, n_classes=n_classes, neighbours=None, graph=graph, classes=names
    )
    table = score_all(inputs, progress=progress).drop(columns=["predicted", "p_given", "p_suggested"])
    table.insert(0, "given", given[labelled])
    flags = [f"flag_{name}" for name in FILTERS]
    for flag, name in zip(flags, FILTERS, strict=True):
        table[flag] = inputs.confident.mask(name)
    table = _with_unlabelled(table, labelled)
    first = ["given", "suggested", "suspicion"]
    last = [*flags, "is_suspect", "kind"]
    scorers = [name for name in table.columns if name not in {*first, *last}]
    _write(Path(out), table[[*first, *scorers, *last]])
    return {"images": len(given), "unlabelled": int((~labelled).sum()), "suspects": int(table["is_suspect"].sum())}


def _write(path: Path, table: pd.DataFrame) -> None:
    if path.suffix.lower() == ".csv":
        with replacing(path) as beside:
            table.to_csv(beside, index_label="row")
    else:
        write_table(path, table)


def _labels_and_probs(labels: str, probs: str) -> tuple[NDArray[np.int64], NDArray[Any], tuple[str, ...] | None]:
    given, classes = load_labels(labels)
    matrix = load_probs(probs, classes=classes)
    if len(given) != len(matrix):
        raise BadInput(
            f"{labels} has {len(given)} labels and {probs} {len(matrix)} rows", wanted="one row per label, same order"
        )
    if matrix.ndim != 2:
        raise BadInput(f"{probs} has the shape {matrix.shape}", wanted="(images, classes)")
    _check_some(given, labels)
    if given.max(initial=-1) >= matrix.shape[1]:
        row = int(np.argmax(given >= matrix.shape[1]))
        raise BadInput(
            f"Row {row} of {labels} has the label {given[row]}", wanted=f"a class in 0..{matrix.shape[1] - 1}"
        )
    if classes is not None and len(classes) != matrix.shape[1]:
        raise BadInput(
            f"{labels} names {len(classes)} classes and {probs} has {matrix.shape[1]} columns",
            wanted="every class among the labels, in the order of their names",
            hint="number the labels by the columns instead",
        )
    return given, matrix, classes


def _check_some(given: NDArray[np.int64], labels: str) -> None:
    if (given < 0).all():
        raise BadInput(f"{labels} holds no label", wanted="a class for at least one image")


def _with_unlabelled(table: pd.DataFrame, labelled: NDArray[np.bool_]) -> pd.DataFrame:
    """Bring images without a label back as rows of their own, so that rows stay in input order."""
    if labelled.all():
        return table
    full = table.set_index(np.flatnonzero(labelled)).reindex(np.arange(len(labelled)))
    flags = {name: False for name in table.columns if table[name].dtype == bool}
    for name, empty in {"given": -1, "suggested": -1, "kind": "unlabelled", **flags}.items():
        full[name] = full[name].where(labelled, empty).astype(table[name].dtype)
    return full.fillna(0.0)


def graph(
    labels: str, probs: str | None, predicted: str | None, *, out: str, settings: GraphSettings, names: str | None
) -> ConfusionGraph:
    """Write the confusion graph of plain arrays as JSON; give it back."""
    from analysis.confusion.graph import build_graph

    given, classes, found = _graph_inputs(labels, probs, predicted)
    labelled = np.flatnonzero(given >= 0)
    built = build_graph(
        given[labelled], _rows(found, labelled, len(given)), n_classes=found.n_classes, settings=settings
    )
    if names is not None:
        classes = tuple(Path(names).read_text(encoding="utf-8-sig").splitlines())
        if len(classes) < found.n_classes:
            raise BadInput(f"{names} has {len(classes)} lines", wanted=f"a class name a line, {found.n_classes} in all")
    with replacing(Path(out)) as beside:
        beside.write_text(json.dumps(_as_json(built, classes), ensure_ascii=False), encoding="utf-8")
    return built


def _graph_inputs(
    labels: str, probs: str | None, predicted: str | None
) -> tuple[NDArray[np.int64], tuple[str, ...] | None, Predictions]:
    if probs is not None:
        given, matrix, classes = _labels_and_probs(labels, probs)
        return given, classes, Predictions("given", matrix.shape[1], np.ones(len(given), bool), probs=matrix)
    assert predicted is not None
    given, classes = load_labels(labels)
    said, said_classes = load_labels(predicted)
    if len(given) != len(said):
        raise BadInput(f"{labels} has {len(given)} labels and {predicted} {len(said)}", wanted="the same number")
    if (classes is None) != (said_classes is None):
        raise BadInput("One of the two files holds class names, the other numbers", wanted="names or numbers in both")
    if classes is not None and said_classes is not None:
        every = tuple(sorted({*classes, *said_classes}))
        place = {name: i for i, name in enumerate(every)}
        given = _renumber(given, np.array([place[name] for name in classes]))
        said = _renumber(said, np.array([place[name] for name in said_classes]))
        classes = every
    if (said < 0).any():
        raise BadInput(f"Row {int(np.argmax(said < 0))} of {predicted} has no class", wanted="a class for every image")
    _check_some(given, labels)
    n_classes = int(max(given.max(initial=0), said.max(initial=0))) + 1
    if n_classes > MOST_CLASSES:
        raise BadInput(f"There is a class number {n_classes - 1}", wanted=f"class numbers below {MOST_CLASSES:,}")
    one = np.ones((len(said), 1), np.float32)
    held_out = np.ones(len(said), bool)
    return given, classes, Predictions("given", n_classes, held_out, top_class=said[:, None], top_prob=one)


def _renumber(labels: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(labels >= 0, places[labels], -1)


def _rows(found: Predictions, rows: NDArray[np.int64], n: int) -> Predictions:
    if len(rows) == n:
        return found
    held_out = found.held_out[rows]
    if found.probs is not None:
        return Predictions(found.model, found.n_classes, held_out, probs=take_rows(found.probs, rows))
    assert found.top_class is not None
    assert found.top_prob is not None
    return Predictions(
        found.model, found.n_classes, held_out, top_class=found.top_class[rows], top_prob=found.top_prob[rows]
    )


def _as_json(built: ConfusionGraph, classes: tuple[str, ...] | None) -> dict[str, Any]:
    half = built.weight.tocoo()
    upper = half.row < half.col
    edges = sorted(zip(half.row[upper].tolist(), half.col[upper].tolist(), half.data[upper].tolist(), strict=True))
    nodes = [
        {"id": k, "name": classes[k] if classes else str(k), "community": int(c)} for k, c in enumerate(built.community)
    ]
    return {
        "nodes": nodes,
        "edges": [{"source": s, "target": t, "weight": w} for s, t, w in edges],
        "modularity": built.modularity,
        "mass_kept": built.mass_kept,
        "parameters": built.parameters,
    }
