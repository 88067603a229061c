"""What `retrain` found, as the page of models shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.runs.before_after import keep_result
from analysis.runs.workspace import Workspace
from dashboard.server import opened
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = make_workspace(tmp_path / "ws", n=60, classes=4)
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    st.cache_resource.clear()
    yield made
    opened.close_all()


def page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page("dashboard/pages/models.py").run()
    assert not app.exception, app.exception
    return app


def result(event: int) -> dict[str, object]:
    """What `retrain` keeps."""
    return {
        "made_at": 1e9,
        "run_id": "r",
        "model": HOSTILE,
        "last_event": event,
        "policy": {},
        "trusted": {"kind": "verified", "said": "images that people have judged", "n": 360, "n_folds": 5},
        "changed": 12,
        "dropped": 1,
        "n_seeds": 2,
        "before": 0.8,
        "after": 0.85,
        "difference": {"value": 0.05, "low": 0.02, "high": 0.08},
        "per_seed": [[0.79, 0.84], [0.81, 0.86]],
        "gained": 20,
        "lost": 2,
        "verdict": "better",
        "sentence": "Better: 80.0% → 85.0% of 360 trusted images right, +5.0 points.",
        "cautions": ["They were chosen because a model suspected them."],
    }


def test_what_cleaning_brought_is_shown_with_its_interval_and_cautions_and_that_it_is_old(workspace: Workspace) -> None:
    assert any("analysis retrain" in code.value for code in page().code)
    event = opened.open_workspace(workspace.path).decisions.last_seq()
    keep_result(workspace, result(event))
    app = page()
    shown = next(frame.value for frame in app.dataframe if "Trained on" in frame.value)
    assert shown["Right"].tolist() == ["80.0 %", "85.0 %", "+5.0 points"]
    assert shown["How sure"].iloc[2] == "95 % interval +2.0 to +8.0"
    assert any("chosen because a model suspected" in warning.value for warning in app.warning)
    assert not any("Train again" in info.value for info in app.info)
    said = [element.value for element in (*app.caption, *app.markdown)]
    assert not any(re.search(r"(?<!\\)<img", text) for text in said), "the name of the model is hostile"
    keep_result(workspace, result(event - 1))
    assert any("Train again" in info.value for info in page().info)
