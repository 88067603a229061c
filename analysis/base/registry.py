"""One registry for all plug-ins: a plug-in is a file in a package, found by walking that package."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from typing import Generic, TypeVar

from analysis.base.errors import NotFoundHere

Spec = TypeVar("Spec")


class Registry(Generic[Spec]):
    """Named plug-ins of one kind, loaded on first use from every module of `package`."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._specs: dict[str, Spec] = {}
        self._unavailable: dict[str, str] = {}
        self._loaded = False
        self._loading = threading.RLock()  # pages run in threads: nobody may see a registry half filled

    def add(self, name: str, spec: Spec) -> None:
        """Register `spec` under `name`; a name taken already is a programming error."""
        if name in self._specs:
            raise ValueError(f"two {self.kind}s are named {name!r}")
        self._specs[name] = spec

    def load(self) -> None:
        """Import every module of the package once; a module that fails to import is remembered with its reason."""
        with self._loading:
            if self._loaded:
                return
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                if not module.name.startswith("_"):
                    self._import(module.name)
            self._loaded = True

    def _import(self, module: str) -> None:
        try:
            importlib.import_module(f"{self.package}.{module}")
        except ImportError as error:
            self._unavailable[module] = str(error)

    def names(self) -> list[str]:
        """All usable names, sorted."""
        self.load()
        return sorted(self._specs)

    def items(self) -> list[tuple[str, Spec]]:
        """All (name, plug-in) pairs, sorted by name."""
        return [(name, self._specs[name]) for name in self.names()]

    def unavailable(self) -> dict[str, str]:
        """Modules that could not be imported, with the reason."""
        self.load()
        return dict(self._unavailable)

    def get(self, name: str) -> Spec:
        """The plug-in of that name; an unknown name lists the known ones."""
        self.load()
        if name in self._specs:
            return self._specs[name]
        reason = self._unavailable.get(name)
        if reason:
            raise NotFoundHere(f"The {self.kind} {name!r} is not available: {reason}")
        raise NotFoundHere(f"There is no {self.kind} named {name!r}", wanted="one of " + ", ".join(self.names()))
