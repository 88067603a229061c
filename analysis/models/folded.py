"""Weights of quantised exports: three arrays a layer, in the order of the layers, batch normalisation folded in.

`w00` (int8 or float), `s00` (a scale per output channel, absent where the weights are floats) and `b00` (biases) belong
to the first convolution, `w01` … to the next; the last ones to the layer that makes the class logits. TensorFlow Lite
files of quantised networks hold just that.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from analysis.base.errors import BadInput
from analysis.data.arrays_in import Npz

NAME = re.compile(r"([wsb])(\d{1,4})")


def is_folded(file: str | Path) -> bool:
    """Is it an .npz of such arrays? Reads the names alone."""
    path = Path(file).expanduser()
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        with Npz(path) as stored:
            return bool(stored) and all(NAME.fullmatch(name) for name in stored)
    except (BadInput, OSError):
        return False  # whoever reads it says what is wrong with it


def put_folded(network: nn.Module, file: str | Path) -> None:
    """Load such weights into `network`; BadInput naming the first layer that does not fit."""
    path = Path(file).expanduser()
    with Npz(path) as stored:
        arrays = dict(stored)
    layers = _layers(network)
    numbers = sorted({int(NAME.fullmatch(name)[2]) for name in arrays})  # type: ignore[index]  # all of them match
    by_number = {(name[0], int(name[1:])): array for name, array in arrays.items()}
    if numbers != list(range(len(layers))):
        raise BadInput(
            f"{path.name} holds {len(numbers)} layers", wanted=f"the {len(layers)} of the network named by --model"
        )
    for number, (layer, norm) in enumerate(layers):
        weight, bias, scale = (by_number.get((kind, number)) for kind in "wbs")
        _put(layer, norm, weight, bias=bias, scale=scale, what=f"layer {number} of {path.name}")


def _layers(network: nn.Module) -> list[tuple[nn.Conv2d | nn.Linear, nn.BatchNorm2d | None]]:
    """Convolutions and linear layers in the order of the modules, each with the batch normalisation after it."""
    found: list[tuple[nn.Conv2d | nn.Linear, nn.BatchNorm2d | None]] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            found.append((module, None))
        elif isinstance(module, nn.BatchNorm2d) and found:
            found[-1] = (found[-1][0], module)
    return found


def _put(
    layer: nn.Conv2d | nn.Linear,
    norm: nn.BatchNorm2d | None,
    weight: NDArray[np.generic] | None,
    *,
    bias: NDArray[np.generic] | None,
    scale: NDArray[np.generic] | None,
    what: str,
) -> None:
    outputs = layer.weight.shape[0]
    if any(array is not None and array.dtype.kind not in "iuf" for array in (weight, bias, scale)):
        raise BadInput(f"The arrays of {what} are no numbers", wanted="int8 or floats")
    if weight is None or weight.size != layer.weight.numel() or bias is None or bias.shape != (outputs,):
        found = "missing" if weight is None or bias is None else f"{weight.shape} and {bias.shape}"
        raise BadInput(f"The weights of {what} are {found}", wanted=f"{tuple(layer.weight.shape)} and ({outputs},)")
    if scale is not None and scale.shape != (outputs,):
        raise BadInput(f"The scales of {what} are {scale.shape}", wanted=f"({outputs},)")
    values = torch.from_numpy(np.asarray(weight, np.float32).reshape(layer.weight.shape))
    if scale is not None:
        values = values * torch.from_numpy(np.asarray(scale, np.float32)).reshape(-1, *[1] * (values.ndim - 1))
    shift = torch.from_numpy(np.asarray(bias, np.float32))
    if not (torch.isfinite(values).all() and torch.isfinite(shift).all()):
        raise BadInput(f"The weights of {what} hold NaN or infinity", wanted="finite weights")
    with torch.no_grad():
        layer.weight.copy_(values)
        if layer.bias is not None:
            layer.bias.copy_(shift if norm is None else torch.zeros_like(shift))
        if norm is not None:
            assert norm.running_mean is not None and norm.running_var is not None
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)  # to which eps is added: the norm divides by one
            norm.weight.fill_(1)
            norm.bias.copy_(shift)


def pad_as_tensorflow(network: nn.Module) -> None:
    """Let convolutions with stride two pad as TensorFlow's "same" does: what is left over goes right and below.

    torch pads both sides alike, which shifts every such layer by half a pixel against what the weights learned.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2) and module.padding != (0, 0):
            module.padding = (0, 0)
            module.register_forward_pre_hook(_pad)


def _pad(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    assert isinstance(module, nn.Conv2d)
    sides: list[int] = []
    for size, kernel in zip(inputs[0].shape[:1:-1], module.kernel_size[::-1], strict=True):  # the last axis first
        whole = max(0, (-(-size // 2) - 1) * 2 + kernel - size)
        sides += [whole // 2, whole - whole // 2]
    return (nn.functional.pad(inputs[0], sides), *inputs[1:])
