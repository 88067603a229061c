from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.runs.run import DONE, RUNNING, Run, start_ticks
from dashboard import launch
from dashboard.launch import Asked, Job, Standing, check, find, standing, start
from tests.factory import make_workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def program(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let `python -m analysis` be a small script; how a process is started and watched is what is tested here."""
    monkeypatch.setattr(Asked, "arguments", lambda self: [])
    monkeypatch.setattr(launch, "COMMAND", (launch.COMMAND[0], "-c", text))


def wait_for_end(job: Job) -> None:
    until = time.monotonic() + 20
    while (found := find(job.workspace)) is not None and found.running():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_arguments_cannot_be_taken_for_options(tmp_path: Path) -> None:
    asked = Asked("--help", str(tmp_path / "w"), reader="npz", predictions="p.npy; rm -rf /")
    arguments = asked.arguments()
    assert arguments[0] == "run" and arguments[-2:] == ["--", "--help"]
    assert "--predictions=p.npy; rm -rf /" in arguments and "--reader=npz" in arguments
    from analysis.cli import build_parser

    parsed = build_parser().parse_args(arguments)
    assert (parsed.source, parsed.workspace, parsed.mode) == ("--help", str(tmp_path / "w"), "auto")


@pytest.mark.parametrize(
    ("asked", "error", "found"),
    [
        (Asked(" ", "w"), BadInput, "No source is named"),
        (Asked("digits", ""), BadInput, "No workspace is named"),
        (Asked("/no/such/folder", "w"), NotFoundHere, "There is no /no/such/folder"),
        (Asked("./nothing?split=train", "w"), NotFoundHere, "There is no ./nothing"),
        (Asked("digits", "w", predictions="gone.npy"), NotFoundHere, "There is no file gone.npy"),
    ],
)
def test_what_cannot_start_is_said_at_once(asked: Asked, error: type[Exception], found: str) -> None:
    with pytest.raises(error, match=found):
        check(asked)


def test_an_empty_folder_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(BadInput, match="photos is empty") as caught:
        check(Asked(str(tmp_path / "photos"), "w"))
    assert "one folder per class" in caught.value.wanted


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", ("It ended without a word.", "", "")),
        ("Killed", ("Killed", "", "")),
        ("error: No such reader – wanted: npz – or use --reader", ("No such reader", "npz", "or use --reader")),
        ("error: One bad: x – wanted: y – wanted: z", ("One bad: x – wanted: y", "z", "")),
    ],
)
def test_the_last_error_of_a_log_is_taken_apart(log: str, told: tuple[str, str, str]) -> None:
    assert launch.last_error(log) == told


def test_paths_are_made_whole_and_names_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    asked = check(Asked("photos?split=train", "w"))
    assert asked.source == f"{tmp_path / 'photos'}?split=train" and asked.workspace == str(tmp_path / "w")
    assert check(Asked("digits", "w")).source == "digits"
    assert check(Asked("hf:user/set", "w")).source == "hf:user/set"


def test_a_job_is_started_apart_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "import time, os; print(os.getsid(0) == os.getpid()); time.sleep(30)")
    began = time.monotonic()
    job = start(Asked("digits", str(tmp_path / "w")))
    assert time.monotonic() - began < 5, "a page never waits for the analysis"
    try:
        assert find(tmp_path / "w") == job and job.running()
        assert launch.going_on() == job, "a browser that comes back finds it without knowing the workspace"
        assert standing(job, None) == Standing("reading")
        with pytest.raises(BadInput, match="running already"):
            start(Asked("digits", str(tmp_path / "w")))
        until = time.monotonic() + 20
        while "True" not in job.tail() and time.monotonic() < until:
            time.sleep(0.02)
        assert job.tail() == "True", "it leads a session of its own"
    finally:
        launch.cancel(job, None)
    assert standing(job, None).stopping or not job.running(), "the page says at once that it stops"
    wait_for_end(job)
    assert standing(job, None) == Standing("cancelled"), "ended on request, which is no failure"
    assert launch.going_on() is None


def test_a_failure_is_told_with_its_last_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "import sys; print('reading'); sys.exit('error: There is nothing – wanted: something')")
    job = start(Asked("digits", str(tmp_path / "w")))
    wait_for_end(job)
    assert standing(job, None) == Standing("failed", error="There is nothing", wanted="something")
    assert job.tail().splitlines()[0] == "reading"


def test_progress_is_read_from_the_run(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", n=20, classes=2)
    run = workspace.runs()[0]
    steps = [{"name": "graph", "title": "Confusion graph"}]
    running = {"state": RUNNING, "pid": os.getpid(), "started_ticks": start_ticks(os.getpid())}
    progress = {"what": "fold 2 of 5", "done": 30, "total": 40, "seconds_left": 12.5}
    run.set_status(**running, steps=steps, step="graph", step_number=2, n_steps=7, progress=progress)
    job = Job(str(tmp_path / "w"), os.getpid(), start_ticks(os.getpid()), time.time(), str(tmp_path / "log"))
    found = job.run()
    assert found is not None and found.run_id == run.run_id
    assert launch.running(tmp_path / "w") is not None
    assert standing(job, found) == Standing("running", "Confusion graph", 2, 7, "fold 2 of 5", 0.75, 12.5)
    launch.cancel(job, found)
    assert run.cancel_asked(), "a run is asked to stop, so that finished parts are kept"
    assert standing(job, found).stopping
    run.set_status(state=DONE, progress=None)
    assert standing(job, found).state == "done"


def test_a_failed_run_tells_found_wanted_and_hint(tmp_path: Path) -> None:
    run: Run = make_workspace(tmp_path / "w", n=20, classes=2).runs()[0]
    run.set_status(state="failed", error="Row 7 does not sum to one", wanted="probabilities", hint="use --convert")
    now = standing(None, run)
    assert (now.state, now.error, now.wanted, now.hint) == (
        "failed",
        "Row 7 does not sum to one",
        "probabilities",
        "use --convert",
    )


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    assert find(tmp_path / "w") is None
    assert launch.running(tmp_path / "w") is None
    assert launch.latest(tmp_path / "w") == (None, None)
    assert standing(None, None).state == "nothing"


def test_what_went_on_last_is_told_whoever_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace(tmp_path / "w", n=20, classes=2)
    run = workspace.runs()[0]
    assert launch.latest(tmp_path / "w")[1] is not None, "a finished run from a terminal"
    program(monkeypatch, "import sys; sys.exit('error: no such reader')")
    job = start(Asked("digits", str(tmp_path / "w")))
    wait_for_end(job)
    assert launch.latest(tmp_path / "w") == (job, None), "the older run is not taken for the result of this job"
    run.set_status(state=RUNNING, pid=os.getpid(), started_ticks=start_ticks(os.getpid()))
    found, now = launch.latest(tmp_path / "w")
    assert found is None and now is not None and standing(found, now).goes_on
    run.set_status(state="cancelled")
    assert standing(*launch.latest(tmp_path / "w")).state == "cancelled"


@pytest.mark.slow
def test_a_real_analysis_runs_to_its_end(tmp_path: Path) -> None:
    job = start(Asked("digits", str(tmp_path / "w"), reader="digits"))
    seen = set()
    until = time.monotonic() + 500
    while (found := find(job.workspace)) is not None and found.running() and time.monotonic() < until:
        seen.add(standing(found, found.run()).state)
        time.sleep(0.3)
    assert standing(job, job.run()).state == "done", job.tail()
    assert {"reading", "running"} <= seen
