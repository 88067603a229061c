"""Fewer, evener features for neighbours and map."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

WIDTH = 128  # measured: with all patch features, cosine neighbours share a class less often
SMALLEST_SPREAD = 1e-2  # of the mean spread, see `probe`


def reduced(features: NDArray[np.float32], *, width: int = WIDTH) -> NDArray[np.float32]:
    """Features (N, D) on their leading principal axes (N, min(D, width)), half whitened.

    The spread along each axis is taken to its square root: the first few axes, which hold brightness and size, would
    else decide all neighbours, and full whitening would give noise the same say. No label is used.
    """
    X = torch.from_numpy(features)
    spread = X.std(dim=0, correction=0)
    X = (X - X.mean(dim=0)) / (spread + SMALLEST_SPREAD * spread.mean() + 1e-12)
    values, vectors = torch.linalg.eigh(X.T @ X / len(X))
    values, vectors = values.flip(0)[:width].clamp_min(0), vectors.flip(1)[:, :width]
    scale = torch.where(values > 1e-6 * values[0].clamp_min(1e-12), values, torch.inf).pow(-0.25)
    return (X @ vectors * scale).numpy()
