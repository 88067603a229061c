"""`run` end to end: the demo, resuming, killing, the user's own predictions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.cli import main
from analysis.runs.run import DONE, FAILED, Run
from analysis.runs.workspace import Workspace

ROOT = Path(__file__).parents[2]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "analysis", *map(str, arguments)]


def events(run: Run) -> list[dict]:
    return [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 of the digits as a file of images and labels, 8 % of the labels wrong."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:600] * 15.9).astype(np.uint8)
    labels = digits.target[:600].copy()
    labels[::12] = (labels[::12] + 1) % 10
    path = tmp_path_factory.mktemp("small") / "small.npz"
    np.savez(path, images=images, labels=labels)
    return path


def finished(workspace: Path) -> Run:
    run = Workspace.open(workspace).latest()
    assert run is not None
    return run


def test_the_demo_finds_what_was_planted(demo: Path) -> None:
    run = finished(demo)
    figures = run.json("summary")
    assert figures["n_images"] == 1797
    assert figures["accuracy"]["value"] > 0.85  # 8 % of the given labels are wrong
    found = figures["detection"]
    assert 0.07 < found["n_planted"] / 1797 < 0.09
    assert found["average_precision"] > found["baseline_average_precision"]
    assert found["average_precision"] > 0.9
    assert found["recall"] > 0.8
    assert found["suggestion_right"] > 0.9
    for name in ("classes", "communities", "edges", "confusion", "scores", "suspects"):
        assert len(run.table(name)) > 0
    assert run.array("xy").shape == (1797, 2)


def test_running_again_redoes_nothing(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(demo)
    before = {path.name: path.stat().st_mtime_ns for path in run.path.glob("*.card.json")}
    assert main(["demo", "--workspace", str(demo), "--no-open"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in run.path.glob("*.card.json")} == before
    assert "finished before, not redone" in capsys.readouterr().err


def test_status_tells_how_it_stands(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(demo)]) == 0
    assert "1,797 images in 10 classes" in capsys.readouterr().out
    assert main(["status", str(demo), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["runs"][0]["state"] == DONE
    assert facts["decisions"] == 0


def test_a_killed_run_continues_and_ends_the_same(small: Path, tmp_path: Path) -> None:
    settings = ["--mode", "finetune", "--model", "lenet", "--epochs", "2", "--folds", "4", "--seed", "3"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command("run", small, "--workspace", whole, *settings), cwd=ROOT, check=True, capture_output=True)

    process = subprocess.Popen(
        command("run", small, "--workspace", killed, *settings), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(list(killed.glob("runs/*/parts/*/learnt_*_[0-9].npz"))) < 2:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    half = Workspace.open(killed).runs()[0]
    assert half.status()["state"] == FAILED
    kept = {path.name: path.stat().st_mtime_ns for path in half.path.glob("parts/*/learnt_*_[0-9].npz")}
    assert len(kept) >= 2

    again = subprocess.run(
        command("run", small, "--workspace", killed, *settings), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "not read again" in again.stderr
    one, two = finished(whole), finished(killed)
    for name in ("probs", "features", "xy", "neighbour_index"):
        np.testing.assert_array_equal(one.array(name), two.array(name))
    assert one.table("suspects").equals(two.table("suspects"))
    assert len(Workspace.open(killed).runs()) == 1


def test_a_stopped_run_says_so_and_continues(small: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", small, "--workspace", tmp_path / "w"),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("w/runs/*/run.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    run = Workspace.open(tmp_path / "w").runs()[0]
    while run.status().get("state") != "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    run.ask_to_cancel()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "continue where it stopped" in errors
    assert run.status()["state"] == "cancelled"
    assert main(["run", str(small), "--workspace", str(tmp_path / "w")]) == 0
    assert run.status()["state"] == DONE


def test_two_at_once_are_refused(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from filelock import FileLock

    assert main(["run", str(small), "--workspace", str(tmp_path / "w")]) == 0
    run = finished(tmp_path / "w")
    with FileLock(run.path / ".lock"):
        assert main(["run", str(small), "--workspace", str(tmp_path / "w")]) == 2
    assert "running already" in capsys.readouterr().err


def test_own_predictions_need_no_model(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.load(small)["labels"]
    probs = np.full((600, 10), 0.01, np.float32)
    probs[np.arange(600), labels] += 0.9
    np.save(tmp_path / "p.npy", probs)
    code = (
        "import sys; from analysis.cli import main; r = main(sys.argv[1:]); sys.exit(r or ('torch' in sys.modules) * 9)"
    )
    arguments = ["run", str(small), "--workspace", str(tmp_path / "w"), "--predictions", str(tmp_path / "p.npy")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    run = finished(tmp_path / "w")
    assert run.json("summary")["mode"] == "imported"
    assert not run.has("xy")
    probs[7] = 3.0
    np.save(tmp_path / "p.npy", probs)
    assert main(arguments) == 2
    assert "Row 7 " in capsys.readouterr().err


def test_features_that_new_predictions_lack_are_gone_with_all_that_was_made_of_them(
    small: Path, tmp_path: Path
) -> None:
    labels = np.load(small)["labels"]
    probs = np.full((600, 10), 0.01, np.float32)
    probs[np.arange(600), labels] += 0.9
    features = np.eye(10, dtype=np.float32)[labels] + np.random.default_rng(0).normal(0, 0.1, (600, 10)).astype("f4")
    arguments = ["run", str(small), "--workspace", str(tmp_path / "w"), "--predictions", str(tmp_path / "p.npz")]
    np.savez(tmp_path / "p.npz", probs=probs, features=features)
    assert main(arguments) == 0
    run = finished(tmp_path / "w")
    assert run.has("features") and run.has("neighbour_index") and run.has("xy")
    assert "neighbours" in run.table("scores")
    np.savez(tmp_path / "p.npz", probs=probs)
    assert main(arguments) == 0
    assert finished(tmp_path / "w").run_id == run.run_id
    assert not (run.has("features") or run.has("neighbour_index") or run.has("xy"))
    assert "neighbours" not in run.table("scores")
    assert not run.json("summary")["has_map"]


def test_broken_images_are_listed_and_the_rest_analysed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for name, colour in {"red": (200, 30, 30), "blue": (30, 30, 200)}.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            pixels = np.clip(np.array(colour) + rng.integers(-20, 20, (20, 20, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    (tmp_path / "photos" / "red" / "cut.png").write_bytes((tmp_path / "photos" / "red" / "0.png").read_bytes()[:60])
    for name in ("x\udcff.png", ".hidden\udcff"):  # bytes that are no UTF-8, as Python says them
        (tmp_path / "photos" / "red" / name).write_bytes(b"")
    assert main(["run", str(tmp_path / "photos"), "--workspace", str(tmp_path / "w")]) == 0
    assert "2 images were set aside, such as red/x?.png" in capsys.readouterr().err
    read = Workspace.open(tmp_path / "w").dataset()
    assert set(read.set_aside["path"]) == {"red/cut.png", "red/x?.png"} and "red/.hidden?" in read.about["notes"][0]
    assert finished(tmp_path / "w").json("summary")["n_images"] == 24


@pytest.mark.slow
def test_real_photos(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "clothing" / "images"
    assert main(["run", str(folder), "--workspace", str(tmp_path / "w")]) == 0
    figures = finished(tmp_path / "w").json("summary")
    assert figures["n_images"] == 5096
    assert figures["n_classes"] == 17
    assert figures["accuracy"]["value"] > 0.35
    assert os.environ["HOME"] not in json.dumps(figures["notes"])


def test_features_alone_are_enough_for_labels_without_a_classifier(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(40), np.r_[np.ones(10, int), np.full(30, 6)])
    features = rng.normal(0, 1, (40, 32))[who] + rng.normal(0, 0.4, (len(who), 32))
    given = who.copy()
    given[10::12] = 25
    names = np.array([f"person {i:02d}" for i in range(40)])
    np.savez(tmp_path / "faces.npz", labels=names[given], true=names[who], ids=[f"{i}.jpg" for i in range(len(who))])
    np.savez(tmp_path / "mixed.npz", features=features[::-1], ids=[f"{i}.jpg" for i in range(len(who))][::-1])
    asked = ["run", str(tmp_path / "faces.npz"), "--option", "images=no", "--features", str(tmp_path / "mixed.npz")]
    assert main([*asked, "--workspace", str(tmp_path / "w"), "--map", "pca"]) == 0
    run = finished(tmp_path / "w")
    assert run.json("model")["mode"] == "features" and run.json("summary")["has_map"]
    scores, wrong = run.table("scores"), given != who
    assert scores["is_suspect"][wrong].all() and not scores["is_suspect"][~wrong].any()
    assert (scores["suggested"][wrong] == who[wrong]).all()
    assert "person 25" in run.table("suspects")["reasons"].iloc[0]


def test_models_added_later_have_their_say_when_the_analysis_runs_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    true = np.arange(300) % 5
    given = np.where(np.arange(300) < 20, (true + 1) % 5, true)
    np.savez(tmp_path / "labels.npz", labels=given)
    probs = np.eye(5)[true] * 0.6 + rng.dirichlet(np.ones(5), 300) * 0.4
    np.save(tmp_path / "probs.npy", probs)
    np.save(tmp_path / "other.npy", true)
    workspace = str(tmp_path / "w")
    asked = ["run", str(tmp_path / "labels.npz"), "--option", "images=no", "--workspace", workspace]
    asked += ["--predictions", str(tmp_path / "probs.npy")]
    assert main(asked) == 0
    assert "agreement" not in finished(tmp_path / "w").table("scores")
    assert main(["add-predictions", workspace, str(tmp_path / "other.npy")]) == 0
    assert main(asked) == 0
    run = finished(tmp_path / "w")
    assert run.table("scores")["agreement"][:20].min() == 1
    assert "All 2 models say" in run.table("suspects")["reasons"].iloc[0]
    assert {event["step"] for event in events(run)[-12:] if event["event"] == "fresh"} >= {"predictions", "graph"}
