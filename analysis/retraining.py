"""The command that trains on the original and on the cleaned labels and says what the cleaning changed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.progress import Progress

MOST_SEEDS = 50


def add_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], database: Callable[..., None]) -> None:
    """Add the parser; `command` makes one, `database` adds --database."""
    parser = command(
        commands,
        "retrain",
        "Train the same probe on the original and on the cleaned labels, and say what changed",
        "retrain workspaces/photos",
        "retrain w --trusted 'split == \"test\"' --seeds 10 --policy none_fits=drop",
    )
    parser.add_argument("workspace", metavar="WORKSPACE")
    about = "auto, true, test, audit, verified or a condition: the images to judge the probe on (%(default)s)"
    parser.add_argument("--trusted", metavar="WHICH", default="auto", help=about)
    parser.add_argument("--seeds", type=int, default=5, help="how many times both are trained (%(default)s)")
    parser.add_argument("--run", metavar="ID", help="the run whose features are used; default: the newest finished one")
    about = "several, none_fits, unsure, unreviewed or excluded = keep or drop, as for export"
    parser.add_argument("--policy", action="append", default=[], metavar="NAME=VALUE", help=about)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    database(parser)


def retrain(
    folder: str,
    *,
    trusted: str = "auto",
    seeds: int = 5,
    run_id: str | None = None,
    policy: Mapping[str, str] | None = None,
    device: str = "auto",
    database: str | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """Train on both versions of the labels of a workspace and judge on trusted images; the result is kept there.

    The cleaned version are the decisions in force under an export's policy. Raises NotFoundHere where there is no run
    with features, or no trusted image.
    """
    from analysis.evaluate.before_after import difference
    from analysis.models.retrain import Versions, retrained
    from analysis.review.apply import ExportPolicy
    from analysis.review.askable import askable
    from analysis.review.exporter import settings_of
    from analysis.review.gather import gather
    from analysis.review.opening import open_store
    from analysis.review.trusted import standing_of, trusted_images
    from analysis.runs.before_after import keep_result
    from analysis.runs.workspace import Workspace

    if not 1 <= seeds <= MOST_SEEDS:
        raise BadInput(f"--seeds is {seeds}", wanted=f"1 to {MOST_SEEDS}")
    chosen = settings_of(ExportPolicy, policy, "policy")
    workspace = Workspace.open(folder)
    run = workspace.run(run_id) if run_id else workspace.latest()
    if run is None or not run.has("features"):
        raise NotFoundHere(
            f"{workspace.path} has no finished run with features",
            hint="run a model on its images: python -m analysis run",
        )
    dataset = workspace.dataset()
    with open_store(workspace, database) as store:
        event = store.last_seq()
        export = gather(workspace, store, run=run, policy=chosen)
        judged_on = trusted_images(trusted, askable(dataset, run, store), store, standing_of(dataset, export.labels))
    after = _labels_after(dataset.table["image_id"].to_numpy(object), export.labels, dataset.classes)
    predicted = retrained(
        run.array("features"),
        Versions(dataset.given, after, dataset.n_classes),
        judged_on.rows,
        n_folds=judged_on.n_folds,
        seeds=range(seeds),
        device=device,
        progress=progress,
    )
    found = difference(*(one == judged_on.labels for one in predicted))
    facts = {
        "made_at": time.time(),
        "run_id": run.run_id,
        "model": str(run.json("summary")["model"]),
        "last_event": event,
        "policy": chosen.model_dump(),
        "trusted": {"kind": judged_on.kind, "said": judged_on.said, "n": found.n, "n_folds": judged_on.n_folds},
        "changed": int(((after >= 0) & (after != dataset.given)).sum()),
        "dropped": int((after < 0).sum()),
        "n_seeds": seeds,
        "before": found.before,
        "after": found.after,
        "difference": {"value": found.value, "low": found.low, "high": found.high},
        "per_seed": [list(pair) for pair in found.per_seed],
        "gained": found.gained,
        "lost": found.lost,
        "verdict": found.verdict,
        "sentence": found.sentence(),
        "cautions": list(judged_on.cautions),
    }
    keep_result(workspace, facts)
    return facts


def _labels_after(ids: Any, labels: Any, classes: tuple[str, ...]) -> Any:
    """The class number of every image (N,) in an exported list, -1 for those that are not in it."""
    import pandas as pd

    after = np.full(len(ids), -1, np.int64)
    after[pd.Index(ids).get_indexer(labels["image_id"])] = pd.Index(classes).get_indexer(labels["label"])
    return after


def _retrain(args: argparse.Namespace) -> int:
    from analysis.base.named_values import pairs_of
    from analysis.terminal import TerminalProgress

    progress = TerminalProgress()
    try:
        facts = retrain(
            args.workspace,
            trusted=args.trusted,
            seeds=args.seeds,
            run_id=args.run,
            policy=pairs_of(args.policy, "--policy"),
            device=args.device,
            database=args.database,
            progress=progress,
        )
    finally:
        progress.close()
    print(facts["sentence"])
    on, turns = facts["trusted"], facts["trusted"]["n_folds"]
    how = "never trained on" if turns == 1 else f"predicted in {turns} turns by probes that had not seen them"
    print(f"  trusted: {on['n']:,} {on['said']}, {how}")
    print(f"  cleaned: {facts['changed']:,} labels changed, {facts['dropped']:,} images dropped")
    both = f"right only after: {facts['gained']:,} images for most seeds; only before: {facts['lost']:,}"
    print(f"  {facts['n_seeds']} seeds, the same for both; {both}")
    for caution in facts["cautions"]:
        print(f"caution: {caution}")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"retrain": _retrain}
