"""Start an analysis as a process of its own, and find it again: it outlives the page, the browser and this server.

What is known of a started process stands in a small file beside its log, in a folder of this user. Pages read progress
from the run in the workspace; before the run exists, the log says what happens.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.base.arrays import digest_of
from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.reader import split_source
from analysis.runs.run import CANCELLED, FAILED, RUNNING, Run, alive, start_ticks
from analysis.runs.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "analysis")
TAIL = 4000  # bytes of log that are read back


@dataclass(frozen=True)
class Asked:
    """What the form asks for. Empty text means: not given."""

    source: str
    workspace: str
    reader: str = ""
    model: str = "auto"
    mode: str = "auto"
    predictions: str = ""
    map: str = ""

    def arguments(self) -> list[str]:
        """The arguments of `python -m analysis`, as a list: nothing passes through a shell."""
        given = {"--reader": self.reader, "--model": self.model, "--mode": self.mode, "--predictions": self.predictions}
        given["--map"] = self.map
        options = [f"{name}={value}" for name, value in given.items() if value]
        return ["run", f"--workspace={self.workspace}", *options, "--", self.source]


@dataclass(frozen=True)
class Job:
    """A started analysis."""

    workspace: str
    pid: int
    started_ticks: int | None
    started: float
    log: str

    def running(self) -> bool:
        """Is the process still there?"""
        return alive(self.pid, self.started_ticks)

    def tail(self) -> str:
        """The end of what it printed."""
        try:
            with Path(self.log).open("rb") as handle:
                handle.seek(max(0, handle.seek(0, os.SEEK_END) - TAIL))
                text = handle.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(line.rsplit("\r", 1)[-1] for line in text.splitlines() if line.strip())

    def run(self) -> Run | None:
        """The run this process works on, once the workspace has one."""
        for run in reversed(_runs(self.workspace)):
            if run.status().get("pid") == self.pid:
                return run
        return None


def check(asked: Asked) -> Asked:
    """The request with paths made whole; raises where it cannot be started at all."""
    source, workspace = asked.source.strip(), asked.workspace.strip()
    if not source:
        raise BadInput("No source is named", wanted="a folder of images, a file, or a name such as digits")
    if not workspace:
        raise BadInput("No workspace is named", wanted="a new folder for the results")
    place, _ = split_source(source)
    local = Path(place).expanduser()
    if local.exists():
        source = str(local.resolve()) + source[len(place) :]
        if _is_empty(local):
            raise BadInput(f"{place} is empty", wanted="a folder with images in it, one folder per class")
    elif place.startswith(("/", "~", ".")):
        raise NotFoundHere(f"There is no {place}", wanted="a folder or file on this machine")
    predictions = asked.predictions.strip()
    if predictions and not Path(predictions).expanduser().is_file():
        raise NotFoundHere(f"There is no file {predictions}", wanted="predictions as npz, npy, parquet or csv")
    return Asked(
        source=source,
        workspace=str(Path(workspace).expanduser().resolve()),
        reader=asked.reader.strip(),
        model=asked.model.strip() or "auto",
        mode=asked.mode,
        predictions=str(Path(predictions).expanduser().resolve()) if predictions else "",
        map=asked.map,
    )


def _is_empty(place: Path) -> bool:
    """Is this a folder without anything in it? One that may not be listed is left to its reader."""
    try:
        return place.is_dir() and not any(place.iterdir())
    except OSError:
        return False


def start(asked: Asked) -> Job:
    """Start the analysis and return at once. A second one on the same workspace is refused while one runs."""
    asked = check(asked)
    known = find(asked.workspace)
    if known is not None and known.running():
        raise BadInput("An analysis of this workspace is running already", hint="wait for it, or cancel it")
    return spawn(asked.workspace, asked.arguments(), _place(asked.workspace))


def spawn(workspace: str, arguments: list[str], place: Path) -> Job:
    """Start a command as a process of its own; what is known of it goes to the file `place`, its log beside that."""
    log = place.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # neither Ctrl+C on the server nor its end reaches it
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    job = Job(workspace, process.pid, start_ticks(process.pid), time.time(), str(log))
    _children[process.pid] = process
    place.write_text(json.dumps(asdict(job)), encoding="utf-8")
    return job


_children: dict[int, subprocess.Popen[bytes]] = {}  # kept so that an ended child is collected and not left a zombie


def find(workspace: str | Path) -> Job | None:
    """The analysis last started on a workspace from a page, by this server or an earlier one."""
    return read(_place(str(workspace)))


def going_on() -> Job | None:
    """Any analysis started from a page that still runs, the newest first: for a browser that comes back."""
    found = [job for file in _place("").parent.glob("*.json") if (job := read(file)) is not None and job.running()]
    return max(found, key=lambda job: job.started, default=None)


def read(file: Path) -> Job | None:
    """The process that was started with this file as its `place`, or None."""
    try:
        job = Job(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if job.pid in _children:
        _children[job.pid].poll()
    return job


def running(workspace: str | Path) -> Run | None:
    """A run of the workspace that is going on now, started from a page or from a terminal."""
    return next((run for run in _runs(workspace) if run.status().get("state") == RUNNING), None)


def latest(workspace: str | Path) -> tuple[Job | None, Run | None]:
    """What goes on in a workspace, or went on last: the job, if a page started it, and the run, once there is one."""
    job = find(workspace)
    if job is not None and job.running():
        return job, job.run()
    begun = running(workspace)
    if begun is not None:
        return None, begun
    last = max(_runs(workspace), key=_updated, default=None)
    if last is not None and (job is None or _updated(last) >= job.started):
        mine = job is not None and last.status().get("pid") == job.pid
        return (job if mine else None), last
    return job, None  # it ended before there was a run: its log says why


def _updated(run: Run) -> float:
    return float(run.status().get("updated") or 0)


@dataclass(frozen=True)
class Standing:
    """How an analysis stands. state: nothing, reading, new, running, done, failed or cancelled. Text is not escaped."""

    state: str
    step: str = ""
    number: int = 0
    n_steps: int = 0
    what: str = ""
    share: float | None = None
    seconds_left: float | None = None
    error: str = ""
    wanted: str = ""
    hint: str = ""
    stopping: bool = False

    @property
    def goes_on(self) -> bool:
        """Is it still at work?"""
        return self.state in ("reading", "new", RUNNING)


def standing(job: Job | None, run: Run | None) -> Standing:
    """How the job, or a run started elsewhere, stands now."""
    if run is not None:
        return _from_status(run.status(), stopping=run.cancel_asked())
    if job is None:
        return Standing("nothing")
    if job.running():
        return Standing("reading", stopping=_was_ended(job))
    if _was_ended(job):
        return Standing(CANCELLED)
    error, wanted, hint = last_error(job.tail())
    return Standing(FAILED, error=error, wanted=wanted, hint=hint)


def _from_status(status: dict[str, Any], *, stopping: bool) -> Standing:
    phase = status.get("progress") or {}
    total = phase.get("total") or 0
    titles = {step["name"]: step["title"] for step in status.get("steps") or []}
    return Standing(
        state=str(status.get("state", FAILED)),
        step=str(titles.get(status.get("step"), status.get("step") or "")),
        number=int(status.get("step_number") or 0),
        n_steps=int(status.get("n_steps") or 0),
        what=str(phase.get("what") or ""),
        share=min(1.0, phase.get("done", 0) / total) if total > 0 else None,
        seconds_left=phase.get("seconds_left"),
        error=str(status.get("error") or ""),
        wanted=str(status.get("wanted") or ""),
        hint=str(status.get("hint") or ""),
        stopping=stopping,
    )


def last_error(text: str) -> tuple[str, str, str]:
    """What was found, wanted and to be done, from the last line of a log that tells an error."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = next((line for line in reversed(lines) if line.startswith("error:")), lines[-1] if lines else "")
    found, marker, rest = told.removeprefix("error:").strip().rpartition(" – wanted: ")
    if not marker:
        return rest or "It ended without a word.", "", ""
    wanted, _, hint = rest.partition(" – ")
    return found, wanted, hint


def cancel(job: Job | None, run: Run | None) -> None:
    """Ask a run to stop; finished parts are kept. A process that has no run yet is ended instead."""
    if run is not None:
        run.ask_to_cancel()
    elif job is not None and job.running():
        _ended_mark(job).write_text(str(job.pid), encoding="utf-8")
        os.kill(job.pid, 15)


def _ended_mark(job: Job) -> Path:
    return _place(job.workspace).with_suffix(".ended")


def _was_ended(job: Job) -> bool:
    """Was the process ended on request before it had a run that could say so?"""
    try:
        return _ended_mark(job).read_text(encoding="utf-8") == str(job.pid)
    except OSError:
        return False


def _runs(workspace: str | Path) -> list[Run]:
    try:
        return Workspace.open(workspace).runs()
    except NotFoundHere:
        return []


def _place(workspace: str) -> Path:
    return jobs_folder() / f"{digest_of(workspace)[:20]}.json"


def jobs_folder() -> Path:
    """Where this user's started processes are kept account of."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(base) / "lookalike" / "jobs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
