"""The artifacts of a run: their names, columns and meaning. Whoever writes one is held to this list."""

from __future__ import annotations

import pandas as pd

ARRAYS: dict[str, str] = {
    "features": "(N, D) float32, what the network sees",
    "probs": "(N, K) float32, held-out probabilities; absent when predictions are top-k only",
    "top_class": "(N, k) int32, the most probable classes, best first; k = min(10, K) or as given",
    "top_prob": "(N, k) float32, their probabilities",
    "held_out": "(N,) bool, the model did not train on that image",
    "training_margin": "(N,) float32, by how much the given label led while it was learnt; after finetune only",
    "neighbour_index": "(N, k) int32, nearest images without the image itself",
    "neighbour_similarity": "(N, k) float32, their cosine similarity, best first",
    "xy": "(N, 2) float32, position on the map, by the method of the settings",
    "xy_pca": "(N, 2) float32, position along the two principal components",
    "level_community": "(K, R) int32, community of every class at every resolution of the table levels",
    "level_stability": "(K, R) float32, how reliably it stays with its community over random seeds, 0..1",
    "level_persistence": "(K, R) float32, the same over the next coarser and the next finer resolution",
}

TABLES: dict[str, dict[str, str]] = {
    "confusion": {  # sparse: a row per (given, predicted) with something in it
        "given": "int",
        "predicted": "int",
        "count": "int",
        "soft": "float",
    },
    "edges": {  # undirected: source < target; counts per direction
        "source": "int",
        "target": "int",
        "weight": "float",
        "count_source_as_target": "int",  # images given source, predicted target
        "count_target_as_source": "int",
    },
    "classes": {  # a row per class, in class order
        "class_id": "int",
        "name": "str",
        "n_images": "int",
        "n_errors": "int",
        "accuracy": "float",  # NaN for a class without images
        "worst_partner": "int",  # -1 = never confused
        "share_leaving": "float",  # share of its errors that leave its community; NaN without errors
        "community": "int",
        "stability": "float",
        "n_suspects": "int",
        "x": "float",
        "y": "float",
    },
    "communities": {
        "community": "int",
        "n_classes": "int",
        "n_images": "int",
        "n_errors": "int",
        "error_rate": "float",
        "inside_share": "float",  # of its errors, the share that stays inside
        "mass_share": "float",  # of all confusion mass, the share inside it
        "headroom": "float",  # most that top-1 accuracy could rise if it were resolved
        "stability": "float",
        "n_suspects": "int",
    },
    "levels": {  # a row per resolution, coarsest first
        "resolution": "float",
        "n_communities": "int",  # of more than one class
        "n_alone": "int",
        "modularity": "float",  # Q_1
        "stability": "float",  # means over classes with companions; NaN without any
        "persistence": "float",
        "own": "int",  # 1 = the run's own communities
    },
    "scores": {  # a row per image, in data set order; beside these one column per scorer
        "suspicion": "float",
        "suggested": "int",
        "predicted": "int",
        "p_given": "float",
        "p_suggested": "float",
        "is_suspect": "bool",  # flagged by confident learning, or by the class-image graph where features are all
        "kind": "str",  # cross, within or none: does the suggestion leave the community of the given class?
    },
    "image_facts": {  # a row per image, in data set order; NaN where pixels or features are missing, or a file is gone
        "flat": "float",  # share of the pixels within 8 of 256 grey levels of the median
        "darkest": "float",  # the 1st percentile of the grey levels, 0..1
        "brightest": "float",  # the 99th
        "small": "float",  # shorter side over the median shorter side
        "shape": "float",  # how many times wider or taller than the median aspect; at least 1
        "likeness": "float",  # mean similarity to the nearest images
        "same_as": "int",  # the first row with exactly the same pixels; the own row where it is the first
    },
    "near_pairs": {  # images that are almost the same, the most similar first; source < target are rows
        "source": "int",
        "target": "int",
        "similarity": "float",
    },
    "suspects": {  # the suspicious images only, most suspicious first
        "row": "int",
        "image_id": "str",
        "given": "int",
        "suggested": "int",
        "suspicion": "float",
        "is_suspect": "bool",
        "kind": "str",
        "reasons": "str",
    },
}

_KINDS = {"int": "iu", "float": "f", "bool": "b"}


def check_table(name: str, table: pd.DataFrame) -> None:
    """Raise ValueError when `table` is not what the artifact `name` is declared to be; extra columns are allowed."""
    if name not in TABLES:
        raise ValueError(f"there is no artifact table named {name!r}")
    for column, kind in TABLES[name].items():
        if column not in table:
            raise ValueError(f"the table {name!r} lacks the column {column!r}")
        if kind in _KINDS and table[column].dtype.kind not in _KINDS[kind]:
            raise ValueError(f"{name}.{column} is {table[column].dtype}, declared {kind}")
