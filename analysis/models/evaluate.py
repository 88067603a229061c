"""Networks that are asked as they are: what they predict for labelled images, with their own weights and transforms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from analysis.base.arrays import digest_of
from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput, NotAvailable, NotFoundHere, UserError
from analysis.base.progress import Parts, Progress
from analysis.models import zoo
from analysis.models.device import pick
from analysis.models.download import default_weights, kept_at
from analysis.models.held_out import batch_for, content_of
from analysis.models.images import look
from analysis.models.networks import SMALL
from analysis.models.predict import Extractor, extract

if TYPE_CHECKING:
    from analysis.models import Load

KEPT = 5  # classes per image
WNID = re.compile(r"n\d{8}")
SUFFIXES = (".npz", ".pt", ".pth", ".safetensors")
SCALINGS = ("own", "caffe", "unit", "signed", "tf")


@dataclass(frozen=True)
class Asked:
    """A network to be asked, `settings` with its weights and scaling, and the `name` its predictions get.

    `no_crop`: the images were cropped before, and are brought to the input's size as they are.
    """

    model: str
    settings: ModelSettings
    name: str
    no_crop: bool = False


@dataclass(frozen=True, eq=False)
class Answers:
    """The best classes of N images, `top_class` (N, k) and `top_prob` (N, k), k = 5 or as many as there are; `notes`
    say how outputs of the network were taken for classes of the data set."""

    top_class: NDArray[np.int32]
    top_prob: NDArray[np.float32]
    notes: tuple[str, ...]


def asked_models(
    text: str, *, weights_dir: str | None = None, device: str = "auto", batch: int = 0, no_crop: bool = False
) -> list[Asked]:
    """The networks of a list such as "resnet50,mobilenet_v2:tf"; after the colon stands another scaling.

    In `weights_dir` a file whose name begins with that of the network holds its weights; else they are torchvision's.
    Raises NotFoundHere for a name that is none, BadInput for one that is there twice.
    """
    files = _files_in(weights_dir)
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        model, _, scaling = part.partition(":")
        if (scaling or "own") not in SCALINGS:
            raise BadInput(f"The scaling of {part!r} is not known", wanted="one of " + ", ".join(SCALINGS))
        if zoo.check_name(model) == zoo.PATCHES:
            raise BadInput("The model patches has no classes of its own", wanted="a network's name")
        file = files.get(model)
        settings = ModelSettings(
            model=model, weights=file, preprocess=scaling or "own", device=device, batch=batch
        )  # fmt: skip
        found.append(Asked(model, settings, f"{model} ({Path(file).name})" if file else model, no_crop))
    names = [asked.name for asked in found]
    if not found or len(set(names)) < len(names):
        raise BadInput(
            f"The models {text[:80]!r} are none, or one of them twice", wanted="names such as resnet50,vit_b_16"
        )
    return found


def _files_in(folder: str | None) -> dict[str, str]:
    """Files of weights by the network they are for; of several the first by name."""
    if folder is None:
        return {}
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise NotFoundHere(f"There is no folder {place}", wanted="a folder with files of weights")
    found: dict[str, str] = {}
    for path in sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES):
        try:
            found.setdefault(zoo.name_in(path.name), str(path.resolve()))
        except UserError:
            continue  # some other file
    return found


def answers(load: Load, classes: Sequence[str], n: int, asked: Asked, *, parts: Parts, progress: Progress) -> Answers:
    """What a network says of the images 0..n-1, as classes 0..K-1 of the data set with the names `classes`.

    Finished chunks are kept in `parts`. Raises NotAvailable, naming the file and its place, where weights cannot be
    had; BadInput where the network's outputs are no classes of the data set.
    """
    device, side = pick(asked.settings.device), look(load, n).side
    recipe = zoo.recipe_for(asked.model, asked.settings, side=side)
    notes: tuple[str, ...] = ()
    if asked.no_crop:
        recipe = replace(recipe, fit=replace(recipe.fit, resize=recipe.fit.size))
    elif recipe.fit.how == "crop" and side <= recipe.fit.size < recipe.fit.resize:
        notes = (
            f"{asked.model}: images of {side} px were enlarged and cropped; --no-crop where they are cropped already",
        )
    network = _network(asked, recipe, progress)
    n_outputs = len(zoo.last_layer(network)[1].weight)
    columns, said = outputs_of(classes, asked.model, n_outputs)
    best = Best(zoo.Prepared(network, recipe), columns)
    key = digest_of(
        asked.name, recipe.fit, asked.settings.preprocess, content_of(asked.settings.weights), columns.tolist()
    )[:12]
    batch = asked.settings.batch or batch_for(recipe.fit.size, device)
    found = extract(
        load,
        n,
        Extractor(f"answers_{key}", best, recipe.fit, batch, exact=True),
        device=device,
        parts=parts,
        progress=progress,
    )
    k = found.shape[1] // 2
    return Answers(found[:, :k].astype(np.int32), found[:, k:], (*notes, *said))


def _network(asked: Asked, recipe: zoo.Recipe, progress: Progress) -> nn.Module:
    if asked.model in SMALL and asked.settings.weights is None:
        raise NotAvailable(
            f"The network {asked.model} has no weights of its own",
            wanted=f"a file {asked.model}.pth, .npz or .safetensors in --weights-dir",
        )
    try:
        return zoo.pretrained(asked.model, asked.settings, recipe, progress)
    except NotAvailable as error:
        if asked.settings.weights is not None:
            raise
        raise NotAvailable(
            error.found,
            wanted=f"the file {default_weights(asked.model).url}",
            hint=f"put it into {kept_at(asked.model).parent}, or weights named {asked.model}.pth, .npz or .safetensors "
            "into a folder and name that with --weights-dir",
        ) from error


class Best(nn.Module):
    """The best classes of a network's outputs: (n, 2k), k class numbers and then their probabilities.

    `columns` (K,) says which output each class of the data set is; other outputs are left out before the softmax.
    """

    columns: torch.Tensor

    def __init__(self, network: nn.Module, columns: NDArray[np.integer[Any]]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("columns", torch.from_numpy(columns.astype(np.int64)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """For images (n, 3, S, S) in 0..255; equal outputs go by class number."""
        logits = self.network(images)[:, self.columns].float()
        probs, ids = torch.sort(torch.softmax(logits, dim=1), dim=1, descending=True, stable=True)
        return torch.cat([ids[:, :KEPT].float(), probs[:, :KEPT]], dim=1)


def outputs_of(classes: Sequence[str], model: str, n_outputs: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Which output of the network each class is (K,), by wnid, number or name; and what there is to say of it."""
    known = _by_wnid(classes, n_outputs) or _by_number(classes, n_outputs) or _by_name(classes, model, n_outputs)
    if known is None and len(classes) == n_outputs:
        note = f"{model}: class k of the data set was taken for output k, in the order of the data set's classes"
        return np.arange(n_outputs), (note,)
    if known is None:
        raise BadInput(
            f"The {len(classes):,} classes of the data set, such as {classes[0][:40]!r}, are not the {n_outputs:,} "
            f"outputs of {model}",
            wanted="its class names, their numbers from 0, or all wnids",
            hint="for a part of the classes name a file with all wnids, sorted, one a line: --option classes=FILE",
        )
    few = f"{model}: {len(classes):,} of {n_outputs:,} outputs are classes of the data set; only these compete"
    return np.array(known, np.int64), (few,) if len(classes) < n_outputs else ()


def _by_wnid(classes: Sequence[str], n_outputs: int) -> list[int] | None:
    """By the rank of the wnid among all; a part of them does not tell its ranks."""
    if len(classes) != n_outputs or not all(WNID.fullmatch(name) for name in classes):
        return None
    rank = {wnid: place for place, wnid in enumerate(sorted(classes))}
    return [rank[name] for name in classes]


def _by_number(classes: Sequence[str], n_outputs: int) -> list[int] | None:
    is_number = all(name.isascii() and name.isdigit() and int(name) < n_outputs for name in classes)
    return [int(name) for name in classes] if is_number else None


def _by_name(classes: Sequence[str], model: str, n_outputs: int) -> list[int] | None:
    """By the names that torchvision gives the outputs; a name that stands for two outputs does not tell."""
    if model in SMALL:
        return None
    names = [name.casefold() for name in default_weights(model).meta.get("categories", ())]
    if len(names) != n_outputs:
        return None
    place = {name: at for at, name in enumerate(names) if names.count(name) == 1}
    found = [place.get(name.casefold()) for name in classes]
    return None if None in found else [at for at in found if at is not None]
