"""Communities: the confusion graph as the way in; a node, an edge or a community leads to its images."""

from __future__ import annotations

import streamlit as st

from dashboard import loaders, state
from dashboard.components.class_graph.class_graph import Pick, class_graph
from dashboard.components.class_graph.drawing import HEAVIEST, Drawing
from dashboard.selection import Filter
from dashboard.widgets.community import community_report, legend
from dashboard.widgets.frame import Seen, colours, enter
from dashboard.widgets.gallery import gallery, review_button
from dashboard.widgets.pair import both_directions
from dashboard.widgets.pair_verdict import pair_verdict
from dashboard.widgets.text import percent
from dashboard.widgets.weak_spots import weak_spots

GRAPH = "communities.graph"


def picked(pick: Pick, community: list[int]) -> None:
    """Take a click on the graph into the filter: a class, a pair in both directions, a community."""
    if pick.kind == "edge":
        state.set_filter(Filter(given=pick.classes[0], predicted=pick.classes[1], both=True))
    elif pick.kind == "drill":
        state.set_filter(Filter(community=community[pick.classes[0]]))
    else:
        state.set_filter(Filter(class_id=pick.classes[0], only="errors"))


def graph(seen: Seen) -> Drawing:
    """Draw the graph and what belongs beside it."""
    drawing = loaders.class_graph(seen.path, seen.run.run_id, colours().mode)
    community, n_edges = drawing.classes["community"].tolist(), len(seen.table("edges"))
    class_graph(drawing, chosen=seen.chosen, key=GRAPH, on_pick=lambda pick: picked(pick, community))
    summary = seen.json("summary")
    thinned = f" The {HEAVIEST:,} heaviest of {n_edges:,} edges are drawn." if n_edges > HEAVIEST else ""
    st.caption(
        "Size: images predicted as another class. Width: how much two classes are confused. Colour and shape: "
        f"community. Modularity {summary['modularity']:.2f} with {percent(summary['mass_kept'], digits=0)} of the "
        "confusion kept."
        f"{thinned} Click a class or an edge; double-click a class for its community."
    )
    return drawing


def images(seen: Seen) -> None:
    """The images of what was chosen; a pair shows both directions side by side."""
    chosen = seen.chosen
    paired = chosen.pair is not None and chosen.both
    if not paired:
        st.subheader("Which images are these?", anchor=False)
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
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawing = graph(seen)
    with right:
        legend(seen, drawing)
        community_report(seen)
    if not seen.chosen.is_empty:
        images(seen)
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
