"""Holding the server at one of its functions, so that what comes while it is busy can be tested without any load."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

# read by Python itself before anything else in the server's process
DOUBLE = """
import os, pathlib, sys, time

if "streamlit" in sys.orig_argv:
    sys.path.insert(0, {root!r})
    import importlib

    owner, shut, reached = importlib.import_module({module!r}), pathlib.Path({shut!r}), pathlib.Path({reached!r})
    held = owner.{function}

    def gate(*args, **kwargs):
        while shut.exists():
            reached.touch()
            time.sleep(0.01)
        return held(*args, **kwargs)

    owner.{function} = gate
"""
ROOT = Path(__file__).resolve().parents[2]


class Gate:
    """A function of the server, by the module that calls it; whoever calls it waits while the gate is shut."""

    def __init__(self, folder: Path, module: str, function: str) -> None:
        folder.mkdir()
        self._shut, self._reached = folder / "shut", folder / "reached"
        made = DOUBLE.format(
            root=str(ROOT), module=module, function=function, shut=str(self._shut), reached=str(self._reached)
        )
        (folder / "sitecustomize.py").write_text(made, encoding="utf-8")
        self.environment = {"PYTHONPATH": str(folder)}

    def shut(self) -> None:
        """From now on everybody waits there."""
        self._reached.unlink(missing_ok=True)
        self._shut.touch()

    def open(self) -> None:
        """Let everybody through."""
        self._shut.unlink(missing_ok=True)

    def wait(self) -> None:
        """Until somebody stands there."""
        until = time.monotonic() + 20
        while not self._reached.exists():
            assert time.monotonic() < until, "nobody came to the gate"
            time.sleep(0.01)


MakeGate = Callable[[str, str], Gate]
