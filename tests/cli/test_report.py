from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.review.decisions import DecisionStore
from tests.factory import make_workspace
from tests.review.helpers import decision


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


def test_a_report_of_a_part_says_of_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, out = make_workspace(tmp_path / "w", n=40), tmp_path / "report.html"
    assert main(["report", str(made.path), "--out", str(out), "--where", 'image_id < "train/00010"']) == 0
    assert "of the 10 images for which" in out.read_text(encoding="utf-8")
    assert main(["report", str(made.path), "--out", str(tmp_path / "r.html"), "--where", "colour == 1"]) == 2
    assert "There is no key 'colour'" in capsys.readouterr().err and not (tmp_path / "r.html").exists()


def test_status_counts_the_images_for_which_a_condition_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_workspace(tmp_path / "w", n=40)
    run = made.latest()
    assert run is not None
    listed = int(run.table("scores")["is_suspect"][:10].sum())
    condition = 'image_id < "train/00010" and decision == "open"'
    assert main(["status", str(made.path), "--where", condition]) == 0
    assert f"where {condition}: 10 images, {listed} suspects, 0 decided on" in capsys.readouterr().out
    assert not made.path.joinpath("review.sqlite").exists(), "looking makes no file"
    with DecisionStore(made.review_url) as store:
        for row in (0, 1, 30):
            store.book([decision(row + 1, f"train/{row:05d}", "keep")])
    assert main(["status", str(made.path), "--json", "--where", 'image_id < "train/00010"']) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["decisions"], told["part"]["n_images"], told["part"]["decisions"]) == (3, 10, 2)
    assert main(["status", str(made.path), "--where", "colour =="]) == 2
    assert "^" in capsys.readouterr().err
