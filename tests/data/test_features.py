"""Features of the user's own network: every file shape, matched to images; bad ones refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.base.errors import BadInput
from analysis.base.types import Dataset, Pixels
from analysis.data.features import load_features

FEATURES = np.arange(12, dtype=np.float32).reshape(4, 3)
IDS = ["a/1.png", "a/2.png", "b/1.png", "b/3.png"]


@pytest.fixture
def dataset() -> Dataset:
    table = pd.DataFrame({"image_id": IDS, "path": IDS, "source_row": range(4), "given": [0, 0, 1, 1]})
    return Dataset(table, ("a", "b"), "print", Pixels("none"))


def write(path: Path, features: np.ndarray, ids: list[str] | None = None) -> Path:
    """The file in the shape its ending asks for."""
    if path.suffix == ".npy":
        np.save(path, features)
    elif path.suffix == ".npz":
        np.savez(path, embeddings=features, **({} if ids is None else {"ids": np.array(ids)}))
    else:
        frame = pd.DataFrame(features, columns=[f"f{i}" for i in range(features.shape[1])])
        if ids is not None:
            frame.insert(0, "path", ids)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["npy", "npz", "parquet", "csv"])
def test_a_row_per_image_in_order(ending: str, tmp_path: Path, dataset: Dataset) -> None:
    np.testing.assert_array_equal(load_features(write(tmp_path / f"f.{ending}", FEATURES), dataset), FEATURES)


@pytest.mark.parametrize("ending", ["npz", "parquet", "csv"])
def test_rows_are_matched_by_name(ending: str, tmp_path: Path, dataset: Dataset) -> None:
    file = write(tmp_path / f"f.{ending}", FEATURES[::-1].copy(), IDS[::-1])
    np.testing.assert_array_equal(load_features(file, dataset), FEATURES)


def test_columns_of_any_name_are_features_where_all_are_numbers(tmp_path: Path, dataset: Dataset) -> None:
    pd.DataFrame({"path": IDS, "red": [1.0, 2, 3, 4], "green": 5.0}).to_csv(tmp_path / "f.csv", index=False)
    np.testing.assert_array_equal(load_features(tmp_path / "f.csv", dataset), [[1, 5], [2, 5], [3, 5], [4, 5]])


def test_wrong_files_are_refused_with_what_is_wrong(tmp_path: Path, dataset: Dataset) -> None:
    broken = FEATURES.copy()
    broken[2, 1] = np.nan
    np.savez(tmp_path / "other.npz", weights=FEATURES)
    cases = {
        "3 rows": write(tmp_path / "short.npy", FEATURES[:3]),
        "row 2": write(tmp_path / "nan.npy", broken),
        "holds the arrays weights": tmp_path / "other.npz",
        "<U1": write(tmp_path / "text.npy", np.array([["a"], ["b"], ["c"], ["d"]])),
        "no row for 1 images": write(tmp_path / "names.npz", FEATURES, ["a/1.png", "a/2.png", "b/1.png", "b/4.png"]),
    }
    for said, file in cases.items():
        with pytest.raises(BadInput, match=said):
            load_features(file, dataset)
