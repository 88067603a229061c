"""The commands for other models: adding their predictions, scoring and ranking them without label errors."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.base.errors import BadInput, NotFoundHere

if TYPE_CHECKING:
    from analysis.base.labelsets import LabelSets
    from analysis.runs.workspace import Workspace

AddCommand = Callable[..., argparse.ArgumentParser]
FLIPS_SHOWN = 20
MOST_RESAMPLES = 100_000  # more would tell nothing more and take hours


def add_commands(commands: Any, command: AddCommand, database: Callable[..., None]) -> None:
    """Add the parsers; `command` makes one, `database` adds --database."""
    parser = command(
        commands,
        "add-predictions",
        "Add the predictions of other models, to compare and rank them without label errors",
        "add-predictions workspaces/photos resnet50.npz vit.csv",
        "add-predictions w probs.npy --model vit_b_16",
        "add-predictions w models.npz",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    about = (
        "as for run --predictions, classes alone are enough; or an .npz with models (M), top1 (M, N) or top5 (M, N, 5)"
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help=about)
    parser.add_argument(
        "--model", metavar="NAME", help="what to call the model of a single file; default: the file's name"
    )
    parser.add_argument("--convert", choices=["none", "softmax", "normalise"], default="none", help="of probabilities")
    parser.add_argument("--held-out", choices=["yes", "no"], help="did the models not train on these images?")
    parser.add_argument("--replace", action="store_true", help="instead of what is there under the same name")
    parser.add_argument("--remove", metavar="NAME", action="append", default=[], help="take a model out again")
    parser = command(
        commands,
        "rerank",
        "Score and rank all models of a workspace with and without label errors",
        "rerank workspaces/photos",
        "rerank w --corrections corrections.csv --keep",
        "rerank w --corrections corrections.csv --with-decisions",
        "rerank w --scores scores.npz --threshold 0.8 --json",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    truth = parser.add_mutually_exclusive_group()
    truth.add_argument("--corrections", metavar="FILE", help="csv with id,original,correction; default: our decisions")
    truth.add_argument("--real", metavar="FILE", help="ReaL's real.json: a list of labels for every image")
    truth.add_argument("--scores", metavar="FILE", help="ReaL's scores.npz: a score for every label of an image")
    parser.add_argument(
        "--threshold", type=float, default=0.8, help="of --scores: from where a label holds (%(default)s)"
    )
    about = "our decisions too, which count before the file where both judge an image"
    parser.add_argument("--with-decisions", action="store_true", help=about)
    parser.add_argument("--keep", action="store_true", help="keep what the file says for the Models page")
    parser.add_argument(
        "--top-k", type=int, choices=[1, 5], default=1, help="right among so many classes (%(default)s)"
    )
    parser.add_argument(
        "--community", type=int, metavar="N", help="only images given a class of this community (from 1)"
    )
    parser.add_argument("--where", metavar="CONDITION", help="only images for which it holds")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap intervals (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="everything, per class and per community too")
    database(parser)


def _add_predictions(args: argparse.Namespace) -> int:
    from analysis.data.model_predictions import ranked_models
    from analysis.runs.models import add_model, remove_model, stored_models
    from analysis.runs.workspace import Workspace
    from analysis.terminal import TerminalProgress

    workspace = Workspace.open(args.workspace)
    if args.model is not None and len(args.files) != 1:
        raise BadInput(f"--model names one model, and there are {len(args.files)} files", wanted="one file")
    if not args.files and not args.remove:
        raise BadInput("No file was named", wanted="add-predictions WORKSPACE FILE…")
    for name in args.remove:
        remove_model(workspace, name)
        print(f"removed {name}")
    dataset, held_out = workspace.dataset(), None if args.held_out is None else args.held_out == "yes"
    with closing(TerminalProgress()) as progress:
        for file in args.files:
            how = {"name": args.model, "convert": args.convert, "held_out": held_out, "progress": progress}
            for found in ranked_models(file, dataset, **how):
                source = {"source": Path(file).name, "replace": args.replace, "held_out": found.held_out}
                add_model(workspace, found.name, found.top_class, top_prob=found.top_prob, **source)
                right = float((found.top_class[:, 0] == dataset.given).mean())
                print(f"{found.name}: {len(dataset):,} images, {right:.1%} as given")
    print(f"{workspace.path} holds the predictions of {len(stored_models(workspace)):,} added models")
    return 0


def _rerank(args: argparse.Namespace) -> int:
    from analysis.evaluate.ranking import as_json, as_text, rank_models
    from analysis.evaluate.reranking import outcomes
    from analysis.runs.models import run_models, stored_models
    from analysis.runs.workspace import Workspace

    if not 1 <= args.resamples <= MOST_RESAMPLES:
        raise BadInput(f"--resamples is {args.resamples}", wanted=f"1 to {MOST_RESAMPLES:,}")
    if args.seed < 0:
        raise BadInput(f"--seed is {args.seed}", wanted="0 or more")
    workspace = Workspace.open(args.workspace)
    models = [*run_models(workspace), *stored_models(workspace)]
    if args.top_k > 1:
        models = [model for model in models if model.k >= args.top_k]
    if not models:
        raise NotFoundHere(
            f"{workspace.path} holds no model with {args.top_k} classes per image",
            hint="add some: python -m analysis add-predictions WORKSPACE FILE",
        )
    dataset = workspace.dataset()
    community = _communities(workspace)
    rows = _rows(args, workspace, None if community is None else community[dataset.given])
    sets, source = _label_sets(args, workspace)
    listed = [(model.name, model.top_class) for model in models]
    found = outcomes(listed, dataset.given, sets, k=args.top_k)
    ranking = rank_models(found, sets.said, rows=rows, resamples=args.resamples, seed=args.seed)
    if args.json:
        groups = {"classes": (dataset.given, list(dataset.classes))}
        if community is not None:
            groups["communities"] = (community[dataset.given], [str(c + 1) for c in range(int(community.max()) + 1)])
        print(json.dumps(as_json(ranking, source=source, groups=groups), ensure_ascii=False, indent=1))
    else:
        print(as_text(ranking, source=source, flips_shown=FLIPS_SHOWN))
    return 0


def _rows(args: argparse.Namespace, workspace: Workspace, community: Any) -> Any:
    """The images to score (M,), or None for all; `community` (N,) of their given classes."""
    from analysis.review.gather import images_where
    from analysis.review.opening import open_store

    if args.community is None and args.where is None:
        return None
    keep: Any = True
    if args.community is not None:
        if community is None or not 1 <= args.community <= int(community.max()) + 1:
            raise NotFoundHere(f"There is no community {args.community}", wanted="one of a finished run, from 1")
        keep = community == args.community - 1
    if args.where is not None:
        with open_store(workspace, args.database) as store:
            keep = keep & images_where(workspace, store, args.where).keep
    if not keep.any():
        raise NotFoundHere("No image of this community passes the condition", wanted="images to score")
    return keep.nonzero()[0]


def _communities(workspace: Workspace) -> Any:
    """The community (K,) of every class by the newest finished run, or None."""
    run = workspace.latest()
    return None if run is None else run.table("classes", ["community"])["community"].to_numpy()


def _label_sets(args: argparse.Namespace, workspace: Workspace) -> tuple[LabelSets, str]:
    """(the labels that hold, where that comes from in words): by a file, by our decisions, or by both."""
    from analysis.review.labelsets import sets_of
    from analysis.review.opening import open_store

    if not 0 <= args.threshold <= 1:
        raise BadInput(f"--threshold is {args.threshold}", wanted="0..1")
    filed = _label_file(args, workspace)
    if filed is not None and not args.with_decisions:
        return filed
    with open_store(workspace, args.database) as store:
        decided = sets_of(store.in_force(), workspace.dataset())
    if filed is None:
        return decided, "our decisions"
    sets, name = filed
    n = int(decided.said.sum())
    images = f"{n:,} image{'' if n == 1 else 's'}"
    return sets.overruled_by(decided), f"{name}, but by our decisions for the {images} that we judged"


def _label_file(args: argparse.Namespace, workspace: Workspace) -> tuple[LabelSets, str] | None:
    """(the labels that hold by the file that was named, its name), or None; kept for the dashboard where asked."""
    from analysis.base.labelsets import PairScores
    from analysis.data.corrections import read_corrections, read_label_lists, read_scores
    from analysis.runs.known_labels import KINDS, keep_labels
    from analysis.terminal import TerminalProgress

    dataset = workspace.dataset()
    for kind in KINDS:
        file = getattr(args, kind)
        if file is None:
            continue
        found: LabelSets | PairScores
        with closing(TerminalProgress()) as progress:
            if kind == "real":
                found = read_label_lists(file, dataset)
            elif kind == "scores":
                found = read_scores(file, dataset, progress=progress)
            else:
                found = read_corrections(file, dataset, progress=progress)
        if args.keep:
            keep_labels(workspace, kind, found, source=Path(file).name)
        if isinstance(found, PairScores):
            return found.at(args.threshold), f"{Path(file).name} from {args.threshold:g}"
        return found, Path(file).name
    return None


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"add-predictions": _add_predictions, "rerank": _rerank}
