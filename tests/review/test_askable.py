"""What conditions may ask of a workspace: labels, a run's results, decisions, metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.base.conditions import BadCondition
from analysis.review.askable import Askable, askable
from analysis.review.opening import open_store
from analysis.runs.workspace import Workspace
from tests.factory import make_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "w", n=60, classes=4)


@pytest.fixture
def asked(workspace: Workspace) -> Askable:
    with open_store(workspace) as store:
        return askable(workspace.dataset(), workspace.latest(), store)


def rows(asked: Askable, text: str) -> list[int]:
    return np.flatnonzero(asked.passing(asked.read(text))).tolist()


def test_labels_and_results_of_a_run_are_asked_for_by_the_names_people_know(
    workspace: Workspace, asked: Askable
) -> None:
    run, dataset = workspace.latest(), workspace.dataset()
    assert run is not None
    scores, community = run.table("scores"), run.table("classes")["community"].to_numpy()

    def same(text: str, expected: object) -> None:
        assert rows(asked, text) == np.flatnonzero(expected).tolist() != [], text  # type: ignore[call-overload]

    same('given == "class 2"', dataset.given == 2)
    same('true == "class 2" and given != "class 2"', (dataset.true == 2) & (dataset.given != 2))
    same('predicted in ("class 0", "class 1")', scores["predicted"] < 2)
    same('suggested == "class 3"', scores["suggested"] == 3)
    same("suspicion >= 0.5", scores["suspicion"] >= 0.5)
    same("is_suspect == true", scores["is_suspect"])
    same('kind != "none"', scores["kind"] != "none")
    same("community == 2", community[dataset.given] == 1)
    same("predicted_community == 1", community[scores["predicted"]] == 0)
    same('image_id contains "0001"', [f"{i:05d}".find("0001") >= 0 for i in range(60)])
    same('decision == "open"', np.ones(60))


def test_keys_of_a_run_are_not_there_without_one_and_errors_name_those_that_are(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        asked = askable(workspace.dataset(), None, store)
    assert "suspicion" not in asked.keys and {"given", "decision", "path"} <= set(asked.keys)
    with pytest.raises(BadCondition, match="no key 'suspicion'"):
        asked.read("suspicion > 0.5")
    with pytest.raises(BadCondition, match="wanted: class 1") as caught:
        asked.read('given == "clas 1"')
    assert caught.value.detail.endswith("         ^")
    with pytest.raises(BadCondition, match="decision is never"):
        asked.read('decision == "excluded"')
