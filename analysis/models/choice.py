"""Which network, which way, which device: settled where the settings leave it to `auto`, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput
from analysis.base.types import Dataset
from analysis.models import Choice, download, zoo
from analysis.models.device import Device, pick
from analysis.models.images import Look, look
from analysis.models.networks import SMALL
from analysis.models.zoo import PATCHES

if TYPE_CHECKING:
    from analysis.models import Load

SMALL_SIDE = 48  # pixels: up to here images are small, and networks for photos see nothing in them
MANY = 5_000  # small images from which training a network beats fixed features, given a fast device
MANY_FOR_CPU = 20_000  # photos from which a CPU takes the faster network
ON_GPU, ON_CPU, ON_CPU_MANY = "resnet50", "resnet18", "mobilenet_v3_small"

Mode = Literal["probe", "finetune"]


def choose(dataset: Dataset, load: Load, settings: ModelSettings) -> Choice:
    """The mode, model and device for these images and settings, with the reason in one sentence."""
    device = pick(settings.device)
    seen = look(load, len(dataset))
    if settings.model != "auto" or settings.weights is not None:
        mode, model, why = _asked_for(settings)
    elif settings.mode == "finetune":
        mode, model, why = _to_train(seen, device)
    elif seen.side <= SMALL_SIDE:
        mode, model, why = _small(dataset, settings, seen, device)
    else:
        mode, model, why = _photos(dataset, device)
    size = f"{len(dataset):,} {'grey ' if seen.grey else ''}images of about {seen.side} px"
    return Choice(mode=mode, model=model, why=f"{size} on {device.kind.upper()}: {why}.", device=device.describe())


def _asked_for(settings: ModelSettings) -> tuple[Mode, str, str]:
    """A network named by the user, or by the file of weights."""
    model = zoo.name_in(settings.weights or "") if settings.model == "auto" else zoo.check_name(settings.model)
    if model == PATCHES:
        if settings.weights is not None or settings.mode == "finetune":
            raise BadInput(
                "The model patches has nothing to train and takes no weights",
                wanted="--mode probe without --weights, or a network's name with --model",
            )
        return "probe", model, "patch features, as asked, with cross-validated linear heads"
    source = "weights from a file" if settings.weights else "its own weights"
    untrained = model in SMALL and settings.weights is None
    if settings.mode == "finetune" or (settings.mode == "auto" and untrained):
        start = "from random weights" if untrained else f"from {source}"
        return "finetune", model, f"{model}, as asked, trained {start} once per fold"
    if untrained:
        raise BadInput(
            f"The network {model} has no weights of its own, so that there is nothing to probe",
            wanted="a file of weights with --weights, or --mode finetune",
        )
    return "probe", model, f"{model}, as asked, with {source} and cross-validated linear heads"


def _to_train(seen: Look, device: Device) -> tuple[Mode, str, str]:
    """The network that is trained where only the mode was asked for."""
    if seen.side > SMALL_SIDE:
        model = ON_GPU if device.is_accelerator else ON_CPU
        if download.is_here(model):
            return "finetune", model, f"{model} is trained from its own weights, which are on this machine"
        return "finetune", "resnet20", "no weights for photos are on this machine, so a small network is trained"
    if seen.grey and not device.is_accelerator:
        return "finetune", "lenet", "LeNet is trained, which is quick enough without a GPU"
    return "finetune", "resnet20", "a ResNet for small images is trained"


def _small(dataset: Dataset, settings: ModelSettings, seen: Look, device: Device) -> tuple[Mode, str, str]:
    if settings.mode == "auto" and device.is_accelerator and len(dataset) >= MANY:
        return (
            "finetune",
            "resnet20",
            "enough small images to train a ResNet on once per fold, and a device fast enough",
        )
    kind = "digit-sized" if seen.side <= 16 else "small"
    return "probe", PATCHES, (
        f"for {kind} images patch features learnt without labels, with cross-validated linear heads, take seconds "
        "and need no download"
    )  # fmt: skip


def _photos(dataset: Dataset, device: Device) -> tuple[Mode, str, str]:
    """A pretrained network where its weights can be had, else patches. The one place that may ask the network."""
    slow = not device.is_accelerator and len(dataset) > MANY_FOR_CPU
    model = ON_GPU if device.is_accelerator else ON_CPU_MANY if slow else ON_CPU
    here = [name for name in (model, ON_GPU, ON_CPU, ON_CPU_MANY) if download.is_here(name)]
    heads = "with cross-validated linear heads"
    if model in here or (here and not download.can_be_fetched(model)):
        return "probe", here[0], f"{here[0]} with its own weights, which are on this machine, {heads}"
    if download.can_be_fetched(model):
        return "probe", model, f"{model} with its own weights, which are fetched once, {heads}"
    return "probe", PATCHES, (
        "no pretrained weights are on this machine and the server does not answer, so patch features learnt without "
        f"labels, {heads}; a file of weights given with --weights would see more"
    )  # fmt: skip
