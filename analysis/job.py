"""The main job in one call: a source becomes a workspace with a finished run; what a workspace holds; its export."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.base.arrays import digest_of
from analysis.base.config import RunSettings
from analysis.base.progress import Progress
from analysis.pipeline import analyse
from analysis.runs.files import read_json, write_json
from analysis.runs.run import DONE, RUNNING, Run
from analysis.runs.workspace import Workspace
from analysis.terminal import TerminalProgress

SHOWN = 12  # names of columns

if TYPE_CHECKING:
    from analysis.base.types import Dataset
    from analysis.review.decisions import DecisionStore


def analyse_source(
    source: str,
    workspace: str | Path,
    *,
    reader: str | None,
    options: dict[str, str],
    settings: RunSettings,
    reread: bool = False,
) -> Workspace:
    """Read `source` into `workspace` unless it is there already and looks unchanged, then do every stale step."""
    echo = TerminalProgress()
    try:
        place = workspace_of(source, workspace, reader=reader, options=options, reread=reread, progress=echo)
        run = place.run_for(_absolute(settings), label=_label(settings))
        analyse(place, run, _absolute(settings), echo=echo)
    finally:
        echo.close()
    print(headline(place, run))
    return place


def _absolute(settings: RunSettings) -> RunSettings:
    """The same settings with full paths, so that they mean the same from any folder."""
    changes: dict[str, Any] = {}
    for name in ("predictions", "features"):
        if file := getattr(settings, name):
            changes[name] = str(Path(file).expanduser().resolve())
    if settings.models.weights:
        weights = str(Path(settings.models.weights).expanduser().resolve())
        changes["models"] = settings.models.model_copy(update={"weights": weights})
    return settings.model_copy(update=changes)


def _label(settings: RunSettings) -> str:
    kept = "imported" if settings.predictions else "features" if settings.features else settings.models.model
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in kept)[:40]


def workspace_of(
    source: str,
    folder: str | Path,
    *,
    reader: str | None,
    options: dict[str, str],
    reread: bool,
    progress: Progress,
) -> Workspace:
    """The workspace in `folder` with the data set of `source`, read unless it is there already and looks unchanged."""
    from analysis.data.reader import read

    path = Path(folder).expanduser().resolve()
    signature = _signature(source, reader, options)
    mark = path / "source.json"
    if not reread and (path / "workspace.json").exists() and mark.exists():
        known = Workspace.open(path)
        if read_json(mark).get("signature") == signature:
            progress.note(f"{source}: read before and unchanged since, not read again")
            return known
    Workspace.claim(path)
    dataset, name = read(source, reader=reader, options=options, progress=progress)
    was_there = (path / "workspace.json").exists()
    found = Workspace.create(path, dataset, source=source, reader=name)
    if was_there:
        _say_renewed(found, dataset, progress)
    write_json(mark, {"signature": signature})
    if len(dataset.set_aside):
        first = dataset.set_aside.iloc[0]
        progress.note(f"{len(dataset.set_aside):,} images were set aside, such as {first['path']}: {first['reason']}")
    return found


def _say_renewed(workspace: Workspace, dataset: Dataset, progress: Progress) -> None:
    """Take over what the source says of its images by now, beside labels, and tell it."""
    gained, changed = workspace.renew_metadata(dataset)
    for names, what in ((gained, "new in the data set"), (changed, "with other values now")):
        if names:
            shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
            progress.note(f"{what}: {shown}; an open dashboard shows it after a restart")


def _signature(source: str, reader: str | None, options: dict[str, str]) -> str:
    """What can be told of a source without reading its images: names, sizes and times of all its files."""
    path = Path(source).expanduser()
    parts: list[object] = [source, reader, sorted(options.items())]
    if path.is_file():
        files = [path]
    elif path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
    else:
        files = []
    for file in files:
        facts = file.stat()
        parts += [file.as_posix(), facts.st_size, facts.st_mtime_ns]
    return digest_of(*parts)


def headline(workspace: Workspace, run: Run) -> str:
    """A few lines on what a finished run found."""
    figures = run.json("summary")
    accuracy = figures["accuracy"]
    first = (
        f"{figures['n_images']:,} images in {figures['n_classes']:,} classes; model: {figures['model']}"
        f" ({figures['mode']}); held-out accuracy against the given labels {accuracy['value']:.1%}"
        f" (95 % interval {accuracy['low']:.1%} to {accuracy['high']:.1%})"
    )
    second = (
        f"{figures['n_suspects']:,} labels are suspected to be wrong ({figures['share_suspects']:.1%});"
        f" {figures['n_communities']:,} communities of confused classes"
    )
    lines = [first, second]
    found = figures["detection"]
    if found is not None:
        lines.append(
            f"Of {found['n_planted']:,} labels known to be wrong the suspects hold {found['recall']:.0%};"
            f" {found['precision'] or 0:.0%} of the suspects are wrong indeed; average precision"
            f" {found['average_precision']:.3f} against {found['baseline_average_precision']:.3f}"
            " for plain 'predicted differs from given'"
        )
    lines.append(f"Workspace: {workspace.path}")
    return "\n".join(lines)


def describe(folder: str, *, where: str | None = None, database: str | None = None) -> dict[str, Any]:
    """What a workspace holds, how its runs stand, and where its decisions are kept.

    `where` is a condition: under "part" it is counted how many images pass, with the suspects of the newest finished
    run (None without one) and the decisions among them.
    """
    from analysis.review.opening import database_named, open_store, place_of

    workspace = Workspace.open(folder)
    facts = workspace.facts()
    is_there = database_named(database) is not None or (workspace.path / "review.sqlite").exists()
    with open_store(workspace, database) if is_there else nullcontext() as store:  # looking makes no file
        decided = set() if store is None else set(store.in_force()["image_id"])
        part = {} if where is None else {"part": _part(workspace, store, decided, where=where)}
    return {
        "path": str(workspace.path),
        "source": facts["source"],
        "reader": facts["reader"],
        "n_images": facts["n_images"],
        "n_classes": len(facts["classes"]),
        "n_set_aside": facts["n_set_aside"],
        "runs": [{"run_id": run.run_id, **run.status(), "line": _line(run)} for run in workspace.runs()],
        "decisions": len(decided),
        "database": place_of(workspace, database),
        **part,
    }


def _part(workspace: Workspace, store: DecisionStore | None, decided: set[str], *, where: str) -> dict[str, Any]:
    from analysis.base.conditions import text_of
    from analysis.review.askable import Askable, askable
    from analysis.review.states import all_open

    dataset, run = workspace.dataset(), workspace.latest()
    asked = askable(dataset, run, store) if store else Askable(dataset, run, lambda: all_open(len(dataset)))
    keep = asked.passing(condition := asked.read(where))
    ids = dataset.table["image_id"][keep]
    suspects = None if run is None else run.table("scores", ["is_suspect"])["is_suspect"].to_numpy()[keep]
    return {
        "where": text_of(condition),
        "n_images": len(ids),
        "n_suspects": None if suspects is None else int(suspects.sum()),
        "decisions": len(decided.intersection(ids)),
    }


def _line(run: Run) -> str:
    status = run.status()
    state = status.get("state", "?")
    if state == DONE:
        figures = run.json("summary")
        return f"done, accuracy {figures['accuracy']['value']:.1%}, {figures['n_suspects']:,} suspects"
    if state == RUNNING:
        phase = status.get("progress") or {}
        left = phase.get("seconds_left")
        about = f", about {left:.0f} s left in this phase" if left is not None else ""
        return f"running: {phase.get('what', status.get('step'))} {phase.get('done', 0)}/{phase.get('total', 0)}{about}"
    return f"{state}: {status.get('error')}" if status.get("error") else str(state)


def export(
    folder: str,
    format_name: str,
    out: str,
    *,
    options: Mapping[str, str] | None = None,
    policy: Mapping[str, str] | None = None,
    where: str | None = None,
    database: str | None = None,
) -> str:
    """Write the cleaned labels of a workspace into the new folder `out`; gives the lines to print.

    `where` is a condition: only images that pass are exported.
    """
    from analysis.review.apply import ExportPolicy
    from analysis.review.exporter import EXPORTERS, options_of, settings_of, write_export
    from analysis.review.gather import gather, images_where
    from analysis.review.opening import open_store

    chosen = options_of(EXPORTERS.get(format_name), options)
    asked = settings_of(ExportPolicy, policy, "policy")
    workspace = Workspace.open(folder)
    with open_store(workspace, database) as store:
        only = None if where is None else images_where(workspace, store, where)
        made = gather(workspace, store, policy=asked, only=only)
    echo = TerminalProgress()
    try:
        place = write_export(made, format_name, out, options=chosen, progress=echo)
    finally:
        echo.close()
    counts = made.provenance["counts"]
    actions = ", ".join(f"{n:,} × {action}" for action, n in counts["by_action"].items()) or "no change"
    lines = [f"{place}: {counts['n_labels']:,} labels; changes: {actions}"]
    lines += made.provenance["images_without_one_label"]
    if counts["images_in_conflict"]:
        lines.append(f"Reviewers disagree on {counts['images_in_conflict']:,} images; what most of them say was used")
    if counts["not_applied"]:
        lines.append(f"{counts['not_applied']:,} decisions could not be applied; they are listed in the export")
    return "\n".join(lines)
