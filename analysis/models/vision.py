"""The door to torchvision, which mends one common broken installation."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import torch

MISSING_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

_declared: list[Any] = []  # a torch.library.Library takes its operators along when it is collected


@cache
def torchvision() -> ModuleType:
    """torchvision, imported.

    A CUDA build of torchvision beside a CPU build of torch cannot load its compiled library and dies at import with
    "operator torchvision::nms does not exist". Declaring the schemas of the missing operators lets models and
    transforms work; the operators themselves then say that they are missing. Where the library loads, nothing is done.
    """
    try:
        import torchvision as module
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        declare_missing()
        module = _import_again()
    return module


def declare_missing() -> list[str]:
    """Declare those of torchvision's operators that its Python files expect and torch does not know; their names."""
    missing = [name for name in MISSING_SCHEMAS if not hasattr(torch.ops.torchvision, name)]
    if missing:
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for name in missing:
            library.define(MISSING_SCHEMAS[name])  # type: ignore[no-untyped-call]
        _declared.append(library)
    return missing


def _import_again() -> ModuleType:
    """Import after a failed try: what it left half-made is forgotten first."""
    import importlib
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    return importlib.import_module("torchvision")
