from __future__ import annotations

from pathlib import Path

import pytest

from analysis.cli import main
from tests.factory import make_workspace


def test_a_report_is_one_new_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, out = make_workspace(tmp_path / "w", n=40), tmp_path / "report.html"
    assert main(["report", str(made.path), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") and "one page" in capsys.readouterr().out
    before = out.read_bytes()
    assert main(["report", str(made.path), "--out", str(out)]) == 2
    assert out.read_bytes() == before and "exists" in capsys.readouterr().err


def test_without_a_run_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_workspace(tmp_path / "w", n=40)
    for run in made.runs():
        run.path.rename(tmp_path / run.run_id)
    assert main(["report", str(made.path), "--out", str(tmp_path / "r.html")]) == 2
    assert "no finished run" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_an_error_of_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_workspace(tmp_path / "w", n=40)
    assert main(["report", str(made.path), "--out", str(tmp_path / "none" / "r.html")]) == 2
    assert "could not be written" in capsys.readouterr().err
