"""igraph with a random generator of its own: every room that looks for communities draws through here."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_igraph_lock = threading.Lock()  # igraph has one random generator for the whole process


@contextmanager
def igraph_seeded(seed: int) -> Iterator[None]:
    """Let igraph draw from a generator of its own: it has one for the whole process, so one thread at a time."""
    import igraph

    with _igraph_lock:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311  # not for secrets
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)
