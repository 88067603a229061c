"""The patch that an export writes, applied to the list that the data set came from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analysis.base.errors import BadInput
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import read_export, write_export
from analysis.review.exporters.patch import patch_of
from analysis.review.gather import gather
from analysis.review.labelfile import apply_patch, revert
from analysis.review.patch import inverse
from analysis.review.patchfile import read_patch, write_patch
from analysis.runs.workspace import Workspace
from tests.factory import HOSTILE, make_workspace
from tests.review.exports import NASTY, make_export
from tests.review.helpers import decision

NAMES = ["=1+1", 'say "hi", you', "ünïcødé 猫", "semi;colon", HOSTILE]


def decided(folder: Path) -> Workspace:
    """A workspace with a decision of every kind."""
    workspace = make_workspace(folder, names=NAMES)
    dataset = workspace.dataset()
    verdicts = ["relabel", "keep", "several", "none_fits", "unsure", "skip", "exclude", "relabel"]
    decisions = []
    for i, verdict in enumerate(verdicts * 3):
        given = NAMES[dataset.given[i]]
        other = NAMES[(dataset.given[i] + 1) % len(NAMES)]
        new = {"relabel": other, "several": f"{given}\v{other}"}.get(verdict)
        said = {"given": given, "suggested": other, "new_label": new, "note": HOSTILE}
        decisions.append(decision(i, dataset.table["image_id"][i], verdict, **said))
    with DecisionStore(workspace.review_url) as store:
        store.book(decisions)
    return workspace


def test_the_patch_applied_to_the_original_list_gives_the_labels_of_the_csv_export(tmp_path: Path) -> None:
    workspace = decided(tmp_path / "w")
    dataset = workspace.dataset()
    original = tmp_path / "labels.csv"
    with original.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter=";")
        writer.writerow(["set", "path", "label"])
        writer.writerows(
            ["train", name, NAMES[k]] for name, k in zip(dataset.table["path"], dataset.given, strict=True)
        )
    with DecisionStore(workspace.review_url) as store:
        export = gather(workspace, store)
    folder = write_export(export, "patch", tmp_path / "patch")
    labels = read_export("csv", write_export(export, "csv", tmp_path / "csv")).tables["labels"]
    done = apply_patch(read_patch(folder / "patch.jsonl"), original, out=tmp_path / "new.csv")
    assert done.left == () and (done.relabelled, done.dropped, done.marked) == (6, 3, 6)
    with (tmp_path / "new.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter=";"))[1:]
    assert [(path, label) for _, path, label in rows] == list(zip(labels["path"], labels["label"], strict=True))
    assert len(rows) == 117 and labels["label"].tolist() != labels["given"].tolist()
    assert done.inverse is not None
    revert(done.inverse, tmp_path / "new.csv", out=tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_bytes() == original.read_bytes()


def test_the_header_says_where_the_patch_comes_from(tmp_path: Path) -> None:
    workspace = decided(tmp_path / "w")
    with DecisionStore(workspace.review_url) as store:
        patch = patch_of(gather(workspace, store))
    run = workspace.latest()
    assert run is not None
    assert patch.fingerprint == workspace.facts()["fingerprint"] and patch.classes == tuple(NAMES)
    assert patch.run == run.run_id and patch.data_set == "factory" and patch.program.startswith("lookalike")
    assert patch.counts() == {"drop": 3, "mark": 6, "relabel": 6} and patch.about["policy"]["excluded"] == "drop"
    assert {change.note for change in patch.changes} == {HOSTILE}


def test_images_that_are_only_marked_are_in_the_patch_too() -> None:
    export = make_export(["a", "b", "c"])
    excluded = export.labels.loc[export.labels["excluded"], "image_id"]
    assert {change.image_id for change in patch_of(export).changes if change.excluded} == set(excluded) != set()


def test_an_inverse_that_does_not_belong_to_the_patch_is_a_clear_error(tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), "patch", tmp_path / "out")
    other = make_export(NASTY, keep="drop")
    write_patch(folder / "inverse.jsonl", inverse(patch_of(other)))
    with pytest.raises(BadInput, match=r"inverse.jsonl is damaged: it does not take patch.jsonl back"):
        read_export("patch", folder)
