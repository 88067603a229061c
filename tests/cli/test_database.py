"""--database and LOOKALIKE_DATABASE_URL: where the commands look for decisions, and what they never print."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from analysis.cli import main
from analysis.review.opening import VARIABLE, open_store
from analysis.runs.workspace import Workspace
from tests.factory import make_workspace
from tests.review.helpers import decision

NOWHERE = "postgresql://ada:secret@127.0.0.1:1/none"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace without decisions of its own; a team's database beside it holds one."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    made = make_workspace(tmp_path / "ws", n=20)
    given = made.dataset().classes[int(made.dataset().given[0])]
    with open_store(made, "team.sqlite") as store:
        store.book([decision(1, "train/00000", "none_fits", given=given)])
    return made


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def status(workspace: Workspace, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert run("status", workspace.path, "--json", *more) == 0
    return json.loads(capsys.readouterr().out)


def test_status_counts_and_names_the_place_of_the_decisions(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = status(workspace, capsys)
    assert (own["decisions"], own["database"]) == (0, f"sqlite:///{workspace.path}/review.sqlite")
    assert not (workspace.path / "review.sqlite").exists(), "looking makes no file"
    team = status(workspace, capsys, "--database", "team.sqlite")
    assert (team["decisions"], team["database"]) == (1, f"sqlite:///{Path.cwd()}/team.sqlite")
    monkeypatch.setenv(VARIABLE, "sqlite:///team.sqlite")
    assert status(workspace, capsys) == team
    run("status", workspace.path)
    assert f"images decided on: 1, kept in sqlite:///{Path.cwd()}/team.sqlite" in capsys.readouterr().out


def test_export_takes_the_decisions_of_the_database(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", workspace.path, "--format", "csv", "--out", "own") == 0
    assert "19 images that nobody has judged" not in capsys.readouterr().out
    assert run("export", workspace.path, "--format", "csv", "--out", "team", "--database", "team.sqlite") == 0
    assert "19 images that nobody has judged" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["status", "open"])
def test_a_server_that_is_not_there_is_one_line_without_the_password(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("the dashboard was started"))
    assert run(command, workspace.path, "--database", NOWHERE) == 2
    said = capsys.readouterr()
    assert "could not be opened" in said.err and said.err.strip().count("\n") == 0
    assert "secret" not in said.err + said.out


def test_open_hands_the_database_on_by_the_environment_and_not_by_the_arguments(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _program, command, environment: started.append((command, environment)))
    monkeypatch.setattr(os, "chdir", lambda _: None)
    run("open", workspace.path, "--no-browser", "--database", "team.sqlite")
    run("open", workspace.path, "--no-browser")
    (command, environment), (_, without) = started
    assert environment[VARIABLE] == f"sqlite:///{Path.cwd()}/team.sqlite", "the dashboard runs in another folder"
    assert not any("team.sqlite" in part for part in command)
    assert VARIABLE not in without


def test_open_listens_to_other_machines_only_when_asked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _program, command, _environment: started.append(command))
    monkeypatch.setattr(os, "chdir", lambda _: None)
    run("open", workspace.path, "--no-browser")
    run("open", workspace.path, "--no-browser", "--share", "lab-7.example.org")
    alone, shared = started
    assert "--server.address" not in alone
    assert shared[shared.index("--server.address") + 1] == "0.0.0.0"  # noqa: S104
    assert shared[shared.index("--server.allowedHosts") + 1] == "lab-7.example.org"
    assert "Everybody who reaches lab-7.example.org sees these images" in capsys.readouterr().out
