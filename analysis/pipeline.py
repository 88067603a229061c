"""The table of steps of an analysis, and the runner that redoes only what is stale."""

from __future__ import annotations

import importlib
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from analysis import __version__
from analysis.base.arrays import digest_of
from analysis.base.config import RunSettings
from analysis.base.errors import Cancelled, UserError
from analysis.base.progress import Progress
from analysis.models.elsewhere import Elsewhere
from analysis.runs.models import models_stamp
from analysis.runs.progress import RunProgress
from analysis.runs.run import CANCELLED, DONE, FAILED, RUNNING, Run, start_ticks
from analysis.runs.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step: which others it builds on, which settings it reads, the function that does it.

    `version` goes up whenever the algorithm gives another answer to the same input; old artifacts are then stale.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    settings: tuple[str, ...]
    function: str
    version: int = 1


STEPS: tuple[Step, ...] = (
    Step(
        "predictions", "Predictions", (), ("models", "predictions", "convert", "held_out"), "analysis.steps:predictions"
    ),
    Step("neighbours", "Nearest neighbours", ("predictions",), ("map",), "analysis.steps:neighbours"),
    Step("graph", "Confusion graph", ("predictions",), ("graph",), "analysis.steps:graph"),
    Step("levels", "Communities at other resolutions", ("graph",), ("graph",), "analysis.steps:levels"),
    Step("scores", "Suspicion of every label", ("graph", "neighbours"), (), "analysis.steps:scores", version=8),
    Step("report", "Weak spots", ("graph", "scores"), (), "analysis.steps:report", version=2),
    Step("problems", "Problems of the images", ("neighbours",), (), "analysis.steps:problems", version=2),
    Step("map", "Map", ("neighbours",), ("map",), "analysis.steps:layout", version=2),
    Step("summary", "Summary", ("report", "map"), (), "analysis.steps:summary", version=2),
)


@dataclass(frozen=True)
class Context:
    """What a step works on: the workspace, the run that receives artifacts, the settings, its key and its progress.

    `elsewhere`: the GPU for large matrices, if there is one and the settings let it.
    """

    workspace: Workspace
    run: Run
    settings: RunSettings
    key: str
    progress: RunProgress
    elsewhere: Elsewhere


def keys_of(workspace: Workspace, settings: RunSettings) -> dict[str, str]:
    """The key of every step: what it would be made from. Equal keys mean equal results."""
    fingerprint = workspace.facts()["fingerprint"]
    asked = settings.model_dump()
    content = [_content_of(settings.predictions), _content_of(settings.models.weights)]
    if settings.features:
        content.append(_content_of(settings.features))
    stamp = models_stamp(workspace)
    added = [stamp] if stamp else []  # models added later have their say in the scores
    keys: dict[str, str] = {}
    for step in STEPS:
        chosen = [(name, asked[name]) for name in step.settings]
        extra = content if "predictions" in step.settings else added if step.name == "scores" else []
        keys[step.name] = digest_of(
            fingerprint, step.name, step.version, chosen, extra, *(keys[need] for need in step.needs)
        )
    return keys


def _content_of(file: str | None) -> str:
    """A digest of a file's content, so that predictions or weights written anew under the same name are seen as new."""
    if file is None:
        return ""
    import hashlib

    try:
        with open(file, "rb") as handle:  # noqa: PTH123  # file_digest wants a plain handle
            return hashlib.file_digest(handle, "blake2b").hexdigest()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}", wanted="a file that is there") from error


def analyse(workspace: Workspace, run: Run, settings: RunSettings, *, echo: Progress | None = None) -> None:
    """Do every stale step of a run. Finished steps and finished parts of a step are not redone.

    Raises `Cancelled` on request (Ctrl+C, SIGTERM, or the mark left by `Run.ask_to_cancel`), UserError on bad input.
    """
    from analysis.embed.layouts import check_available

    check_available(settings.map.method)
    keys = keys_of(workspace, settings)
    lock = FileLock(run.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UserError(
            f"This analysis is running already (process {run.status().get('pid')})",
            hint="wait for it, or stop it with Ctrl+C there or Cancel on the Overview page",
        ) from error
    try:
        run.clear_cancel()
        progress = RunProgress(run, echo)
        _begin(run, settings)
        with _interruptible(run), _outcome(run):
            elsewhere = Elsewhere(settings.models.device, progress)
            for number, step in enumerate(STEPS):
                context = Context(workspace, run, settings, keys[step.name], progress, elsewhere)
                _do(step, number, context)
            run.clear_parts()
    finally:
        lock.release()


def _begin(run: Run, settings: RunSettings) -> None:
    run.set_status(
        state=RUNNING,
        pid=os.getpid(),
        started_ticks=start_ticks(os.getpid()),
        started=time.time(),
        ended=None,
        error=None,
        steps=[{"name": step.name, "title": step.title} for step in STEPS],
        program=__version__,
        python=platform.python_version(),
        seed=settings.models.seed,
    )
    run.log("start", pid=os.getpid())


def _do(step: Step, number: int, context: Context) -> None:
    run, key = context.run, context.key
    card = f"step_{step.name}"
    before: list[str] = run.json(card)["gives"] if run.has(card) else []
    if run.fresh(card, key) and all(run.fresh(name, key) for name in before):
        run.log("fresh", step=step.name)
        context.progress.echo.note(f"{step.title}: finished before, not redone")
        return
    run.set_status(step=step.name, step_number=number, n_steps=len(STEPS), progress=None)
    context.progress.stop_if_asked()
    began = time.monotonic()
    module, _, name = step.function.partition(":")
    made: dict[str, Any] = getattr(importlib.import_module(module), name)(context)
    for artifact in set(before) - set(made):
        run.drop(artifact)  # made from older inputs, and later steps would take it for new
    for artifact, value in made.items():
        run.put(artifact, value, key=key)
    facts = {"gives": sorted(made), "seconds": round(time.monotonic() - began, 3), "version": step.version}
    run.put(card, facts, key=key)
    run.log("done", step=step.name, seconds=facts["seconds"])


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """Let SIGTERM and Ctrl+C end the run as a request to stop, so that finished parts are kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, _frame: object) -> None:
        run.log("signal", number=signum)
        raise Cancelled("stopped by a signal")

    old: dict[signal.Signals, Any] = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _outcome(run: Run) -> Iterator[None]:
    """Write how the run ended, whatever ended it."""

    def end(**facts: Any) -> None:
        run.set_status(ended=time.time(), progress=None, **facts)

    try:
        yield
    except Cancelled:
        end(state=CANCELLED)
        raise
    except UserError as error:
        end(state=FAILED, error=error.found, wanted=error.wanted, hint=error.hint)
        raise
    except BaseException as error:
        end(state=FAILED, error=f"{type(error).__name__}: {error}")
        raise
    end(state=DONE)
