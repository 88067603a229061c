"""What of a link was not understood: anybody may have typed it, and nothing is to be left out in silence. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.selection import PARAMS, Filter, from_params, to_params

# How pages are drawn: the names of all their choices that a link can hold
OPTIONS = frozenset(
    {
        *("beside", "colour", "errors", "layout", "log", "near", "open", "part", "problem", "resolution", "show"),
        *("threshold", "two", "model", "versus", "on", "top", "ours", "labels", "steps"),
    }
)
STREAMLIT = "embed"  # how its own parameters begin
SHOWN = 24  # characters of a value that are repeated


def unread(params: Mapping[str, str]) -> list[str]:
    """The parameters without any meaning, as "name=value": unknown names, and values that no filter has."""
    read = to_params(from_params(params))
    return [named(name, value) for name, value in params.items() if value and not _is_read(name, value, read)]


def dropped(asked: Filter, chosen: Filter) -> list[str]:
    """The conditions of a filter that another one lacks, as a link has them."""
    left = to_params(chosen)
    return [named(name, value) for name, value in to_params(asked).items() if left.get(name) != value]


def named(name: str, value: str) -> str:
    """A condition or choice as the link has it, so far as it is worth repeating."""
    return f"{name}={value if len(value) <= SHOWN else value[: SHOWN - 1] + '…'}"


def _is_read(name: str, value: str, read: Mapping[str, str]) -> bool:
    if name not in PARAMS:
        return name in OPTIONS or name.startswith(STREAMLIT)
    if name == "images":
        return len(value.split("_")) == len(read.get(name, "").split("_")) and name in read
    if name == "suspicion":
        return name in read or value == "0~1"
    return name in read
