"""Label and probability files of `score` and `graph`, and how labels become class numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.labels import clean_name, code_labels, read_classes
from analysis.data.plain_arrays import load_labels, load_probs


def stored(path: Path, content: Any) -> Path:
    if isinstance(content, str):
        path.write_text(content)
    elif path.suffix == ".npy":
        np.save(path, content)
    elif path.suffix == ".npz":
        np.savez(path, **content)
    else:
        pd.DataFrame(content).to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        ("a.npy", np.array([3, 0, -1], np.int8), [3, 0, -1]),
        ("a.npy", np.array([[3], [0]]), [3, 0]),
        ("a.npy", np.array([3.0, np.nan]), [3, -1]),
        ("a.npz", {"labels": np.array([2, 1])}, [2, 1]),
        ("a.npz", {"anything": np.array([2, 1])}, [2, 1]),
        ("a.txt", "5\n0\n-1\n5\n", [5, 0, -1, 5]),
        ("a.txt", "5\n\n7\n", [5, -1, 7]),
        ("a.csv", "image_id,label,x\na,3,1\nb,-1,2\n", [3, -1]),
        ("a.csv", "label\n1.0\n2.0\n", [1, 2]),
        ("a.parquet", {"given": [4, None, 2]}, [4, -1, 2]),
    ],
)
def test_numbers_stay_what_they_are(name: str, content: Any, labels: list[int], tmp_path: Path) -> None:
    found, classes = load_labels(stored(tmp_path / name, content))
    assert found.tolist() == labels and found.dtype == np.int64 and classes is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", np.array(["dog", "cat", "", "NA"])),
        ("a.csv", "label\ndog\ncat\n\nNA\n"),
        ("a.txt", "dog\ncat\n\nNA\n"),
        ("a.parquet", {"label": ["dog", "cat", None, "NA"]}),
    ],
)
def test_names_are_numbered_in_order(name: str, content: Any, tmp_path: Path) -> None:
    found, classes = load_labels(stored(tmp_path / name, content))
    assert classes == ("NA", "cat", "dog") and found.tolist() == [2, 1, -1, 0]


def test_leading_noughts_make_a_name(tmp_path: Path) -> None:
    assert load_labels(stored(tmp_path / "a.csv", "label\n007\n10\n"))[1] == ("007", "10")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", np.array([1.0, 1.5]), r"a\.npy: row 1 has the label 1\.5 – wanted: a whole number"),
        ("a.npy", np.array([1.0, np.inf]), r"a\.npy: row 1 has the label inf"),
        ("a.txt", "1\n1.5\n", r"a\.txt: row 1 has the label 1\.5"),
        ("a.npy", np.array([1, -2]), r"a\.npy: row 1 has the label -2"),
        ("a.npy", np.zeros((2, 2)), r"a\.npy has the shape \(2, 2\)"),
        ("a.npz", {"a": np.zeros(1), "b": np.zeros(1)}, r"a\.npz holds the arrays a, b – wanted: one called labels"),
        ("a.csv", "x,z\n1,2\n", r"a\.csv has the columns x, z"),
    ],
)
def test_what_is_no_label(name: str, content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        load_labels(stored(tmp_path / name, content))


def test_a_missing_file(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a.csv"):
        with pytest.raises(NotFoundHere, match="There is no file"):
            load_labels(tmp_path / name)


PROBS = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])


def test_probabilities_from_all_kinds_of_files(tmp_path: Path) -> None:
    frame = pd.DataFrame(PROBS, columns=["b", "a", "c"])
    frame.to_csv(tmp_path / "p.csv", index=False)
    frame.assign(image_id=["x", "y"]).to_parquet(tmp_path / "p.parquet")
    np.savetxt(tmp_path / "p.txt", PROBS)
    files = [stored(tmp_path / "p.npy", PROBS), stored(tmp_path / "p.npz", {"probs": PROBS})]
    for file in [*files, tmp_path / "p.csv", tmp_path / "p.parquet", tmp_path / "p.txt"]:
        assert np.allclose(load_probs(file), PROBS), file
    assert isinstance(load_probs(files[0]), np.memmap)
    assert np.allclose(load_probs(tmp_path / "p.csv", classes=["a", "b", "c"]), PROBS[:, [1, 0, 2]])
    with pytest.raises(BadInput, match=r"p\.csv has no column for the class 'd'"):
        load_probs(tmp_path / "p.csv", classes=["a", "b", "d"])


def test_probabilities_are_checked(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"p\.npy: Row 1 sums to 2"):
        load_probs(stored(tmp_path / "p.npy", np.array([[0.5, 0.5], [1.0, 1.0]])))
    with pytest.raises(BadInput, match=r"p\.npy has the shape \(3,\) – wanted: \(images, classes\)"):
        load_probs(stored(tmp_path / "p.npy", np.zeros(3)))


# -- labels to class numbers ---------------------------------------------------------------------------------------
def row(i: int) -> str:
    return f"row {i}"


@given(st.lists(st.sampled_from(["a", "b", "10", "9", "", "x y"]), min_size=1))
def test_names_come_back(labels: list[str]) -> None:
    coded = code_labels(labels, classes=None, row_name=row)
    back = [coded.classes[n] if n >= 0 else "" for n in coded.numbers]
    assert back == labels and len(set(coded.classes)) == len(coded.classes)


@given(st.lists(st.integers(-1, 50), min_size=1))
def test_numbers_come_back_in_numeric_order(labels: list[int]) -> None:
    for given_as in (labels, [str(label) for label in labels], np.array(labels, float)):
        coded = code_labels(given_as, classes=None, row_name=row)
        assert [int(coded.classes[n]) if n >= 0 else -1 for n in coded.numbers] == labels
        assert list(coded.classes) == sorted(coded.classes, key=int)


def test_names_of_digits_win_over_numbers_when_listed() -> None:
    assert code_labels(["3", "1"], classes=["1", "3"], row_name=row).numbers.tolist() == [1, 0]
    assert code_labels([3, 1], classes=["1", "3"], row_name=row).numbers.tolist() == [1, 0]
    assert code_labels([1, 0], classes=["a", "b"], row_name=row).numbers.tolist() == [1, 0]


def test_class_names_are_cleaned() -> None:
    assert clean_name("a\x0bb\n") == "a b" and clean_name(" \0 ") == "(no name)"
    assert code_labels(["a\x0bb"], classes=None, row_name=row).classes == ("a b",)


def test_class_lists(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_bytes("\ufeffone\r\ntwo\r\n\r\n".encode())
    assert read_classes(str(tmp_path / "n.txt")) == ("one", "two")
    assert read_classes("a,b") == ("a", "b") and read_classes(None) is None
    with pytest.raises(BadInput, match="The class list names a more than once"):
        read_classes("a,b,a")
    with pytest.raises(NotFoundHere, match="There is no file 'gone.txt' with class names"):
        read_classes("gone.txt")
