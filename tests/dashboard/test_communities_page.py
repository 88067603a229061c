"""The Communities page: levels, verdicts on edges, work per community, two models, many classes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.base.types import Decision
from analysis.review.edges import EdgeDecision, Edges
from analysis.runs.workspace import Workspace
from dashboard import state
from dashboard.charts.palette import LIGHT
from dashboard.loaders_communities import Levels, Work, mended_edges, work
from dashboard.selection import Filter
from dashboard.server import opened
from dashboard.widgets.community import hit_rate
from dashboard.widgets.edge_reasons import bar, facts_of, share
from dashboard.widgets.levels import group_table, say_level
from dashboard.widgets.model_difference import say_difference
from dashboard.widgets.work import first_names, share_judged, state_of
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace
from tests.many import make_many_classes

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w", n=300, classes=5, names=[HOSTILE, "cat", "dog", "owl", "eel"]).path


@pytest.fixture
def start(place: Path, opens: Opens) -> Open:
    opens(place)

    def open_page(chosen: Filter | None = None, **params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=20).run()
        if chosen is not None:
            app.session_state[state.FILTER] = chosen
        app.session_state[state.OPTIONS] = params
        return fine(app.switch_page("dashboard/pages/communities.py").run())

    return open_page


def said(app: AppTest) -> str:
    parts = [str(part.value) for part in [*app.markdown, *app.caption, *app.info, *app.subheader]]
    return "\n".join(parts + [str(e.proto.body) for e in app.get("html")])


def confused(place: Path, low: int, high: int) -> np.ndarray:
    """Rows given one of two classes and predicted the other."""
    found = Workspace.open(place)
    given, predicted = found.dataset().given, found.runs()[0].table("scores")["predicted"].to_numpy()
    return np.flatnonzero((np.minimum(given, predicted) == low) & (np.maximum(given, predicted) == high))


def judge(place: Path, rows: np.ndarray, verdicts: list[tuple[str, str]], *, session: str = "s") -> None:
    """Book (verdict, new label) of some rows."""
    found = opened.open_workspace(place)
    ids, given = found.dataset.table["image_id"], found.dataset.given
    booked = [
        Decision(
            image_id=str(ids.iloc[row]),
            verdict=verdict,  # type: ignore[arg-type]
            given=found.dataset.classes[given[row]],
            suggested="",
            new_label=new or None,
            reviewer="ann",
            run_id="r",
            session=session,
            seq=int(row) + 1,
            decided_at=time.time(),
        )
        for row, (verdict, new) in zip(rows.tolist(), verdicts, strict=True)
    ]
    found.decisions.book(booked)


def test_the_slider_changes_groups_and_link_but_not_the_communities_of_the_filter(start: Open) -> None:
    app = start(Filter(community=1))
    assert "2 groups, modularity 0.30" in said(app)
    slider = app.select_slider[0]
    assert slider.value == "1" and list(slider.options) == ["0.5", "1", "4"]
    slider.set_value("4").run()
    assert fine(app).query_params["resolution"] == ["4"] or app.query_params["resolution"] == "4"
    assert "No class has companions at this resolution" in said(app)
    assert "keep to the communities of this run (resolution 1)" in said(app)
    assert app.session_state[state.FILTER] == Filter(community=1)
    app.select_slider[0].set_value("1").run()
    assert "resolution" not in app.query_params and "These groups are for looking" not in said(fine(app))


def test_a_run_of_an_earlier_version_opens_and_says_what_is_missing(start: Open, place: Path) -> None:
    Workspace.open(place).runs()[0].drop("levels")
    app = start()
    assert "made by an earlier version" in said(app) and not app.select_slider


def test_a_judged_pair_says_how_much_of_it_is_wrong_labels(start: Open, place: Path) -> None:
    low, high = max(((a, b) for a in range(5) for b in range(a + 1, 5)), key=lambda e: len(confused(place, *e)))
    rows = confused(place, low, high)
    app = start(Filter(given=low, predicted=high, both=True))
    assert f"None of the {len(rows)} confusions" in said(app)
    names = opened.open_workspace(place).dataset.classes
    judge(place, rows[:3], [("relabel", names[3 if low != 3 and high != 3 else 2]), ("keep", ""), ("none_fits", "")])
    text = said(fine(app.run()))
    assert f"1 of {len(rows)} confusions between" in text
    assert f"{len(rows) - 2} of {len(rows)} remain after the accepted fixes." in text
    assert "wrong label: 1 (33.3 %, 6.1 to 79.2 %)" in text
    assert f"not judged {len(rows) - 3}" in text
    assert "<img src=x" not in text
    app.session_state[state.FILTER] = Filter()
    assert "remain after" not in said(fine(app.run()))


def test_accepted_fixes_thin_the_edge_they_belong_to_and_no_other(place: Path) -> None:
    opened.close_all()
    st.cache_resource.clear()
    run = Workspace.open(place).runs()[0]
    before = mended_edges(str(place), run.run_id)
    assert (before.edges["left"] == before.edges["weight"]).all() and before.split.empty and not before.wrong.any()
    pair = before.edges.sort_values("weight").iloc[-1]
    low, high = int(pair["source"]), int(pair["target"])
    rows = confused(place, low, high)
    judge(place, rows, [("none_fits", "")] * len(rows))
    after = mended_edges(str(place), run.run_id)
    mine = (after.edges["source"] == low) & (after.edges["target"] == high)
    assert after.edges.loc[mine, "left"].tolist() == [0.0]
    assert (after.edges.loc[~mine, "left"] == after.edges.loc[~mine, "weight"]).all()
    assert after.wrong.sum() == len(rows)
    opened.close_all()


def test_a_community_is_done_when_its_suspects_are_judged(start: Open, place: Path) -> None:
    app = start(Filter(community=0))
    assert "0 communities are done" in said(app)
    found = Workspace.open(place)
    scores, given = found.runs()[0].table("scores"), found.dataset().given
    rows = np.flatnonzero(scores["is_suspect"].to_numpy() & (given < 3))
    judge(place, rows[1:], [("keep", "")] * (len(rows) - 1))
    judge(place, rows[:1], [("skip", "")])
    run_id = found.runs()[0].run_id
    assert state_of(work(str(place), run_id), 0) == "begun", "a skip is no judgement"
    name = opened.open_workspace(place).dataset.classes[(given[rows[0]] + 1) % 5]
    judge(place, rows[:1], [("relabel", name)], session="again")
    done = work(str(place), run_id)
    assert state_of(done, 0) == "done" and share_judged(done, 0) == 1 and done.wrong[0] == 1
    assert state_of(done, 1) == "open"
    text = said(fine(app.run()))
    assert "1 community is done" in text and "1 wrong label confirmed by people" in text
    assert f"1 of the {len(rows)} judged suspects had a wrong label (" in text and "None is left." in text


def test_what_judging_has_brought_comes_with_its_interval_and_says_what_may_be_left() -> None:
    assert hit_rate(12, 20, left=50) == (
        "12 of the 20 judged suspects had a wrong label (38.7 to 78.1 %). "
        "If those left are no more suspicious, at most about 40 of the 50 have one too."
    )
    assert hit_rate(0, 1, left=1).endswith("at most about 1 of the 1 have one too.")


def test_what_the_team_said_of_a_pair_stands_in_the_table_of_pairs(start: Open, place: Path) -> None:
    edges = Edges(opened.open_workspace(place).decisions)
    edges.book([EdgeDecision("cat", "dog", "overlap", "", "ann", "s", 1, time.time())])
    app = start(Filter(community=0))
    pairs = next(frame.value for frame in app.dataframe if "Another class" in frame.value.columns)
    assert "They overlap: both labels can be right" in pairs["Team says"].tolist()


def test_the_way_back_up_stands_over_the_graph(start: Open) -> None:
    app = start(Filter(class_id=1, only="errors"))
    assert app.button("crumb.community").label == "community 1"
    app.button("crumb.community").click().run()
    assert app.session_state[state.FILTER] == Filter(community=0)
    app.button("crumb.all").click().run()
    assert fine(app).session_state[state.FILTER] == Filter()
    assert app.button("crumb.all").disabled, "there is no way further up"


def test_two_runs_stand_beside_each_other(start: Open, place: Path) -> None:
    import shutil

    first = Workspace.open(place).runs()[0]
    other = first.path.with_name("20200101-000000_other_0123456789")
    shutil.copytree(first.path, other)
    run = Workspace.open(place).run(other.name)
    confusion = run.table("confusion")
    gone = (confusion["given"] == 1) & (confusion["predicted"] == 2)
    run.put("confusion", confusion[~gone], key="other")
    app = start(beside=other.name)
    assert "What do the two models confuse differently?" in said(app)
    table = next(frame.value for frame in app.dataframe if "Change" in frame.value.columns)
    assert len(table) == 1 and set(table.iloc[0, :2]) == {"cat", "dog"}
    assert table["Change"].iloc[0] in ("gained", "stronger") and table["Difference"].iloc[0] > 0


def test_levels_are_said_in_words() -> None:
    table = pd.DataFrame({"resolution": [1.0], "n_communities": [2], "n_alone": [1], "modularity": [0.4]})
    table = table.assign(stability=[0.95], persistence=[0.5], own=[1])
    column = np.array([[0], [0], [1], [1], [2]], np.int32)
    steady = np.array([[1], [1], [0.6], [0.6], [1]], np.float32)
    found = Levels(table, column, steady, steady)
    assert say_level(found, 0).startswith("2 groups and 1 class alone, modularity 0.40. Other seeds keep 95 %")
    classes = pd.DataFrame({"name": [*"abcde"], "n_errors": [1, 2, 9, 8, 3]})
    groups = group_table(classes, found, 0)
    assert groups["Such as"].tolist() == ["c, d", "b, a"], "most errors first; a class alone is no group"
    assert groups["Is it real?"].tolist() == ["other runs group these classes otherwise", "found again and again"]


def test_a_bar_says_its_figures_as_text_too() -> None:
    split = pd.DataFrame({"source": [0], "target": [1], "noise": [37], "overlap": [50], "several": [0]})
    facts = facts_of(split.assign(none_fits=8, judged=95), 0, 1)
    html = bar(facts, 120, LIGHT)
    label = "wrong label 37, label right: look-alikes, or the model errs 50, no label fits 8, not judged 25"
    assert f'aria-label="{label}"' in html
    assert share(37, 95) == "37 (38.9 %, 29.8 to 49.0 %)"
    assert facts_of(split.assign(none_fits=8, judged=95), 2, 3)["judged"] == 0


def test_work_and_names_of_communities() -> None:
    done = Work(np.array([4, 0, 2, 3]), np.array([4, 0, 0, 1]), np.zeros(4, int), np.zeros(4, int))
    assert [state_of(done, c) for c in range(4)] == ["done", "no suspects", "open", "begun"]
    classes = pd.DataFrame({"name": [*"abcd"], "n_errors": [1, 5, 3, 0], "community": [0, 0, 0, 1]})
    assert first_names(classes, [1, 0], at_most=2) == ["d", "b, c and 1 more"]


def test_differences_are_counted_in_words() -> None:
    pairs = pd.DataFrame({"change": ["gained", "lost", "lost", "alike"], "clear": [True, False, True, False]})
    text = say_difference(pairs, "A", "B")
    assert "Only **A** confuses 1 pair (1 clearly)" in text and "only **B** confuses 2 pairs (1 clearly)" in text


def test_twenty_thousand_classes_open_as_communities_and_only_a_part_is_sent(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: Open
) -> None:
    make_many_classes(tmp_path / "many", 20_000)
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(tmp_path / "many"))
    app = start()
    assert "1 to 300 of 400 communities, those of most errors first" in said(app)
    assert max(len(frame.value) for frame in app.dataframe) <= 500
    graph = app.get("bidi_component")
    assert graph, "the graph is drawn"
    app.session_state[state.FILTER] = Filter(community=7)
    text = said(fine(app.run()))
    assert "› **community 8**" in text and "50 classes" in text
