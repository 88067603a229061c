"""The matrices of a page by keys and clicks, and the frames of what is chosen: what was meant comes back as a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cells import Marks, stretches

Cell = tuple[int, int]
_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "lookalike_matrix_keys",
    html=(_HERE / "matrix_keys.html").read_text(encoding="utf-8"),
    css=(_HERE / "matrix_keys.css").read_text(encoding="utf-8"),
    js=(_HERE / "matrix_keys.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Gestures:
    """What is called, before the page runs again: a cell was chosen, or opened, or the choice was taken back."""

    pick: Callable[[Cell], None]
    drill: Callable[[Cell], None]
    clear: Callable[[], None]


def read_cell(value: Any, size: int) -> Cell | None:
    """The cell (row, column) of a matrix of `size` rows that the browser names, or None where it makes no sense."""
    found = (value.get("row"), value.get("column")) if isinstance(value, dict) else (None, None)
    row, column = found
    if type(row) is not int or type(column) is not int or not (0 <= row < size and 0 <= column < size):
        return None
    return row, column


def matrix_keys(
    names: Sequence[str],
    closed: Sequence[bool],
    *,
    at: Cell | None,
    marks: Marks,
    chosen: bool,
    colour: str,
    key: str,
    on: Gestures,
) -> None:
    """Take keys and clicks for matrices of M rows with these `names`; `closed` rows are blocks that can open.

    `at` is the cell that is chosen, `marks` what is framed over the charts, `chosen` whether there is anything to take
    back, `colour` that of the frames.
    """

    def sent(name: str, act: Callable[[Cell], None]) -> Callable[[], None]:
        def take() -> None:
            cell = read_cell((st.session_state.get(key) or {}).get(name), len(names))
            if cell is not None:
                act(cell)

        return take

    _mount(
        key=key,
        data={
            "names": list(names),
            "closed": list(closed),
            "at": at,
            "marks": {
                "blocks": list(marks.blocks),
                "rows": stretches(marks.rows),
                "columns": stretches(marks.columns),
            },
            "chosen": chosen,
            "colour": colour,
        },
        height="content",
        on_picked_change=sent("picked", on.pick),
        on_drilled_change=sent("drilled", on.drill),
        on_cleared_change=on.clear,
    )
