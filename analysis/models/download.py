"""torchvision's own weights: here already, or fetched; where neither works, what to do instead."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch

from analysis.base.errors import NotAvailable
from analysis.base.progress import Progress
from analysis.models.vision import torchvision
from analysis.models.weights import TORN, State, first_line

PATIENCE = 4  # seconds to wait for the server before it counts as out of reach
# densenet's file is from before module names could not hold dots
OLD_DENSENET = re.compile(
    r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$"
)


def default_weights(model: str) -> Any:
    """torchvision's best weights of a model (a member of its `WeightsEnum`)."""
    return torchvision().models.get_model_weights(model).DEFAULT


def kept_at(model: str) -> Path:
    """Where torch keeps, or would keep, the model's weights."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(default_weights(model).url).path).name


def is_here(model: str) -> bool:
    """Have the weights been fetched before?"""
    return kept_at(model).is_file()


@cache
def can_be_fetched(model: str) -> bool:
    """Does the server answer? Waits some seconds at most."""
    request = urllib.request.Request(default_weights(model).url, method="HEAD")  # torchvision's own https
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return True
    except (OSError, urllib.error.URLError):
        return False


def own_weights(model: str, progress: Progress) -> State:
    """torchvision's weights of a model, fetched where they are not here yet.

    Raises NotAvailable, with the ways that need no internet, when they cannot be had.
    """
    weights = default_weights(model)
    if not is_here(model):
        if not can_be_fetched(model):
            raise NotAvailable(
                f"The weights of {model} are not on this machine and {urlparse(weights.url).hostname} does not answer",
                wanted="weights, or a network that needs none",
                hint=(
                    "give a local file with --weights, or use --model patches, or train a small network with "
                    f"--model resnet20 --mode finetune; or fetch {weights.url} elsewhere and put it into "
                    f"{kept_at(model).parent}"
                ),
            )
        progress.note(f"Fetching the weights of {model} from {urlparse(weights.url).hostname}")
    try:
        state: State = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except TORN as error:
        raise NotAvailable(
            f"The weights of {model} could not be fetched or read: {first_line(error)}",
            wanted=f"the file {weights.url}",
            hint=f"delete {kept_at(model)} if it is there and try again, or use --weights or --model patches",
        ) from error
    if model.startswith("densenet"):
        state = {OLD_DENSENET.sub(r"\1\2", name): tensor for name, tensor in state.items()}
    return state
