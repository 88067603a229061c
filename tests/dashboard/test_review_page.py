"""The Review page under AppTest: queues, windows, progress; the deck itself is tested in a browser."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.base.config import RunSettings
from analysis.base.types import Decision
from analysis.runs.workspace import Workspace
from dashboard.selection import Columns, Filter
from dashboard.server import opened
from dashboard.server.security import TOKEN
from dashboard.widgets.queue_choice import say_queue
from tests.dashboard.conftest import Opens
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = "dashboard/pages/review.py"


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=400, classes=6, names=[HOSTILE, *"abcde"])
    opens(made.path)
    return made


def page(**state: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in {"review.name": "Ada", **state}.items():
        app.session_state[name] = value
    app.run()
    app.switch_page(PAGE).run()
    assert not app.exception, app.exception
    return app


def deck_data(app: AppTest) -> dict[str, Any]:
    """What the deck was given."""
    given = [json.loads(part.proto.json or "{}") for part in app.get("bidi_component")]
    (data,) = [one for one in given if one and "decisions" in one]
    found: dict[str, Any] = data
    return found


def book(made: Workspace, image_id: str, seq: int, verdict: Any) -> None:
    said = Decision(image_id, verdict, "b", "a", None, "Ada", "r", "session-of-test", seq, 1e9)
    opened.open_workspace(made.path).decisions.book([said])


def test_the_deck_gets_the_first_window_of_a_queue_in_pair_order(workspace: Workspace) -> None:
    data = deck_data(page())
    run = workspace.latest()
    assert run is not None
    suspects = run.table("suspects")
    assert data["total"] == len(suspects) and data["already"] == 0
    assert [item["n"] for item in data["items"]] == list(range(min(60, len(suspects))))
    assert data["token"] == TOKEN
    first = data["items"][0]
    assert first["given"] != first["suggested"]
    assert first["image"].startswith("/image/") and first["thumb"].startswith("/thumb/")
    choices = [p for _, p in first["choices"]]
    assert choices == sorted(choices, reverse=True) and len(choices) == 6
    pairs = [(item["given"], item["suggested"]) for item in data["items"]]
    changes = sum(one != other for one, other in pairwise(pairs))
    assert changes == len(set(pairs)) - 1  # every pair stands together


def test_the_order_by_suspicion(workspace: Workspace) -> None:
    app = page()
    app.selectbox(key="review.order_by").set_value("suspicion").run()
    suspicions = [item["suspicion"] for item in deck_data(app)["items"]]
    assert suspicions == sorted(suspicions, reverse=True)


def test_the_next_window_begins_where_the_deck_asks(workspace: Workspace) -> None:
    app = page()
    data = deck_data(app)
    app.session_state["review.deck"] = {"want": {"queue": data["queue"], "start": 60}}
    app.run()
    later = deck_data(app)
    assert later["queue"] == data["queue"]
    assert [item["n"] for item in later["items"]] == list(range(60, min(120, data["total"])))
    assert not {item["id"] for item in later["items"]} & {item["id"] for item in data["items"]}
    app.session_state["review.deck"] = {"want": {"queue": "of another time", "start": 60}}
    app.run()
    assert deck_data(app)["items"][0]["n"] == 0


def test_judged_images_are_not_asked_again_skipped_ones_come_last_and_all_count(workspace: Workspace) -> None:
    first = deck_data(page())["items"]
    book(workspace, first[0]["id"], 1, "none_fits")
    book(workspace, first[1]["id"], 2, "keep")
    book(workspace, first[2]["id"], 3, "skip")
    app = page()
    data = deck_data(app)
    listed = len(workspace.latest().table("suspects"))  # type: ignore[union-attr]
    assert (data["already"], data["skipped"], data["total"]) == (2, 1, listed - 2)
    assert not {one["id"] for one in first[:3]} & {item["id"] for item in data["items"]}
    app.session_state["review.deck"] = {"want": {"queue": data["queue"], "start": data["total"] - 1}}
    app.run()
    assert deck_data(app)["items"][0]["id"] == first[2]["id"]
    assert [metric.value for metric in app.metric[:3]] == ["2", "1", "50 %"]
    said = " ".join(caption.value for caption in app.caption)
    assert "95 % interval 9.5 to 90.5 %" in said
    assert "Known only where someone looked" in said and "cannot be computed from it" in said


def test_the_queues_of_a_community_and_of_a_pair(workspace: Workspace) -> None:
    app = page()
    app.get("button_group")[0].set_value("community").run()
    community = app.selectbox(key="review.community").value
    classes = workspace.latest().table("classes")  # type: ignore[union-attr]
    members = set(classes[classes["community"] == community]["name"])
    assert {item["given"] for item in deck_data(app)["items"]} <= members
    app.get("button_group")[0].set_value("pair").run()
    assert len({(item["given"], item["suggested"]) for item in deck_data(app)["items"]}) == 1


def test_the_filter_of_other_pages_is_a_queue(workspace: Workspace) -> None:
    data = deck_data(page(filter=Filter(given=1)))
    assert {item["given"] for item in data["items"]} == {"a"}
    assert data["total"] == int((workspace.dataset().given == 1).sum())


def test_the_queue_says_how_many_of_its_images_are_suspects(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    scores, listed = run.table("scores"), len(run.table("suspects"))
    flagged = scores["is_suspect"].to_numpy().copy()
    dropped = np.flatnonzero(flagged)[:5]
    flagged[dropped] = False
    run.put("scores", scores.assign(is_suspect=flagged), key="factory")
    suspects = run.table("suspects")
    run.put("suspects", suspects.assign(is_suspect=flagged[suspects["row"]]), key="changed")
    app = page()
    said = f"{listed} images: {listed - 5} suspects and 5 more that the model would label differently."
    assert said in [caption.value for caption in app.caption]
    assert deck_data(app)["total"] == listed, "no image is dropped"
    app.get("button_group")[0].set_value("community").run()
    shown = app.selectbox(key="review.community").options
    assert sum(int(option.rsplit(" – ", 1)[1].split()[0]) for option in shown) == listed - 5
    assert {option.split(":")[0] for option in shown} == {"community 1", "community 2"}


def test_the_words_for_a_queue_fit_what_is_in_it() -> None:
    def columns(is_suspect: list[bool], predicted: list[int]) -> Columns:
        n = len(predicted)
        given = np.zeros(n, int)
        suspicion, crosses = np.zeros(n), np.zeros(n, bool)
        return Columns(given, np.array(predicted), given, np.zeros(2, int), suspicion, np.array(is_suspect), crosses)

    rows = np.arange(2)
    assert say_queue(columns([True, True], [1, 1]), rows) == "2 images: 2 suspects."
    assert say_queue(columns([True, False], [1, 0]), rows) == (
        "2 images: 1 suspect and 1 more where the model agrees with the given label."
    )
    assert say_queue(columns([False, False], [1, 1]), rows) == ("2 images: 2 that the model would label differently.")


@pytest.mark.parametrize("asked", ["unfinished", "no-such-run"])
@pytest.mark.parametrize("where", [PAGE, "dashboard/pages/export.py"])
def test_a_link_to_a_run_that_is_not_finished_shows_the_newest_finished_one(
    workspace: Workspace, asked: str, where: str
) -> None:
    finished = workspace.latest()
    assert finished is not None
    if asked == "unfinished":
        begun = workspace.run_for(RunSettings(convert="softmax"), label="later")
        begun.set_status(state="failed")
        asked = begun.run_id
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.session_state["run"] = asked
    app.session_state["review.name"] = "Ada"
    app.run()
    app.session_state["run"] = asked
    app.switch_page(where).run()
    assert not app.exception, app.exception
    assert app.session_state["run"] == finished.run_id


def test_without_suspects_there_is_nothing_to_judge(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    run.put("suspects", run.table("suspects").iloc[:0], key="none")
    app = page()
    assert "No label looks wrong" in app.info[0].value
    app.button(key="review.communities").click().run()
    assert not app.exception


def test_predicted_classes_are_shown_without_a_probability_nobody_gave(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    top = run.array("top_class")[:, :1]
    run.put("top_class", np.ascontiguousarray(top), key="labels")
    run.put("top_prob", np.ones(top.shape, np.float32), key="labels")
    st.cache_resource.clear()
    choices = [item["choices"] for item in deck_data(page())["items"]]
    assert all(len(shown) == 1 and shown[0][1] is None for shown in choices)


def test_the_queue_goes_on_when_another_share_of_wrong_labels_is_accepted(workspace: Workspace) -> None:
    app = page()
    before = deck_data(app)["queue"]
    app.select_slider(key="review.accepted").set_value(0.05).run()
    assert deck_data(app)["queue"] == before
    app.select_slider(key="review.repeat").set_value(0.05).run()
    assert deck_data(app)["queue"] != before, "other items belong to it"


def test_an_empty_queue_says_what_to_do(workspace: Workspace) -> None:
    app = page(filter=Filter(given=1, predicted=1, only="errors"))
    assert "No image is in this queue" in app.info[0].value


def test_a_workspace_without_a_finished_run_says_what_to_do(workspace: Workspace) -> None:
    workspace.latest().set_status(state="failed")  # type: ignore[union-attr]
    app = page()
    assert any("Overview" in element.value for element in app.markdown)


def test_without_a_name_nothing_is_judged(workspace: Workspace) -> None:
    app = page()
    app.text_input(key="review.name.field").set_value("  \u0000 ").run()
    assert "Enter your name" in app.info[0].value
    app.text_input(key="review.name.field").set_value(" Ada\u0007 Lovelace ").run()
    assert deck_data(app)["reviewer"] == "Ada Lovelace"
