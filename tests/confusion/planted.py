"""Labels and predictions with a known community structure, made from nothing but numpy."""

from __future__ import annotations

import numpy as np

from analysis.base.types import Predictions


def only_labels(predicted: np.ndarray, n_classes: int) -> Predictions:
    """Predictions that say one class an image."""
    held_out = np.ones(len(predicted), bool)
    ones = np.ones((len(predicted), 1), np.float32)
    return Predictions("test", n_classes, held_out, top_class=predicted[:, None], top_prob=ones)


def dense(probs: np.ndarray) -> Predictions:
    """Dense predictions (N, K)."""
    return Predictions("test", probs.shape[1], np.ones(len(probs), bool), probs=probs)


def random_probs(n: int, k: int, *, seed: int, sharpness: float = 2.0) -> np.ndarray:
    """Probabilities (n, k) float32."""
    logits = np.random.default_rng(seed).normal(size=(n, k)) * sharpness
    raw = np.exp(logits)
    return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


def planted(sizes: list[int], *, n: int, inside: float = 0.3, outside: float = 0.02, seed: int = 0):
    """Given labels, predicted labels and the planted community of every class, neighbours together."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    k = len(truth)
    given = rng.integers(0, k, n)
    predicted, draw = given.copy(), rng.random(n)
    near = draw < inside
    predicted[near] = start[given[near]] + rng.integers(0, np.array(sizes)[truth[given[near]]])
    far = draw > 1 - outside
    predicted[far] = rng.integers(0, k, far.sum())
    return given, predicted, truth
