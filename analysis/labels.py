"""The commands for label patches and for bringing decisions in: what they are told, what they do, what they print."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.base.errors import BadInput, StoreFailure

if TYPE_CHECKING:
    from analysis.review.labelfile import Applied

NOT_ALL = 3  # done, but something was left out and listed
SHOWN = 20  # lines of a list on the terminal
EXIT = "exit code: 0 all done, 2 an error and nothing was written, 3 done but for what is listed"
_Do = Callable[[argparse.Namespace], int]
_AddCommand = Callable[..., argparse.ArgumentParser]
_AddDatabase = Callable[[argparse.ArgumentParser], None]


def add_commands(commands: Any, command: _AddCommand, database: _AddDatabase) -> None:
    """Add the parsers of all commands of this file; `command` makes one, `database` adds --database."""
    parser = command(
        commands,
        "apply",
        "Apply a label patch to your own label file (csv, tsv, a list, JSON lines)",
        "apply patch.jsonl labels.csv --out cleaned.csv",
        "apply patch.jsonl train.txt --in-place",
    )
    parser.add_argument("patch", metavar="PATCH", help="patch.jsonl of an export, or one made by merge")
    _add_label_file(parser)
    parser = command(
        commands,
        "revert",
        "Take a label patch back: byte for byte with the exact inverse that apply wrote, else by name",
        "revert cleaned.csv.inverse.jsonl cleaned.csv --out original.csv",
        "revert patch.jsonl labels.csv --in-place",
    )
    parser.add_argument("patch", metavar="PATCH", help="an exact inverse (….inverse.jsonl), a patch, or inverse.jsonl")
    _add_label_file(parser)
    parser = command(
        commands, "merge", "Join label patches; what excludes each other is listed", "merge ada.jsonl bob.jsonl --out p"
    )
    parser.add_argument("patches", metavar="PATCH", nargs="+")
    parser.add_argument("--out", required=True, metavar="FILE", help="a new file")
    parser.add_argument("--leave-out-conflicts", action="store_true", help="write the rest where there are conflicts")
    _end(parser)
    parser = command(
        commands,
        "import-decisions",
        "Bring in what people decided elsewhere",
        "import-decisions workspaces/demo patch.jsonl --dry-run",
        "import-decisions w project-1.json --format label_studio --reviewer Ada",
        "import-decisions w issues.csv --format cleanlab:predicted_label --reviewer Ada",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--format", help="patch, csv, label_studio, cleanlab or cleanlab:COLUMN; default: found")
    parser.add_argument("--reviewer", metavar="NAME", help="who decided, where the file does not say")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be booked")
    database(parser)
    _end(parser)


def _add_label_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labels", metavar="LABELS", help="the label file")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", metavar="FILE", help="a new file for the result")
    where.add_argument("--in-place", action="store_true", help="replace the label file, in one step")
    where.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--id-column", metavar="COLUMN", help="name, or number from 0, of the column of image names")
    parser.add_argument("--label-column", metavar="COLUMN", help="name, or number from 0, of the column of labels")
    parser.add_argument("--delimiter", help="one character, or comma, semicolon, tab, pipe; default: found")
    parser.add_argument("--encoding", help="such as cp1252; default: found")
    parser.add_argument("--root", metavar="DIR", help="what the names begin with and the data set's do not")
    parser.add_argument("--suffix", default="", help="ending to add to the names, such as .jpg")
    _end(parser)


def _end(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", metavar="FILE", help="a new file for the whole list of what was left out")
    parser.epilog = f"{parser.epilog}\n\n{EXIT}"


def _apply(args: argparse.Namespace) -> int:
    from analysis.review.labelfile import apply_patch
    from analysis.review.patchfile import read_patch

    patch = read_patch(args.patch)
    return _told(apply_patch(patch, args.labels, out=_out(args), reading=_reading(args)), args)


def _revert(args: argparse.Namespace) -> int:
    from analysis.review.labelfile import revert

    done = revert(args.patch, args.labels, out=_out(args), reading=_reading(args))
    if done.exact:
        places = done.relabelled + done.dropped
        print(f"{done.out or args.labels}: the original, byte for byte ({places:,} places, SHA-256 checked)")
        return 0
    print("set back by name: the labels are those of before, quotes and spelling need not be; ", end="")
    print("byte for byte takes the exact inverse that apply wrote")
    return _told(done, args)


def _out(args: argparse.Namespace) -> str | None:
    return args.labels if args.in_place else args.out


def _reading(args: argparse.Namespace) -> Any:
    from analysis.review.layout import Reading

    return Reading(
        image=args.id_column,
        label=args.label_column,
        encoding=args.encoding,
        delimiter=args.delimiter,
        root=args.root,
        suffix=args.suffix,
    )


def _told(done: Applied, args: argparse.Namespace) -> int:
    """Print what was done to a label file and what was not."""
    would = " would be" if args.dry_run else ""
    marked = f"; {done.marked:,} images are only marked and keep their label" if done.marked else ""
    place = done.out or args.labels
    print(f"{place}: {done.relabelled:,} labels{would} changed, {done.dropped:,} rows{would} dropped{marked}")
    if done.inverse:
        print(f"exact inverse: {done.inverse}")
    for note in done.notes:
        print(f"note: {note}")
    return _list("not touched", done.left, args.report)


def _merge(args: argparse.Namespace) -> int:
    from analysis.review.patch import merge
    from analysis.review.patchfile import read_patch, write_patch

    _refuse_existing(args.out)
    merged, conflicts = merge([read_patch(path) for path in args.patches], args.patches)
    if len(merged.about["fingerprints"]) > 1:
        print("note: the patches are of different versions of the data set; labels are compared when it is applied")
    if conflicts and not args.leave_out_conflicts:
        print("nothing was written: see the conflicts, or say --leave-out-conflicts")
    else:
        with _writing(Path(args.out).expanduser()) as out:
            write_patch(out, merged)
        print(f"{out}: {len(merged.changes):,} changes of {len(args.patches)} patches")
    return _list("conflicts", conflicts, args.report)


def _import_decisions(args: argparse.Namespace) -> int:
    from analysis.review.importing import import_file
    from analysis.review.opening import open_store
    from analysis.runs.workspace import Workspace

    workspace = Workspace.open(args.workspace)
    with open_store(workspace, args.database) as store:
        report = import_file(
            workspace, store, args.file, format=args.format, reviewer=args.reviewer, dry_run=args.dry_run
        )
    print(report.summary())
    return _list("not brought in", report.problems, args.report)


def _list(title: str, rows: Sequence[object], report: str | None) -> int:
    """Print what was left out, the first lines of it, and write all of it where that was asked; the exit code."""
    if report:
        with _writing(Path(report).expanduser()) as path:
            path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    if not rows:
        return 0
    print(f"{title} ({len(rows):,}):")
    for row in rows[:SHOWN]:
        print(f"  {row}")
    if len(rows) > SHOWN:
        print(f"  … and {len(rows) - SHOWN:,} more" + ("" if report else "; all of them with --report FILE"))
    return NOT_ALL


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        raise StoreFailure(
            f"{path} could not be written: {error.strerror}", wanted="a folder you may write to"
        ) from error


def _checked(do: _Do) -> _Do:
    """The same command, refusing to overwrite a report before anything is done."""

    def run(args: argparse.Namespace) -> int:
        _refuse_existing(args.report)
        return do(args)

    return run


def _refuse_existing(path: str | None) -> None:
    if path and Path(path).expanduser().exists():
        raise BadInput(f"{path} exists", wanted="a new file")


COMMANDS: dict[str, _Do] = {
    "apply": _checked(_apply),
    "revert": _checked(_revert),
    "merge": _checked(_merge),
    "import-decisions": _checked(_import_decisions),
}
