"""How the matrix is drawn, which blocks are open, and the way to find one class among thousands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import streamlit as st

from dashboard import state
from dashboard.cells import classes_named, communities_named, rest_of
from dashboard.charts.folding import READABLE, Axis, between, by_block, usually_open
from dashboard.charts.matrix import MEASURES, Drawn, Measure
from dashboard.widgets.class_names import MOST_NAMES, ask_part, offered, placeholder
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name

OPEN = "open"  # URL parameter: numbers of the open communities, "none", or nothing for the usual
NONE = "none"
CRUMBS = 6  # open blocks named one by one
YES_NO = ("yes", "no")


def controls() -> Drawn:
    """Measure, errors only, log colours: all part of the link."""
    usual: Measure = state.option("show", MEASURES)  # type: ignore[assignment]  # one of MEASURES
    version = state.changes()
    measure = st.segmented_control("Show", MEASURES, default=usual, required=True, key=f"confusion.show.{version}")
    state.set_option("show", measure, MEASURES)
    errors = _toggle("Only errors", "errors", YES_NO, "Leave out images predicted as labelled.")
    log = _toggle("Log colours", "log", YES_NO[::-1], "Makes rare confusions visible.")
    return Drawn(measure, errors, log)


def _toggle(label: str, name: str, allowed: tuple[str, str], text: str) -> bool:
    key = f"confusion.{name}.{state.changes()}"
    on = st.toggle(label, state.option(name, allowed) == "yes", key=key, help=text)
    state.set_option(name, "yes" if on else "no", allowed)
    return bool(on)


# -- blocks -----------------------------------------------------------------------------------------------------------
def opened(seen: Seen) -> frozenset[int]:
    """The communities whose block is open: as somebody folded them, else the usual for the filter in force."""
    said = state.kept(OPEN)
    if said and said != NONE:
        found = parse_open(said, seen.n_communities)
        if len(found) < len(set(said.split("_"))):
            state.forget(OPEN)
            if found:
                write_open(found)
        said = state.kept(OPEN)
    if said:
        return parse_open(said, seen.n_communities)
    return usually_open(seen.columns.community, communities_named(seen.chosen, seen.columns.community))


def parse_open(said: str, n_communities: int) -> frozenset[int]:
    """The communities of the link; what makes no sense is left out, because anyone can type into a URL."""
    parts = said.split("_") if len(said) < 10_000 else []
    return frozenset(int(p) for p in parts if p.isascii() and p.isdigit() and len(p) < 10 and int(p) < n_communities)


def write_open(communities: Collection[int]) -> None:
    """Keep which blocks are open, in session and link."""
    state.keep(OPEN, "_".join(map(str, sorted(communities))) or NONE)


def open_too(seen: Seen, more: Collection[int]) -> None:
    """Open further blocks and keep them open: the rows must not change under the pointer with the next click."""
    if state.kept(OPEN) or len(seen.classes) > READABLE:
        write_open(opened(seen) | frozenset(more))


def axis_of(seen: Seen) -> Axis:
    """Rows of the matrix: blocks of classes, communities where a block is closed."""
    now, community = opened(seen), seen.columns.community
    weight = None
    if len(community) > READABLE and now:
        weight = between(seen.table("confusion"), community, now)
    return by_block(seen.table("classes"), now, must=classes_named(seen.chosen), weight=weight)


def breadcrumbs(seen: Seen) -> None:
    """The way back to all communities, the open blocks, and the way to open or fold any of them."""
    state.keep(OPEN, state.kept(OPEN))  # a page switch has emptied the link
    now = opened(seen)
    every = frozenset(np.unique(seen.columns.community).tolist())
    if len(every) == 1:
        return
    st.button("All communities", key="confusion.all", type="tertiary", disabled=not now, on_click=_fold, args=(seen,))
    if now != every or len(seen.classes) > READABLE:
        for c in sorted(now)[:CRUMBS]:
            st.button(
                f"› {community_name(c)}",
                key=f"confusion.crumb.{c}",
                type="tertiary",
                icon=":material/close:",
                icon_position="right",
                help="Fold this community into one row",
                on_click=write_open,
                args=(now - {c},),
            )
        if len(now) > CRUMBS:
            st.caption(f"and {len(now) - CRUMBS} more")
    _chooser(seen, now)
    if now != every and len(seen.classes) <= READABLE:
        st.button("Open all", key="confusion.open", type="tertiary", on_click=state.keep, args=(OPEN, ""))


def _fold(seen: Seen) -> None:
    """Back to one row per community; what the matrix has set in the filter goes too."""
    state.keep(OPEN, NONE if len(seen.classes) <= READABLE else "")
    state.set_filter(rest_of(seen.chosen))


def _chooser(seen: Seen, now: frozenset[int]) -> None:
    table = seen.table("communities").sort_values("n_errors", ascending=False, kind="stable")
    sizes = table.set_index("community")["n_classes"].to_dict()
    key = f"confusion.blocks.{state.changes()}.{state.kept(OPEN)}"

    def choose() -> None:
        write_open(st.session_state[key])

    with st.popover("Open or fold blocks", icon=":material/unfold_more:"):
        st.multiselect(
            "Communities whose classes have rows of their own",
            list(dict.fromkeys([*sorted(now), *table["community"].tolist()[:MOST_NAMES]])),
            sorted(now),
            lambda c: f"{community_name(c)} ({sizes[c]:,})",
            key=key,
            on_change=choose,
        )


# -- one class --------------------------------------------------------------------------------------------------------
def class_search(seen: Seen) -> None:
    """Find a class by typing; it becomes the class of the filter, its row and column are pointed at."""
    names = seen.classes  # looked up once: it is read from the open workspace
    part = ask_part(names, key="confusion.part")
    numbers = offered(names, part, keep=[seen.chosen.class_id])
    key = f"confusion.class.{state.changes()}"

    def choose() -> None:
        k = st.session_state[key]
        if k is not None:
            open_too(seen, [int(seen.columns.community[k])])
        only = rest_of(seen.chosen).only or ("errors" if k is not None else "")
        state.set_filter(replace(rest_of(seen.chosen), class_id=k, only=only))

    at = numbers.index(seen.chosen.class_id) if seen.chosen.class_id in numbers else None
    st.selectbox(
        "Find a class",
        numbers,
        at,
        lambda k: clean(names[k]),
        key,
        placeholder=placeholder(numbers, part, "type its name"),
        width=220,
        on_change=choose,
    )


def words(seen: Seen, axis: Axis) -> None:
    """Say what is folded, and where the matrix counts only some of the images because of conditions set elsewhere."""
    said = [axis.words()] if axis.words() else []
    if not rest_of(seen.chosen).is_empty:
        said.append("Only the images that pass the other conditions of the filter are counted.")
    if said:
        st.caption(" ".join(said))
