"""Reading a source again into the workspace that holds it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.base.errors import BadInput
from analysis.job import workspace_of
from analysis.review.decisions import DecisionStore
from analysis.runs.workspace import Workspace
from analysis.terminal import TerminalProgress
from tests.data.makers import encoded, picture
from tests.review.helpers import decision


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(encoded(picture(i)))
    return tmp_path / "list.csv"


def read(source: Path, *, n: int = 4, reread: bool = True, **columns: list[object]) -> Workspace:
    """Read a list of n images with these columns into the workspace beside it."""
    table = pd.DataFrame({"path": [f"{i}.png" for i in range(n)], "label": ["x", "y", "x", "y", "x"][:n], **columns})
    table.to_csv(source, index=False)
    place, progress = source.parent / "w", TerminalProgress()
    try:
        return workspace_of(str(source), place, reader=None, options={}, reread=reread, progress=progress)
    finally:
        progress.close()


@pytest.mark.parametrize("reread", [True, False])
def test_new_columns_are_taken_over_and_decisions_stay(
    source: Path, reread: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read(source, iso=[1, 2, 3, 4])
    facts = first.facts()
    with DecisionStore(first.review_url) as store:
        store.book([decision(1, "0.png", "keep", given="x")])
    capsys.readouterr()
    again = read(source, iso=[1, 2, 3, 400], camera=["a", "b", "a", "b"], reread=reread)
    assert again.dataset().table["camera"].tolist() == ["a", "b", "a", "b"]
    assert again.dataset().table["iso"].tolist() == [1, 2, 3, 400]
    said = capsys.readouterr().err
    assert "new in the data set: camera; " in said and "with other values now: iso; " in said
    assert again.facts() == facts
    with DecisionStore(again.review_url) as store:
        assert store.count() == 1


def test_another_set_of_images_is_still_refused_and_nothing_is_changed(source: Path) -> None:
    first = read(source)
    with pytest.raises(BadInput, match=r"holds another data set \(4 images, now 5"):
        read(source, n=5, camera=["a"] * 5)
    assert "camera" not in first.dataset().table
