"""The command that asks networks for their predictions on a labelled set and keeps them beside each other."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.base.errors import BadInput
from analysis.base.progress import Progress

if TYPE_CHECKING:
    from analysis.models.evaluate import Answers, Asked
    from analysis.runs.workspace import Workspace

PARTS = ".evaluating"


def add_commands(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the parser; `command` makes one."""
    parser = command(
        commands,
        "evaluate",
        "Run networks over a labelled set, with their own weights and transforms, and keep what they predict",
        "evaluate imagenet/val --workspace workspaces/val --models resnet50,vit_b_16",
        "evaluate val/ --workspace w --models squeezenet1_0:caffe,mobilenet_v2:tf --weights-dir weights/",
    )
    parser.add_argument("source", metavar="SOURCE", help="as for run; ImageNet's layouts are recognised")
    parser.add_argument(
        "--workspace", required=True, help="folder that receives the predictions; continued if it exists"
    )
    about = "networks of torchvision, separated by commas; NAME:caffe, :unit, :signed or :tf for another scaling"
    parser.add_argument("--models", required=True, metavar="NAMES", help=about)
    about = "folder with files of weights named after their networks; default: torchvision's own weights"
    parser.add_argument("--weights-dir", metavar="DIR", help=about)
    parser.add_argument("--reader", help="reader by name; found from the source when left out")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the reader")
    parser.add_argument("--batch", type=int, default=0, help="images at once; default: by device and size")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--no-crop", action="store_true", help="the images were cropped before: take them whole")
    parser.add_argument("--replace", action="store_true", help="ask models anew whose predictions are there already")


def _evaluate(args: argparse.Namespace) -> int:
    from analysis.base.named_values import pairs_of
    from analysis.job import workspace_of
    from analysis.models.evaluate import asked_models
    from analysis.runs.models import stored_models
    from analysis.terminal import TerminalProgress

    if args.batch < 0:
        raise BadInput(f"--batch is {args.batch}", wanted="0 or more")
    asked = asked_models(
        args.models, weights_dir=args.weights_dir, device=args.device, batch=args.batch, no_crop=args.no_crop
    )
    progress = TerminalProgress()
    options = pairs_of(args.option)
    try:
        place = workspace_of(
            args.source, args.workspace, reader=args.reader, options=options, reread=False, progress=progress
        )
        known = {model.name for model in stored_models(place)}
        for one in asked:
            if one.name in known and not args.replace:
                print(f"{one.name}: asked before; --replace asks it anew")
            else:
                print(_told(one, place, evaluate(one, place, replace=args.replace, progress=progress)))
    finally:
        progress.close()
    shutil.rmtree(place.path / PARTS, ignore_errors=True)
    print(f"Compare and rank them with: python -m analysis rerank {place.path}")
    return 0


def evaluate(asked: Asked, workspace: Workspace, *, replace: bool, progress: Progress) -> Answers:
    """Ask one network about every image of a workspace and store what it says; a killed run goes on where it was."""
    from analysis.data.images import ImageStore
    from analysis.models.evaluate import answers
    from analysis.runs.models import add_model
    from analysis.runs.run import RunParts

    dataset = workspace.dataset()
    store = ImageStore(dataset.pixels, dataset.table)
    parts = RunParts(workspace.path / PARTS)
    found = answers(store.load, dataset.classes, len(dataset), asked, parts=parts, progress=progress)
    source = f"evaluate, {Path(asked.settings.weights).name if asked.settings.weights else 'torchvision'} weights"
    add_model(workspace, asked.name, found.top_class, top_prob=found.top_prob, source=source, replace=replace)
    return found


def _told(asked: Asked, workspace: Workspace, found: Answers) -> str:
    from analysis.evaluate.accuracy import share

    given = workspace.dataset().given
    hits = found.top_class == given[:, None]
    best, all_kept = share(int(hits[:, 0].sum()), len(given)), float(np.mean(hits.any(axis=1)))
    k = found.top_class.shape[1]
    line = f"{asked.name}: top-1 {best.value:.1%} (95 % interval {best.low:.1%} to {best.high:.1%})"
    line += f", top-{k} {all_kept:.1%} of {len(given):,} images, against the given labels"
    return "\n".join([line, *(f"  {note}" for note in found.notes)])


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"evaluate": _evaluate}
