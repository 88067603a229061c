"""The commands add-predictions and rerank: what they store, print and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.base.labelsets import LabelSets
from analysis.review.decisions import DecisionStore
from analysis.runs.known_labels import kept_kinds, kept_labels
from analysis.runs.models import run_models, stored_models
from analysis.runs.workspace import Workspace
from tests.cli.test_cli import fail, run
from tests.factory import make_workspace
from tests.review.helpers import decision

N, K = 60, 4


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "w", n=N, classes=K)


@pytest.fixture
def models(tmp_path: Path, workspace: Workspace) -> Path:
    """Three models: one says the true label, one the given one, one anything."""
    dataset = workspace.dataset()
    luck = np.random.default_rng(0).integers(0, K, N)
    np.savez(tmp_path / "m.npz", models=["true", "given", "luck"], top1=np.stack([dataset.true, dataset.given, luck]))
    return tmp_path / "m.npz"


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    capsys.readouterr()
    assert run("rerank", *arguments, "--json", "--resamples", 50) == 0
    found: dict = json.loads(capsys.readouterr().out)
    return found


def accuracy(found: dict, name: str, way: str) -> float:
    return float(next(model for model in found["models"] if model["name"] == name)[way]["accuracy"])


def test_models_are_added_named_replaced_and_removed(
    workspace: Workspace, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add-predictions", workspace.path, models) == 0
    assert "given: 60 images, 100.0% as given" in capsys.readouterr().out
    np.savetxt(tmp_path / "p.csv", np.eye(K)[workspace.dataset().given], delimiter=",")
    assert run("add-predictions", workspace.path, tmp_path / "p.csv", "--model", "mine", "--held-out", "no") == 0
    assert [model.name for model in stored_models(workspace)] == ["given", "luck", "mine", "true"]
    assert not stored_models(workspace)[2].held_out and stored_models(workspace)[2].top_prob is not None
    assert "holds a model" in fail(capsys, "add-predictions", workspace.path, models)
    assert run("add-predictions", workspace.path, models, "--replace", "--remove", "mine") == 0
    assert [model.name for model in stored_models(workspace)] == ["given", "luck", "true"]


def test_what_add_predictions_refuses(
    workspace: Workspace, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no file" in fail(capsys, "add-predictions", workspace.path).lower()
    assert "names one model" in fail(capsys, "add-predictions", workspace.path, models, models, "--model", "x")
    assert "There is no file" in fail(capsys, "add-predictions", workspace.path, tmp_path / "none.npz")
    assert "holds no model 'x'" in fail(capsys, "add-predictions", workspace.path, "--remove", "x")
    assert stored_models(workspace) == []


def test_the_runs_of_the_workspace_are_models_too(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (own,) = run_models(workspace)
    found = told(capsys, workspace.path)
    assert [model["name"] for model in found["models"]] == [own.name] == ["factory (run)"]
    assert found["labels"]["source"] == "our decisions" and found["labels"]["judged"] == 0


def test_decisions_take_the_wrong_labels_out(
    workspace: Workspace, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    dataset = workspace.dataset()
    assert dataset.true is not None
    wrong = np.flatnonzero(dataset.true != dataset.given)
    before = told(capsys, workspace.path)
    assert accuracy(before, "given", "real") == 1 > accuracy(before, "true", "real")
    with DecisionStore(workspace.review_url) as store:
        for row in wrong.tolist():
            names = {"given": dataset.classes[dataset.given[row]], "new_label": dataset.classes[dataset.true[row]]}
            store.book([decision(row, dataset.table["image_id"][row], "relabel", **names)])
    after = told(capsys, workspace.path)
    assert after["labels"]["kinds"]["wrong"] == len(wrong) == after["labels"]["judged"]
    assert after["ways"]["without_wrong"]["images"] == N - len(wrong)
    assert accuracy(after, "true", "corrected") == accuracy(after, "true", "without_wrong") == 1
    assert accuracy(after, "given", "corrected") == 1 - len(wrong) / N
    assert sum(group["images"] for group in after["classes"]["all"]) == N
    assert sum(group["right"]["given"] for group in after["communities"]["all"]) == N


def test_a_file_of_corrections_counts_instead_and_may_be_kept(
    workspace: Workspace, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    dataset = workspace.dataset()
    given = dataset.given.tolist()
    rows = [f"{name},{given[i]},-1" for i, name in enumerate(dataset.table["image_id"][:6])]
    (tmp_path / "c.csv").write_text("\n".join(["id,original,correction", *rows]), encoding="utf-8")
    found = told(capsys, workspace.path, "--corrections", tmp_path / "c.csv", "--keep")
    assert found["labels"] == {"source": "c.csv", "judged": N, "kinds": {**found["labels"]["kinds"], "none_fits": 6}}
    assert list(kept_kinds(workspace)) == ["corrections"] and kept_labels(workspace, "corrections")[1] == "c.csv"
    capsys.readouterr()
    assert run("rerank", workspace.path, "--corrections", tmp_path / "c.csv", "--resamples", 20) == 0
    said = capsys.readouterr().out
    assert "6 none fits (60 judged)" in said and "Kendall's tau" in said and "Without label errors" in said


def test_our_decisions_count_before_a_file_of_corrections_where_both_judge_an_image(
    workspace: Workspace, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    dataset = workspace.dataset()
    ids, given = dataset.table["image_id"], dataset.given.tolist()
    rows = [f"{ids[i]},{given[i]},{(given[i] + 1) % K}" for i in range(6)]
    (tmp_path / "c.csv").write_text("\n".join(["id,original,correction", *rows]), encoding="utf-8")
    with DecisionStore(workspace.review_url) as store:
        store.book([decision(1, ids[0], "keep", given=dataset.classes[given[0]])])
        store.book([decision(2, ids[1], "unsure", given=dataset.classes[given[1]])])
    alone = told(capsys, workspace.path, "--corrections", tmp_path / "c.csv")["labels"]
    both = told(capsys, workspace.path, "--corrections", tmp_path / "c.csv", "--with-decisions", "--keep")["labels"]
    assert (alone["kinds"]["wrong"], both["kinds"]["wrong"]) == (6, 5)
    assert both["source"] == "c.csv, but by our decisions for the 1 image that we judged"
    kept, _ = kept_labels(workspace, "corrections")
    assert isinstance(kept, LabelSets) and not kept.hold(dataset.given)[0], "the file is kept as it is"
    assert told(capsys, workspace.path, "--with-decisions")["labels"]["source"] == "our decisions"


def test_one_community_is_scored_on_its_own(
    workspace: Workspace, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    found = told(capsys, workspace.path, "--community", 1)
    assert found["ways"]["all"]["images"] == int((workspace.dataset().given < 2).sum())
    assert "no community 9" in fail(capsys, "rerank", workspace.path, "--community", 9)


def test_the_images_for_which_a_condition_holds_are_scored_on_their_own(
    workspace: Workspace, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    dataset, luck = workspace.dataset(), np.random.default_rng(0).integers(0, K, N)
    keep = (dataset.given > 0) & (np.arange(N) >= 20)
    found = told(capsys, workspace.path, "--where", 'given != "class 0" and image_id >= "train/00020"')
    assert accuracy(found, "luck", "all") == pytest.approx(float((luck == dataset.given)[keep].mean()))
    assert "No image passes" in fail(capsys, "rerank", workspace.path, "--where", "suspicion > 1")


def test_right_among_five_leaves_out_models_with_one_class(
    workspace: Workspace, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add-predictions", workspace.path, models)
    assert "no model with 5 classes" in fail(capsys, "rerank", workspace.path, "--top-k", 5)


def test_what_rerank_refuses(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--threshold is 2" in fail(capsys, "rerank", workspace.path, "--threshold", 2)
    assert "1 to 100,000" in fail(capsys, "rerank", workspace.path, "--resamples", 0)
    assert "1 to 100,000" in fail(capsys, "rerank", workspace.path, "--resamples", 10**9)
    assert "--seed is -1" in fail(capsys, "rerank", workspace.path, "--seed", -1)
    assert "There is no file" in fail(capsys, "rerank", workspace.path, "--real", tmp_path / "x.json")
    (tmp_path / "x.json").write_text("[[0]]", encoding="utf-8")
    assert f"1 lists for {N} images" in fail(capsys, "rerank", workspace.path, "--real", tmp_path / "x.json", "--keep")
    assert kept_kinds(workspace) == {}
