from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.base.atomic import replacing
from analysis.base.config import ModelSettings, RunSettings
from analysis.base.errors import BadInput, Cancelled, NewerFormat, NotFoundHere
from analysis.runs.files import read_json, write_json
from analysis.runs.progress import RunProgress
from analysis.runs.run import DONE, FAILED, RUNNING, Run, alive, start_ticks
from analysis.runs.workspace import Workspace
from tests.factory import make_dataset, make_workspace


def test_a_data_set_survives_the_disk(tmp_path: Path) -> None:
    dataset = make_dataset(names=["plain", "<b>", "c,d", "ü", "e"])
    Workspace.create(tmp_path / "w", dataset, source="s", reader="npz")
    again = Workspace.open(tmp_path / "w").dataset()
    pd.testing.assert_frame_equal(again.table, dataset.table)
    assert again.classes == dataset.classes
    assert again.about == dataset.about
    np.testing.assert_array_equal(again.pixels.data, dataset.pixels.data)
    assert list(again.set_aside["path"]) == ["train/broken.png"]


def test_foreign_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "from_home.txt").write_text("x")
    with pytest.raises(BadInput, match="is not empty and is no workspace"):
        Workspace.create(tmp_path / "letters", make_dataset(), source="s", reader="npz")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="is a file"):
        Workspace.claim(tmp_path / "file")
    with pytest.raises(NotFoundHere, match="is not a workspace"):
        Workspace.open(tmp_path / "letters")


def test_another_data_set_does_not_take_over_a_workspace(tmp_path: Path) -> None:
    make_workspace(tmp_path / "w", n=40)
    with pytest.raises(BadInput, match="holds another data set .40 images, now 41"):
        Workspace.create(tmp_path / "w", make_dataset(n=41), source="s", reader="npz")
    assert len(Workspace.open(tmp_path / "w").dataset()) == 40


def test_metadata_of_the_same_images_is_renewed_and_that_of_others_refused(tmp_path: Path) -> None:
    dataset, workspace = make_dataset(n=40), make_workspace(tmp_path / "w", n=40)
    camera = ["nikon", None] * 20
    assert workspace.renew_metadata(dataset) == ([], []), "what was on the disk says the same"
    richer = dataset.table.assign(camera=camera, iso=np.arange(40.0), given=0, true=0)
    assert workspace.renew_metadata(replace(dataset, table=richer)) == (["camera", "iso"], [])
    stored = workspace.dataset()
    assert stored.table["camera"].isna().sum() == 20 and stored.table["iso"].tolist() == list(range(40))
    np.testing.assert_array_equal(stored.given, dataset.given)
    np.testing.assert_array_equal(stored.true, dataset.true)
    other = dataset.table.assign(camera="canon")
    assert workspace.renew_metadata(replace(dataset, table=other)) == ([], ["camera"])
    assert set(workspace.dataset().table["camera"]) == {"canon"} and "iso" in workspace.dataset().table
    with pytest.raises(BadInput, match="holds another data set"):
        workspace.renew_metadata(make_dataset(n=41))


def test_a_workspace_half_made_is_made_again(tmp_path: Path) -> None:
    Workspace.claim(tmp_path / "w")
    (tmp_path / "w" / "dataset.parquet").write_bytes(b"half")
    made = Workspace.create(tmp_path / "w", make_dataset(), source="s", reader="npz")
    assert len(made.dataset()) == 120


def test_a_newer_format_is_said(tmp_path: Path) -> None:
    make_workspace(tmp_path / "w")
    facts = json.loads((tmp_path / "w" / "workspace.json").read_text())
    (tmp_path / "w" / "workspace.json").write_text(json.dumps({**facts, "format": 99}))
    with pytest.raises(NewerFormat, match="newer version .format 99."):
        Workspace.open(tmp_path / "w")
    (tmp_path / "w" / "workspace.json").write_text('{"format": 1,')
    with pytest.raises(BadInput, match="is damaged"):
        Workspace.open(tmp_path / "w")


def test_the_same_settings_continue_the_same_run(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", make_dataset(), source="s", reader="npz")
    first = workspace.run_for(RunSettings(), label="auto")
    assert workspace.run_for(RunSettings(), label="auto").run_id == first.run_id
    other = workspace.run_for(RunSettings(models=ModelSettings(seed=1)), label="auto")
    assert other.run_id != first.run_id
    assert {run.run_id for run in workspace.runs()} == {first.run_id, other.run_id}


def test_run_ids_cannot_leave_the_workspace(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    for run_id in ("../x", "..", ".", "a/b", "nothing"):
        with pytest.raises(NotFoundHere):
            workspace.run(run_id)


def test_an_artifact_exists_when_its_card_does(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.put("xy", np.zeros((3, 2), np.float32), key="k")
    assert run.fresh("xy", "k")
    assert not run.fresh("xy", "other")
    (tmp_path / "xy.card.json").unlink()
    with pytest.raises(NotFoundHere, match="has no xy"):
        run.array("xy")


def test_artifacts_are_held_to_the_schema(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with pytest.raises(ValueError, match="no artifact array named 'anything'"):
        run.put("anything", np.zeros(3), key="k")
    with pytest.raises(ValueError, match="lacks the column"):
        run.put("edges", pd.DataFrame({"source": [1]}), key="k")
    with pytest.raises(ValueError, match="cannot be loaded|Object arrays"):
        run.put("xy", np.array([{}], object), key="k")
    assert not run.has("xy")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})
    with pytest.raises(RuntimeError), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert read_json(path)["x"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_or_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="pipe is no file"):
        write_json(tmp_path / "pipe", {"x": 1})
    assert (tmp_path / "pipe").is_fifo() and len(list(tmp_path.iterdir())) == 1


def test_a_dead_process_is_not_running(tmp_path: Path) -> None:
    run = Run(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.set_status(state=RUNNING, pid=child.pid, started_ticks=start_ticks(child.pid))
    assert run.status()["state"] == RUNNING
    child.kill()
    child.communicate()
    assert run.status()["state"] == FAILED
    assert "run again to continue" in run.status()["error"]
    run.set_status(state=RUNNING, pid=os.getpid(), started_ticks=1)  # the number is in use again, by another process
    assert run.status()["state"] == FAILED
    assert alive(os.getpid())
    assert not alive(0)


def test_progress_is_written_and_can_be_cancelled(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.set_status(state=DONE)
    progress = RunProgress(run)
    progress.start("features", 4)
    progress.advance(2)
    progress.advance(2)
    assert run.status()["progress"]["done"] == 4
    assert progress.seconds_left() == 0
    run.ask_to_cancel()
    with pytest.raises(Cancelled):
        progress.advance()
    progress.note("said")
    assert '"said"' in (tmp_path / "log.jsonl").read_text()


def test_the_estimate_does_not_count_what_a_killed_run_had_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("analysis.runs.progress.time.monotonic", lambda: clock[0])
    progress = RunProgress(Run(tmp_path))
    progress.start("features", 100)
    assert progress.seconds_left() is None
    progress.advance(50)  # parts of the killed run, at once
    for _ in range(10):
        clock[0] += 2
        progress.advance()
    assert progress.seconds_left() == pytest.approx(80)


def test_parts_are_whole_and_belong_to_a_key(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.parts("k").put("fold-0", a=np.arange(3))
    found = run.parts("k").get("fold-0")
    assert found is not None
    assert found["a"].tolist() == [0, 1, 2]
    assert run.parts("other").get("fold-0") is None
    run.clear_parts()
    assert run.parts("k").get("fold-0") is None
