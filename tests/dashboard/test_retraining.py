"""The button that trains on the original and on the cleaned labels."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.errors import BadInput
from analysis.cli import build_parser
from analysis.runs.before_after import keep_result
from analysis.runs.workspace import Workspace
from dashboard import launch, retraining
from tests.dashboard.test_before_after import page, result, workspace

__all__ = ["workspace"]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let `python -m analysis` be a small script."""
    return lambda text: monkeypatch.setattr(launch, "COMMAND", (sys.executable, "-c", text))


def ended(workspace: Workspace) -> None:
    until = time.monotonic() + 20
    while (job := retraining.find(str(workspace.path))) is not None and job.running():
        assert time.monotonic() < until
        time.sleep(0.02)


def press(app: AppTest, label: str) -> AppTest:
    app = next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_a_press_trains_and_the_page_shows_how_far_it_is_and_then_what_came_out(
    workspace: Workspace, program: Callable[[str], None]
) -> None:
    program("import sys, time; print('seed 2 of 5 <b>', flush=True); time.sleep(60)")
    app = press(page(), "Train on both")
    job = retraining.find(str(workspace.path))
    assert job is not None and job.running()
    until = time.monotonic() + 20
    while "seed 2 of 5" not in job.tail() and time.monotonic() < until:
        time.sleep(0.02)
    app.run()
    assert any("**Training on both** · seed 2 of 5 \\<b\\>" in said.value for said in app.markdown)
    assert "Train on both" not in labels(app), "one at a time"
    with pytest.raises(BadInput, match="being trained on already"):
        retraining.start(str(workspace.path))
    assert launch.going_on() is None, "it is no analysis"
    keep_result(workspace, {**result(0), "made_at": time.time()})
    press(app, "Stop")
    ended(workspace)
    app.run()
    assert any("**Better" in said.value for said in app.markdown) and not app.error
    assert "Train again" in labels(app)


def test_why_it_failed_is_said_until_there_is_a_result(workspace: Workspace, program: Callable[[str], None]) -> None:
    program("import sys; sys.exit('error: No image <i> can be trusted – wanted: known labels – judge some')")
    app = press(page(), "Train on both")
    ended(workspace)
    app.run()
    (said,) = app.error
    assert "No image \\<i\\> can be trusted" in said.value and "Wanted: known labels" in said.value
    assert "Train on both" in labels(app)
    keep_result(workspace, {**result(0), "made_at": time.time()})
    assert not app.run().error


def test_what_is_started_is_the_command_of_the_terminal(workspace: Workspace, tmp_path: Path) -> None:
    started: list[list[str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "spawn", lambda _, arguments, __: started.append(arguments))
        retraining.start(str(workspace.path))
    parsed = build_parser().parse_args(started[0])
    assert (parsed.command, parsed.workspace, parsed.trusted) == ("retrain", str(workspace.path), "auto")
