"""50,000 real predictions over 1,000 classes of two models, without images, through the command line to the page."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.runs.workspace import Workspace
from tests.dashboard.conftest import Opens

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("overview", "confusion", "communities", "map", "review", "export")


@pytest.fixture(scope="module")
def imagenet(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    place = tmp_path_factory.mktemp("imagenet")
    script = ROOT / "benchmarks" / "dashboard" / "imagenet_inputs.py"
    written = subprocess.run(
        [
            sys.executable,
            str(script),
            "--out",
            str(place / "in"),
            "--data",
            str(shared_data),
            "--models",
            "alexnet",
            "resnet50",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    for command in written.stdout.splitlines():
        words = shlex.split(command.replace("WORKSPACE", str(place / "w")))
        assert words[:3] == ["python", "-m", "analysis"]
        done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return Workspace.open(place / "w")


@pytest.fixture
def page(imagenet: Workspace, opens: Opens) -> AppTest:
    opens(imagenet.path)
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()


def test_labels_and_top_five_lists_become_two_runs_without_images(imagenet: Workspace, shared_data: Path) -> None:
    dataset, runs = imagenet.dataset(), imagenet.runs()
    assert (len(dataset), dataset.n_classes, dataset.pixels.kind) == (50_000, 1000, "none")
    known = np.load(shared_data / "imagenet_val" / "labels_and_errors.npz")["label"]
    lists = np.load(shared_data / "imagenet_val" / "top5_10models.npz")
    assert (dataset.given == known).all()
    for run, model in zip(runs, ("alexnet", "resnet50"), strict=True):
        top = lists["top5"][lists["models"].tolist().index(model)]
        right = int((top[:, 0] == known).sum())
        assert run.table("classes")["n_errors"].sum() == 50_000 - right
        assert not run.has("features") and not run.has("xy")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_images(page: AppTest, name: str) -> None:
    app = page if name == "overview" else page.switch_page(f"dashboard/pages/{name}.py").run()
    assert not app.exception, [e.value for e in app.exception]


def test_the_confusion_of_a_thousand_classes_is_small_and_says_what_needs_images(page: AppTest) -> None:
    app = page.switch_page("dashboard/pages/confusion.py").run()
    said = " ".join(c.value for c in app.caption)
    assert "no images" in said and "need them" in said
    assert "1,000 classes: " in said and "exports hold every class" in said
    chart = app.get("plotly_chart")[0].proto.spec
    assert len(json.loads(chart)["layout"]["yaxis"]["ticktext"]) < 60 and len(chart) < 200_000


def test_two_models_of_imagenet_stand_side_by_side(page: AppTest, imagenet: Workspace) -> None:
    other = next(r.run_id for r in imagenet.runs() if r.json("summary")["model"] == "alexnet.npz")
    page.query_params["beside"] = other
    page.query_params["run"] = next(r.run_id for r in imagenet.runs() if r.run_id != other)
    app = page.switch_page("dashboard/pages/confusion.py").run()
    assert not app.exception, [e.value for e in app.exception]
    assert len(app.get("plotly_chart")) == 2
    classes = next(d.value for d in app.dataframe if "Verdict" in d.value)
    assert (classes["Verdict"] == "worse").sum() > 300, "alexnet is far behind resnet50"
    assert (classes["Verdict"] == "better").sum() == 0
