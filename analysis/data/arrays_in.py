"""Open .npy and .npz files of others: no pickle, damaged files a clear error."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analysis.base.errors import BadInput, NotFoundHere

DAMAGE = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, SyntaxError)


def open_npy(path: Path) -> NDArray[Any]:
    """An array from a .npy file, memory-mapped and read-only."""
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise NotFoundHere(f"There is no file {path}") from error
    except DAMAGE as error:
        raise BadInput(f"{path.name} cannot be read: {_why(error)}", wanted="a .npy file without objects") from error
    if not isinstance(loaded, np.ndarray):
        raise BadInput(f"{path.name} holds several arrays", wanted="one array", hint="name it .npz")
    return loaded


class Npz(Mapping[str, NDArray[Any]]):
    """The arrays of a .npz file, each read when asked for. Close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._handle = path.open("rb")  # opened here because NumPy leaves a damaged file open
        except FileNotFoundError as error:
            raise NotFoundHere(f"There is no file {path}") from error
        try:
            self._file = np.load(self._handle, allow_pickle=False)
        except DAMAGE as error:
            self._handle.close()
            raise BadInput(f"{path.name} cannot be read: {_why(error)}", wanted="a .npz file") from error
        if not isinstance(self._file, np.lib.npyio.NpzFile):
            self._handle.close()
            raise BadInput(f"{path.name} holds a single array", wanted="a .npz file with named arrays")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._handle.close()

    def __getitem__(self, key: str) -> NDArray[Any]:
        if key not in self._file.files:
            raise KeyError(key)
        try:
            array = self._file[key]
        except DAMAGE as error:
            raise BadInput(
                f"The array {key!r} in {self.path.name} cannot be read: {_why(error)}",
                wanted="numbers or text, no pickled objects",
            ) from error
        if not isinstance(array, np.ndarray):
            raise BadInput(f"{key!r} in {self.path.name} is no array", wanted="a .npy array inside the .npz")
        return array

    def __contains__(self, key: object) -> bool:
        return key in self._file.files  # Mapping would read the array to answer

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.files)

    def __len__(self) -> int:
        return len(self._file.files)

    def first(self, names: Iterable[str]) -> str | None:
        """The first key among `names`, upper and lower case alike; None when none is there."""
        lower = {key.lower(): key for key in reversed(self._file.files)}
        return next((lower[name] for name in names if name in lower), None)


def _why(error: BaseException) -> str:
    text = " ".join(str(error).split())[:160]
    return "it is no NumPy file or holds pickled objects" if "pickle" in text else text or type(error).__name__
