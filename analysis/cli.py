"""The command line: parse, call, print. User errors end with one clear line and exit code 2."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from analysis import __version__
from analysis.base.config import GraphSettings, ModelSettings, RunSettings
from analysis.base.errors import Cancelled, NotFoundHere, UserError

S = TypeVar("S")
DEMO_WORKSPACE = "workspaces/demo"
STOPPED = 130  # what a shell expects of a program ended by Ctrl+C


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        self.exit(2, f"{self.prog}: {message} – see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog="python -m analysis",
        description="Which classes does a model confuse, and which labels are wrong?",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  python -m analysis demo\n  python -m analysis run photos/ --workspace workspaces/photos\n"
        "  python -m analysis open workspaces/photos",
    )
    parser.add_argument("--version", action="version", version=f"lookalike {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for add in (_add_demo, _add_run, _add_status, _add_score, _add_graph, _add_export, _add_open):
        add(commands)
    return parser


def _command(commands: Any, name: str, summary: str, *examples: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n" + "\n".join(f"  python -m analysis {example}" for example in examples),
    )


def _add_demo(commands: Any) -> None:
    parser = _command(
        commands, "demo", "Analyse the embedded handwritten digits and open the dashboard", "demo", "demo --no-open"
    )
    parser.add_argument("--workspace", default=DEMO_WORKSPACE, help="default: %(default)s")
    parser.add_argument("--no-open", action="store_true", help="only analyse")
    parser.add_argument("--port", type=int, help="port of the dashboard")
    parser.set_defaults(call=_demo)


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        "Analyse a data set",
        "run photos/ --workspace workspaces/photos",
        "run labels.csv --workspace w --predictions probs.npy",
        "run photos/ --workspace w --model resnet18 --weights resnet18.pth --mode probe",
    )
    defaults = ModelSettings()
    about = {name: field.description for name, field in ModelSettings.model_fields.items()}
    parser.add_argument("source", metavar="SOURCE", help="folder, file, or name such as digits or torchvision:CIFAR10")
    parser.add_argument("--workspace", required=True, help="folder that receives the results; continued if it exists")
    parser.add_argument("--reader", help="reader by name; found from the source when left out")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the reader")
    parser.add_argument("--predictions", metavar="FILE", help="your own predictions (npz, npy, parquet, csv); no model")
    parser.add_argument("--convert", choices=["none", "softmax", "normalise"], default="none", help="of --predictions")
    parser.add_argument(
        "--held-out", choices=["yes", "no"], help="did the model of --predictions not train on these images?"
    )
    parser.add_argument("--model", default=defaults.model, help=about["model"])
    parser.add_argument("--weights", metavar="FILE", help=about["weights"])
    parser.add_argument("--preprocess", choices=["own", "caffe", "unit", "signed"], default=defaults.preprocess)
    parser.add_argument("--mode", choices=["auto", "probe", "finetune"], default=defaults.mode, help=about["mode"])
    for name in ("folds", "epochs", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name), help=f"{about[name]} (%(default)s)")
    parser.add_argument("--device", default=defaults.device, help=about["device"])
    parser.add_argument("--reread", action="store_true", help="read the source again although it looks unchanged")
    parser.set_defaults(call=_run)


def _add_status(commands: Any) -> None:
    parser = _command(
        commands, "status", "Tell what a workspace holds and how its runs stand", "status workspaces/demo"
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.set_defaults(call=_status)


def _add_score(commands: Any) -> None:
    parser = _command(
        commands, "score", "Score plain arrays", "score --labels labels.npy --probs probs.npy --out scores.parquet"
    )
    parser.add_argument("--labels", required=True, metavar="F", help="given labels: npy, npz, csv, parquet or txt")
    parser.add_argument("--probs", required=True, metavar="F", help="held-out probabilities (images, classes)")
    parser.add_argument("--out", required=True, metavar="F.parquet")
    parser.set_defaults(call=_score)


def _add_graph(commands: Any) -> None:
    parser = _command(
        commands,
        "graph",
        "Make the confusion graph of plain arrays",
        "graph --labels labels.npy --probs probs.npy --out graph.json",
        "graph --labels labels.csv --predicted predicted.csv --out graph.json --resolution 2",
    )
    defaults = GraphSettings()
    parser.add_argument("--labels", required=True, metavar="F")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--probs", metavar="F", help="probabilities (images, classes)")
    source.add_argument("--predicted", metavar="F", help="predicted classes")
    parser.add_argument("--out", required=True, metavar="F.json")
    parser.add_argument("--names", metavar="F", help="class names, a line each")
    parser.add_argument("--top", type=int, default=defaults.top, help="classes per image that give edges (%(default)s)")
    parser.add_argument("--resolution", type=float, default=defaults.resolution)
    parser.add_argument("--prune", choices=["auto", "none", "median"], default=defaults.prune)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.set_defaults(call=_graph)


def _add_export(commands: Any) -> None:
    parser = _command(
        commands, "export", "Write the cleaned labels", "export workspaces/demo --format csv --out cleaned/"
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--format", required=True, help="csv, json, …")
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    parser.set_defaults(call=_export)


def _add_open(commands: Any) -> None:
    parser = _command(commands, "open", "Start the dashboard on localhost", "open workspaces/demo --port 8600")
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    parser.set_defaults(call=_open)


# -- what the commands do ----------------------------------------------------------------------------------------
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
            convert=args.convert,
            held_out=None if args.held_out is None else args.held_out == "yes",
            models=ModelSettings(**chosen),
        )
    )
    analyse_source(
        args.source,
        args.workspace,
        reader=args.reader,
        options=_options(args.option),
        settings=settings,
        reread=args.reread,
    )
    print(f"Look at it with: python -m analysis open {args.workspace}")
    return 0


def _options(pairs: list[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"--option {pair}", wanted="NAME=VALUE")
        options[name] = value
    return options


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

    facts = describe(args.workspace)
    if args.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    print(f"{facts['path']}: {facts['n_images']:,} images in {facts['n_classes']:,} classes, from {facts['source']}")
    if facts["n_set_aside"]:
        print(f"  {facts['n_set_aside']:,} images set aside as unreadable")
    for run in facts["runs"]:
        print(f"  {run['run_id']}: {run['line']}")
    print(f"  decisions: {facts['decisions']:,}")
    return 0


def _score(args: argparse.Namespace) -> int:
    from analysis.plain import score
    from analysis.terminal import TerminalProgress

    counts = score(args.labels, args.probs, args.out, progress=TerminalProgress())
    aside = f", {counts['unlabelled']:,} without a label" if counts["unlabelled"] else ""
    print(f"{args.out}: {counts['images']:,} images{aside}, {counts['suspects']:,} suspects")
    return 0


def _graph(args: argparse.Namespace) -> int:
    from analysis.plain import graph

    settings = _settings(
        lambda: GraphSettings(top=args.top, resolution=args.resolution, prune=args.prune, seed=args.seed)
    )
    built = graph(args.labels, args.probs, args.predicted, out=args.out, settings=settings, names=args.names)
    print(
        f"{args.out}: {len(built.community):,} classes, {built.weight.nnz // 2:,} edges, "
        f"{int(built.community.max()) + 1:,} communities, modularity {built.modularity:.3f} "
        f"with {built.mass_kept:.0%} of the confusion kept"
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from analysis.job import export

    print(export(args.workspace, args.format, args.out))
    return 0


def _open(args: argparse.Namespace) -> int:
    from analysis.runs.workspace import Workspace

    return _serve(Workspace.open(args.workspace).path, args.port, headless=args.no_browser)


def _serve(workspace: Path, port: int | None, *, headless: bool) -> int:
    """Replace this process by the dashboard; what it may do is set in .streamlit/config.toml beside it."""
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
    command = [sys.executable, "-m", "streamlit", "run", str(root / "streamlit_app.py")]
    command += ["--server.headless", str(headless).lower()]
    if port is not None:
        command += ["--server.port", str(port)]
    os.chdir(root)
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 = fine, 2 = the user can mend it, 130 = stopped by the user."""
    args = build_parser().parse_args(arguments)
    try:
        return int(args.call(args))
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except (Cancelled, KeyboardInterrupt):
        print("stopped; run the same command again to continue where it stopped", file=sys.stderr)
        return STOPPED
