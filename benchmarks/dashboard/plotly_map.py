"""The Map page as it was with Plotly, without its sampling: what benchmarks/dashboard/map_cost.py compares with.

LOOKALIKE_WORKSPACE=w python -m streamlit run benchmarks/dashboard/plotly_map.py
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dashboard import state
from dashboard.selection import polygon
from dashboard.server.routes import routes
from dashboard.widgets.frame import colours, enter
from dashboard.widgets.gallery import gallery
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_plotly

CHART = "map.points"


def lassoed() -> None:
    for shape in st.session_state[CHART]["selection"]["lasso"]:
        state.set_filter(replace(state.current(), lasso=polygon(np.c_[shape["x"], shape["y"]])))


def trace(xy: Any, **how: Any) -> go.Scattergl:
    x, y = xy[:, 0].astype(np.float32), xy[:, 1].astype(np.float32)
    return go.Scattergl(x=x, y=y, mode="markers", showlegend=False, **how)


def figure(seen: Seen) -> go.Figure:
    """Faint points, and those of the filter in the colour of their given label, with a text each for the pointer."""
    c, steps = seen.columns, (*colours().categories, colours().faint)
    meant = np.zeros(len(c), bool)
    meant[seen.rows] = True
    xy = np.asarray(c.xy)
    size = float(np.clip(300 / np.sqrt(len(xy)), 3.5, 9))
    names = [for_plotly(name, limit=24) for name in seen.classes]
    texts = [
        f"{names[g]} → {names[p]} ({s:.2f})"
        for g, p, s in zip(c.given[meant], c.predicted[meant], c.suspicion[meant], strict=True)
    ]
    scale = [(end / len(steps), colour) for i, colour in enumerate(steps) for end in (i, i + 1)]
    code = (c.given[meant] % len(colours().categories)).astype(np.uint8)
    look = {"color": code, "cmin": -0.5, "cmax": len(steps) - 0.5, "colorscale": scale, "size": size, "opacity": 0.8}
    made = go.Figure(
        [
            trace(xy[~meant], marker={"size": size * 0.8, "color": colours().faint}, hoverinfo="skip"),
            trace(xy[meant], marker=look, hovertext=texts, hoverinfo="text"),
        ]
    )
    return made.update_layout(height=540, dragmode="lasso", hovermode="closest", uirevision="map")


def main() -> None:
    st.set_page_config(layout="wide")
    state.set_workspace(os.environ["LOOKALIKE_WORKSPACE"])
    seen = enter("map", "Which images look alike to the model?")
    assert seen is not None
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(figure(seen), key=CHART, on_select=lassoed, selection_mode=("lasso", "box"))
    with right:
        gallery(seen, seen.rows, key="map")


if __name__ == "__main__":
    main()
else:
    app = st.App(Path(__file__), routes=routes())
