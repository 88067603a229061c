"""Decisions in few words, and processes that begin at one moment."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from analysis.base.types import Decision


def decision(seq: int, image_id: str = "a.png", verdict: Any = "keep", **changes: Any) -> Decision:
    """One decision on an image given as cat and suggested as dog; a relabel says dog."""
    facts: dict[str, Any] = {
        "given": "cat",
        "suggested": "dog",
        "new_label": "dog" if verdict == "relabel" else None,
        "reviewer": "ada",
        "run_id": "run-1",
        "session": "session-1",
        "decided_at": 1_760_000_000.25 + seq,
    }
    return Decision(image_id=image_id, verdict=verdict, seq=seq, **{**facts, **changes})


def undo(seq: int, undoes: int, image_id: str = "a.png", **changes: Any) -> Decision:
    """The taking back of the decision `undoes`."""
    return decision(seq, image_id, "undo", undoes=undoes, **changes)


def at_one_moment(work: Callable[..., str], facts: Sequence[tuple[Any, ...]]) -> None:
    """Do `work(*facts, barrier)` in a process for each of the facts, and print what each one says, sorted."""
    fork = multiprocessing.get_context("fork")  # the children start together, with everything imported
    barrier, results = fork.Barrier(len(facts)), fork.Queue()
    children = [fork.Process(target=_child, args=(work, each, barrier, results)) for each in facts]
    for child in children:
        child.start()
    said = [results.get(timeout=120) for _ in children]
    for child in children:
        child.join()
    print("\n".join(sorted(said)), flush=True)


def _child(work: Callable[..., str], facts: tuple[Any, ...], barrier: Any, results: Any) -> None:
    try:
        results.put(work(*facts, barrier))
    except BaseException:  # noqa: BLE001  # the parent shows it
        results.put(traceback.format_exc())
