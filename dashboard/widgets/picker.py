"""A table in which a row can be chosen; what is chosen is what the filter says, not what was clicked last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st


def pick_row(
    table: pd.DataFrame,
    *,
    key: str,
    chosen: int | None,
    on_pick: Callable[[int | None], None],
    columns: dict[str, Any] | None = None,
    height: int | None = None,
) -> None:
    """Draw `table` with the row at position `chosen` marked; `on_pick` gets the one clicked, None for unmarking."""

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        on_pick(int(rows[0]) if rows else None)

    marked = [] if chosen is None else [chosen]
    if key not in st.session_state or list(st.session_state[key]["selection"]["rows"]) != marked:
        st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    more: dict[str, Any] = {} if height is None else {"height": height}
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        on_select=picked,
        selection_mode="single-row",
        column_config=columns,
        **more,
    )


def position_of(values: list[Any], wanted: Any) -> int | None:
    """Where `wanted` stands in a list, or None."""
    return values.index(wanted) if wanted is not None and wanted in values else None
