"""Problems of the images for the workspace of the factory: one or two of every kind, by decree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.base.types import Dataset, Neighbours

COPIES = {3: 1, 4: 1, 12: 11}  # rows with the pixels of an earlier row
BLANK, DARK, BRIGHT, SMALL, WIDE = 5, 6, 7, 8, 9
NEAR = ((20, 21), (21, 22), (30, 31))
THRESHOLDS = {"blank": 0.99, "dark": 0.2, "bright": 0.8, "small": 0.4, "shape": 2.5, "near": 0.98, "stranger": -1.0}


def problems_of(dataset: Dataset, index: np.ndarray, similarity: np.ndarray) -> dict[str, Any]:
    """The artifacts of the step `problems`, by name."""
    n = len(dataset)
    near = Neighbours(index, similarity)
    facts = pd.DataFrame(
        {
            "flat": np.full(n, 0.3, np.float32),
            "darkest": np.full(n, 0.1, np.float32),
            "brightest": np.full(n, 0.9, np.float32),
            "small": np.ones(n, np.float32),
            "shape": np.ones(n, np.float32),
            "likeness": near.similarity.mean(axis=1) if near.similarity.size else np.full(n, np.nan, np.float32),
            "same_as": np.arange(n),
        }
    )
    planted = [("flat", BLANK, 1.0), ("brightest", DARK, 0.05), ("darkest", BRIGHT, 0.95)]
    planted += [
        ("small", SMALL, 0.1),
        ("shape", WIDE, 5.0),
        *(("same_as", row, first) for row, first in COPIES.items()),
    ]
    for column, row, value in planted:
        if row < n:
            facts.loc[row, column] = value
    pairs = [(a, b, 0.99) for a, b in NEAR if b < n]
    return {
        "image_facts": facts,
        "near_pairs": pd.DataFrame(pairs, columns=["source", "target", "similarity"]).astype(
            {"source": np.int64, "target": np.int64, "similarity": float}
        ),
        "problems": {
            "thresholds": THRESHOLDS,
            "near_lowest": 0.94,
            "has": {"pixels": True, "features": True},
            "n_gone": 0,
            "counts": {},
        },
    }
