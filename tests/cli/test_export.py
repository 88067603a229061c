"""The command `export`: formats with options, policies, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.review.decisions import DecisionStore
from analysis.runs.workspace import Workspace
from tests.factory import make_workspace
from tests.review.helpers import decision


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "w", n=20, classes=4)
    given = made.dataset().classes[made.dataset().given[0]]
    with DecisionStore(made.review_url) as store:
        store.book([decision(1, "train/00000", "unsure", given=given)])
    return made


def test_options_and_policies_are_taken_and_said(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["export", str(workspace.path), "--format", "image_folder", "--out", str(out)]
    assert main([*command, "--option", "link=symlink", "--policy", "unsure=drop"]) == 0
    said = capsys.readouterr().out
    assert "out: 19 labels; changes: 1 × drop" in said
    assert "1 image the reviewer was unsure of is left out." in said
    assert "19 images that nobody has judged keep their given labels" in said
    facts = json.loads((out / "provenance.json").read_text())
    assert facts["options"]["link"] == "symlink" and facts["policy"]["unsure"] == "drop"
    assert len(list(out.rglob("*.png"))) == 19


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--option", "link=move"], "The option of image_folder 'link' is 'move' – wanted: 'copy', 'hardlink' or"),
        (
            ["--option", "colour=red"],
            "There is no option of image_folder called 'colour' – wanted: one of link, splits",
        ),
        (["--policy", "unsure=perhaps"], "The policy 'unsure' is 'perhaps' – wanted: 'keep' or 'drop'"),
        (["--policy", "unsure"], "--policy unsure – wanted: NAME=VALUE"),
    ],
)
def test_what_was_asked_wrongly_is_said_in_a_line_and_nothing_is_written(
    asked: list[str], message: str, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["export", str(workspace.path), "--format", "image_folder", "--out", str(out), *asked]) == 2
    assert message in capsys.readouterr().err and not out.exists()
