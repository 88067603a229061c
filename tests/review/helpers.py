"""Decisions in few words."""

from __future__ import annotations

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
