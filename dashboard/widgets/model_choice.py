"""How models are scored on the page: by whose labels, right among how many classes, which community, which two."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import streamlit as st

from analysis.evaluate.ranking import Ranking
from analysis.evaluate.reranking import WAYS
from analysis.runs.known_labels import Kind
from dashboard import loaders, loaders_models, state
from dashboard.loaders_models import DECISIONS, Asked
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import clean, community_name

LABELS = [DECISIONS, *get_args(Kind)]
NAMES = {DECISIONS: "Our decisions", "corrections": "Corrections", "real": "Label lists", "scores": "Label scores"}
TOPS = ["1", "5"]
STEPS = {  # what the slope chart shows
    "errors": ("all", "without_wrong", "without_all"),
    "corrected": ("all", "corrected", "real"),
}
STEP_NAMES = {"errors": "Errors taken out", "corrected": "Labels corrected"}
ONE, OTHER, ON = "model", "versus", "on"  # URL parameters
USUAL_ON = ["without_all", *(way for way in WAYS if way != "without_all")]


def how_scored(seen: Seen) -> Asked:
    """The controls; what is not there to choose from is not shown."""
    kept = loaders_models.kept(seen.path)
    allowed = [name for name in LABELS if name == DECISIONS or name in kept]
    labels, threshold = allowed[0], Asked.threshold
    if len(allowed) > 1:
        usual = allowed
        if not loaders.decision_store(seen.path).last_seq():  # nobody has judged yet: a file says more
            usual = [*allowed[1:], allowed[0]]
        names = {name: NAMES[name] + (f" ({clean(kept[name], limit=24)})" if name in kept else "") for name in allowed}
        labels = _segments("Which labels hold, by", "labels", allowed, names, usual_first=usual)
    ours_first = labels != DECISIONS and _ours_first()
    if labels == "scores":
        threshold = _threshold()
    most = max((model.k for model in loaders_models.models_of(seen.path)), default=1)
    k = _segments("Right among", "top", TOPS, {"1": "the best class", "5": "the best five"}) if most > 1 else "1"
    _community(seen)
    return Asked(labels, threshold, min(int(k), most), ours_first)


def steps() -> tuple[str, ...]:
    """The ways of scoring that the slope chart goes through."""
    return STEPS[_segments("Steps", "steps", list(STEPS), STEP_NAMES)]


def way_compared() -> str:
    """The way of scoring in which two models are compared."""
    key = f"models.on.{state.changes()}"
    usual = state.option(ON, USUAL_ON)
    way = st.selectbox("Compared on", USUAL_ON, USUAL_ON.index(usual), lambda name: WAYS[name].title, key)
    state.set_option(ON, way, USUAL_ON)
    return way


def two_models(ranking: Ranking) -> tuple[int, int] | None:
    """The two models that are compared: those of the link, else the best one and the next; None with fewer than two."""
    if len(ranking.names) < 2:
        return None
    names, order = ranking.names, ranking.order()
    for name in (ONE, OTHER):
        if state.kept(name) not in names:
            state.forget(name)
    asked, versus = state.kept(ONE), state.kept(OTHER)
    one = names.index(asked) if asked in names else order[0]
    other = names.index(versus) if versus in names else _next(order, one)
    return one, other if other != one else _next(order, one)


def compare(ranking: Ranking, one: int, other: int | None = None) -> None:
    """Compare these two models from now on; without `other`, the model with the next rank."""
    state.keep(ONE, ranking.names[one])
    state.keep(OTHER, "" if other is None else ranking.names[other])


def choose_two(ranking: Ranking, pair: tuple[int, int]) -> None:
    """Two boxes with all models, the best first."""
    order = ranking.order()
    for name, title, chosen in ((ONE, "Model", pair[0]), (OTHER, "Compared with", pair[1])):
        state.keep(name, state.kept(name))  # a page switch has emptied the link
        key = f"models.{name}.{state.changes()}.{pair}"

        def picked(key: str = key, name: str = name) -> None:
            state.keep(name, ranking.names[st.session_state[key]])

        st.selectbox(title, order, order.index(chosen), lambda m: clean(ranking.names[m]), key, on_change=picked)


def _next(order: list[int], one: int) -> int:
    place = order.index(one)
    return order[place + 1] if place + 1 < len(order) else order[place - 1]


def _segments(
    title: str, name: str, allowed: list[str], names: dict[str, str], *, usual_first: list[str] | None = None
) -> str:
    """One of `allowed`; without a link the first of `usual_first`, which are the same, or the first one shown."""
    order = usual_first or allowed
    start, key = state.option(name, order), f"models.{name}.{state.changes()}"
    found = st.segmented_control(title, allowed, format_func=names.__getitem__, default=start, required=True, key=key)
    state.set_option(name, found, order)
    return str(found)


def _ours_first() -> bool:
    about = "Where both judge an image, our decision counts and not the file; every other image goes by the file."
    key = f"models.ours.{state.changes()}"
    if state.kept("ours") != "yes":
        state.forget("ours")
    chosen = st.toggle("Our decisions first", state.kept("ours") == "yes", key=key, help=about)
    state.keep("ours", "yes" if chosen else "")
    return chosen


def _threshold() -> float:
    text = state.kept("threshold")
    start = float(text) if re.fullmatch(r"0\.[0-9]{1,6}|1(\.0{1,6})?", text) else None
    if start is None:
        start = Asked.threshold
        state.forget("threshold")
    about = "A label holds from this score on. ReaL's own lists are those at 0.80."
    key = f"models.threshold.{state.changes()}"
    at = float(
        st.slider("Score from which a label holds", 0.05, 1.0, max(0.05, start), 0.05, key=key, help=about, width=280)
    )
    state.keep("threshold", "" if at == Asked.threshold else f"{at:.2f}")
    return at


def _community(seen: Seen) -> None:
    """A box that edits the shared filter."""
    key = f"models.community.{state.changes()}"

    def picked() -> None:
        state.change(lambda chosen: replace(chosen, community=st.session_state[key]))

    st.selectbox(
        "Community",
        range(seen.n_communities),
        seen.chosen.community,
        community_name,
        key,
        placeholder="all",
        width=220,
        on_change=picked,
    )
