"""The command for the one-page report: what it is told, what it does, what it prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.base.errors import BadInput, NotFoundHere, StoreFailure


def add_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], database: Callable[..., None]) -> None:
    """Add the parser; `command` makes one, `database` adds --database."""
    parser = command(
        commands,
        "report",
        "Write one HTML page to hand to a colleague: figures, worst pairs, decisions, changes",
        "report workspaces/photos --out report.html",
        "report workspaces/photos --out train.html --where 'split == \"train\"'",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--out", required=True, metavar="FILE", help="a new file")
    parser.add_argument("--where", metavar="CONDITION", help="only of images for which it holds")
    database(parser)


def _report(args: argparse.Namespace) -> int:
    from analysis.data.images import ImageStore
    from analysis.review.gather import images_where
    from analysis.review.opening import open_store
    from analysis.review.report import report
    from analysis.runs.workspace import Workspace

    out = Path(args.out).expanduser()
    if out.exists():
        raise BadInput(f"{out} exists", wanted="a new file")
    workspace = Workspace.open(args.workspace)
    run = workspace.latest()
    if run is None:
        raise NotFoundHere(f"{workspace.path} holds no finished run", hint="finish one first: python -m analysis run")
    dataset = workspace.dataset()
    with open_store(workspace, args.database) as store:
        only = None if args.where is None else images_where(workspace, store, args.where, run=run)
        page = report(workspace, store, run, images=ImageStore(dataset.pixels, dataset.table), only=only)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StoreFailure(
            f"{out} could not be written: {error.strerror}", wanted="a folder you may write to"
        ) from error
    print(f"{out}: one page, {len(page) / 1024:,.0f} KiB, opens without a network")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"report": _report}
