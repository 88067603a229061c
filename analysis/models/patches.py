"""Features without any training on labels and without any download: whitened patches and a learnt dictionary.

[Coates11]: small random patches of the images are normalised and whitened, spherical k-means finds the patterns they
are made of, and an image is described by how strongly each pattern is present in each part of it. The dictionary
sees the images but never a label, so nothing of a given label can leak into neighbours, map or held-out predictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from analysis.models.images import Fit, Look

Floats = NDArray[np.float32]

N_PATCHES = 50_000  # to learn the dictionary from
N_IMAGES = 5_000  # the patches come from at most so many images
CONTRAST = 10 / 255**2  # added to a patch's variance (pixels in 0..1), so that noise in flat areas is not blown up
WHITENING = 0.1  # added to the eigenvalues, as a share of their mean
THRESHOLD = 0.5  # a pattern counts where its response exceeds this
ROUNDS = 10  # of k-means


@dataclass(frozen=True)
class Plan:
    """Size of images and patches, number of patterns, step between patches, cells per side that are pooled apart."""

    fit: Fit
    patch: int
    patterns: int
    stride: int
    grid: int

    @property
    def width(self) -> int:
        """D, the number of features."""
        return self.patterns * self.grid * self.grid

    @property
    def name(self) -> str:
        """Names everything that decides the features."""
        colour = "grey" if self.fit.grey else "colour"
        return f"patches-{self.fit.size}px-{colour}-{self.patch}-{self.patterns}-{self.stride}-{self.grid}"


def plan_for(seen: Look) -> Plan:
    """A plan that suits the images. The figures were measured on digits, Fashion-MNIST, CIFAR-10 and photos."""
    if seen.side <= 16:
        return Plan(Fit(16, grey=seen.grey), patch=6, patterns=200, stride=1, grid=2)
    if seen.side <= 48:
        return Plan(Fit(32 if seen.side > 28 else 28, grey=seen.grey), patch=6, patterns=400, stride=1, grid=2)
    return Plan(Fit(64, grey=seen.grey), patch=12, patterns=300, stride=2, grid=3)


@dataclass(frozen=True)
class Dictionary:
    """What was learnt from the patches: `filters` (patterns, C, p, p) and `offset` (patterns,) of the responses."""

    filters: Floats
    offset: Floats


def learn(images: NDArray[np.uint8], plan: Plan, *, seed: int) -> Dictionary:
    """Learn the dictionary from images (n, S, S, C) uint8. Always on the CPU: the same on every device."""
    rng = np.random.default_rng([seed, 0xD1C7])
    patches = normalised(sample_patches(images, plan.patch, rng))
    mean = patches.mean(dim=0)
    whiten = whitening(patches - mean)
    atoms = spherical_kmeans((patches - mean) @ whiten, plan.patterns, rng)
    linear = atoms @ whiten.T
    # a patch's own mean is taken off before: done once to the filters, it need not be done to every patch
    filters = (linear - linear.mean(dim=1, keepdim=True)).reshape(-1, plan.patch, plan.patch, images.shape[3])
    return Dictionary(filters.permute(0, 3, 1, 2).contiguous().numpy(), (linear @ mean).numpy())


def sample_patches(images: NDArray[np.uint8], patch: int, rng: np.random.Generator) -> torch.Tensor:
    """Random patches (N_PATCHES, p·p·C) float32 in 0..1."""
    n, height, width, _ = images.shape
    which = rng.integers(n, size=N_PATCHES)
    top = rng.integers(height - patch + 1, size=N_PATCHES)
    left = rng.integers(width - patch + 1, size=N_PATCHES)
    windows = np.lib.stride_tricks.sliding_window_view(images, (patch, patch), axis=(1, 2))
    found = windows[which, top, left].transpose(0, 2, 3, 1)
    return torch.from_numpy(found.reshape(N_PATCHES, -1).astype(np.float32) / 255)


def normalised(patches: torch.Tensor) -> torch.Tensor:
    """Patches (n, d) with their brightness and contrast taken out."""
    return (patches - patches.mean(dim=1, keepdim=True)) / torch.sqrt(patches.var(dim=1, keepdim=True) + CONTRAST)


def whitening(centred: torch.Tensor) -> torch.Tensor:
    """The symmetric (d, d) map that takes the correlation of neighbouring pixels out of centred patches (n, d)."""
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    return vectors @ torch.diag((values.clamp_min(0) + WHITENING * values.mean() + 1e-8).rsqrt()) @ vectors.T


def spherical_kmeans(points: torch.Tensor, k: int, rng: np.random.Generator) -> torch.Tensor:
    """k unit vectors (k, d) that, up to sign, point where the points (n, d) are. [Coates12]"""
    atoms = functional.normalize(points[torch.from_numpy(rng.choice(len(points), k, replace=len(points) < k))], dim=1)
    for _ in range(ROUNDS):
        response = points @ atoms.T
        nearest = response.abs().argmax(dim=1)
        strength = response.gather(1, nearest[:, None])
        moved = torch.zeros_like(atoms).index_add_(0, nearest, strength * points)
        empty = moved.norm(dim=1) < 1e-6
        if empty.any():
            moved[empty] = points[torch.from_numpy(rng.choice(len(points), int(empty.sum())))]
        atoms = functional.normalize(moved, dim=1)
    return atoms


class PatchNetwork(torch.nn.Module):
    """The dictionary as a network: images (n, C, S, S) uint8 in, features (n, D) float32 out."""

    filters: torch.Tensor
    offset: torch.Tensor

    def __init__(self, dictionary: Dictionary, plan: Plan) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(dictionary.filters))
        self.register_buffer("offset", torch.from_numpy(dictionary.offset)[None, :, None, None])
        self.plan = plan

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Square roots of the mean responses above the threshold, per pattern and cell; (n, D), 0 and more."""
        patch, stride = self.plan.patch, self.plan.stride
        n_values = patch * patch * images.shape[1]
        x = images.float() / 255 - 0.5  # centred, so that the variance below does not cancel
        mean = functional.avg_pool2d(x.mean(dim=1, keepdim=True), patch, stride)
        square = functional.avg_pool2d(x.square().mean(dim=1, keepdim=True), patch, stride)
        variance = (square - mean.square()).clamp_min(0) * (n_values / (n_values - 1))
        response = functional.conv2d(x, self.filters, stride=stride) * torch.rsqrt(variance + CONTRAST)
        active = functional.relu(response - self.offset - THRESHOLD)
        return functional.adaptive_avg_pool2d(active, self.plan.grid).flatten(1).sqrt()
