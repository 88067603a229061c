"""The page of models: what it shows without and with other models, live decisions, files of others, two models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.base.labelsets import LabelSets, PairScores
from analysis.runs.known_labels import keep_labels
from analysis.runs.models import add_model
from analysis.runs.workspace import Workspace
from dashboard import loaders, loaders_models, state
from dashboard.charts.palette import DARK, LIGHT
from dashboard.charts.slope import explain, model_at, moves_of, slope_figure
from dashboard.loaders_models import Asked
from dashboard.selection import Filter
from dashboard.server import opened
from dashboard.widgets.model_pair import differing, groups_of, say_pair
from dashboard.widgets.seen import Seen
from dashboard.widgets.text import for_markdown
from tests.factory import HOSTILE, make_workspace
from tests.review.helpers import decision

ROOT = Path(__file__).resolve().parents[2]
N, K = 600, 5
WAYS = ("all", "without_wrong", "without_all")
SOUND, LEARNT = "sound", HOSTILE


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    """Labels of which 60 are wrong, as `true` tells, and a finished run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = make_workspace(tmp_path / "ws", n=N, classes=K, names=[HOSTILE, "![x](http://evil.example/a.png)", *"cde"])
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    opened.close_all()
    st.cache_resource.clear()
    yield made
    opened.close_all()


@pytest.fixture
def models(workspace: Workspace) -> Workspace:
    """One model that has learnt the wrong labels and one that says the truth a little less often."""
    dataset, rng = workspace.dataset(), np.random.default_rng(0)
    assert dataset.true is not None
    sound = np.where(rng.random(N) < 0.97, dataset.true, rng.integers(0, K, N))
    learnt = np.where(rng.random(N) < 0.90, dataset.given, rng.integers(0, K, N))
    add_model(workspace, SOUND, sound)
    add_model(workspace, LEARNT, learnt)
    return workspace


def judge(workspace: Workspace) -> int:
    """Somebody corrects every wrong label; how many."""
    dataset = workspace.dataset()
    assert dataset.true is not None
    wrong = np.flatnonzero(dataset.true != dataset.given)
    names = dataset.classes
    facts = [(i, names[dataset.given[i]], names[dataset.true[i]]) for i in wrong.tolist()]
    ids = dataset.table["image_id"]
    loaders.decision_store(str(workspace.path)).book(
        [decision(i, ids[i], "relabel", given=given, new_label=new) for i, given, new in facts]
    )
    return len(wrong)


def page(**options: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=40).run()
    app.session_state[state.OPTIONS] = dict(options)
    return fine(app.switch_page("dashboard/pages/models.py").run())


def fine(app: AppTest) -> AppTest:
    assert not app.exception, [e.value for e in app.exception]
    return app


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.subheader]
    return "\n".join([str(part.value) for part in parts] + [str(e.proto.body) for e in app.get("html")])


def test_without_other_models_it_says_how_to_add_them_and_shows_the_own_one(workspace: Workspace) -> None:
    app = page()
    assert any("add-predictions" in code.value for code in app.code) and "Add the predictions of others" in said(app)
    assert app.dataframe[0].value["Model"].tolist() == ["factory (run)"]


def test_all_models_stand_in_a_table_by_rank_and_names_are_text(models: Workspace) -> None:
    app = page()
    table = app.dataframe[0].value
    assert len(table) == 3 and sorted(table["All images"], reverse=True) == table["All images"].tolist()
    assert not any(
        "add-predictions" in code.value for code in app.code
    ) and "0 of them judged: no label error is known" in said(app)
    assert "<img src=x" not in said(app)
    assert not any("![x](" in str(part.value) for part in [*app.markdown, *app.caption, *app.info])


def test_decisions_change_accuracy_and_rank_at_the_next_look(models: Workspace) -> None:
    app = page()
    before = app.dataframe[0].value.set_index("Model")["Without label errors"]
    n = judge(models)
    table = fine(app.run()).dataframe[0].value.set_index("Model")
    assert f"{n} of them judged: {n} wrong: another label holds" in said(app)
    assert table.loc[SOUND, "Without label errors"] > before[SOUND] + 5
    assert table.loc[SOUND, "# Without label errors"].startswith("1")
    assert table.loc[SOUND, "All images"] == before[SOUND]


def ranking(workspace: Workspace, chosen: Filter | None = None, **asked: Any) -> Any:
    run = workspace.latest()
    assert run is not None
    return loaders_models.ranking_of(str(workspace.path), run.run_id, chosen or Filter(), Asked(**asked))


def test_a_change_of_rank_is_listed_with_its_test_and_marked_on_the_chart(models: Workspace) -> None:
    judge(models)
    found = ranking(models)
    one, other = found.names.index(SOUND), found.names.index(LEARNT)
    flips = found.flips["without_wrong"]
    (flip,) = flips[(flips["up"] == one) & (flips["down"] == other)].to_dict("records")
    assert flip["verdict"] == "now ahead" or flip["verdict"] == "reversed"
    moves = moves_of(found, WAYS)
    assert one in moves.up and other in moves.down
    told = "\n".join(explain(found, "without_wrong", one))
    assert "passes &lt;img src=x" in told and f"{flip['up_only']} images only it gets right" in told
    assert "is passed by sound" in "\n".join(explain(found, "without_wrong", other))


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_chart_has_a_point_for_every_model_in_every_way_that_leads_to_it(models: Workspace, colours: Any) -> None:
    judge(models)
    found = ranking(models)
    figure = slope_figure(found, WAYS, colours, chosen=(0, 1))
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [len(trace.y) for trace in points] == [3, 3, 3]
    for x, trace in enumerate(points):
        for y, text in zip(trace.y, trace.hovertext, strict=True):
            m = model_at(found, WAYS, x, y)
            assert m is not None and text == "<br>".join(explain(found, WAYS[x], m))
    assert model_at(found, WAYS, 3, 0) is None and model_at(found, WAYS, 0, 3) is None
    assert "<img" not in str(figure.to_json())


def test_of_very_many_models_the_best_are_drawn(models: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.charts.slope.DRAWN", 2)
    found = ranking(models)
    figure = slope_figure(found, WAYS, LIGHT, chosen=(0, 1, 2))
    assert [len(trace.y) for trace in figure.data if trace.mode == "markers"] == [2, 2, 2]
    assert {model_at(found, WAYS, 1, y) for y in (0, 1)} == set(found.order()[:2])
    assert model_at(found, WAYS, 1, 2) is None


def test_two_models_differ_on_just_the_images_that_one_of_them_gets_right(models: Workspace) -> None:
    judge(models)
    run = models.latest()
    assert run is not None
    dataset, seen = models.dataset(), Seen(str(models.path), run, Filter(community=1))
    found = ranking(models, Filter(community=1))
    pair = found.names.index(SOUND), found.names.index(LEARNT)
    only, _ = differing(seen, found, "all", pair)
    predicted = {model.name: model.predicted for model in loaders_models.models_of(str(models.path))}
    here = seen.columns.community[dataset.given] == 1
    expected = here & (predicted[SOUND] == dataset.given) & (predicted[LEARNT] != dataset.given)
    assert only.tolist() == np.flatnonzero(expected).tolist()
    table = groups_of(seen, found, "all", pair, by_class=True)
    assert table["one_only"].sum() == len(only) and table["images"].sum() == here.sum()
    assert "points ahead of" in say_pair(found, "all", pair)


def test_the_pair_of_the_link_is_compared_and_its_images_can_be_judged(models: Workspace) -> None:
    app = page(model=SOUND, versus="factory (run)", on="all")
    assert "Only sound is right" in said(app) and "Only factory (run) is right" in said(app)
    button = next(b for b in app.button if b.key == "models.review")
    n = int(button.label.split()[2].replace(",", ""))
    button.click().run()
    assert len(app.session_state[state.FILTER].images) == n > 0


def test_a_model_that_is_not_there_any_more_is_no_error(models: Workspace) -> None:
    assert "Only " in said(page(model="gone", versus="gone too", on="nonsense", steps="x", labels="real"))


def test_the_community_is_the_filter_of_all_pages(models: Workspace) -> None:
    app = page()
    box = next(b for b in app.selectbox if b.label == "Community")
    fine(box.set_value(1).run())
    assert app.session_state[state.FILTER] == Filter(community=1)
    n = int((models.dataset().given >= 3).sum())
    assert f"{n} images, 0 of them judged" in said(app)


def test_scores_of_others_bring_a_slider_that_changes_the_kinds(models: Workspace) -> None:
    dataset = models.dataset()
    rated = np.arange(N) < 10
    given, other = dataset.given, (dataset.given + 1) % K
    row = np.tile(np.arange(10), 2)
    label, score = np.concatenate([given[:10], other[:10]]), np.repeat([0.6, 0.9], 10)
    keep_labels(models, "scores", PairScores(given, rated, row, label, score), source="s.npz")
    app = page(labels="scores")
    assert "10 wrong: another label holds" in said(app)
    slider = next(s for s in app.slider if "Score" in s.label)
    fine(slider.set_value(0.5).run())
    assert "10 several labels hold, the given one among them" in said(app)
    fine(next(s for s in app.slider if "Score" in s.label).set_value(0.95).run())
    assert "10 no label fits" in said(app)
    app = page(labels="scores", threshold="0.²", model="nobody's", versus="x")
    (warning,) = (w.value for w in app.warning if "Left out of this link" in w.value)
    assert all(for_markdown(part) in warning for part in ("threshold=0.²", "model=nobody's", "versus=x"))
    assert "10 wrong: another label holds" in said(app)


def test_our_decisions_count_before_a_file_where_somebody_wants_that(models: Workspace) -> None:
    dataset = models.dataset()
    row = np.arange(10)
    judged = np.isin(np.arange(N), row)
    sets = LabelSets.of_pairs(dataset.given, judged, row, (dataset.given[:10] + 1) % K)
    keep_labels(models, "corrections", sets, source="c.csv")
    app = page(labels="corrections")
    assert f"{judged.sum()} of them judged: 10 wrong" in said(app) and "before the file" not in said(app)
    name = dataset.classes[dataset.given[0]]
    loaders.decision_store(str(models.path)).book([decision(1, dataset.table["image_id"][0], "keep", given=name)])
    app = fine(next(t for t in app.toggle if t.label == "Our decisions first").set_value(True).run())
    assert "10 of them judged: 9 wrong" in said(app)
    assert "Our decisions count before the file, on 1 image." in said(app)


def test_a_file_is_what_counts_at_first_until_somebody_has_judged(models: Workspace) -> None:
    dataset = models.dataset()
    everyone, row = np.ones(N, bool), np.arange(10)
    sets = LabelSets.of_pairs(dataset.given, everyone, row, (dataset.given[:10] + 1) % K)
    keep_labels(models, "corrections", sets, source="c.csv")
    assert f"{N} of them judged" in said(page())
    assert "0 of them judged" in said(page(labels="decisions"))
    n = judge(models)
    assert f"{n} of them judged" in said(page())
    assert f"{N} of them judged" in said(page(labels="corrections"))


def test_five_classes_are_asked_only_of_models_that_have_them(models: Workspace) -> None:
    app = page(top="5")
    assert app.dataframe[0].value["Model"].tolist() == ["factory (run)"]
    assert app.dataframe[0].value["All images"].tolist() == [100.0], "five of five classes hold every label"
