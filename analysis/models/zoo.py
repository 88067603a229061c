"""Networks by name: torchvision's classification models, the small ones of this room, each with its weights."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress
from analysis.models.download import default_weights, own_weights
from analysis.models.folded import is_folded, pad_as_tensorflow, put_folded
from analysis.models.images import Fit
from analysis.models.networks import SMALL, side_for
from analysis.models.vision import torchvision
from analysis.models.weights import put_into, read_state

PATCHES = "patches"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (123.0, 117.0, 104.0)  # RGB, 0..255


@dataclass(frozen=True)
class Recipe:
    """What a network expects: the fit of its images, and mean and spread (R, G, B) in 0..255 that make its input."""

    fit: Fit
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Prepared(nn.Module):
    """A network that takes bytes: (n, 3, S, S) uint8 in, scaled as the weights ask, the network's output out."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(recipe.mean)[None, :, None, None])
        self.register_buffer("std", torch.tensor(recipe.std)[None, :, None, None])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The network's output (n, …) for images (n, 3, S, S) in 0..255, bytes or floats."""
        out: torch.Tensor = self.network((images.float() - self.mean) / self.std)
        return out


# -- names -----------------------------------------------------------------------------------------------------------
@cache
def names() -> tuple[str, ...]:
    """All networks by name, sorted; beside these there is `patches`."""
    models = torchvision().models
    return tuple(sorted([*SMALL, *models.list_models(module=models)]))


def check_name(model: str) -> str:
    """The name itself, or NotFoundHere with the names most like it."""
    if model == PATCHES or model in names():
        return model
    close = difflib.get_close_matches(model, names(), n=4, cutoff=0.5)
    wanted = "auto, patches or a network such as " + ", ".join(close or ["resnet18", "mobilenet_v3_small", "resnet20"])
    raise NotFoundHere(f"There is no network named {model!r}", wanted=wanted)


def name_in(weights_file: str) -> str:
    """The network that a file of weights is for, by the start of its name; NotFoundHere when it does not tell."""
    stem = Path(weights_file).stem.lower().replace("-", "_")
    fits = [name for name in names() if re.match(rf"{re.escape(name)}($|[_.])", stem)]
    if not fits:
        raise BadInput(
            f"The name {Path(weights_file).name} does not say which network the weights are for",
            wanted="a network's name with --model",
        )
    return max(fits, key=len)


# -- what a network expects ------------------------------------------------------------------------------------------
def recipe_for(model: str, settings: ModelSettings, *, side: int = 32) -> Recipe:
    """What the network expects; `settings.preprocess` may change the scaling. `side`: of the images, for small nets."""
    if model in SMALL:
        size = side_for(side)
        own = Recipe(Fit(size), _times_255(IMAGENET_MEAN), _times_255(IMAGENET_STD))
    else:
        asked = default_weights(model).transforms()
        resampling = Image.Resampling.BILINEAR if asked.interpolation.value == "bilinear" else Image.Resampling.BICUBIC
        fit = Fit(int(asked.crop_size[0]), "crop", resize=int(asked.resize_size[0]), interpolation=resampling)
        own = Recipe(fit, _times_255(asked.mean), _times_255(asked.std))
    scalings: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
        "own": (own.mean, own.std),
        "caffe": (CAFFE_MEAN, (1.0, 1.0, 1.0)),
        "unit": ((0.0,) * 3, (255.0,) * 3),
        "signed": ((127.5,) * 3, (127.5,) * 3),
        "tf": ((127.5,) * 3, (127.5,) * 3),
    }
    mean, std = scalings[settings.preprocess]
    return replace(own, mean=mean, std=std)


def _times_255(values: Any) -> tuple[float, ...]:
    return tuple(255.0 * float(value) for value in values)


# -- networks --------------------------------------------------------------------------------------------------------
def build(model: str, n_classes: int, *, image_side: int | None = None) -> nn.Module:
    """The network with random weights and `n_classes` outputs."""
    if model in SMALL:
        return SMALL[model](n_classes)
    options: dict[str, Any] = {}
    if model in ("googlenet", "inception_v3"):
        # their weights expect another scaling, which they do inside
        options = {"transform_input": True, "init_weights": False}
    if model.startswith("vit_") and image_side:
        options = {"image_size": image_side}
    network: nn.Module = torchvision().models.get_model(model, weights=None, num_classes=n_classes, **options)
    return network


def last_layer(network: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d]:
    """Name and module of the layer that makes the class logits: the last linear layer or 1 × 1 convolution."""
    layers = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1))
    ]
    return layers[-1]


def without_head(network: nn.Module) -> nn.Module:
    """The network giving its penultimate features (n, D): the last layer is taken out, what follows it stays."""
    name, _ = last_layer(network)
    network.set_submodule(name, nn.Identity())
    return network


def with_head(network: nn.Module, n_classes: int) -> nn.Module:
    """The network with a new, random last layer for `n_classes`."""
    name, layer = last_layer(network)
    if isinstance(layer, nn.Linear):
        network.set_submodule(name, nn.Linear(layer.in_features, n_classes, bias=layer.bias is not None))
    else:
        network.set_submodule(name, nn.Conv2d(layer.in_channels, n_classes, 1, bias=layer.bias is not None))
    return network


def pretrained(model: str, settings: ModelSettings, recipe: Recipe, progress: Progress) -> nn.Module:
    """The network with its own weights, or those of the file in `settings.weights`."""
    network = _with_weights(model, settings, recipe, progress)
    if settings.preprocess == "tf":
        pad_as_tensorflow(network)
    return network


def _with_weights(model: str, settings: ModelSettings, recipe: Recipe, progress: Progress) -> nn.Module:
    if settings.weights is not None and is_folded(settings.weights):
        network = build(model, 1000, image_side=recipe.fit.size)
        put_folded(network, settings.weights)
        return network
    if settings.weights is not None:
        state, origin = read_state(settings.weights), Path(settings.weights).name
    elif model in SMALL:
        raise BadInput(
            f"The network {model} has no weights of its own",
            wanted="a file of weights with --weights, or training with --mode finetune",
        )
    else:
        state, origin = own_weights(model, progress), f"torchvision's {model}"
    network = build(model, 1000, image_side=recipe.fit.size)
    name, _ = last_layer(network)
    outputs = len(state[f"{name}.weight"]) if f"{name}.weight" in state else 1000
    if outputs != 1000:
        with_head(network, outputs)
    put_into(network, state, origin=origin)
    return network
