from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.maps import METHODS, Method
from analysis.runs.workspace import Workspace
from dashboard import launch, state
from dashboard.components.image_opener.image_opener import EARS
from dashboard.launch import Asked
from dashboard.selection import Filter
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.name for path in (ROOT / "dashboard" / "pages").glob("*.py"))
NAMES = [HOSTILE, "![x](http://evil.example/a.png)", "</script><b>bold</b>", ":red[cat] $x$", "plain"]

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("look") / "w"
    make_workspace(place, n=200, classes=5, names=NAMES)
    return place


@pytest.fixture
def unfinished(workspace: Path, tmp_path: Path) -> Path:
    shutil.copytree(workspace, tmp_path / "unfinished", ignore=shutil.ignore_patterns("runs"))
    return tmp_path / "unfinished"


@pytest.fixture
def start(workspace: Path, opens: Opens) -> Open:
    """Open a page of the real app on a workspace with hostile class names."""
    opens(workspace)

    def open_page(page: str, chosen: Filter | None = None, **session: Any) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=20).run()
        if chosen is not None:
            app.session_state[state.FILTER] = chosen
        for key, value in session.items():
            app.session_state[key] = value
        return app.switch_page(f"dashboard/pages/{page}").run()

    return open_page


def texts(app: AppTest) -> str:
    """Everything a visitor can read that AppTest knows of, with what st.html holds."""
    parts = [*app.markdown, *app.caption, *app.title, *app.subheader, *app.info, *app.error]
    said = [str(part.value) for part in parts] + [button.label for button in app.button]
    return "\n".join(said + htmls(app))


def htmls(app: AppTest) -> list[str]:
    return [str(e.proto.body) for e in app.get("html") if not e.proto.unsafe_allow_javascript]


def kind(app: AppTest, name: str) -> list[Any]:
    return list(app.get(name))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs(start: Open, page: str) -> None:
    app = fine(start(page))
    assert app.title, f"{page} has no title"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_with_every_kind_of_filter(start: Open, page: str) -> None:
    app = start(page)
    for chosen in (
        Filter(given=0, predicted=1),
        Filter(given=0, predicted=1, both=True),
        Filter(class_id=2, only="errors"),
        Filter(community=1, into=0, only="suspects"),
        Filter(lasso=((0, 0), (0.5, 0), (0.5, 0.5))),
        Filter(given=0, predicted=0, community=1),  # nothing passes
    ):
        app.session_state[state.FILTER] = chosen
        assert fine(app.run()).session_state[state.FILTER] == chosen, chosen


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_to_do_while_nothing_is_finished(
    start: Open, unfinished: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(unfinished))
    app = fine(start(page))
    if page == "overview.py":
        assert any(button.label == "Start the analysis" for button in app.button)
    elif page != "export.py":  # decisions can be taken away without an analysis
        assert "Overview" in texts(app), "it does not say where to start"


@pytest.mark.parametrize("page", PAGES)
def test_names_are_text_everywhere(start: Open, page: str) -> None:
    app = fine(start(page, Filter(given=0, predicted=2)))
    assert app.markdown or app.caption
    for html in htmls(app):
        assert "<img src=x" not in html and "<b>bold" not in html and "</script>" not in html
    scripts = [str(e.proto.body) for e in app.get("html") if e.proto.unsafe_allow_javascript]
    assert scripts == [f"<script>{EARS}</script>"]
    for part in [*app.markdown, *app.caption, *app.info, *app.subheader]:
        assert "![x](" not in str(part.value)
        assert "[a](javascript" not in str(part.value)
    for button in app.button:
        assert "<img" not in button.label.replace("\\<", ""), button.label


def test_chips_are_removed_one_by_one(start: Open) -> None:
    app = fine(start("confusion.py", Filter(given=4, predicted=3, community=1, only="errors")))
    assert "given: plain → predicted: " in app.button("chip.pair").label
    app.button("chip.pair").click().run()
    assert app.session_state[state.FILTER] == Filter(community=1, only="errors")
    app.button("chip.community").click().run()
    app.button("chip.only").click().run()
    assert fine(app).session_state[state.FILTER] == Filter()


def test_the_filter_goes_into_the_url_and_back(start: Open, workspace: Path) -> None:
    chosen = Filter(given=1, predicted=2, both=True, lasso=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), only="suspects")
    app = fine(start("map.py", chosen))
    link = dict(app.query_params)
    assert link["given"] == "1" and link["lasso"]
    fresh = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=20)
    for name, value in link.items():
        fresh.query_params[name] = value
    fine(fresh.run())
    assert fresh.session_state[state.FILTER] == chosen


def test_a_filter_survives_a_page_switch(start: Open) -> None:
    app = fine(start("confusion.py", Filter(given=1)))
    fine(app.switch_page("dashboard/pages/communities.py").run())
    assert app.session_state[state.FILTER] == Filter(given=1)
    assert app.query_params["given"] == "1"


def test_a_link_to_classes_that_are_not_there_is_read_as_far_as_it_can_be(start: Open) -> None:
    app = fine(start("confusion.py", Filter(given=99, community=1)))
    assert app.session_state[state.FILTER] == Filter(community=1)


def test_a_click_on_a_cell_becomes_the_filter(start: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest cannot click a chart: the handler is called as Streamlit would, with what the browser would send."""
    from dashboard.cells import filter_of
    from dashboard.charts.folding import by_block
    from dashboard.loaders import run_table

    app = fine(start("confusion.py"))
    path = app.session_state[state.WORKSPACE]
    axis = by_block(run_table(path, app.session_state[state.RUN], "classes"), {0, 1})
    row, column = axis.position(class_id=1), axis.position(class_id=3)
    assert row is not None and column is not None
    app.session_state[state.FILTER] = filter_of((row, column), axis, Filter(community=0, class_id=2))
    fine(app.run())
    assert app.session_state[state.FILTER] == Filter(given=1, predicted=3)
    assert "were predicted" in texts(app) or "was predicted" in texts(app)


def test_overview_says_that_labels_were_planted_and_how_well_they_are_found(start: Open) -> None:
    app = fine(start("overview.py"))
    said = texts(app)
    assert "This is a demonstration" in said and "One label in ten was made wrong" in said
    tables = [frame.value for frame in app.dataframe]
    finder = next(t for t in tables if "Finder" in t.columns)
    assert finder["Finder"].tolist() == ["This analysis", "Plain disagreement: predicted is not given"]
    assert finder["Recall"].iloc[0] == pytest.approx(90.0)
    aside = next(t for t in tables if "Reason" in t.columns)
    assert aside["Reason"].tolist() == ["cannot be decoded: truncated"]


def test_the_next_best_thing_leads_to_review_with_the_queue_it_names(start: Open) -> None:
    app = fine(start("overview.py", Filter(given=1)))
    assert any("All suspects: about" in text.value.replace("\\", "") for text in app.markdown), (
        "no part of so few holds more"
    )
    app.button("overview.next").click().run()
    assert app.session_state[state.FILTER] == Filter() and app.title[0].value == "Review"


def test_communities_show_both_directions_of_a_pair(start: Open) -> None:
    app = fine(start("communities.py", Filter(given=0, predicted=1, both=True)))
    headings = [html for html in htmls(app) if html.startswith("<h4")]
    assert len(headings) == 2
    assert headings[0].split(",")[0] != headings[1].split(",")[0]


def test_a_row_of_the_weak_spots_becomes_the_filter(start: Open) -> None:
    app = fine(start("communities.py", Filter(class_id=3, only="errors")))
    table = app.session_state["communities.classes"]
    assert len(table["selection"]["rows"]) == 1, "the row that the filter names is marked"


def test_the_map_says_how_much_it_shows(start: Open) -> None:
    app = fine(start("map.py"))
    assert any("200 of 200 images shown" in caption.value for caption in app.caption)


def test_a_form_without_a_source_says_so(start: Open) -> None:
    app = fine(start("overview.py"))
    submit = next(button for button in app.button if button.label == "Start the analysis")
    submit.click().run()
    assert "No source is named" in texts(fine(app))


def test_the_form_offers_the_maps_that_are_installed_and_names_the_packages_of_the_others(
    start: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asked] = []
    monkeypatch.setitem(METHODS, "tsne", Method("t-SNE", "no_such_package"))
    monkeypatch.setitem(METHODS, "pacmap", Method("PaCMAP", "numpy"))
    monkeypatch.setattr(launch, "start", lambda given: (asked.append(given), launch.check(given))[0])
    app = fine(start("overview.py"))
    box = app.selectbox(key="start.map")
    assert box.options == ["UMAP", "PCA", "PaCMAP"] and box.value == "umap"
    assert any("t-SNE needs: pip install no_such_package" in caption.value for caption in app.caption)
    box.set_value("pacmap")
    next(button for button in app.button if button.label == "Start the analysis").click().run()
    fine(app)
    assert asked[0].map == "pacmap" and "--map=pacmap" in asked[0].arguments()


def test_a_finished_analysis_is_shown_on_request(start: Open, unfinished: Path, workspace: Path) -> None:
    from dashboard.widgets.start import WATCHED

    app = fine(start("overview.py", **{WATCHED: str(workspace)}))
    assert "has finished" in texts(app)
    app.button("start.show").click().run()
    assert fine(app).session_state[state.WORKSPACE] == str(workspace)
    assert "has finished" not in texts(app)


def test_a_running_analysis_shows_its_step_and_can_be_cancelled(start: Open, workspace: Path, tmp_path: Path) -> None:
    import os

    from analysis.runs.run import RUNNING, start_ticks

    other = tmp_path / "other"
    shutil.copytree(workspace, other)
    run = Workspace.open(other).runs()[0]
    phase = {"what": "fold 2 of 5", "done": 3, "total": 4, "seconds_left": 80.0}
    steps = [{"name": "graph", "title": "Confusion graph"}]
    status = {"pid": os.getpid(), "started_ticks": start_ticks(os.getpid()), "n_steps": 7, "step_number": 2}
    run.set_status(state=RUNNING, steps=steps, step="graph", progress=phase, **status)
    from dashboard.widgets.start import WATCHED

    app = fine(start("overview.py", **{WATCHED: str(other)}))
    assert "step 3 of 7: Confusion graph" in texts(app)
    app.button("start.cancel").click().run()
    assert run.cancel_asked()
    run.set_status(state="failed", error="Row 7 is <b>bad</b>", wanted="better rows", hint="mend it", progress=None)
    said = texts(fine(app.run()))
    assert "Row 7 is \\<b\\>bad" in said and "Wanted: better rows" in said and "mend it" in said


def test_without_a_workspace_an_analysis_can_be_started(start: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKALIKE_WORKSPACE")
    app = fine(AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=20).run())
    assert any(button.label == "Start the analysis" for button in app.button)


@pytest.mark.parametrize("page", PAGES)
def test_labels_and_predictions_alone_are_enough(
    start: Open, unfinished: Path, workspace: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pixels, no features and so no map, no known truth, nothing estimated."""
    shutil.copytree(workspace / "runs", unfinished / "runs")
    facts = json.loads((unfinished / "workspace.json").read_text())
    facts |= {"pixels": {"kind": "none", "root": None}, "about": {}}
    (unfinished / "workspace.json").write_text(json.dumps(facts))
    run = Workspace.open(unfinished).runs()[0]
    run.drop("xy")
    summary = run.json("summary") | {"detection": None, "estimated_wrong": None, "mode": "imported", "device": "none"}
    run.put("summary", {name: value for name, value in summary.items() if name != "format"}, key="other")
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(unfinished))
    app = fine(start(page, Filter(only="errors", lasso=((0, 0), (1, 0), (1, 1)))))
    if page != "export.py":  # takes everything away, whatever the filter
        assert app.session_state[state.FILTER] == Filter(only="errors"), "there is no map for a lasso"
    if page == "map.py":
        assert "no map" in texts(app)
    if page == "overview.py":
        assert "your own predictions" in texts(app) and "not estimated" in texts(app)
    assert "<img" not in "".join(htmls(app))
