"""The command `retrain` on planted noise: what cleaning brings, and what is said where it brings nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from analysis.base.config import RunSettings
from analysis.base.types import Decision
from analysis.cli import main
from analysis.models import retrain as models
from analysis.review.audit import AuditRule
from analysis.review.named import NamedQueues
from analysis.review.opening import open_store
from analysis.runs.before_after import kept_result
from analysis.runs.run import DONE
from analysis.runs.workspace import Workspace
from tests.factory import make_dataset

N, K = 600, 3


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Three classes of overlapping features; four labels in ten of class 0 are 1, of 1 are 2; a fifth is the test."""
    rng = np.random.default_rng(0)
    dataset = make_dataset(n=N, classes=K)
    true = np.arange(N) % K
    given = np.where((true < 2) & (rng.random(N) < 0.45), true + 1, true)
    split = np.where(np.arange(N) % 5 == 0, "test", "train")
    given = np.where(split == "test", true, given)
    table = dataset.table.drop(columns="true").assign(given=given, split=split)
    made = Workspace.create(tmp_path / "w", replace(dataset, table=table), source="made", reader="npz")
    run = made.run_for(RunSettings(), label="made")
    features = rng.normal(0, 1, (N, 6))
    features[np.arange(N), true] += 2.0
    run.put("features", features.astype(np.float32), key="made")
    run.put("summary", {"model": "made"}, key="made")
    run.set_status(state=DONE, step="summary", pid=0)
    return made


def book(workspace: Workspace, rows: np.ndarray, *, queue: str = "suspects") -> None:
    """Say the truth of these images."""
    dataset, true = workspace.dataset(), np.arange(N) % K
    names, given = dataset.classes, dataset.given
    said = []
    for seq, i in enumerate(rows.tolist(), start=1):
        wrong = given[i] != true[i]
        new = names[true[i]] if wrong else None
        verdict = "relabel" if wrong else "keep"
        ids = dataset.table["image_id"]
        said.append(Decision(ids[i], verdict, names[given[i]], names[true[i]], new, "Ada", "r", f"session-{queue[:5]}", seq, 1e9, queue=queue))  # type: ignore[arg-type]  # fmt: skip  # noqa: E501
    with open_store(workspace) as store:
        store.book(said)


def retrain(workspace: Workspace, *more: str) -> int:
    return main(["retrain", str(workspace.path), "--device", "cpu", *more])


def planted(workspace: Workspace) -> np.ndarray:
    return np.flatnonzero(workspace.dataset().given != np.arange(N) % K)


def test_cleaning_planted_errors_is_better_with_an_interval_above_zero(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    book(workspace, planted(workspace))
    assert retrain(workspace) == 0
    said = capsys.readouterr().out
    found = kept_result(workspace)
    assert found is not None and found["verdict"] == "better"
    assert 0 < found["difference"]["low"] < found["difference"]["value"]
    assert found["trusted"] == {"kind": "test", "said": "images of the test split", "n": 120, "n_folds": 1}
    assert found["changed"] == len(planted(workspace)) > 100 and found["dropped"] == 0
    assert said.startswith("Better: ") and "never trained on" in said
    assert "caution: 120 of the 120 trusted labels were verified by nobody here" in said


def test_cleaning_nothing_is_exactly_no_difference(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert retrain(workspace, "--seeds", "2") == 0
    assert capsys.readouterr().out.startswith("No difference: both get the same")
    found = kept_result(workspace)
    assert found is not None and found["difference"] == {"value": 0, "low": 0, "high": 0}


def test_labels_made_worse_are_worse(workspace: Workspace) -> None:
    dataset = workspace.dataset()
    names, ids = dataset.classes, dataset.table["image_id"]
    rows = np.flatnonzero((np.arange(N) % K == 2) & (dataset.table["split"] != "test"))[:120]
    said = [
        Decision(ids[i], "relabel", names[2], names[0], names[0], "Ada", "r", "session-worse", seq, 1e9)
        for seq, i in enumerate(rows.tolist(), start=1)
    ]
    with open_store(workspace) as store:
        store.book(said)
    assert retrain(workspace, "--seeds", "2") == 0
    found = kept_result(workspace)
    assert found is not None and found["verdict"] == "worse"


def test_what_the_policy_drops_is_not_trained_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    book(workspace, planted(workspace)[:50])
    train = Mock(wraps=models.retrained)
    monkeypatch.setattr(models, "retrained", train)
    assert retrain(workspace, "--seeds", "1", "--policy", "unreviewed=drop") == 0
    found = kept_result(workspace)
    assert found is not None and found["dropped"] == N - 50
    versions = train.call_args.args[1]
    assert (versions.before >= 0).all() and np.count_nonzero(versions.after >= 0) == 50


def test_judged_images_are_trusted_in_turns_and_their_selection_is_said(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    book(workspace, planted(workspace))
    assert retrain(workspace, "--seeds", "2", "--trusted", "verified") == 0
    said = capsys.readouterr().out
    found = kept_result(workspace)
    assert found is not None and found["verdict"] == "better"
    assert found["trusted"]["n_folds"] == 5 and found["trusted"]["n"] == len(planted(workspace))
    assert "chosen because a model suspected them" in said


def test_a_condition_names_the_trusted_images(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    book(workspace, planted(workspace))
    assert retrain(workspace, "--seeds", "1", "--trusted", 'split == "test" and given != "class 0"') == 0
    found = kept_result(workspace)
    assert found is not None and found["trusted"]["n"] == 80
    capsys.readouterr()
    assert retrain(workspace, "--trusted", 'splt == "test"') == 2
    assert capsys.readouterr().err.splitlines()[1:] == ['  splt == "test"', "  ^"]


def test_the_images_of_a_random_audit_are_trusted_up_to_the_first_gap_and_trained_on_by_nobody(
    workspace: Workspace,
) -> None:
    with open_store(workspace) as store:
        made = NamedQueues(store).add("audit", "sample", AuditRule(m=100, seed=1, population="all").as_rule(), "Ada")
        from analysis.review.drawn import drawn_audits

        sample = next(drawn_audits(store, workspace.dataset().table["image_id"].to_numpy(object))).sample
    book(workspace, np.concatenate([sample[:70], sample[75:]]), queue=f"audit:{made}")
    assert retrain(workspace, "--seeds", "1", "--trusted", "audit") == 0
    found = kept_result(workspace)
    assert found is not None
    assert (found["trusted"]["kind"], found["trusted"]["n"], found["trusted"]["n_folds"]) == ("audit", 70, 1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--seeds", "0"], "--seeds is 0 – wanted: 1 to 50"),
        (["--trusted", "audit"], "No image is trusted by 'audit'"),
        (["--policy", "unsure=perhaps"], "The policy 'unsure' is 'perhaps'"),
        (["--run", "gone"], "no run 'gone'"),
    ],
)
def test_what_cannot_be_done_is_said(
    asked: list[str], message: str, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retrain(workspace, *asked) == 2
    assert message in capsys.readouterr().err and kept_result(workspace) is None
