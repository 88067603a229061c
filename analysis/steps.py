"""What each step of the pipeline does: load what earlier steps made, call one room, give back named artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.base.arrays import wilson
from analysis.base.looks import Looks
from analysis.base.types import ConfusionGraph, Dataset, Neighbours, Predictions
from analysis.runs.run import Run
from analysis.steps_features import imported, predicted_by_features, tie_of

if TYPE_CHECKING:
    from analysis.pipeline import Context

TOP_STORED = 10  # classes per image kept beside the dense matrix: what pages and reasons show
NEIGHBOURS_STORED = 15


def predictions(context: Context) -> dict[str, Any]:
    """Held-out probabilities and features: by a model of ours, or read from the user's file."""
    dataset = context.workspace.dataset()
    settings = context.settings
    if settings.predictions:
        found, facts = imported(context, dataset)
    elif settings.features:
        found, facts = predicted_by_features(context, dataset)
    else:
        found, facts = _predicted(context, dataset)
    top_class, top_prob = found.top(TOP_STORED, looks=context.elsewhere)
    made: dict[str, Any] = {
        "top_class": top_class.astype(np.int32),
        "top_prob": np.asarray(top_prob, np.float32),
        "held_out": found.held_out,
        "model": {"model": found.model, **facts},
    }
    if found.probs is not None:
        made["probs"] = np.asarray(found.probs, np.float32)
    for name in ("features", "training_margin"):
        if (array := getattr(found, name)) is not None:
            made[name] = np.asarray(array, np.float32)
    return made


def _predicted(context: Context, dataset: Dataset) -> tuple[Predictions, dict[str, Any]]:
    from analysis import models
    from analysis.data.images import ImageStore

    store = ImageStore(dataset.pixels, dataset.table)
    settings = context.settings.models
    parts = context.run.parts(context.key)
    choice = models.choose(dataset, store, settings, parts=parts)
    context.progress.note(choice.why)
    context.run.set_status(model=choice.model, mode=choice.mode, why=choice.why)
    found = models.predict_held_out(dataset, store.load, settings, parts=parts, progress=context.progress)
    return found, {"mode": choice.mode, "why": choice.why, "device": choice.device}


def stored_predictions(run: Run, n_classes: int, looks: Looks | None) -> Predictions:
    """The predictions of a run, memory-mapped; looked at by the device `looks` where that pays."""
    dense = run.array("probs") if run.has("probs") else None
    return Predictions(
        model=str(run.json("model")["model"]),
        n_classes=n_classes,
        held_out=run.array("held_out"),
        probs=dense,
        top_class=None if dense is not None else run.array("top_class"),
        top_prob=None if dense is not None else run.array("top_prob"),
        features=run.array("features") if run.has("features") else None,
        training_margin=run.array("training_margin") if run.has("training_margin") else None,
        looks=looks,
    )


def neighbours(context: Context) -> dict[str, Any]:
    """The nearest-neighbour graph that map and scorers share; nothing where there are no features."""
    from analysis.embed.neighbours import nearest

    if not context.run.has("features"):
        context.progress.note("No features: the map and the neighbour scorer are left out")
        return {}
    k = max(NEIGHBOURS_STORED, context.settings.map.neighbours)
    seed = context.settings.map.seed
    features = context.run.array("features")
    found = nearest(features, k, seed=seed, progress=context.progress, tiles=context.elsewhere)
    return {"neighbour_index": found.index, "neighbour_similarity": found.similarity}


def stored_neighbours(run: Run) -> Neighbours | None:
    """The neighbours of a run, or None where it has none."""
    if not run.has("neighbour_index"):
        return None
    return Neighbours(run.array("neighbour_index"), run.array("neighbour_similarity"))


def graph(context: Context) -> dict[str, Any]:
    """Confusion matrix, confusion graph, communities, and where to draw the classes."""
    from analysis.confusion.graph import build_graph
    from analysis.confusion.layout import class_positions
    from analysis.confusion.matrix import confusion_table
    from analysis.confusion.report import edges_table

    dataset = context.workspace.dataset()
    found = stored_predictions(context.run, dataset.n_classes, context.elsewhere)
    confusion = confusion_table(dataset.given, found, dataset.n_classes)
    built = build_graph(dataset.given, found, n_classes=dataset.n_classes, settings=context.settings.graph)
    xy = class_positions(built, seed=context.settings.graph.seed)
    facts = {
        "community": built.community.tolist(),
        "stability": built.stability.tolist(),
        "modularity": built.modularity,
        "mass_kept": built.mass_kept,
        "parameters": built.parameters,
        "x": xy[:, 0].tolist(),
        "y": xy[:, 1].tolist(),
    }
    return {"confusion": confusion, "edges": edges_table(built, confusion), "graph": facts}


def stored_graph(run: Run) -> ConfusionGraph:
    """The confusion graph of a run, from its edges and facts."""
    from scipy import sparse

    facts, edges = run.json("graph"), run.table("edges", ["source", "target", "weight"])
    k = len(facts["community"])
    half = sparse.csr_array((edges["weight"], (edges["source"], edges["target"])), shape=(k, k))
    return ConfusionGraph(
        weight=sparse.csr_array(half + half.T),
        community=np.array(facts["community"], np.int64),
        stability=np.array(facts["stability"]),
        modularity=facts["modularity"],
        mass_kept=facts["mass_kept"],
        parameters=facts["parameters"],
    )


def levels(context: Context) -> dict[str, Any]:
    """Communities at other resolutions, and how reliably they are found."""
    from analysis.confusion.levels import find_levels

    return find_levels(stored_graph(context.run), context.settings.graph)


def scores(context: Context) -> dict[str, Any]:
    """The suspicion of every label by every scorer, the combined order, and the suspects with their reasons."""
    from analysis.noise.combine import scored, suspects
    from analysis.noise.estimate import estimate_wrong
    from analysis.noise.scorer import ScorerInputs
    from analysis.runs.models import stored_models

    dataset = context.workspace.dataset()
    inputs = ScorerInputs(
        given=dataset.given,
        predictions=stored_predictions(context.run, dataset.n_classes, context.elsewhere),
        n_classes=dataset.n_classes,
        neighbours=stored_neighbours(context.run),
        graph=stored_graph(context.run),
        classes=dataset.classes,
        tie=tie_of(dataset),
        by_features=context.run.json("model")["mode"] == "features",
        models=tuple(model.predicted for model in stored_models(context.workspace) if model.held_out),
    )
    found = scored(inputs, progress=context.progress)
    ids = dataset.table["image_id"].tolist()
    flagged = suspects(ids, found.table, inputs, chances=found.chances)
    return {"scores": found.table, "suspects": flagged, "estimate": estimate_wrong(inputs, found.chances)}


def report(context: Context) -> dict[str, Any]:
    """Weak spots: a row per class and per community."""
    from analysis.confusion.report import classes_table, communities_table

    dataset, run = context.workspace.dataset(), context.run
    built, confusion = stored_graph(run), run.table("confusion")
    is_suspect = run.table("scores", ["is_suspect"])["is_suspect"].to_numpy()
    per_class = np.bincount(dataset.given[is_suspect], minlength=dataset.n_classes)
    facts = run.json("graph")
    classes = classes_table(
        built,
        confusion,
        names=dataset.classes,
        n_suspects=per_class,
        positions=np.column_stack([facts["x"], facts["y"]]),
    )
    return {"classes": classes, "communities": communities_table(built, confusion, n_suspects=per_class)}


def problems(context: Context) -> dict[str, Any]:
    """Copies, strangers, blank, dark, bright, small, odd images, as far as pixels and features are there."""
    from analysis.data.images import ImageStore
    from analysis.problems.find import find_problems

    dataset = context.workspace.dataset()
    store = None if dataset.pixels.kind == "none" else ImageStore(dataset.pixels, dataset.table)
    if store is None:
        context.progress.note("No pixels: blank, dark, bright, small images and exact copies are not looked for")
    near = stored_neighbours(context.run)
    return find_problems(dataset.table, store, near, progress=context.progress, parts=context.run.parts(context.key))


def layout(context: Context) -> dict[str, Any]:
    """The map: a 2-D position of every image, by PCA too; nothing where there are no features."""
    from analysis.embed.layouts import both_layouts

    near = stored_neighbours(context.run)
    if near is None:
        return {}
    return both_layouts(context.run.array("features"), near, context.settings.map, progress=context.progress)


def summary(context: Context) -> dict[str, Any]:
    """The figures of the Overview page and of `status`."""
    dataset, run = context.workspace.dataset(), context.run
    table = run.table("scores")
    right = int((table["predicted"].to_numpy() == dataset.given).sum())
    low, high = wilson(right, len(dataset))
    communities, facts, model = run.table("communities"), run.json("graph"), run.json("model")
    n_suspects = int(table["is_suspect"].sum())
    figures = {
        "n_images": len(dataset),
        "n_classes": dataset.n_classes,
        "n_set_aside": len(dataset.set_aside),
        "accuracy": {"value": right / len(dataset), "low": low, "high": high},
        "n_suspects": n_suspects,
        "share_suspects": n_suspects / len(dataset),
        "n_listed": len(run.table("suspects", ["row"])),
        "estimated_wrong": {k: v for k, v in run.json("estimate").items() if np.isscalar(v) and k != "format"},
        "n_communities": int((communities["n_classes"] > 1).sum()),
        "n_alone": int((communities["n_classes"] == 1).sum()),
        "modularity": facts["modularity"],
        "mass_kept": facts["mass_kept"],
        "graph_note": facts["parameters"].get("note", ""),
        "model": model["model"],
        "mode": model["mode"],
        "why": model["why"],
        "device": model["device"],
        "has_map": run.has("xy"),
        "seconds": _seconds(run),
        "notes": context.progress.notes,
        "detection": _detection(dataset, table),
    }
    return {"summary": figures}


def _seconds(run: Run) -> dict[str, float]:
    cards = sorted(run.path.glob("step_*.json"))
    names = [path.name.removeprefix("step_").removesuffix(".json") for path in cards if "card" not in path.name]
    return {name: float(run.json(f"step_{name}")["seconds"]) for name in names if run.has(f"step_{name}")}


def _detection(dataset: Dataset, table: pd.DataFrame) -> dict[str, Any] | None:
    """How well the finder did, where the true labels are known; None elsewhere."""
    from analysis.evaluate.detection import auroc, average_precision, precision_at, recall_at_share

    if dataset.true is None:
        return None
    known = dataset.true >= 0
    wrong = (dataset.true != dataset.given)[known]
    if not wrong.any() or wrong.all():
        return None
    suspicion = table["suspicion"].to_numpy()[known]
    flagged = table["is_suspect"].to_numpy()[known]
    disagrees = (table["predicted"].to_numpy() != dataset.given)[known]
    hits = int((flagged & wrong).sum())
    n_wrong = int(wrong.sum())
    by_scorer = {
        name: average_precision(wrong, table[name].to_numpy()[known])
        for name in table.columns
        if table[name].dtype.kind == "f" and name not in {"p_given", "p_suggested"}
    }
    suggested = table["suggested"].to_numpy()[known] == dataset.true[known]
    return {
        "n_planted": n_wrong,
        "n_known": int(known.sum()),
        "average_precision": average_precision(wrong, suspicion),
        "baseline_average_precision": average_precision(wrong, disagrees.astype(float)),
        "baseline_precision": float(wrong[disagrees].mean()) if disagrees.any() else None,
        "baseline_recall": float((disagrees & wrong).sum() / n_wrong),
        "auroc": auroc(wrong, suspicion),
        "precision": hits / int(flagged.sum()) if flagged.any() else None,
        "recall": hits / n_wrong,
        "precision_at_n": precision_at(wrong, suspicion, n_wrong),
        "recall_at_3_percent": recall_at_share(wrong, suspicion, 0.03),
        "suggestion_right": float(suggested[flagged & wrong].mean()) if hits else None,
        "by_scorer": by_scorer,
    }
