"""The large view of one image: what it says, whose names it escapes, and how links and lists lead through it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.types import Decision
from analysis.noise.scorer import SCORERS
from analysis.runs.workspace import Workspace
from dashboard import loaders_detail, state
from dashboard.components.image_opener.image_opener import Opened, read_opened
from dashboard.selection import Filter
from dashboard.server import opened
from dashboard.widgets import image_detail, image_links
from dashboard.widgets.image_links import REACH, keep_list, kept_list
from tests.dashboard.conftest import Opens
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
NAMES = [HOSTILE, "![x](http://evil.example/a.png)", "</script><b>bold</b>", "plain"]


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=80, classes=4, names=NAMES)
    opens(made.path)
    return made


def view(image: str, page: str = "overview.py", **session: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
    app.session_state["review.name"] = "Ada"
    for key, value in session.items():
        app.session_state[key] = value
    app.switch_page(f"dashboard/pages/{page}")
    app.query_params[state.IMAGE] = image
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def shown(app: AppTest) -> str:
    return "\n".join(str(e.proto.body) for e in app.get("html") if not e.proto.unsafe_allow_javascript)


def image_of(workspace: Workspace, row: int) -> str:
    return str(workspace.dataset().table["image_id"].iloc[row])


def say(workspace: Workspace, row: int, **more: Any) -> None:
    facts: dict[str, Any] = {
        "image_id": image_of(workspace, row),
        "verdict": "none_fits",
        "given": "plain",
        "suggested": "",
        "new_label": None,
        "reviewer": HOSTILE,
        "run_id": "r",
        "session": "session-1",
        "seq": 1,
        "decided_at": 1_700_000_000.0,
        "note": HOSTILE,
    }
    opened.open_workspace(workspace.path).decisions.book([Decision(**(facts | more))])


def test_the_view_says_all_that_is_known_of_an_image(workspace: Workspace) -> None:
    run, row = workspace.latest(), 3
    assert run is not None
    said = shown(view(image_of(workspace, row)))
    assert f"/image/{opened.open_workspace(workspace.path).key}/{row}" in said
    for words in ("Given label", "Predicted", "True label", "All together", "Path"):
        assert words in said, words
    for name in ("self_confidence", "normalized_margin"):
        spec = dict(SCORERS.items())[name]
        assert spec.title in said and spec.plain in said
    for other in run.array("neighbour_index")[row]:
        assert f'data-image="{other}"' in said
    assert f"{run.array('neighbour_similarity')[row, 0]:.3f}" in said


def test_names_notes_and_reviewers_are_text_in_it(workspace: Workspace) -> None:
    say(workspace, 0)
    said = shown(view(image_of(workspace, 0)))
    assert "&lt;img src=x" in said
    assert "<img src=x" not in said and "<b>bold" not in said


def test_the_history_holds_what_was_undone_and_only_of_this_image(workspace: Workspace) -> None:
    say(workspace, 1, reviewer="Ada", note="first", queue="suspects")
    say(workspace, 1, reviewer="Ada", verdict="undo", undoes=1, seq=2, note="")
    say(workspace, 1, reviewer="Bob", session="session-2", verdict="exclude", note="")
    say(workspace, 2, reviewer="Eve", session="session-3")
    found = loaders_detail.history(str(workspace.path), image_of(workspace, 1))
    assert found["reviewer"].tolist() == ["Ada", "Ada", "Bob"]
    assert found["undone"].tolist() == [True, False, False]
    app = view(image_of(workspace, 1))
    said = shown(app)
    assert "first" in said and "exclude from training" in said and "in suspects" in said and "Eve" not in said
    assert said.count("la-undone") == 2, "the style and the event that was taken back"
    assert any("not to be trained on" in caption.value for caption in app.caption)


def test_an_image_that_is_not_there_is_said_and_the_link_is_mended(workspace: Workspace) -> None:
    app = view("<b>no such image</b>")
    assert state.IMAGE not in app.query_params
    assert "la-view" not in shown(app)


def test_an_old_address_opens_no_view_that_was_just_left_nor_the_one_before_its_last_step(workspace: Workspace) -> None:
    left, before, other = (image_of(workspace, row) for row in (3, 4, 5))
    for image, opens_it in ((left, False), (before, False), (other, True)):
        app = view(image, **{image_detail.CLOSED: ({left, before}, time.monotonic())})
        assert ("la-view" in shown(app)) is opens_it
        assert (state.IMAGE in app.query_params) is opens_it
    long_ago = time.monotonic() - image_detail.JUST_NOW - 1
    assert "la-view" in shown(view(left, **{image_detail.CLOSED: ({left, before}, long_ago)}))


def test_the_view_changes_neither_filter_nor_page(workspace: Workspace) -> None:
    chosen = Filter(given=1, only="errors")
    app = view(image_of(workspace, 5), "map.py", **{state.FILTER: chosen})
    assert app.session_state[state.FILTER] == chosen
    assert app.query_params[state.IMAGE] == image_of(workspace, 5)
    app.query_params.pop(state.IMAGE)
    app.run()
    assert app.session_state[state.FILTER] == chosen and "la-view" not in shown(app)


def test_judging_it_is_a_queue_of_one(workspace: Workspace) -> None:
    app = view(image_of(workspace, 7))
    app.button("detail.judge").click().run()
    assert app.session_state[state.FILTER] == Filter(images=(7,))
    assert app.title[0].value == "Review"


def test_every_scorer_is_read_with_the_share_it_finds_less_suspicious(workspace: Workspace) -> None:
    run = workspace.latest()
    assert run is not None
    table = run.table("scores")
    row = int(table["suspicion"].idxmax())
    found = loaders_detail.doubts(str(workspace.path), run.run_id, row)
    assert [one.title for one in found] == ["All together", "Self-confidence", "Normalised margin"]
    assert found[0].value == table["suspicion"].iloc[row]
    assert found[0].above == np.mean(table["suspicion"] < table["suspicion"].iloc[row])


def test_a_long_list_is_kept_around_the_page_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_links.st, "session_state", {})
    keep_list("all", np.arange(100_000)[::-1], at=50_000)
    found = kept_list(49_999, "all")
    assert found is not None and found[0] == "all"
    part = found[1]
    assert part.total == 100_000
    assert len(part.rows) == 2 * REACH and part.first == 50_000 - REACH
    assert part.rows[0] == 99_999 - part.first
    assert kept_list(3) is None, "too far away"
    keep_list("other", np.array([3, 49_999]))
    assert kept_list(3) == ("other", kept_list(49_999, "other")[1])  # type: ignore[index]
    assert kept_list(49_999)[0] == "other" and kept_list(49_999, "all")[0] == "all"  # type: ignore[index]


@pytest.mark.parametrize("value", [None, 3, {}, {"row": "1", "among": ""}, {"row": -1, "among": ""}, {"row": 1}])
def test_what_the_browser_should_not_send_is_ignored(value: Any) -> None:
    assert read_opened(value) is None


def test_a_click_names_row_and_list() -> None:
    assert read_opened({"row": 4, "among": "map"}) == Opened(4, "map")
    assert read_opened({"place": 7, "among": "map", "inside": True}) == Opened(None, "map", 7, True)


def test_an_address_from_before_the_jump_to_the_map_takes_no_mark_away(workspace: Workspace) -> None:
    app = view(image_of(workspace, 3), "map.py")
    app.button(key="detail.map").click().run()
    assert not app.exception and app.query_params["near"] == "3"
    app.query_params["near"] = ""  # what a map that is being drawn sends along
    app.run()
    assert not app.exception and app.query_params["near"] == "3"
