from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from analysis.base.atomic import replacing
from analysis.cli import main
from analysis.options import build_parser
from tests.factory import make_workspace

COMMANDS = (
    *("demo", "run", "status", "score", "graph", "export", "open"),
    *("apply", "revert", "merge", "import-decisions", "report"),
    *("add-predictions", "rerank", "retrain", "evaluate"),
)


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def fail(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must end with exit 2 and one line; give that line."""
    try:
        code = run(*arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.strip().count("\n") == 0, captured.err
    return captured.err


@pytest.fixture
def arrays(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 6, 600)
    logits = rng.normal(0, 1, (600, 6))
    logits[np.arange(600), true] += 3
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = true.copy()
    given[:60] = (given[:60] + 1) % 6
    np.save(tmp_path / "labels.npy", given)
    np.save(tmp_path / "probs.npy", probs.astype(np.float32))
    return tmp_path / "labels.npy", tmp_path / "probs.npy"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(command, "--help")
    assert stop.value.code == 0
    assert f"python -m analysis {command}" in capsys.readouterr().out


def test_every_command_and_option_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    parser = build_parser()
    commands = next(action for action in parser._actions if action.dest == "command").choices
    assert isinstance(commands, dict)
    assert set(commands) == set(COMMANDS)
    for name, command in commands.items():
        assert re.search(rf"analysis {name}\b", readme), f"the README lacks the command {name}"
        for action in command._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    assert option in readme, f"the README lacks {name} {option}"


def test_user_errors_are_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is not a workspace" in fail(capsys, "status", tmp_path / "nowhere")
    assert "is not a workspace" in fail(capsys, "open", tmp_path)
    assert "required" in fail(capsys, "run", "digits")
    assert "invalid choice" in fail(capsys, "dance")
    assert "no reader named 'spoon'" in fail(
        capsys, "run", "digits", "--workspace", tmp_path / "w", "--reader", "spoon"
    )
    assert "--folds" in fail(capsys, "run", "digits", "--workspace", tmp_path / "w", "--folds", "1")
    assert "wanted: NAME=VALUE" in fail(capsys, "run", "digits", "--workspace", tmp_path / "w", "--option", "x")
    assert not (tmp_path / "w" / "workspace.json").exists()


def test_what_the_machine_does_not_allow_is_one_line_too(
    capsys: pytest.CaptureFixture[str], arrays: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("--labels", arrays[0], "--probs", arrays[1], "--out")
    (tmp_path / "there").mkdir()
    assert "Is a directory" in fail(capsys, "graph", *files, tmp_path / "there")
    assert "File name too long" in fail(capsys, "status", "a" * 300)
    for error, said in (
        (OSError(errno.ENOSPC, "No space left on device", "o.csv"), "o.csv: No space left on device"),
        (MemoryError("Unable to allocate 9 TiB"), "memory is not enough: Unable to allocate 9 TiB"),
    ):
        monkeypatch.setattr("analysis.plain.score", Mock(side_effect=error))
        assert said in fail(capsys, "score", *files, tmp_path / "o.csv")
    assert not list(tmp_path.rglob("*.part"))


def test_a_full_disk_is_told_with_the_file_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(OSError, match=r"a\.json"), replacing(tmp_path / "a.json") as beside:
        beside.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"] and (tmp_path / "a.json").read_text() == "old"


def test_a_reader_that_closes_early_is_no_error(tmp_path: Path) -> None:
    make_workspace(tmp_path / "w")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "analysis", "status", str(tmp_path / "w"), "--json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_plain_labels_that_fit_no_classes_are_refused(
    capsys: pytest.CaptureFixture[str], arrays: tuple[Path, Path], tmp_path: Path
) -> None:
    labels, probs = arrays
    n = len(np.load(probs))
    (tmp_path / "one.csv").write_text("label\n" + "cat\n" * n, encoding="utf-8")
    np.save(tmp_path / "none.npy", np.full(n, -1))
    np.save(tmp_path / "far.npy", np.full(n, 2**62))
    for command in ("score", "graph"):
        out = ("--probs", probs, "--out", tmp_path / "o.json")
        assert "names 1 classes" in fail(capsys, command, "--labels", tmp_path / "one.csv", *out)
        assert "holds no label" in fail(capsys, command, "--labels", tmp_path / "none.npy", *out)
    far = ("--predicted", tmp_path / "far.npy", "--out", tmp_path / "o.json")
    assert "below 1,000,000" in fail(capsys, "graph", "--labels", labels, *far)


def test_a_source_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = fail(capsys, "run", tmp_path / "gone", "--workspace", tmp_path / "w")
    assert "gone" in line


def test_score_gives_one_row_per_image_in_input_order(arrays: tuple[Path, Path], tmp_path: Path) -> None:
    labels, probs = arrays
    out = tmp_path / "scores.parquet"
    assert run("score", "--labels", labels, "--probs", probs, "--out", out) == 0
    table = pd.read_parquet(out)
    assert list(table.columns[:3]) == ["given", "suggested", "suspicion"]
    assert list(table.columns[-2:]) == ["is_suspect", "kind"]
    assert {"self_confidence", "normalized_margin"} <= set(table.columns)
    np.testing.assert_array_equal(table["given"], np.load(labels))
    assert table["suspicion"].between(0, 1).all()
    assert table["suspicion"][:60].mean() > table["suspicion"][60:].mean() + 0.3
    assert (table["suggested"] != table["given"]).all()
    assert set(table["kind"]) <= {"cross", "within", "none"}


def test_is_suspect_is_cleanlabs_default_filter(arrays: tuple[Path, Path], tmp_path: Path) -> None:
    from cleanlab.filter import find_label_issues

    labels, probs = arrays
    run("score", "--labels", labels, "--probs", probs, "--out", tmp_path / "s.parquet")
    expected = find_label_issues(np.load(labels), np.load(probs), n_jobs=1)
    np.testing.assert_array_equal(pd.read_parquet(tmp_path / "s.parquet")["is_suspect"], expected)
    assert expected.sum() > 30


def test_images_without_a_label_keep_their_place(arrays: tuple[Path, Path], tmp_path: Path) -> None:
    labels, probs = arrays
    given = np.load(labels)
    given[[3, 77]] = -1
    np.save(labels, given)
    assert run("score", "--labels", labels, "--probs", probs, "--out", tmp_path / "s.parquet") == 0
    table = pd.read_parquet(tmp_path / "s.parquet")
    np.testing.assert_array_equal(table["given"], given)
    assert list(table["kind"][[3, 77]]) == ["unlabelled"] * 2
    assert not table["is_suspect"][[3, 77]].any()


def test_score_refuses_bad_rows(arrays: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels, probs = arrays
    bad = np.load(probs)
    bad[41] *= 3
    np.save(tmp_path / "bad.npy", bad)
    out = tmp_path / "s.parquet"
    assert "Row 41" in fail(capsys, "score", "--labels", labels, "--probs", tmp_path / "bad.npy", "--out", out)
    np.save(tmp_path / "short.npy", bad[:10])
    assert "600 labels" in fail(capsys, "score", "--labels", labels, "--probs", tmp_path / "short.npy", "--out", out)
    np.save(tmp_path / "high.npy", np.full(600, 9))
    assert "has the label 9" in fail(capsys, "score", "--labels", tmp_path / "high.npy", "--probs", probs, "--out", out)
    assert not out.exists()


def test_graph_from_probabilities_and_from_predicted_classes(arrays: tuple[Path, Path], tmp_path: Path) -> None:
    labels, probs = arrays
    out = tmp_path / "g.json"
    assert run("graph", "--labels", labels, "--probs", probs, "--out", out, "--top", 2) == 0
    graph = json.loads(out.read_text())
    assert set(graph) == {"nodes", "edges", "modularity", "mass_kept", "parameters"}
    assert [node["id"] for node in graph["nodes"]] == list(range(6))
    assert set(graph["nodes"][0]) == {"id", "name", "community"}
    assert all(edge["source"] < edge["target"] and edge["weight"] > 0 for edge in graph["edges"])
    np.save(tmp_path / "predicted.npy", np.load(probs).argmax(axis=1))
    assert (
        run("graph", "--labels", labels, "--predicted", tmp_path / "predicted.npy", "--out", out, "--prune", "none")
        == 0
    )
    total = sum(edge["weight"] for edge in json.loads(out.read_text())["edges"])
    assert total == pytest.approx((np.load(probs).argmax(axis=1) != np.load(labels)).sum())


def test_graph_knows_class_names(tmp_path: Path) -> None:
    pd.DataFrame({"label": ["cat", "dog", "cat", "fox"]}).to_csv(tmp_path / "l.csv", index=False)
    pd.DataFrame({"label": ["dog", "dog", "cat", "cat"]}).to_csv(tmp_path / "p.csv", index=False)
    out = tmp_path / "g.json"
    assert (
        run("graph", "--labels", tmp_path / "l.csv", "--predicted", tmp_path / "p.csv", "--out", out, "--prune", "none")
        == 0
    )
    graph = json.loads(out.read_text())
    assert [node["name"] for node in graph["nodes"]] == ["cat", "dog", "fox"]
    assert {(e["source"], e["target"]): e["weight"] for e in graph["edges"]} == {(0, 1): 1.0, (0, 2): 1.0}
