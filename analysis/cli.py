"""The command line: parse, call, print. User errors end with one clear line and exit code 2."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from analysis import comparing, evaluating, labels, reporting, retraining
from analysis.base.config import GraphSettings, MapSettings, ModelSettings, RunSettings
from analysis.base.errors import Cancelled, NotFoundHere, UserError
from analysis.base.named_values import pairs_of
from analysis.options import build_parser

S = TypeVar("S")
LONGEST_PATH = 300  # characters of a path in an error
STOPPED = 130  # what a shell expects of a program ended by Ctrl+C


def _demo(args: argparse.Namespace) -> int:
    from analysis.job import analyse_source

    workspace = analyse_source("digits", args.workspace, reader="digits", options={}, settings=RunSettings())
    if args.no_open:
        print(f"Look at it with: python -m analysis open {args.workspace}")
        return 0
    return _serve(workspace.path, args.port, headless=False)


def _run(args: argparse.Namespace) -> int:
    from analysis.job import analyse_source

    chosen = {name: getattr(args, name) for name in ModelSettings.model_fields}
    settings = _settings(
        lambda: RunSettings(
            predictions=args.predictions,
            features=args.features,
            convert=args.convert,
            held_out=None if args.held_out is None else args.held_out == "yes",
            models=ModelSettings(**chosen),
            graph=_graph_settings(args),
            map=MapSettings(method=args.map),
        )
    )
    analyse_source(
        args.source,
        args.workspace,
        reader=args.reader,
        options=pairs_of(args.option),
        settings=settings,
        reread=args.reread,
    )
    print(f"Look at it with: python -m analysis open {args.workspace}")
    return 0


def _graph_settings(args: argparse.Namespace) -> GraphSettings:
    return GraphSettings(top=args.top, resolution=args.resolution, prune=args.prune, method=args.method, seed=args.seed)


def _settings(make: Callable[[], S]) -> S:
    """Turn pydantic's report of a value out of range into one line."""
    from pydantic import ValidationError

    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + "-".join(str(part) for part in first["loc"])
        raise UserError(f"{name} {first.get('input')!r}: {first['msg']}") from error


def _status(args: argparse.Namespace) -> int:
    from analysis.job import describe

    facts = describe(args.workspace, where=args.where, database=args.database)
    if args.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    print(f"{facts['path']}: {facts['n_images']:,} images in {facts['n_classes']:,} classes, from {facts['source']}")
    if facts["n_set_aside"]:
        print(f"  {facts['n_set_aside']:,} images set aside as unreadable")
    for run in facts["runs"]:
        print(f"  {run['run_id']}: {run['line']}")
    print(f"  images decided on: {facts['decisions']:,}, kept in {facts['database']}")
    if part := facts.get("part"):
        suspects = "" if part["n_suspects"] is None else f"{part['n_suspects']:,} suspects, "
        print(f"  where {part['where']}: {part['n_images']:,} images, {suspects}{part['decisions']:,} decided on")
    return 0


def _score(args: argparse.Namespace) -> int:
    from analysis.plain import score
    from analysis.terminal import TerminalProgress

    with closing(TerminalProgress()) as progress:
        counts = score(args.labels, args.probs, args.out, progress=progress, device=args.device)
    aside = f", {counts['unlabelled']:,} without a label" if counts["unlabelled"] else ""
    print(f"{args.out}: {counts['images']:,} images{aside}, {counts['suspects']:,} suspects")
    return 0


def _graph(args: argparse.Namespace) -> int:
    from analysis.plain import graph

    settings = _settings(lambda: _graph_settings(args))
    built = graph(args.labels, args.probs, args.predicted, out=args.out, settings=settings, names=args.names)
    print(
        f"{args.out}: {len(built.community):,} classes, {built.weight.nnz // 2:,} edges, "
        f"{int(built.community.max()) + 1:,} communities, modularity {built.modularity:.3f} "
        f"with {built.mass_kept:.0%} of the confusion kept"
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from analysis.job import export

    chosen = {"options": pairs_of(args.option), "policy": pairs_of(args.policy, "--policy")}
    print(export(args.workspace, args.format, args.out, where=args.where, database=args.database, **chosen))
    return 0


def _open(args: argparse.Namespace) -> int:
    from analysis.review.opening import database_named, open_store
    from analysis.runs.workspace import Workspace

    workspace = Workspace.open(args.workspace)
    database = database_named(args.database)
    if database is not None:
        open_store(workspace, database).close()  # a server that cannot be reached is said here, not in a browser
    return _serve(workspace.path, args.port, headless=args.no_browser, database=database, share=args.share)


def _serve(
    workspace: Path, port: int | None, *, headless: bool, database: str | None = None, share: str | None = None
) -> int:
    """Replace this process by the dashboard; what it may do is set in .streamlit/config.toml beside it.

    The address of the database may hold a password: it goes into the environment, not into the list of processes.
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / "streamlit_app.py").exists():
        raise NotFoundHere(f"There is no dashboard in {root}", hint="run this from a checkout of the repository")
    if (
        not headless
        and sys.platform == "linux"
        and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    ):
        headless = True  # no screen: Streamlit would try to open a browser and print an error
    environment = {**os.environ, "LOOKALIKE_WORKSPACE": str(workspace)}
    if database is not None:
        environment["LOOKALIKE_DATABASE_URL"] = database
    command = [sys.executable, "-m", "streamlit", "run", str(root / "streamlit_app.py")]
    command += ["--server.headless", str(headless).lower()]
    if port is not None:
        command += ["--server.port", str(port)]
    if share is not None:
        print(f"Everybody who reaches {share} sees these images and can judge them (see README, As a team)")
        hosts = [part for name in (share, "localhost", "127.0.0.1") for part in ("--server.allowedHosts", name)]
        command += ["--server.address", "0.0.0.0", *hosts]  # noqa: S104  # asked for by --share
    os.chdir(root)
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "demo": _demo,
    "run": _run,
    "status": _status,
    "score": _score,
    "graph": _graph,
    "export": _export,
    "open": _open,
    **labels.COMMANDS,
    **reporting.COMMANDS,
    **comparing.COMMANDS,
    **retraining.COMMANDS,
    **evaluating.COMMANDS,
}


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _refused(error: UserError) -> int:
    line = " ".join(str(error).split())  # it may quote a hostile file: no control character reaches the terminal
    print("error: " + _printable(line), file=sys.stderr)
    for shown in error.detail.splitlines():
        print("  " + _printable(shown), file=sys.stderr)
    return 2


def _of_the_machine(error: OSError | MemoryError) -> UserError:
    """What the disk, the rights or the memory of this machine did not allow, in one sentence."""
    if isinstance(error, MemoryError):
        return UserError(f"The memory is not enough: {error}", hint="close other programs, or take fewer images")
    places = [str(place) for place in (error.filename, error.filename2) if place is not None]
    found = " -> ".join(place[:LONGEST_PATH] for place in places) or "A file"
    wanted = "a path that can be read and written, with room on the disk"
    return UserError(f"{found}: {error.strerror or error}", wanted=wanted, hint="mend that and run the command again")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 = fine, 2 = the user can mend it, 3 = something was left out, 130 = stopped by the user."""
    args = build_parser().parse_args(arguments)
    try:
        code = COMMANDS[args.command](args)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _refused(error)
    except BrokenPipeError:  # whoever reads what is printed, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError) as error:
        return _refused(_of_the_machine(error))
    except (Cancelled, KeyboardInterrupt):
        print("stopped; run the same command again to continue where it stopped", file=sys.stderr)
        return STOPPED
