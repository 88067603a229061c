"""Predictions of several models in a workspace: whole or absent, by row, under any name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.base.errors import BadInput, NotFoundHere, Refused, StoreFailure
from analysis.runs import models
from analysis.runs.models import add_model, models_stamp, remove_model, stored_models
from analysis.runs.workspace import Workspace
from tests.factory import make_dataset

N, K = 40, 7


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w", make_dataset(n=N, classes=K), source="factory", reader="npz")


def classes(seed: int = 0, k: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.argsort(rng.random((N, K)), axis=1)[:, :k]


def test_what_is_stored_comes_back_memory_mapped_and_by_name(workspace: Workspace) -> None:
    probs = np.tile([0.4, 0.3, 0.1, 0.05, 0.05, 0.0], (N, 1))
    add_model(workspace, "timm/vit b", classes(), top_prob=probs, held_out=False, source="vit.npz")
    add_model(workspace, "alexnet", classes(1)[:, 0])
    one, two = stored_models(workspace)
    assert (one.name, one.k, one.top_prob, one.held_out) == ("alexnet", 1, None, True)
    assert (two.name, two.k, two.source, two.held_out) == ("timm/vit b", 5, "vit.npz", False)
    assert isinstance(two.top_class, np.memmap) and not two.top_class.flags.writeable
    assert np.array_equal(two.top_class, classes()[:, :5]) and np.array_equal(one.predicted, classes(1)[:, 0])
    assert two.top_prob is not None and two.top_prob.shape == (N, 5)


def test_a_workspace_without_models_holds_none(workspace: Workspace) -> None:
    assert stored_models(workspace) == [] and models_stamp(workspace) == ""


def test_names_that_look_alike_on_disk_are_kept_apart_inside_the_workspace(workspace: Workspace) -> None:
    for name in ("../a", "..\\a", "a:b", "a/b", "A/B", "<img src=x>"):
        add_model(workspace, name, classes()[:, 0])
    assert len(stored_models(workspace)) == 6
    assert {path.parent.parent for path in workspace.path.rglob("card.json")} == {workspace.path / "models"}


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\u202egpj", "x" * 121])
def test_a_name_that_cannot_be_shown_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(Refused):
        add_model(workspace, name, classes()[:, 0])


def test_a_name_is_taken_until_one_asks_to_replace_or_removes_it(workspace: Workspace) -> None:
    add_model(workspace, "a", classes()[:, 0])
    with pytest.raises(BadInput, match="holds a model 'a'"):
        add_model(workspace, "a", classes(1)[:, 0])
    stamp = models_stamp(workspace)
    add_model(workspace, "a", classes(1)[:, 0], replace=True)
    assert np.array_equal(stored_models(workspace)[0].predicted, classes(1)[:, 0])
    assert models_stamp(workspace) != stamp
    remove_model(workspace, "a")
    assert stored_models(workspace) == [] and list((workspace.path / "models").iterdir()) == []
    with pytest.raises(NotFoundHere):
        remove_model(workspace, "a")


def test_a_failure_while_writing_leaves_what_was_there(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_model(workspace, "a", classes()[:, 0])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models, "write_json", full)
    with pytest.raises(StoreFailure, match="No space left"):
        add_model(workspace, "a", classes(1)[:, 0], replace=True)
    assert np.array_equal(stored_models(workspace)[0].predicted, classes()[:, 0])
    assert len(list((workspace.path / "models").iterdir())) == 1


def test_a_model_that_cannot_take_its_place_gives_it_back_to_the_old_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(workspace, "a", classes()[:, 0])
    replace = Path.replace

    def no_folders(self: Path, target: Path) -> Path:
        if self.is_dir():
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", no_folders)
    with pytest.raises(StoreFailure, match="Input/output error"):
        add_model(workspace, "a", classes(1)[:, 0], replace=True)
    assert np.array_equal(stored_models(workspace)[0].predicted, classes()[:, 0])
    assert len(list((workspace.path / "models").iterdir())) == 1


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (np.zeros(N - 1, int), "39"),
        (np.zeros((N, 0), int), "0"),
        (np.full(N, K), f"Row 0 has the predicted label {K}"),
        (np.where(np.arange(N) == 9, -1, 0), "Row 9 has the predicted label -1"),
        (np.zeros(N), "float64"),
    ],
)
def test_classes_that_fit_no_image_are_refused(workspace: Workspace, ids: np.ndarray, found: str) -> None:
    with pytest.raises(BadInput, match=found):
        add_model(workspace, "a", ids)
    assert stored_models(workspace) == []


def test_predictions_for_another_data_set_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.create(tmp_path / "o", make_dataset(n=N, classes=K, seed=1), source="factory", reader="npz")
    add_model(workspace, "a", classes()[:, 0])
    (workspace.path / "models").rename(other.path / "models")
    with pytest.raises(BadInput, match="another data set"):
        stored_models(other)
