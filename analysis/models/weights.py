"""Weights from a local file: read without pickle, checked key by key."""

from __future__ import annotations

import importlib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from analysis.base.errors import BadInput, NotAvailable, NotFoundHere

State = dict[str, torch.Tensor]

WRAPPED_IN = ("state_dict", "model_state_dict", "model")  # names under which training scripts put the state dict
COUNTER = "num_batches_tracked"  # counts training steps; nothing in prediction reads it

# all that torch.load raises, as measured, for files that are damaged, are something else, or hold more than tensors
TORN: tuple[type[Exception], ...] = (
    torch.serialization.pickle.UnpicklingError,  # type: ignore[attr-defined]  # nothing here imports pickle itself
    RuntimeError, OSError, EOFError, zipfile.BadZipFile,
    LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip


def read_state(file: str | Path) -> State:
    """The named tensors of a .pt, .pth, .safetensors or .npz file, floats as float32.

    Raises NotFoundHere, BadInput or NotAvailable (safetensors not installed), each naming the file.
    """
    path = Path(file).expanduser()
    readers = {".pt": _read_torch, ".pth": _read_torch, ".safetensors": _read_safetensors, ".npz": _read_npz}
    if path.suffix.lower() not in readers:
        raise BadInput(f"{path.name} is no file of weights", wanted="one of " + ", ".join(readers))
    if not path.is_file():
        raise NotFoundHere(f"There is no file {path}", wanted="a file with the network's state dict")
    found = readers[path.suffix.lower()](path)
    state = {name.removeprefix("module."): _as_float32(path, name, tensor) for name, tensor in found.items()}
    if not state:
        raise BadInput(f"{path.name} holds no weights", wanted="named tensors")
    return state


def _read_torch(path: Path) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd pickle protocols; what cannot be read fails below
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except TORN as error:
        raise BadInput(
            f"{path.name} cannot be read as plain weights: {first_line(error)}",
            wanted="a state dict saved with torch.save(net.state_dict(), file)",
        ) from error
    for name in WRAPPED_IN:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise BadInput(f"{path.name} is no state dict", wanted="a mapping of names to tensors")
    return found


def first_line(error: Exception) -> str:
    """The first line of an error, which in torch may be followed by a page of advice."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        torch_door = importlib.import_module("safetensors.torch")  # an optional package: nothing else needs it
    except ImportError as error:
        raise NotAvailable(
            f"{path.name} needs the package safetensors, which is not installed",
            hint="pip install safetensors, or save the weights as .pt or .npz",
        ) from error
    try:
        found: dict[str, Any] = torch_door.load_file(path)
    except importlib.import_module("safetensors").SafetensorError as error:
        raise BadInput(f"{path.name} is damaged: {error}", wanted="a safetensors file") from error
    return found


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: torch.from_numpy(stored[name]) for name in stored.files}
    except (ValueError, TypeError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}", wanted="an .npz file of plain arrays") from error


def _as_float32(path: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    if name.endswith((COUNTER, "relative_position_index")):
        return tensor
    if not tensor.is_floating_point():
        raise BadInput(
            f"{name!r} in {path.name} is {str(tensor.dtype).removeprefix('torch.')}",
            wanted="float16, bfloat16 or float32 weights",
            hint="undo the quantisation before saving",
        )
    if not torch.isfinite(tensor).all():
        raise BadInput(f"{name!r} in {path.name} holds NaN or infinity", wanted="finite weights")
    return tensor.float()


def put_into(network: nn.Module, state: State, *, origin: str) -> None:
    """Load `state` into `network`; only the step counters of batch normalisation may be missing.

    Raises BadInput naming the keys that are missing, not known, or of another shape.
    """
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in state and not name.endswith(COUNTER)]
    unknown = [name for name in state if name not in wanted]
    shapes = [
        f"{name} ({list(state[name].shape)} instead of {list(wanted[name].shape)})"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape
    ]
    problems = [
        f"{title} {_some(names)}"
        for title, names in (("missing:", missing), ("not known:", unknown), ("wrong shape:", shapes))
        if names
    ]
    if problems:
        raise BadInput(
            f"The weights in {origin} do not fit the network: " + "; ".join(problems),
            wanted="the state dict of the network named by --model",
        )
    network.load_state_dict(state, strict=False)


def _some(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
