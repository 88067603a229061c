"""Verdicts on pairs of classes, where a pair is looked at: said, shown, changed, taken back; never as live text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.errors import StoreFailure
from analysis.review.edges import EdgeDecision, Edges
from analysis.runs.workspace import Workspace
from dashboard import loaders, state
from dashboard.selection import Filter
from dashboard.server import opened
from tests.dashboard.conftest import Opens, fine
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["communities", "confusion"]
NOTE = "![x](http://evil.example/a.png) <img src=x onerror=alert(1)>\nsecond line"


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=120, classes=4, names=[HOSTILE, "b", "c", "d"])
    opens(made.path)
    return made


def page(name: str, chosen: Filter | None = None, reviewer: str = "Ada") -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.session_state["review.name"] = reviewer
    app.run()
    app.session_state[state.FILTER] = chosen or Filter(given=1, predicted=0, both=True)
    app.switch_page(f"dashboard/pages/{name}.py").run()
    return fine(app)


def guideline(app: AppTest) -> Any:
    return next(area for area in app.text_area if area.label.startswith("Guideline"))


def say(app: AppTest, verdict: str, text: str) -> AppTest:
    next(radio for radio in app.radio if radio.label == "What are they to each other?").set_value(verdict)
    guideline(app).set_value(text)
    next(button for button in app.button if button.label == "Save" and button.key != "views.save").click().run()
    return fine(app)


def log(made: Workspace) -> list[tuple[str, ...]]:
    said = Edges(opened.open_workspace(made.path).decisions).log()
    return list(said[["class_a", "class_b", "verdict", "guideline", "reviewer"]].itertuples(index=False, name=None))


def standing(app: AppTest) -> str:
    return next(text.value for text in app.markdown if "These two classes" in text.value)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_said_of_a_pair_is_stored_once_and_shown(workspace: Workspace, name: str) -> None:
    app = page(name)
    assert "nobody has said yet" in standing(app)
    say(app, "overlap", "  both can be right ")
    assert log(workspace) == [(HOSTILE, "b", "overlap", "both can be right", "Ada")]
    assert "they overlap" in standing(app) and "Ada" in standing(app) and "both can be right" in standing(app)
    app.run()
    assert len(log(workspace)) == 1, "looking again books nothing"
    other = page(name, Filter(given=0, predicted=1), reviewer="Bob")
    assert "they overlap" in standing(other), "a pair has no direction"
    say(other, "distinct", "")
    assert "they are clearly different" in standing(other) and "Bob" in standing(other)
    assert [row[2] for row in log(workspace)] == ["overlap", "distinct"]
    history = next(frame.value for frame in other.dataframe if "Verdict" in frame.value)
    assert list(history["Who"]) == ["Bob", "Ada"]


def test_a_verdict_can_be_taken_back_and_stays_in_the_log(workspace: Workspace) -> None:
    app = page("communities")
    say(app, "same", "merge them")
    say(app, "withdrawn", "merge them")
    assert "nobody has said yet" in standing(app)
    assert [row[2:4] for row in log(workspace)] == [("same", "merge them"), ("withdrawn", "")]
    say(app, "withdrawn", "")
    assert len(log(workspace)) == 2, "nothing stands, so there is nothing to take back"
    say(app, "withdrawn", "a guideline alone")
    assert len(log(workspace)) == 2 and "without a verdict" in app.error[0].value


def test_hostile_names_and_guidelines_stay_text(workspace: Workspace) -> None:
    app = page("communities", reviewer="<b>Eve</b>")
    say(app, "both", NOTE)
    assert log(workspace)[0][3] == NOTE, "stored as it was written"
    assert "![x](" not in standing(app) and not re.search(r"(?<!\\)[<\[]", standing(app)), "every one is escaped"


def test_a_database_that_fails_is_said_and_the_words_are_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page("communities")

    def fails(*_: object) -> None:
        raise StoreFailure("The disk is full", hint="make room")

    with monkeypatch.context() as patch:
        patch.setattr(Edges, "book", fails)
        say(app, "both", "long words")
    assert "The disk is full" in app.error[0].value and "nobody has said yet" in standing(app)
    assert guideline(app).value == "long words"


def test_without_a_name_or_without_two_classes_nothing_can_be_said(workspace: Workspace) -> None:
    app = page("communities", reviewer="\u0000 ")
    assert not app.radio and any("Enter your name" in info.value for info in app.info)
    assert not any("These two classes" in text.value for text in page("communities", Filter(given=1)).markdown)
    assert not any(
        "These two classes" in text.value for text in page("confusion", Filter(given=1, predicted=1)).markdown
    )


def test_guidelines_are_found_in_either_order_and_follow_the_last_word(workspace: Workspace) -> None:
    path = str(workspace.path)
    edges = Edges(opened.open_workspace(path).decisions)
    assert loaders.guidelines(path) == {}
    edges.book([EdgeDecision("d", "c", "overlap", "look at the ears", "Ada", "session", 1, 1.0)])
    assert loaders.guidelines(path)["c", "d"] == loaders.guidelines(path)["d", "c"] == ("overlap", "look at the ears")
    edges.book([EdgeDecision("c", "d", "withdrawn", "", "Bob", "session", 2, 2.0)])
    assert loaders.guidelines(path) == {}
