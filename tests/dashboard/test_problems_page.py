"""The page of data problems: every kind as a list, thresholds, marks that are booked and undone, hostile names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.errors import BadInput
from analysis.problems.kinds import KINDS
from analysis.runs.workspace import Workspace
from dashboard import loaders_problems, state
from dashboard.excluding import mark, take_back
from dashboard.selection import Filter
from dashboard.server import opened
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace
from tests.factory_problems import BLANK, COPIES, NEAR, THRESHOLDS

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(
        tmp_path / "ws", n=80, classes=4, names=[HOSTILE, "![x](http://evil.example/a.png)", "c", "d"]
    )
    opens(made.path)
    return made


def page(kind: str = "exact", **session: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.session_state["review.name"] = "Ada"
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    app.session_state[state.OPTIONS] = {"problem": kind}
    app.switch_page("dashboard/pages/problems.py").run()
    return fine(app)


def cards(app: AppTest) -> set[int]:
    html = "\n".join(str(e.proto.body) for e in app.get("html"))
    return {int(part.split('"')[0]) for part in html.split('data-image="')[1:]}


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info]
    return "\n".join([str(part.value) for part in parts] + [str(e.proto.body) for e in app.get("html")])


def thresholds(app: AppTest) -> list[Any]:
    return [slider for slider in app.slider if str(slider.key).startswith("problems.at")]


def excluded(workspace: Workspace) -> set[str]:
    return set(opened.open_workspace(workspace.path).decisions.excluded()["image_id"])


def ids(workspace: Workspace, rows: list[int]) -> set[str]:
    return set(workspace.dataset().table["image_id"].iloc[rows])


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_a_list_that_says_what_it_means(workspace: Workspace, kind: Any) -> None:
    app = page(kind)
    assert KINDS[kind].plain in said(app)
    assert "<img src=x" not in said(app)
    assert not any("![x](" in str(part.value) for part in [*app.markdown, *app.caption])
    if KINDS[kind].measures:
        assert len(thresholds(app)) == 1
    if kind == "broken":
        assert app.dataframe[0].value["Reason"].tolist() == ["cannot be decoded: truncated"]


def test_copies_stand_in_their_groups_and_only_they(workspace: Workspace) -> None:
    assert cards(page("exact")) == {*COPIES, *COPIES.values()}
    assert cards(page("near")) == {row for pair in NEAR for row in pair}
    assert cards(page("blank")) == {BLANK}


def test_moving_the_threshold_changes_the_list(workspace: Workspace) -> None:
    app = page("blank")
    assert cards(fine(thresholds(app)[0].set_value(0.5).run())) == {BLANK}
    run = workspace.latest()
    assert run is not None
    facts = run.table("image_facts")
    facts.loc[40, "flat"] = np.float32(0.8)
    run.put("image_facts", facts, key="other")
    app = page("blank")
    assert cards(app) == {BLANK}
    assert cards(fine(thresholds(app)[0].set_value(0.75).run())) == {BLANK, 40}


def test_groups_with_different_labels_come_first(workspace: Workspace) -> None:
    run, given = workspace.latest(), workspace.dataset().given
    assert run is not None
    found = loaders_problems.copies(str(workspace.path), run.run_id, None)
    differ = [len(set(given[found.groups[g]])) > 1 for g in range(len(found.groups))]
    assert differ == found.labels_differ.tolist() == sorted(differ, reverse=True)
    assert set(found.groups.rows.tolist()) == {*COPIES, *COPIES.values()}


def test_the_filter_counts_here_too(workspace: Workspace) -> None:
    given = int(workspace.dataset().given[BLANK])
    assert cards(page("blank", **{state.FILTER: Filter(given=given)})) == {BLANK}
    assert cards(page("blank", **{state.FILTER: Filter(given=(given + 1) % 4)})) == set()


def test_all_but_the_first_of_a_group_are_excluded_and_one_press_takes_it_back(workspace: Workspace) -> None:
    app = page("exact")
    first = COPIES[3]
    app.button(f"problems.exact.one.{first}").click().run()
    assert excluded(workspace) == ids(workspace, [3, 4])
    log = opened.open_workspace(workspace.path).decisions.log()
    assert set(log["reviewer"]) == {"Ada"} and set(log["queue"]) == {"problems:exact"}
    assert "2 images excluded from training" in said(fine(app))
    app.button("exclude.undo").click().run()
    assert excluded(workspace) == set() and len(opened.open_workspace(workspace.path).decisions.log()) == 4
    assert "exclude.undo" not in [button.key for button in fine(app).button]


def test_nothing_is_excluded_without_a_name(workspace: Workspace) -> None:
    app = page("blank", **{"review.name": ""})
    assert app.button("problems.blank.exclude").disabled
    with pytest.raises(BadInput):
        mark(opened.open_workspace(workspace.path), [1], reviewer=" ")
    assert excluded(workspace) == set()


def test_a_mark_can_be_taken_back_twice_without_harm(workspace: Workspace) -> None:
    found = opened.open_workspace(workspace.path)
    done = mark(found, [1, 2], reviewer="Ada")
    take_back(found, done)
    take_back(found, done)
    assert excluded(workspace) == set() and found.decisions.count() == 4


def test_judging_a_list_makes_it_the_queue(workspace: Workspace) -> None:
    app = page("blank")
    app.button("problems.blank.judge").click().run()
    assert app.session_state[state.FILTER] == Filter(images=(BLANK,))
    assert fine(app).title[0].value == "Review"


def test_the_large_view_shows_copies_and_excludes_one_image(workspace: Workspace) -> None:
    app = page("exact")
    app.query_params[state.IMAGE] = str(workspace.dataset().table["image_id"].iloc[3])
    fine(app.run())
    assert "Copies of this image" in said(app)
    app.button("detail.exclude").click().run()
    assert excluded(workspace) == ids(workspace, [3])
    assert app.button("detail.exclude").label == "Include in training again"
    app.button("detail.exclude").click().run()
    assert excluded(workspace) == set()


def test_an_older_run_and_missing_pixels_or_features_say_what_to_do(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workspace.latest()
    assert run is not None
    facts = {name: value for name, value in run.json("problems").items() if name != "format"}
    bare = {"pixels": False, "features": False}
    run.put("problems", facts | {"has": bare, "thresholds": {"blank": THRESHOLDS["blank"]}}, key="other")
    assert "needs pixels" in said(page("exact")) and "needs what a model sees" in said(page("near"))
    assert json.loads((run.path / "problems.json").read_text())["has"] == bare
    run.drop("problems")
    assert "made by an earlier version" in said(page("exact"))
