"""Start `retrain` from a page: a process of its own, one per workspace at a time, found again by its file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from analysis.base.arrays import digest_of
from analysis.base.errors import BadInput
from dashboard import launch
from dashboard.launch import Job


def start(workspace: str) -> Job:
    """Train on the original and on the cleaned labels of a workspace; BadInput while that goes on already."""
    known = find(workspace)
    if known is not None and known.running():
        raise BadInput("The labels of this workspace are being trained on already", hint="wait for it, or stop it")
    return launch.spawn(workspace, ["retrain", "--", workspace], _place(workspace))


def find(workspace: str) -> Job | None:
    """The training last started on a workspace from a page, by this server or an earlier one."""
    return launch.read(_place(workspace))


def stop(job: Job) -> None:
    """Ask the process to end; the result of an earlier one stays."""
    if job.running():
        os.kill(job.pid, signal.SIGTERM)


def failure(job: Job | None, *, since: float) -> tuple[str, str, str] | None:
    """(found, wanted, hint) of a training that ended without a result, begun after `since`, when the newest result was
    made (seconds since the epoch); else None."""
    if job is None or job.running() or job.started < since:
        return None
    return launch.last_error(job.tail())


def _place(workspace: str) -> Path:
    """Not among the analyses: a page that comes back looks for those by themselves."""
    folder = launch.jobs_folder() / "retrain"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{digest_of(workspace)[:20]}.json"
