"""A small finished workspace made from nothing but numpy: for tests of what stands on top of the analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.base.arrays import wilson
from analysis.base.config import RunSettings
from analysis.base.types import Dataset, Pixels
from analysis.runs.run import DONE, Run
from analysis.runs.workspace import Workspace
from tests.factory_problems import problems_of

HOSTILE = "<img src=x onerror=alert(1)> [a](javascript:1) href"


def make_dataset(*, n: int = 120, classes: int = 5, seed: int = 0, names: list[str] | None = None) -> Dataset:
    """N flat-coloured 24 x 24 images, one colour a class, with 10 % wrong labels of known truth."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % classes
    given = true.copy()
    wrong = rng.choice(n, size=max(1, n // 10), replace=False)
    given[wrong] = (given[wrong] + rng.integers(1, classes, len(wrong))) % classes
    colours = rng.integers(40, 220, (classes, 3))
    noise = rng.integers(-30, 30, (n, 24, 24, 3), dtype=np.int16)
    noise += colours.astype(np.int16)[true][:, None, None, :]
    pixels = np.clip(noise, 0, 255, out=noise).astype(np.uint8)
    table = pd.DataFrame(
        {
            "image_id": [f"train/{i:05d}" for i in range(n)],
            "path": [f"train/{i:05d}" for i in range(n)],
            "source_row": np.arange(n),
            "given": given,
            "true": true,
        }
    )
    names = names or [f"class {k}" for k in range(classes)]
    about = {"planted": {"share": float(np.mean(given != true)), "sentence": "One label in ten was made wrong."}}
    set_aside = pd.DataFrame({"path": ["train/broken.png"], "reason": ["cannot be decoded: truncated"]})
    return Dataset(
        table=table,
        classes=tuple(names),
        fingerprint=f"factory-{n}-{classes}-{seed}-{hash_names(names)}",
        pixels=Pixels("array", data=pixels),
        set_aside=set_aside,
        about=about,
    )


def hash_names(names: list[str]) -> int:
    """A stable small number for a list of names."""
    return sum(len(name) * (i + 1) for i, name in enumerate(names))


def make_workspace(
    path: Path, *, n: int = 120, classes: int = 5, seed: int = 0, names: list[str] | None = None
) -> Workspace:
    """A workspace with one finished run that holds every artifact of the schema."""
    dataset = make_dataset(n=n, classes=classes, seed=seed, names=names)
    workspace = Workspace.create(path, dataset, source="factory", reader="npz")
    run = workspace.run_for(RunSettings(), label="factory")
    _fill(run, dataset, seed)
    run.set_status(state=DONE, step="summary", pid=0)
    return workspace


def _fill(run: Run, dataset: Dataset, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = len(dataset), dataset.n_classes
    true = dataset.true
    assert true is not None
    logits = rng.normal(0, 1, (n, k))
    logits[np.arange(n), true] += 2.5
    probs = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    order = np.argsort(-probs, axis=1, kind="stable")[:, : min(10, k)]
    features = (np.eye(k)[true] + rng.normal(0, 0.3, (n, k))).astype(np.float32)
    near, similarity = _neighbours(features)
    arrays = {
        "features": features,
        "probs": probs,
        "top_class": order.astype(np.int32),
        "top_prob": np.take_along_axis(probs, order, axis=1),
        "held_out": np.ones(n, bool),
        "training_margin": (logits[np.arange(n), dataset.given] - logits.max(axis=1)).astype(np.float32),
        "neighbour_index": near,
        "neighbour_similarity": similarity,
        "level_community": np.column_stack([np.zeros(k), np.arange(k) >= (k + 1) // 2, np.arange(k)]).astype(np.int32),
        "level_stability": np.tile(np.float32([0.6, 0.9, 1.0]), (k, 1)),
        "level_persistence": np.tile(np.float32([0.5, 0.4, 1.0]), (k, 1)),
        "xy_pca": features[:, :2] - features[:, :2].mean(axis=0),
        "xy": (features[:, :2] + rng.normal(0, 0.1, (n, 2))).astype(np.float32),
    }
    for name, array in arrays.items():
        run.put(name, array, key="factory")
    for name, table in _tables(dataset, probs).items():
        run.put(name, table, key="factory")
    for name, value in problems_of(dataset, near, similarity).items():
        run.put(name, value, key="factory")
    run.put("map", {"method": "umap", "parameters": {}}, key="factory")
    run.put("summary", _summary(dataset, probs), key="factory")
    run.put("graph", {"parameters": {"top": 1, "weights": "count", "resolution": 1.0}}, key="factory")


def _neighbours(features: np.ndarray, k: int = 10, block: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest by cosine, index and similarity (n, k), among the images of the same block: cheap at any n."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    index, similarity = [], []
    for rows in np.array_split(np.arange(len(unit)), -(-len(unit) // block)):
        part = unit[rows]
        cosine = part @ part.T
        np.fill_diagonal(cosine, -2)
        near = np.argpartition(-cosine, min(k, len(part) - 1), axis=1)[:, :k]
        near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, axis=1), axis=1), axis=1)
        index.append(rows[near].astype(np.int32))
        similarity.append(np.take_along_axis(cosine, near, axis=1).astype(np.float32))
    return np.concatenate(index), np.concatenate(similarity)


def _tables(dataset: Dataset, probs: np.ndarray) -> dict[str, pd.DataFrame]:
    n, k, given = len(dataset), dataset.n_classes, dataset.given
    predicted = probs.argmax(axis=1)
    counts, soft = np.zeros((k, k), int), np.zeros((k, k))
    np.add.at(counts, (given, predicted), 1)
    np.add.at(soft, given, probs)
    g, p = np.nonzero(counts)
    confusion = pd.DataFrame({"given": g, "predicted": p, "count": counts[g, p], "soft": soft[g, p]})
    s, t = np.nonzero(np.triu(counts + counts.T, 1))
    edges = pd.DataFrame(
        {
            "source": s,
            "target": t,
            "weight": (counts + counts.T)[s, t].astype(float),
            "count_source_as_target": counts[s, t],
            "count_target_as_source": counts[t, s],
        }
    )
    errors = counts.sum(axis=1) - counts.diagonal()
    off = counts - np.diag(counts.diagonal())
    community = (np.arange(k) >= (k + 1) // 2).astype(int)
    angle = np.linspace(0, 2 * np.pi, k, endpoint=False)
    suggested = np.where(predicted == given, np.argsort(-probs, axis=1)[:, 1], predicted)
    p_given, p_suggested = probs[np.arange(n), given], probs[np.arange(n), suggested]
    suspicion = np.clip((p_suggested - p_given + 1) / 2, 0, 1).astype(float)
    kind = np.where(community[suggested] == community[given], "within", "cross")
    scores = pd.DataFrame(
        {
            "suspicion": suspicion,
            "suggested": suggested,
            "predicted": predicted,
            "p_given": p_given.astype(float),
            "p_suggested": p_suggested.astype(float),
            "is_suspect": predicted != given,
            "kind": np.where(predicted == given, "none", kind),
            "self_confidence": 1 - p_given.astype(float),
            "normalized_margin": suspicion,
        }
    )
    rows = np.flatnonzero(predicted != given)
    rows = rows[np.argsort(-suspicion[rows], kind="stable")]
    suspects = scores.iloc[rows][["suggested", "suspicion", "is_suspect", "kind"]].assign(
        row=rows,
        image_id=dataset.table["image_id"].to_numpy()[rows],
        given=given[rows],
        reasons=[f"The model gives {dataset.classes[suggested[i]]} {p_suggested[i]:.2f}." for i in rows],
    )
    per_class = pd.DataFrame(
        {
            "class_id": np.arange(k),
            "name": list(dataset.classes),
            "n_images": counts.sum(axis=1),
            "n_errors": errors,
            "accuracy": 1 - errors / counts.sum(axis=1),
            "worst_partner": np.where(errors > 0, off.argmax(axis=1), -1),
            "share_leaving": np.full(k, 0.5),
            "community": community,
            "stability": np.full(k, 0.9),
            "n_suspects": np.bincount(given[rows], minlength=k),
            "x": np.cos(angle),
            "y": np.sin(angle),
        }
    )
    return {
        "confusion": confusion,
        "edges": edges,
        "classes": per_class,
        "communities": _communities(per_class, off),
        "levels": _levels(k),
        "scores": scores,
        "suspects": suspects.reset_index(drop=True),
    }


def _levels(k: int) -> pd.DataFrame:
    """Everything together, the run's two communities, every class alone."""
    return pd.DataFrame(
        {
            "resolution": [0.5, 1.0, 4.0],
            "n_communities": [1, 2, 0],
            "n_alone": [0, 0, k],
            "modularity": [0.0, 0.3, -0.1],
            "stability": [0.6, 0.9, float("nan")],
            "persistence": [0.5, 0.4, float("nan")],
            "own": [0, 1, 0],
        }
    )


def _communities(per_class: pd.DataFrame, off: np.ndarray) -> pd.DataFrame:
    grouped = per_class.groupby("community")
    table = grouped.agg(
        n_classes=("class_id", "size"),
        n_images=("n_images", "sum"),
        n_errors=("n_errors", "sum"),
        stability=("stability", "mean"),
        n_suspects=("n_suspects", "sum"),
    ).reset_index()
    inside = [off[np.ix_(ids, ids)].sum() for ids in (group.to_numpy() for _, group in grouped["class_id"])]
    total = max(1, off.sum())
    table["error_rate"] = table["n_errors"] / table["n_images"]
    table["inside_share"] = np.array(inside) / np.maximum(1, table["n_errors"])
    table["mass_share"] = np.array(inside) / total
    table["headroom"] = np.array(inside) / per_class["n_images"].sum()
    return table


def _summary(dataset: Dataset, probs: np.ndarray) -> dict[str, Any]:
    given, predicted = dataset.given, probs.argmax(axis=1)
    right = int((predicted == given).sum())
    low, high = wilson(right, len(given))
    wrong = int((predicted != given).sum())
    return {
        "n_images": len(dataset),
        "n_classes": dataset.n_classes,
        "n_set_aside": len(dataset.set_aside),
        "accuracy": {"value": right / len(given), "low": low, "high": high},
        "n_suspects": wrong,
        "share_suspects": wrong / len(given),
        "estimated_wrong": {"value": 0.1, "low": 0.06, "high": 0.16},
        "n_communities": 2,
        "modularity": 0.3,
        "mass_kept": 1.0,
        "graph_note": "",
        "model": "factory",
        "mode": "probe",
        "why": "made for tests",
        "device": "cpu",
        "seconds": {"predictions": 1.0},
        "detection": {
            "n_planted": int((dataset.true != given).sum()),
            "average_precision": 0.9,
            "baseline_average_precision": 0.6,
            "precision": 0.8,
            "recall": 0.9,
        },
        "notes": [],
    }
