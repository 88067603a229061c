"""`run` and `score` on a device: the same results as on the processor, and a word on devices that are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.base.progress import Progress
from analysis.cli import main
from analysis.models.device import Device
from analysis.models.elsewhere import Elsewhere
from analysis.runs.workspace import Workspace


class Torch(Elsewhere):
    """Takes everything to torch on the processor, whatever its size."""

    uses = 0

    def __init__(self, _: str, progress: Progress) -> None:
        super().__init__("cuda", progress)
        self._device = Device("cpu", bf16=False)

    def _attempt(self, work):  # type: ignore[no-untyped-def]
        Torch.uses += 1
        return super()._attempt(work)


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, Path]:
    """Labels, probabilities and features of 400 images, one label in ten wrong."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 6, 400)
    logits = rng.normal(size=(400, 6)) + 3 * np.eye(6)[true]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = np.where(np.arange(400) % 10, true, (true + 1) % 6)
    made = {
        "labels": given,
        "probs": probs.astype(np.float32),
        "features": np.eye(6)[true] + 0.3 * rng.normal(size=(400, 6)),
    }
    for name, array in made.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "set.npz", labels=given)
    return {name: tmp_path / f"{name}.npy" for name in made} | {"set": tmp_path / "set.npz"}


def test_score_writes_the_same_table(arrays: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["score", "--labels", str(arrays["labels"]), "--probs", str(arrays["probs"])]
    assert main([*asked, "--out", str(tmp_path / "a.parquet"), "--device", "cpu"]) == 0
    monkeypatch.setattr("analysis.plain.Elsewhere", Torch)
    Torch.uses = 0
    assert main([*asked, "--out", str(tmp_path / "b.parquet")]) == 0
    assert Torch.uses > 0
    pd.testing.assert_frame_equal(*(pd.read_parquet(tmp_path / f"{name}.parquet") for name in "ab"), check_exact=True)


def test_run_writes_the_same_artifacts(
    arrays: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["run", str(arrays["set"]), "--option", "images=no", "--map", "pca"]
    asked += ["--predictions", str(arrays["probs"]), "--features", str(arrays["features"])]
    assert main([*asked, "--workspace", str(tmp_path / "a")]) == 0
    monkeypatch.setattr("analysis.pipeline.Elsewhere", Torch)
    Torch.uses = 0
    assert main([*asked, "--workspace", str(tmp_path / "b")]) == 0
    assert Torch.uses >= 3  # graph, neighbours and scores
    one, other = (Workspace.open(tmp_path / name).latest() for name in "ab")
    assert one is not None and other is not None
    for name in ("neighbour_index", "neighbour_similarity"):
        np.testing.assert_array_equal(one.array(name), other.array(name))
    for name in ("scores", "suspects", "edges", "confusion"):
        pd.testing.assert_frame_equal(one.table(name), other.table(name), check_exact=True)


@pytest.mark.parametrize("device", ["cuda:77", "gpu"])
def test_score_says_that_a_device_is_not_there(
    device: str, arrays: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["score", "--labels", str(arrays["labels"]), "--probs", str(arrays["probs"])]
    assert main([*asked, "--out", str(tmp_path / "a.parquet"), "--device", device]) == 2
    assert f"There is no device '{device}'" in capsys.readouterr().err
