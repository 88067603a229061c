"""Columns of a list beside path and label: kept with their types, so that conditions can ask for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.base.types import Dataset
from analysis.data.metadata import MOST, column_of, further_columns
from analysis.data.reader import read
from analysis.review.askable import Askable
from analysis.runs.workspace import Workspace
from tests.data.makers import encoded, picture

ROWS = {
    "camera": ["nikon", None, "canon", "nikon"],
    "iso": [100, None, 400, 1600],
    "night": ["no", "no", "yes", "yes"],
    "my note": ["a", "=b", "<img src=x onerror=alert(1)>", "d"],
}


@pytest.fixture(params=["list.csv", "table.parquet"])
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(encoded(picture(i)))
    paths = [f"{i}.png" for i in range(4)]
    table = pd.DataFrame({"path": paths, "label": ["x", "y", "x", "y"], "width": [1, 2, 3, 4], **ROWS})
    if request.param.endswith(".csv"):
        table.to_csv(tmp_path / request.param, index=False)
    else:
        table.to_parquet(tmp_path / request.param, index=False)
    return read(str(tmp_path / request.param))[0]


def rows(dataset: Dataset, text: str) -> list[int]:
    asked = Askable(dataset, None, lambda: np.ones(len(dataset), np.int8))
    return np.flatnonzero(asked.passing(asked.read(text))).tolist()


def test_conditions_ask_for_the_columns_of_a_list(dataset: Dataset, tmp_path: Path) -> None:
    stored = Workspace.create(tmp_path / "w", dataset, source="x", reader="x").dataset()
    for found in (dataset, stored):
        assert rows(found, 'camera == "nikon" and iso >= 200') == [3]
        assert rows(found, "iso < 500") == [0, 2]
        assert rows(found, 'camera != "nikon"') == [1, 2]
        assert rows(found, '`my note` contains "<IMG" or night == "no"') == [0, 1, 2]


def test_a_column_of_ours_is_not_overwritten_and_that_is_said(dataset: Dataset) -> None:
    assert dataset.table["width"].tolist() == [12] * 4, "pixels, not the numbers of the list"
    assert any("'width'" in note for note in dataset.about["notes"])


def test_names_that_cannot_be_kept_are_passed_over() -> None:
    kept, notes = further_columns(["path", "a", "a", "", "b\x1b", "x" * 200, " c "], ["path"])
    assert kept == {"a": 1, "c": 6} and "4 columns were not kept" in notes[0]
    assert "\x1b" not in notes[0]
    kept, notes = further_columns([f"f{i}" for i in range(MOST + 1)], [])
    assert kept == {} and f"{MOST + 1} columns were not kept" in notes[0]
    assert further_columns(["path", "a"], ["path"]) == ({"a": 1}, [])


def test_cells_get_the_type_that_all_of_them_have() -> None:
    numbers = column_of(["1", "2.5", " ", "-3e2"])
    assert numbers is not None and numbers.dtype.kind == "f" and numbers.isna().tolist() == [False, False, True, False]
    texts = column_of(["007", "1", ""])
    assert texts is not None and texts.tolist() == ["007", "1", None]
    flags = column_of([True, False])
    assert flags is not None and flags.dtype == bool
    assert column_of([{"a": 1}, None]) is None and column_of(["x" * 1000] * 3) is None
