"""What the map is drawn from, kept in memory as it travels: positions and colours of the drawn points.

As in `loaders`, cached functions take paths, runs and stamps. What is cached is shared by all visitors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard import loaders
from dashboard.charts.scatter import Colouring, Sample, can_colour, colouring_of_column, sample_points
from dashboard.layouts import arrays_of
from dashboard.server import opened
from dashboard.server.points import Packet, codes, packet
from dashboard.widgets.text import clean, community_name

COLUMN = "column:"  # how a colouring by a column of the data set is named
# columns of every data set that say nothing about an image's place among others
_OWN = {"image_id", "path", "source_row", "given", "content", "title", "description"}
VERDICTS = {
    "": "not judged",
    "keep": "kept",
    "relabel": "relabelled",
    "several": "several labels",
    "none_fits": "no label fits",
    "unsure": "unsure or skipped",
    "skip": "unsure or skipped",
}
DECISIONS = list(dict.fromkeys(VERDICTS.values()))


@dataclass(frozen=True, eq=False)
class Drawn:
    """The drawn points whatever their colour: which rows, and what is said of each."""

    sample: Sample
    rows: Packet | None
    given: Packet
    predicted: Packet
    suspicion: Packet


@dataclass(frozen=True, eq=False)
class Coloured:
    """A colouring of all N images, and the packet of the drawn ones."""

    whole: Colouring
    packet: Packet


def drawn(path: str, run_id: str) -> Drawn:
    """The points that are drawn: all, or a sample that begins with the suspects."""
    return _drawn(path, run_id, loaders.stamp_of(path, run_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _drawn(path: str, run_id: str, stamp: str) -> Drawn:  # noqa: ARG001  # part of the cache key
    c = loaders.run_columns(path, run_id)
    sample = sample_points(len(c), c.is_suspect)
    rows, k = sample.rows, len(c.community)
    return Drawn(
        sample=sample,
        rows=packet(rows, "u4") if len(rows) < len(c) else None,
        given=codes(c.given[rows], k),
        predicted=codes(c.predicted[rows], k),
        suspicion=packet(np.rint(c.suspicion[rows] * 255).astype(np.uint8), "u1"),
    )


def layouts(path: str, run_id: str) -> dict[str, str]:
    """The layouts that a run holds, the one of its settings first: the name of a method and the array with it."""
    return arrays_of(loaders.workspace(path).run(run_id))


def positions(path: str, run_id: str, array: str) -> NDArray[np.floating]:
    """The places (N, 2) of a layout; memory-mapped."""
    return loaders.workspace(path).run(run_id).array(array)


def places(path: str, run_id: str, array: str) -> Packet:
    """Where the drawn points lie."""
    return _places(path, run_id, array, loaders.stamp_of(path, run_id, array))


@st.cache_resource(max_entries=8, show_spinner=False)
def _places(path: str, run_id: str, array: str, stamp: str) -> Packet:  # noqa: ARG001  # part of the cache key
    return packet(positions(path, run_id, array)[drawn(path, run_id).sample.rows], "f4")


@st.cache_resource(max_entries=8, show_spinner=False)
def columns_to_colour(path: str) -> list[str]:
    """The columns of the data set that points can be coloured by; their names are hostile."""
    table = loaders.dataset(path).table
    return [name for name in table.columns if name not in _OWN and can_colour(table[name])]


def coloured(path: str, run_id: str, by: str) -> Coloured:
    """The colours of all images by given, predicted, community, suspicion, decision, or "column:<name>"."""
    event = loaders.decision_store(path).last_seq() if by == "decision" else 0
    return _coloured(path, run_id, by, stamp=f"{loaders.stamp_of(path, run_id)} {event}")


@st.cache_resource(max_entries=12, show_spinner=False)
def _coloured(path: str, run_id: str, by: str, *, stamp: str) -> Coloured:  # noqa: ARG001  # part of the cache key
    whole = _colouring(path, run_id, by)
    rows = drawn(path, run_id).sample.rows
    if whole.category is not None:
        return Coloured(whole, codes(whole.category[rows], len(whole.names)))
    return Coloured(whole, packet(np.rint(np.asarray(whole.value)[rows] * 255).astype(np.uint8), "u1"))


def _colouring(path: str, run_id: str, by: str) -> Colouring:
    c, names = loaders.run_columns(path, run_id), loaders.dataset(path).classes
    if by == "suspicion":
        return Colouring("suspicion", value=c.suspicion)
    if by == "community":
        groups = [community_name(k) for k in range(int(c.community.max()) + 1)]
        return Colouring("community of the given label", category=c.community[c.given], names=groups)
    if by == "decision":
        return Colouring("decision", category=_decisions(path), names=DECISIONS, plain=0)
    if by.startswith(COLUMN):
        name = by.removeprefix(COLUMN)
        return colouring_of_column(loaders.dataset(path).table[name], clean(name))
    return Colouring(f"{by} label", category=c.given if by == "given" else c.predicted, names=names)


def _decisions(path: str) -> NDArray[np.int64]:
    """The decision in force on every image (N,), as a number into `DECISIONS`."""
    current = loaders.decision_store(path).in_force()
    found = np.zeros(len(loaders.dataset(path)), np.int64)
    rows = opened.open_workspace(path).row_of.get_indexer(current["image_id"])
    said = current["verdict"].map(lambda verdict: DECISIONS.index(VERDICTS.get(verdict, "unsure or skipped")))
    found[rows[rows >= 0]] = said.to_numpy(np.int64)[rows >= 0]
    return found
