"""Where the graph stands: all communities, one of them, a class of it; and which part where there are many."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.components.class_graph.scene import SHOWN, Scene, part_with
from dashboard.selection import Filter
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import community_name, for_markdown

NAME = 24  # characters: what stands over the graph keeps to one line
PART = "part"  # URL parameter: which part of a scene of many nodes, from 2


def community_drawn(seen: Seen) -> int | None:
    """The community that a large graph shows the classes of: that of the filter's community, class or pair."""
    chosen, of = seen.chosen, seen.columns.community
    if len(of) <= SHOWN or chosen.into is not None:
        return None
    if chosen.community is not None:
        return chosen.community
    meant = {int(of[k]) for k in (chosen.class_id, chosen.given, chosen.predicted) if k is not None}
    return meant.pop() if len(meant) == 1 else None


def part_drawn(seen: Seen) -> int:
    """The part to draw, from 0: the one with the class of the filter, else the one of the link."""
    chosen = seen.chosen
    k = next((k for k in (chosen.class_id, chosen.given, chosen.predicted) if k is not None), None)
    if k is not None and community_drawn(seen) is not None:
        return part_with(seen.table("classes"), k)
    return (_part_asked() or 1) - 1


def _part_asked() -> int | None:
    """The part of the link, from 1; None where it is no number."""
    asked = state.kept(PART)
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None


def crumbs(seen: Seen) -> None:
    """The way back up: every step but the last is a button. Always there, so that the graph does not move."""
    chosen = seen.chosen
    top = chosen.community is None and chosen.class_id is None and chosen.pair is None
    inside = community_drawn(seen)
    c = inside if inside is not None else chosen.community
    if c is None and chosen.class_id is not None:
        c = int(seen.columns.community[chosen.class_id])
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="communities.crumbs"):
        st.button("All communities", type="tertiary", key="crumb.all", on_click=_go, args=(Filter(),), disabled=top)
        if c is not None:
            _step(community_name(c), Filter(community=c), last=chosen == Filter(community=c), key="crumb.community")
        if chosen.class_id is not None:
            st.markdown(f"› **{for_markdown(seen.classes[chosen.class_id], limit=NAME)}**")
        elif chosen.pair is not None:
            one, two = (for_markdown(seen.classes[k], limit=NAME // 2) for k in chosen.pair)
            st.markdown(f"› **{one} and {two}**")


def _step(name: str, leads_to: Filter, *, last: bool, key: str) -> None:
    if last:
        st.markdown(f"› **{name}**")
    else:
        st.markdown("›")
        st.button(name, type="tertiary", key=key, on_click=_go, args=(leads_to,))


def _go(chosen: Filter) -> None:
    state.set_filter(chosen)
    state.keep(PART, "")


def parts(scene: Scene) -> None:
    """Says what part of many nodes is drawn, and leads to the others."""
    if not 1 <= (_part_asked() or 0) <= scene.n_parts:
        state.forget(PART)
    if scene.n_parts == 1:
        return
    what = "classes of this community" if scene.of_classes else "communities"
    first = scene.part * SHOWN + 1
    key = f"communities.part.{state.changes()}.{scene.part}"

    def turned() -> None:
        page = int(st.session_state[key])
        state.keep(PART, "" if page == 1 else str(page))

    st.caption(f"{first:,} to {first + len(scene.nodes) - 1:,} of {scene.n_all:,} {what}, those of most errors first.")
    st.pagination(scene.n_parts, default=scene.part + 1, key=key, on_change=turned)
