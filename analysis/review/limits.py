"""What a decision may hold: the last check before the store, whatever door it came through."""

from __future__ import annotations

import math
from collections.abc import Iterable

from analysis.base.errors import Refused
from analysis.base.types import Decision

SEPARATOR = "\v"  # between the class names of `several`; no class name holds it
MAX_SEQ = 2**53 - 1  # the largest whole number that JavaScript counts exactly
MAX_TIME = 253_402_300_800  # the year 10000
MAX_BATCH = 10_000  # decisions in one transaction
MAX_CHARS = {
    "image_id": 4096,
    "given": 1000,
    "suggested": 1000,
    "reviewer": 200,
    "run_id": 1000,
    "session": 128,
    "note": 4000,
    "queue": 200,
}
MAX_LABEL = 1000
MAX_SEVERAL = 50
ONE_LINE = ("reviewer", "run_id", "session", "queue")  # file names, class names and notes may hold line breaks
MAY_BE_EMPTY = ("given", "suggested", "note", "run_id", "queue")
_BREAKS = "\t\n\r"


def check_decision(decision: Decision) -> None:
    """Refuse what is oversized, malformed or unprintable, naming the field; never cut silently."""
    for name, longest in MAX_CHARS.items():
        check_text(name, getattr(decision, name), longest, one_line=name in ONE_LINE)
        if not getattr(decision, name) and name not in MAY_BE_EMPTY:
            raise Refused(f"The {name} of a decision is empty")
    check_number("seq", decision.seq)
    if decision.undoes is not None:
        check_number("undoes", decision.undoes)
        if decision.undoes == decision.seq:
            raise Refused(f"The decision {decision.seq} undoes itself")
    check_time(decision.decided_at)
    if decision.shown_at is not None:
        check_time(decision.shown_at)
    if decision.new_label is not None:
        _check_labels(decision)


def sift(decisions: Iterable[Decision]) -> tuple[list[Decision], list[tuple[Decision, str]]]:
    """(sound decisions, refused ones with the reason), both in order: so that a bad one holds up no other."""
    sound: list[Decision] = []
    refused: list[tuple[Decision, str]] = []
    for decision in decisions:
        try:
            check_decision(decision)
            sound.append(decision)
        except Refused as error:
            refused.append((decision, str(error)))
    return sound, refused


def labels_of(new_label: str | None) -> tuple[str, ...]:
    """The class names that a new label holds: none, one, or those of `several`."""
    return tuple(new_label.split(SEPARATOR)) if new_label else ()


def _check_labels(decision: Decision) -> None:
    check_text("new_label", decision.new_label, MAX_SEVERAL * (MAX_LABEL + 1), one_line=False, allowed=SEPARATOR)
    labels = labels_of(decision.new_label)
    if not labels or not all(labels):
        raise Refused(f"The verdict {decision.verdict} came with an empty new label")
    if decision.verdict == "relabel" and len(labels) > 1:
        raise Refused("A new label is one class name; several need the verdict 'several'")
    if decision.verdict == "several" and not 2 <= len(set(labels)) == len(labels) <= MAX_SEVERAL:
        raise Refused(
            f"The verdict several came with {len(labels)} labels", wanted=f"2 to {MAX_SEVERAL} different ones"
        )
    for label in labels:
        check_text("new_label", label, MAX_LABEL, one_line=False)


def check_text(
    name: str, value: object, longest: int, *, one_line: bool, allowed: str = "", of: str = "a decision"
) -> None:
    """Refuse what is no text, too long, or holds control characters (line breaks are fine unless `one_line`)."""
    if not isinstance(value, str):
        raise Refused(f"The {name} of {of} is {type(value).__name__}", wanted="text")
    if len(value) > longest:
        raise Refused(f"The {name} of {of} has {len(value)} characters", wanted=f"at most {longest}")
    fine = allowed if one_line else _BREAKS + allowed
    for char in value:
        if char not in fine and (char < " " or "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff"):
            raise Refused(f"The {name} of {of} holds the control character {char!r}", wanted="printable text")


def check_number(name: str, value: object) -> None:
    """Refuse what is no whole number that JavaScript counts exactly."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEQ:
        raise Refused(f"The {name} of a decision is {str(value)[:40]}", wanted=f"a whole number in 0..{MAX_SEQ}")


def check_time(value: object) -> None:
    """Refuse what is no time in seconds since 1970."""
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    if not sound or not math.isfinite(value) or not 0 <= value < MAX_TIME:  # type: ignore[arg-type,operator]
        raise Refused(f"The time of a decision is {str(value)[:40]}", wanted="seconds since 1970, UTC")
