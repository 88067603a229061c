"""The command `export`: formats with options, policies, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import read_export
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


def test_only_images_that_pass_a_condition_are_exported(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def export(out: str, where: str) -> int:
        command = ["export", str(workspace.path), "--format", "csv", "--out", str(tmp_path / out)]
        return main([*command, "--policy", "unsure=drop", "--where", where])

    assert export("part", 'image_id >= "train/00005" and given != "class 0"') == 0
    made = read_export("csv", tmp_path / "part")
    given = workspace.dataset().given
    expected = [f"train/{i:05d}" for i in range(5, 20) if given[i] != 0]
    assert made.tables["labels"]["image_id"].tolist() == expected
    assert len(made.tables["changes"]) == 0, "the dropped image does not pass"
    assert made.provenance["only"] == {"where": 'image_id >= "train/00005" and given != "class 0"'}
    assert made.provenance["counts"]["n_labels"] == len(expected)
    capsys.readouterr()
    assert export("none", 'decision == "kept"') == 2
    assert "No image passes the condition" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_a_condition_that_cannot_be_read_is_shown_with_its_place(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", str(workspace.path), "--format", "csv", "--out", str(tmp_path / "out")]
    assert main([*command, "--where", "suspicion > 0.5 and desision == 'kept'"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "error: There is no key 'desision' – wanted: decision"
    assert said[1:] == ["  suspicion > 0.5 and desision == 'kept'", "  " + " " * 20 + "^"]
