"""The options of every command, with help and examples."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from analysis import __version__, comparing, evaluating, labels, reporting, retraining
from analysis.base.config import GraphSettings, MapSettings, ModelSettings

DEMO_WORKSPACE = "workspaces/demo"


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
    labels.add_commands(commands, _command, _add_database)
    reporting.add_commands(commands, _command, _add_database)
    comparing.add_commands(commands, _command, _add_database)
    retraining.add_commands(commands, _command, _add_database)
    evaluating.add_commands(commands, _command)
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


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        "Analyse a data set",
        "run photos/ --workspace workspaces/photos",
        "run labels.csv --workspace w --predictions probs.npy",
        "run labels.csv --option images=no --workspace w --features embeddings.npy",
        "run photos/ --workspace w --model resnet18 --weights resnet18.pth --mode probe",
    )
    defaults = ModelSettings()
    about = {name: field.description for name, field in ModelSettings.model_fields.items()}
    parser.add_argument("source", metavar="SOURCE", help="folder, file, or name such as digits or torchvision:CIFAR10")
    parser.add_argument("--workspace", required=True, help="folder that receives the results; continued if it exists")
    parser.add_argument("--reader", help="reader by name; found from the source when left out")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the reader")
    parser.add_argument("--predictions", metavar="FILE", help="your own predictions (npz, npy, parquet, csv); no model")
    about_features = "your own features, a row per image (npz, npy, parquet, csv), with or without --predictions"
    parser.add_argument("--features", metavar="FILE", help=about_features)
    parser.add_argument("--convert", choices=["none", "softmax", "normalise"], default="none", help="of --predictions")
    parser.add_argument(
        "--held-out", choices=["yes", "no"], help="did the model of --predictions not train on these images?"
    )
    parser.add_argument("--model", default=defaults.model, help=about["model"])
    parser.add_argument("--weights", metavar="FILE", help=about["weights"])
    parser.add_argument("--preprocess", choices=["own", "caffe", "unit", "signed", "tf"], default=defaults.preprocess)
    parser.add_argument("--mode", choices=["auto", "probe", "finetune"], default=defaults.mode, help=about["mode"])
    for name in ("folds", "epochs", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name), help=f"{about[name]} (%(default)s)")
    parser.add_argument("--device", default=defaults.device, help=about["device"])
    _add_graph_settings(parser)
    methods = ["umap", "pca", "pacmap", "tsne"]
    about_map = MapSettings.model_fields["method"].description
    parser.add_argument("--map", choices=methods, default=MapSettings().method, help=f"{about_map} (%(default)s)")
    parser.add_argument(
        "--reread", action="store_true", help="read the source again although it looks unchanged; metadata is renewed"
    )


def _add_status(commands: Any) -> None:
    parser = _command(
        commands,
        "status",
        "Tell what a workspace holds and how its runs stand",
        "status workspaces/demo",
        "status workspaces/demo --where 'given == \"3\" and suspicion > 0.5'",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--where", metavar="CONDITION", help="count the images for which it holds, too")
    _add_database(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable")


def _add_score(commands: Any) -> None:
    parser = _command(
        commands, "score", "Score plain arrays", "score --labels labels.npy --probs probs.npy --out scores.parquet"
    )
    parser.add_argument("--labels", required=True, metavar="F", help="given labels: npy, npz, csv, parquet or txt")
    parser.add_argument("--probs", required=True, metavar="F", help="held-out probabilities (images, classes)")
    parser.add_argument("--out", required=True, metavar="F", help="the table: .parquet, or .csv")
    parser.add_argument(
        "--device", default="auto", help="auto (a GPU where there is one and --probs is large), cpu or cuda"
    )


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
    _add_graph_settings(parser)
    parser.add_argument("--seed", type=int, default=defaults.seed)


def _add_graph_settings(parser: argparse.ArgumentParser) -> None:
    defaults = GraphSettings()
    about = {name: field.description for name, field in GraphSettings.model_fields.items()}
    parser.add_argument("--top", type=int, default=defaults.top, help=about["top"])
    parser.add_argument("--resolution", type=float, default=defaults.resolution, help=about["resolution"])
    parser.add_argument("--prune", choices=["auto", "none", "median"], default=defaults.prune)
    methods = ["auto", "louvain", "leiden", "networkx"]
    parser.add_argument("--method", choices=methods, default=defaults.method, help="how communities are found")


def _add_export(commands: Any) -> None:
    parser = _command(
        commands,
        "export",
        "Write the cleaned labels",
        "export workspaces/demo --format csv --out cleaned/",
        "export w --format image_folder --out cleaned/ --option link=symlink --policy unsure=drop",
        "export w --format csv --out part/ --where 'split == \"train\" and suspicion < 0.9'",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--format", required=True, help="csv, parquet, image_folder …; a wrong name lists them all")
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the format")
    about = "several, none_fits, unsure, unreviewed or excluded = keep or drop"
    parser.add_argument("--policy", action="append", default=[], metavar="NAME=VALUE", help=about)
    parser.add_argument("--where", metavar="CONDITION", help="only images for which it holds")
    _add_database(parser)


def _add_open(commands: Any) -> None:
    parser = _command(commands, "open", "Start the dashboard on localhost", "open workspaces/demo --port 8600")
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    parser.add_argument(
        "--share",
        metavar="HOST",
        help="let other machines in; HOST is the name or address by which they reach this one",
    )
    _add_database(parser)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URL",
        help="where a team keeps its decisions: postgresql://USER@HOST/NAME or sqlite:///FILE; "
        "default: LOOKALIKE_DATABASE_URL, else the workspace's own file",
    )
