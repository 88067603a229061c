"""The threshold of a kind of problem, on a slider."""

from __future__ import annotations

import math

import streamlit as st

from analysis.problems.kinds import Kind
from dashboard.widgets.seen import Seen


def threshold(kind: Kind, seen: Seen) -> float:
    """The threshold of a kind, on a slider that begins at the usual one or at what the data suggests."""
    facts = seen.json("problems")
    usual = facts["thresholds"].get(kind.name)
    if usual is None or not kind.measures:
        return 0.0
    low, high, step = kind.lowest, kind.highest, 0.01
    if kind.name == "near":
        low, step = math.floor(facts["near_lowest"] * 1000) / 1000, 0.001
    elif kind.name == "stranger":
        low = math.floor(min(usual, float(seen.table("image_facts")["likeness"].min())) * 100) / 100
    start = min(high, max(low, round(round(usual / step) * step, 4)))
    where = "at least" if kind.worst == "high" else "at most"
    came = "the data suggests" if kind.usual is None else "usual is"
    return float(
        st.slider(
            f"{kind.measures[0].upper()}{kind.measures[1:]}: {where} …",
            low,
            high,
            start,
            step,
            format="%.3f" if kind.name == "near" else "%.2f",
            key=f"problems.at.{kind.name}.{seen.run.run_id}",
            help=f"For this measure {came} {start:g}.",
        )
    )
