"""The command `evaluate`: networks of local weights over a labelled set, kept beside each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.cli import main
from analysis.models import download, zoo
from analysis.runs.models import stored_models
from analysis.runs.workspace import Workspace
from tests.data.makers import ilsvrc_source, image_folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "notes.txt").write_text("no weights")
    for seed, name in enumerate(("lenet", "resnet20")):
        torch.manual_seed(seed)
        state = zoo.build(name, 3).state_dict()
        np.savez(folder / f"{name}.npz", **{key: tensor.numpy() for key, tensor in state.items() if tensor.ndim})
    return folder


def evaluate(source: object, workspace: Path, models: str, *more: object) -> int:
    said = ["evaluate", source, "--workspace", workspace, "--models", models, "--device", "cpu", *more]
    return main([str(part) for part in said])


def test_predictions_of_several_networks_are_kept_and_not_made_twice(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = image_folder(tmp_path / "photos", ("ant", "bee", "cat"), per_class=4)
    place = tmp_path / "w"
    assert evaluate(source, place, "lenet,resnet20", "--weights-dir", weights) == 0
    said = capsys.readouterr().out
    kept = stored_models(Workspace.open(place))
    assert [model.name for model in kept] == ["lenet (lenet.npz)", "resnet20 (resnet20.npz)"]
    assert all(model.top_class.shape == (12, 3) and model.top_prob is not None for model in kept)
    right = float((kept[0].predicted == Workspace.open(place).dataset().given).mean())
    assert f"lenet (lenet.npz): top-1 {right:.1%} (95 % interval " in said and "top-3 100.0% of 12 images" in said
    assert "lenet: class k of the data set was taken for output k" in said
    assert f"analysis rerank {place}" in said and not (place / ".evaluating").exists()
    assert evaluate(source, place, "lenet", "--weights-dir", weights) == 0
    assert "asked before" in capsys.readouterr().out
    assert evaluate(source, place, "lenet", "--weights-dir", weights, "--replace") == 0
    assert stored_models(Workspace.open(place))[0].at > kept[0].at


def test_the_layout_of_the_ground_truth_file_is_read_in_the_order_of_the_wnids(weights: Path, tmp_path: Path) -> None:
    assert evaluate(ilsvrc_source(tmp_path), tmp_path / "w", "resnet20", "--weights-dir", weights) == 0
    assert Workspace.open(tmp_path / "w").dataset().given.tolist() == [0, 2, 1, 2]


def test_what_is_missing_is_said_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evaluate(tmp_path / "photos", tmp_path / "w", "resnet51") == 2
    assert "no network named 'resnet51'" in capsys.readouterr().err
    assert evaluate(tmp_path / "photos", tmp_path / "w", "resnet18", "--weights-dir", tmp_path / "gone") == 2
    assert "There is no folder" in capsys.readouterr().err and not (tmp_path / "w").exists()
    assert evaluate(tmp_path / "photos", tmp_path / "w", "resnet18", "--batch", "-3") == 2
    assert "--batch is -3" in capsys.readouterr().err
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(download, "can_be_fetched", lambda model: False)
    source = image_folder(tmp_path / "photos", [str(k) for k in range(3)])
    assert evaluate(source, tmp_path / "w", "resnet18") == 2
    said = capsys.readouterr().err
    assert "resnet18-f37072fd.pth" in said and str(tmp_path / "hub") in said
    assert stored_models(Workspace.open(tmp_path / "w")) == []


def test_real_photos_are_told_by_networks_that_know_them(shared_data: Path, tmp_path: Path) -> None:
    with np.load(shared_data / "imagenet_val" / "images_1300_NC.npz") as z:
        jpeg, offset, label = z["jpeg"], z["offset"][:41], z["label"][:40]
    np.savez(tmp_path / "photos.npz", jpeg=jpeg[: offset[-1]], offset=offset, label=label)
    with np.load(shared_data / "imagenet_val" / "labels_and_errors.npz") as z:
        (tmp_path / "wnids.txt").write_text("\n".join(z["wnids"].tolist()))
    models = "squeezenet1_0:caffe,mobilenet_v2:tf"
    more = ("--weights-dir", shared_data / "weights", "--option", f"classes={tmp_path / 'wnids.txt'}", "--no-crop")
    assert evaluate(tmp_path / "photos.npz", tmp_path / "w", models, *more) == 0
    mobile, squeeze = stored_models(Workspace.open(tmp_path / "w"))
    assert float((mobile.predicted == label).mean()) > 0.6  # .756 of all 1,300
    assert float((squeeze.predicted == label).mean()) > 0.5  # .684 of all 1,300; chance is .001
