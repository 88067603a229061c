"""The door for data sets: find the reader that fits a source, check its options, read.

A reader is one file in `analysis/data/readers` with a function under `@reader(name, …)`; the registry finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress, Silent
from analysis.base.registry import Registry
from analysis.base.types import Dataset

Options = Mapping[str, str]
ReadFunction = Callable[[str, Options, Progress], Dataset]
YES, NO = frozenset({"yes", "true", "1", "on"}), frozenset({"no", "false", "0", "off"})


@dataclass(frozen=True)
class ReaderSpec:
    """A kind of data set: `sniff(source)` says without reading much whether it fits; `options` are name → meaning."""

    name: str
    title: str
    sniff: Callable[[str], bool]
    read: ReadFunction
    options: Mapping[str, str]


READERS: Registry[ReaderSpec] = Registry("reader", "analysis.data.readers")


def reader(
    name: str, *, title: str, sniff: Callable[[str], bool], options: Mapping[str, str] | None = None
) -> Callable[[ReadFunction], ReadFunction]:
    """Register the decorated `read(source, options, progress) -> Dataset` under `name`."""

    def register(function: ReadFunction) -> ReadFunction:
        READERS.add(name, ReaderSpec(name, title, sniff, function, options or {}))
        return function

    return register


def read(
    source: str,
    *,
    reader: str | None = None,
    options: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, str]:
    """Read a data set; gives it with the name of the reader used.

    `source` is a folder, a file, `digits`, `torchvision:NAME` or `hf:NAME`; options may follow as `?name=value&…`.
    Without `reader` exactly one must recognise the source.
    """
    place, written = split_source(source)
    spec = READERS.get(reader) if reader else _sniffed(place)
    asked = {**written, **(options or {})}
    unknown = sorted(set(asked) - set(spec.options))
    if unknown:
        raise BadInput(
            f"The reader {spec.name!r} has no option {unknown[0]!r}",
            wanted="one of " + ", ".join(spec.options) if spec.options else "no option",
        )
    return spec.read(place, asked, progress or Silent()), spec.name


def split_source(source: str) -> tuple[str, dict[str, str]]:
    """Part "place?a=1&b=2" into place and options; a file whose name holds a question mark stays whole."""
    place, mark, query = source.partition("?")
    if not mark or exists(source):
        return source, {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise BadInput(f"The options {query!r} cannot be read", wanted="name=value&name=value") from error
    return place, dict(pairs)


def exists(source: str) -> bool:
    """Is there a file or folder of that name? Text that can be no file name is simply not there."""
    try:
        return Path(source).expanduser().exists()
    except (OSError, ValueError):
        return False


def _sniffed(source: str) -> ReaderSpec:
    fitting = [spec for _, spec in READERS.items() if _fits(spec, source)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BadInput(
            f"{source} could be read by {' or '.join(spec.name for spec in fitting)}",
            wanted="one reader",
            hint="name it with --reader",
        )
    known = ", ".join(READERS.names())
    if not exists(source):
        raise NotFoundHere(f"There is no {source[:200]!r}", wanted="a folder, file or digits", hint=f"readers: {known}")
    if Path(source).expanduser().is_dir():
        raise BadInput(
            f"The folder {source} holds no class folders with images",
            wanted="one folder of images per class, or the files of another data set",
            hint=f"images in one flat folder need a list of paths and labels (csv_list); readers: {known}",
        )
    raise BadInput(f"No reader recognises {source}", wanted=f"a source for one of {known}", hint="or use --reader")


def _fits(spec: ReaderSpec, source: str) -> bool:
    try:
        return spec.sniff(source)
    except (OSError, ValueError):  # text that can be no file name, a folder that may not be read
        return False


def flag(options: Options, name: str, *, default: bool) -> bool:
    """A yes/no option."""
    value = options.get(name)
    if value is None:
        return default
    if value.lower() not in YES | NO:
        raise BadInput(f"The option {name} is {value!r}", wanted="yes or no")
    return value.lower() in YES


def number(options: Options, name: str, *, default: float, low: float, high: float) -> float:
    """A numeric option in low..high."""
    text = options.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BadInput(f"The option {name} is {text!r}", wanted=f"a number in {low:g}..{high:g}")
    return value


def folder_of(source: str) -> Path:
    """The resolved folder behind a source, or a clear error."""
    path = Path(source).expanduser()
    if not path.exists():
        raise NotFoundHere(f"There is no folder {source!r}")
    if not path.is_dir():
        raise BadInput(f"{source} is a file", wanted="a folder")
    return path.resolve()


def file_of(source: str) -> Path:
    """The resolved file behind a source, or a clear error."""
    path = Path(source).expanduser()
    if not path.exists():
        raise NotFoundHere(f"There is no file {source!r}")
    if not path.is_file():
        raise BadInput(f"{source} is no file", wanted="a file")
    return path.resolve()
