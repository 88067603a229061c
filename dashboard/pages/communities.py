"""Communities: the confusion graph as the way in; a node, an edge or a community leads to its images."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import loaders_communities, state
from dashboard.components.class_graph.class_graph import chosen_in, class_graph, filter_of, read_pick
from dashboard.components.class_graph.drawing import Drawing
from dashboard.loaders_communities import View, levels
from dashboard.widgets.community import community_report, legend
from dashboard.widgets.crumbs import PART, community_drawn, crumbs, part_drawn, parts
from dashboard.widgets.edge_reasons import edge_reasons
from dashboard.widgets.frame import colours, enter
from dashboard.widgets.gallery import gallery, review_button
from dashboard.widgets.levels import choose_level, level_tables, say_own
from dashboard.widgets.model_difference import model_difference
from dashboard.widgets.pair import both_directions
from dashboard.widgets.pair_verdict import pair_verdict
from dashboard.widgets.second_run import second_run
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import percent
from dashboard.widgets.weak_spots import weak_spots
from dashboard.widgets.work import work_table

GRAPH = "communities.graph"


def graph(seen: Seen, other: Seen | None, level: int | None) -> Drawing:
    """Draw the graph and what belongs beside it."""
    run_id, community = seen.run.run_id, seen.columns.community
    view = View(colours().mode, level, community_drawn(seen), part_drawn(seen), other.run.run_id if other else "")
    drawing = loaders_communities.drawing(seen.path, run_id, view)

    def picked(value: Any) -> None:
        pick = read_pick(value, len(community), seen.n_communities)
        if pick is not None:
            state.set_filter(filter_of(pick, community))
            state.keep(PART, "")

    class_graph(drawing, shown=chosen_in(drawing.scene, seen.chosen, community), key=GRAPH, on_pick=picked)
    parts(drawing.scene)
    st.caption(say_graph(seen, drawing, compared=other is not None))
    return drawing


def say_graph(seen: Seen, drawing: Drawing, *, compared: bool) -> str:
    """What size, width, colour and border say."""
    summary, scene = seen.json("summary"), drawing.scene
    size = "Size: images predicted as another class."
    width = "Width: how much two are confused; a faint outline is what accepted fixes have taken away."
    if compared:
        width = "Width: how much the two models differ; solid: more confused here, dashed: more in the other run."
    drawn = len(scene.edges)
    thinned = f" The {drawn:,} heaviest of {scene.n_edges:,} edges are drawn." if scene.n_edges > drawn else ""
    mass = (
        f" Modularity {summary['modularity']:.2f} with {percent(summary['mass_kept'], digits=0)} of the confusion kept."
    )
    way = "double-click a class for its community" if scene.of_classes else "a community opens with a click"
    look = "Colour and shape: group; dashed border: unsure."
    return f"{size} {width} {look}{mass}{thinned} Click a node or an edge; {way}; Escape clears."


def images(seen: Seen) -> None:
    """The images of what was chosen; a pair shows both directions side by side."""
    chosen = seen.chosen
    paired = chosen.pair is not None and chosen.both and chosen.given != chosen.predicted
    if not paired:
        st.subheader("Which images are these?", anchor=False)
    edge_reasons(seen)
    pair_verdict(seen, key="communities.pair")
    review_button(seen, key="communities.review")
    if paired:
        both_directions(seen, chosen)
    else:
        gallery(seen, seen.rows, key="communities")


def main() -> None:
    """Draw the page."""
    seen = enter("communities", "Which classes form groups that the model mixes up?")
    if seen is None:
        return
    found = levels(seen.path, seen.run.run_id)
    left, right = st.columns([3, 2], gap="large")
    with right:
        other = second_run(seen, key="communities.beside")
    with left:
        crumbs(seen)
        place = st.container()
        level = choose_level(found)
        with place:
            drawing = graph(seen, other, level)
        if found is not None and level is not None and level != found.own:
            st.info(say_own(found, level))
    with right:
        legend(seen, drawing, own=found is None or level == found.own)
        community_report(seen)
    level_tables(seen, found, level)
    if not seen.chosen.is_empty:
        images(seen)
    if other is not None:
        model_difference(seen, other)
    st.subheader("Which communities are weak, and how far is each judged?", anchor=False)
    work_table(seen)
    st.subheader("Which classes are weak spots?", anchor=False)
    weak_spots(seen)
    st.download_button(
        "Download the graph as a page of its own",
        data=lambda: drawing.page("Confusion graph").encode(),
        file_name="confusion-graph.html",
        mime="text/html",
        on_click="ignore",
        icon=":material/download:",
    )


main()
