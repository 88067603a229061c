"""What others found out about labels, kept in a workspace: comes back whole, only for its own data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.labelsets import LabelSets, PairScores
from analysis.runs.known_labels import keep_labels, kept_kinds, kept_labels
from analysis.runs.workspace import Workspace
from tests.factory import make_dataset

N = 20


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w", make_dataset(n=N, classes=4), source="factory", reader="npz")


def sets(workspace: Workspace) -> LabelSets:
    return LabelSets.of_pairs(workspace.dataset().given, np.arange(N) < 3, np.array([0, 0, 2]), np.array([1, 3, 2]))


def test_sets_and_scores_come_back_with_the_name_of_their_file(workspace: Workspace) -> None:
    given = workspace.dataset().given
    scores = PairScores(given, np.arange(N) < 1, np.zeros(2, int), np.array([1, 2]), np.array([0.3, 0.9]))
    assert kept_kinds(workspace) == {}
    keep_labels(workspace, "real", sets(workspace), source="real.json")
    keep_labels(workspace, "scores", scores, source="s.npz")
    found, source = kept_labels(workspace, "real")
    assert isinstance(found, LabelSets) and source == "real.json"
    assert np.array_equal(found.flat, sets(workspace).flat) and np.array_equal(found.said, sets(workspace).said)
    again, _ = kept_labels(workspace, "scores")
    assert (
        isinstance(again, PairScores)
        and again.at(0.5).flat[0] == 2
        and list(kept_kinds(workspace)) == ["real", "scores"]
    )


def test_what_is_not_there_or_of_another_data_set_is_said(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFoundHere, match="keeps no corrections"):
        kept_labels(workspace, "corrections")
    other = Workspace.create(tmp_path / "o", make_dataset(n=N, classes=4, seed=1), source="factory", reader="npz")
    keep_labels(workspace, "real", sets(workspace), source="real.json")
    (workspace.path / "known_labels").rename(other.path / "known_labels")
    with pytest.raises(BadInput, match="another data set"):
        kept_labels(other, "real")
