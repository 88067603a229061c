"""The Confusion page as a whole: blocks, search, a second run, and the state that a copied link keeps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.runs.run import DONE, Run
from analysis.runs.workspace import Workspace
from dashboard import loaders, state
from dashboard.components.matrix_keys.matrix_keys import read_cell
from dashboard.selection import Filter
from dashboard.widgets.class_names import matching
from dashboard.widgets.matrix_controls import parse_open
from dashboard.widgets.second_run import differences
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
N, K = 400, 50
Open = Callable[..., AppTest]


def second(workspace: Workspace) -> Run:
    """Another finished run: a copy of the first, in which class 0 is always predicted right."""
    first = workspace.runs()[0]
    shutil.copytree(first.path, first.path.with_name("20990101-000000_better_0"))
    run = workspace.run("20990101-000000_better_0")
    scores, given = run.table("scores"), workspace.dataset().given
    scores.loc[given == 0, "predicted"] = 0
    run.put("scores", scores, key="better")
    predicted = scores["predicted"].to_numpy()
    cells, number = np.unique(given.astype(np.int64) * K + predicted, return_counts=True)
    table = pd.DataFrame({"given": cells // K, "predicted": cells % K, "count": number, "soft": number.astype(float)})
    run.put("confusion", table, key="better")
    run.put("summary", {**run.json("summary"), "model": "better <b>"}, key="better")
    run.set_status(state=DONE)
    return run


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    names = [HOSTILE, *(f"class {k}" for k in range(1, K))]
    made = make_workspace(tmp_path_factory.mktemp("confusion") / "w", n=N, classes=K, names=names)
    second(made)
    return made


@pytest.fixture
def start(workspace: Workspace, opens: Opens) -> Open:
    opens(workspace.path)

    def open_page(**link: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
        app.session_state[state.RUN] = workspace.runs()[0].run_id
        for name, value in link.items():
            app.query_params[name] = value
        return fine(app.switch_page("dashboard/pages/confusion.py").run())

    return open_page


def figure(app: AppTest, at: int = 0) -> dict[str, Any]:
    return dict(json.loads(app.get("plotly_chart")[at].proto.spec))


def rows(app: AppTest) -> list[str]:
    return list(figure(app)["layout"]["yaxis"]["ticktext"])


def box(app: AppTest, label: str) -> Any:
    return next(b for b in app.selectbox if b.label == label)


def chosen(app: AppTest) -> Filter:
    found: Filter = app.session_state[state.FILTER]
    return found


def test_many_classes_begin_folded_and_a_link_opens_what_it_names(start: Open) -> None:
    app = start()
    assert len(rows(app)) == 2 and rows(app)[0].startswith("1: ")
    assert any("2 communities folded into a row each" in c.value for c in app.caption)
    app = start(community="1", into="1", only="errors")
    assert len(rows(app)) == 1 + 25
    assert any("confused inside <b>community 2</b>" in h.proto.body for h in app.get("html"))


def test_blocks_are_opened_folded_and_kept_in_the_link(start: Open) -> None:
    app = start()
    blocks = next(m for m in app.multiselect if m.label.startswith("Communities"))
    fine(blocks.select(0).run())
    assert app.query_params["open"] == "0" and len(rows(app)) == 26
    fine(start(open="0_1_99_x"))
    app.button("confusion.crumb.0").click().run()
    assert len(rows(app)) == 2 and app.query_params["open"] == "none"
    app = start(open="0")
    assert len(rows(app)) == 26
    fine(app.button("confusion.all").click().run())
    assert len(rows(app)) == 2 and chosen(app).is_empty


def framed(app: AppTest) -> dict[str, Any]:
    """What is framed over the matrix."""
    sent = (json.loads(part.proto.json or "{}") for part in app.get("bidi_component"))
    marks: dict[str, Any] = next(data["marks"] for data in sent if "marks" in data)
    return marks


def test_choosing_a_cell_changes_the_frames_and_not_the_figure(start: Open) -> None:
    app = start(open="0")
    before = figure(app)
    again = start(open="0", given="1", predicted="2")
    assert framed(app)["blocks"] == [] and len(framed(again)["blocks"]) == 1
    assert figure(again) == before, "Streamlit would draw the whole chart anew"


@pytest.mark.parametrize(("said", "found"), [("0_2", {0, 2}), ("none", set()), ("9_-1_a_²_1", {1}), ("1" * 99, set())])
def test_a_link_can_say_anything(said: str, found: set[int]) -> None:
    assert parse_open(said, 3) == found


def test_a_class_is_found_by_its_name_and_its_partners_are_listed(start: Open, workspace: Workspace) -> None:
    app = start()
    fine(box(app, "Find a class").set_value(30).run())
    assert chosen(app) == Filter(class_id=30, only="errors")
    assert any(name.startswith("class 30 ") for name in rows(app)), "its block opens"
    marks = framed(app)
    assert len(marks["rows"]) == len(marks["columns"]) == 1 and not marks["blocks"], "its row and its column"
    columns = loaders.run_columns(str(workspace.path), workspace.runs()[0].run_id)
    out = columns.predicted[(columns.given == 30) & (columns.predicted != 30)]
    into = columns.given[(columns.predicted == 30) & (columns.given != 30)]
    partners = next(d.value for d in app.dataframe if "Confused with" in d.value)
    assert partners["Predicted so"].sum() == len(out) and partners["Other way"].sum() == len(into)
    assert len(partners) == len(set(out) | set(into))


def test_part_of_a_name_is_enough_among_very_many() -> None:
    names = ("tabby", "Egyptian cat", "catamaran", "tiger cat", HOSTILE)
    assert [names[k] for k in matching(names, " CAT")] == ["catamaran", "Egyptian cat", "tiger cat"]
    assert matching(names, "") == [] and matching(names, "[") == [4]
    assert matching(["wildcat", "cats", "big cat", "cat"], "cat") == [3, 1, 2, 0], "the name itself, its start, a word"


def test_the_tables_hold_every_class_and_every_wrong_cell(start: Open, workspace: Workspace) -> None:
    app = start()
    cells = next(d.value for d in app.dataframe if list(d.value.columns[:2]) == ["Given", "Predicted"])
    confusion = workspace.runs()[0].table("confusion")
    wrong = confusion[confusion["given"] != confusion["predicted"]]
    assert cells["Images"].sum() == wrong["count"].sum() and len(cells) == len(wrong)
    classes = next(d.value for d in app.dataframe if "Worst partner" in d.value)
    assert len(classes) == K and classes["Images"].sum() == N
    assert (classes["from"] <= classes["Accuracy"] + 1e-9).all()
    assert (classes["Accuracy"] <= classes["to"] + 1e-9).all()
    assert classes["Wrong labels"].isna().all()
    assert any("run again to see the estimated share" in c.value for c in app.caption), "made without an estimate"


def test_a_pair_shows_its_images_in_both_directions(start: Open) -> None:
    cells = next(d.value for d in start().dataframe if list(d.value.columns[:2]) == ["Given", "Predicted"])
    worst = cells[~cells["Given"].str.startswith("<") & ~cells["Predicted"].str.startswith("<")].iloc[0]
    link = start(given=worst["Given"].split()[-1], predicted=worst["Predicted"].split()[-1])
    headings = [h.proto.body for h in link.get("html") if "<h4" in h.proto.body]
    assert len(headings) == 2 and f": {worst['Images']}</h4>" in headings[0], "both directions side by side"
    assert any(f"{worst['Images']} image" in h.proto.body and "labelled" in h.proto.body for h in link.get("html"))


def test_conditions_from_elsewhere_limit_what_is_counted(start: Open, workspace: Workspace) -> None:
    app = start(only="suspects")
    assert any("other conditions of the filter are counted" in c.value for c in app.caption)
    classes = next(d.value for d in app.dataframe if "Worst partner" in d.value)
    assert classes["Images"].sum() == workspace.runs()[0].table("scores")["is_suspect"].sum()


def test_a_second_run_stands_beside_with_the_same_rows(start: Open, workspace: Workspace) -> None:
    other = workspace.runs()[1].run_id
    app = start()
    fine(box(app, "Compare with").set_value(other).run())
    assert app.query_params["beside"] == other
    left, right = figure(app, 0), figure(app, 1)
    assert left["layout"]["yaxis"]["ticktext"] == right["layout"]["yaxis"]["ticktext"]
    assert any("better \\<b\\>" in m.value for m in app.markdown), "names of models are text"
    pairs = next(d.value for d in app.dataframe if "Gone" in d.value)
    assert (pairs["New"] == 0).all() and pairs["Gone"].sum() == -pairs["Change"].sum() > 0
    classes = next(d.value for d in app.dataframe if "Verdict" in d.value)
    assert classes["Class"].iloc[0].startswith("<img") and classes["Verdict"].iloc[0].startswith("better")
    assert (classes["Verdict"].iloc[1:] == "same").all()


def test_the_difference_of_two_runs_is_part_of_the_link(start: Open, workspace: Workspace) -> None:
    app = start(beside=workspace.runs()[1].run_id, two="difference", show="share of given", log="yes", errors="no")
    assert len(app.get("plotly_chart")) == 1
    heat = figure(app)["data"][0]
    assert heat["zmin"] == -heat["zmax"]
    assert {name: app.query_params[name] for name in ("two", "log", "errors")} == {
        "two": "difference",
        "log": "yes",
        "errors": "no",
    }


def test_a_second_run_that_is_not_there_is_said(start: Open) -> None:
    app = start(beside="20000101-000000_gone")
    assert any("beside" in w.value for w in app.warning) and len(app.get("plotly_chart")) == 1


def test_other_labels_or_classes_of_the_other_run_are_said() -> None:
    one = pd.DataFrame({"name": ["cat", "dog"], "n_images": [10, 20]})
    assert differences(one, one) == ("", True)
    said, comparable = differences(one, one.assign(n_images=[12, 18]))
    assert "2 classes have another number of images" in said and comparable
    said, comparable = differences(one, one.assign(name=["cat", "fox"]))
    assert "1 class only there, 1 only here" in said and not comparable
    assert not differences(one, one.assign(n_images=[10, 21]))[1]


@pytest.mark.parametrize("sent", [None, {}, {"row": 1}, {"row": 3, "column": 0}, {"row": -1, "column": 0}, [0, 0]])
def test_a_cell_that_the_matrix_lacks_is_no_gesture(sent: Any) -> None:
    assert read_cell(sent, 3) is None
    assert read_cell({"row": 2, "column": 0, "time": 5}, 3) == (2, 0)
    assert read_cell({"row": True, "column": 0.0}, 3) is None
