"""Atomic files: written beside and moved into place, so that a reader sees the old, the new, never a part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from analysis.base.errors import BadInput


@contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it is moved into place, else removed.

    Raises BadInput for a device or pipe such as /dev/null: moving a file there would put an end to it.
    `sync` waits for the disk first; a cache that can be made again does without.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise BadInput(f"{path} is no file, but a device or a pipe", wanted="the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        yield beside
        if sync:
            with beside.open("rb+") as handle:
                os.fsync(handle.fileno())
        beside.replace(path)
    except OSError as error:
        if error.filename is None:  # a full disk does not say which file it was
            error.filename = str(path)
        raise
    finally:
        beside.unlink(missing_ok=True)
