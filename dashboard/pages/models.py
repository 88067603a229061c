"""Models: accuracy and rank with and without label errors; two models lead to the images on which they differ."""

from __future__ import annotations

import streamlit as st

from analysis.evaluate.ranking import Ranking
from dashboard import loaders, loaders_models
from dashboard.charts.slope import DRAWN, model_at, moves_of, slope_figure
from dashboard.loaders_models import Asked
from dashboard.widgets.before_after import before_after
from dashboard.widgets.frame import colours, enter
from dashboard.widgets.model_choice import choose_two, compare, how_scored, steps, two_models, way_compared
from dashboard.widgets.model_pair import pair_groups, pair_images, say_pair
from dashboard.widgets.model_tables import flip_table, model_table, say_changes, say_labels
from dashboard.widgets.pair_images import without_images
from dashboard.widgets.seen import Seen

CHART = "models.slope"
EVERY = 5  # seconds between two looks for new decisions


def how_to_add() -> None:
    """What to do where there is nothing to compare with."""
    st.info(
        "Only the model of this analysis is here. Add the predictions of others to compare them: class numbers, "
        "probabilities or the best five classes, as npz, npy, csv or parquet, matched by image_id, path or row."
    )
    st.code("python -m analysis add-predictions WORKSPACE predictions.npz --model NAME", language=None)


def slope(ranking: Ranking, ways: tuple[str, ...], pair: tuple[int, int]) -> None:
    """The chart; a click on a model compares it with the one it changes places with, else with the next one."""

    def clicked() -> None:
        points = st.session_state[CHART]["selection"]["points"]
        found = model_at(ranking, ways, float(points[0]["x"]), float(points[0]["y"])) if points else None
        if found is not None:
            flips = ranking.flips[ways[-1]].sort_values("q")
            mine = flips[(flips["up"] == found) | (flips["down"] == found)]
            other = None if mine.empty else int(mine.iloc[0]["up"] + mine.iloc[0]["down"] - found)
            compare(ranking, found, other)

    st.plotly_chart(
        slope_figure(ranking, ways, colours(), chosen=pair),
        key=CHART,
        on_select=clicked,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Ranks of {len(ranking.names)} models in {len(ways)} ways of scoring; the tables hold the same.",
    )
    moves = moves_of(ranking, ways)
    marks = (
        "▲ passes another model beyond chance, ▼ is passed. " if moves.up else "No model passes another beyond chance. "
    )
    most = f"The {DRAWN} best of {len(ranking.names):,} models. " if len(ranking.names) > DRAWN else ""
    st.caption(f"{most}{marks}A bar joins neighbours that are a tie. The two models compared below are drawn thick.")


def everything(seen: Seen, ranking: Ranking) -> None:
    """Chart, tables, and the two models that are compared."""
    pair = two_models(ranking)
    model_table(ranking, pair[0] if pair else 0)
    if pair is None:
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        ways = steps()
        slope(ranking, ways, pair)
    with right:
        for sentence in say_changes(ranking, ways):
            st.markdown(sentence)
        flip_table(ranking, ways[-1], pair)
    st.subheader("Where do two models differ?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        choose_two(ranking, pair)
        way = way_compared()
    st.markdown(say_pair(ranking, way, pair))
    without_images(seen)
    pair_images(seen, ranking, way, pair)
    pair_groups(seen, ranking, way, pair)


@st.fragment(run_every=EVERY)
def watch(path: str, drawn: int) -> None:
    """Draw the page anew when somebody has judged an image since."""
    if loaders.decision_store(path).last_seq() != drawn:
        st.rerun()


def main() -> None:
    """Draw the page."""
    lead = "Accuracy and rank of every model on all images, without wrong labels, and without any label error."
    seen = enter("models", "Did the wrong labels decide which model is best?", lead)
    if seen is None:
        return
    newest = loaders.decision_store(seen.path).last_seq()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        asked: Asked = how_scored(seen)
    if len(loaders_models.models_of(seen.path)) < 2:
        how_to_add()
    ranking = loaders_models.ranking_of(seen.path, seen.run.run_id, seen.chosen, asked)
    if ranking is None:
        st.info("No image passes the filter, or no model has so many classes per image.")
        return
    ours = int(loaders_models.decided(seen.path).said.sum()) if asked.ours_first else None
    st.markdown(say_labels(ranking, ours=ours))
    everything(seen, ranking)
    before_after(seen.path)
    if asked.by_decisions:
        watch(seen.path, newest)


main()
