"""What others found out about labels: three kinds of file, matched to the images, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.base.labelsets import LabelSets
from analysis.base.types import Dataset, Pixels
from analysis.data.corrections import read_corrections, read_label_lists, read_scores

CLASSES = ("cat", "dog", "owl, snowy", "eel")
GIVEN = [0, 1, 2, 3, 0, 1]


def dataset(given: list[int] = GIVEN, *, names: list[str] | None = None, classes: tuple[str, ...] = CLASSES) -> Dataset:
    ids = names or [f"set/img {i}.png" for i in range(len(given))]
    columns = {"image_id": ids, "path": ids, "source_row": np.arange(len(ids)), "given": given}
    return Dataset(table=pd.DataFrame(columns), classes=classes, fingerprint="f", pixels=Pixels("none"))


def listed(sets: LabelSets) -> list[list[int]]:
    return [part.tolist() for part in np.split(sets.flat, sets.ptr[1:-1])]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_sets_keep_the_given_label_of_images_that_nobody_judged() -> None:
    sets = LabelSets.of_pairs(np.array(GIVEN), np.arange(6) < 3, [0, 0, 0, 2, 5], [3, 1, 3, 0, 3])
    assert listed(sets) == [[1, 3], [], [0], [3], [0], [1]]
    assert sets.hold(np.array([3, 1, 0, 3, 1, 1])).tolist() == [True, False, True, True, False, True]


def test_corrections_by_number_by_name_several_and_none(tmp_path: Path) -> None:
    text = 'id,originalLabel,correction\nimg 0,0,3\nimg 1.png,dog,"0,1"\nset/img 2.png,2,-1\nother.png,7,8\n'
    text += 'img 4,cat,"owl, snowy"\n'
    sets = read_corrections(written(tmp_path / "c.csv", text), dataset())
    assert listed(sets) == [[3], [0, 1], [], [3], [2], [1]] and sets.said.all()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,b\n1,2\n", "header id,original,correction"),
        ("id,original,correction\nimg 0,1,2\n", "c.csv, line 2 says that the label was '1'"),
        ("id,original,correction\nimg 0,0,2\n\nimg 1,1,9\n", "c.csv, line 4 has the label '9'"),
        ("id,original,correction\nimg 0,0,\n", "line 2 has the label ''"),
        ("id,original,correction\nimg 0,0,1,2\n", "line 2 has 4 fields"),
        ("id,correction\nimg 1,0\nimg 1,1\n", "line 3 speaks of the image of line 2 again"),
        ("id,correction\nx,0\ny,1\n", "names no image of the data set, its first is 'x'"),
    ],
)
def test_corrections_are_refused_with_file_and_line(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(BadInput, match=found):
        read_corrections(written(tmp_path / "c.csv", text), dataset())


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundHere):
        read_corrections(tmp_path / "no.csv", dataset())


def test_class_names_that_are_digits_are_names(tmp_path: Path) -> None:
    classes = ("0", "1", "10", "2")  # as folders are sorted
    sets = read_corrections(written(tmp_path / "c.csv", "id,correction\nimg 0,10\nimg 1,2\n"), dataset(classes=classes))
    assert listed(sets)[:2] == [[2], [3]]


def test_label_lists_follow_the_numbers_in_the_file_names(tmp_path: Path) -> None:
    names = [f"n{i}/ILSVRC2012_val_0000000{i}.JPEG" for i in (6, 2, 4)]
    path = written(tmp_path / "real.json", json.dumps([[9], [1, 3], [9], [2], [9], [0]]))
    assert listed(read_label_lists(path, dataset([0, 1, 2], names=names))) == [[0], [1, 3], [2]]
    rows = written(tmp_path / "rows.json", json.dumps([[0], [1], [], [3], [0, 1], [2]]))
    assert listed(read_label_lists(rows, dataset()))[4] == [0, 1]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "is no JSON"),
        pytest.param("[" * 100_000, "is no JSON", id="deep"),
        pytest.param("[[" + "9" * 5_000 + "]]", "is no JSON", id="long number"),
        ('{"a": [1]}', "no list of lists"),
        ("[[0], 1]", "no list of lists"),
        ("[[0]]", "1 lists for 6 images"),
        ("[[0], [1], [2], [3], [true], [1]]", "image 5 has the label"),
        ("[[0], [1], [2], [3], [0, 4], [1]]", "image 5 has the label '4'"),
        ("[[1], [0], [1], [0], [1], [0]]", "given one for only 0%"),
    ],
)
def test_label_lists_that_are_refused(tmp_path: Path, content: str, found: str) -> None:
    with pytest.raises(BadInput, match=found):
        read_label_lists(written(tmp_path / "r.json", content), dataset())


def scores(path: Path, rows: list[tuple[str, str, float]]) -> Path:
    np.savez(path, tensor=np.array([row[2] for row in rows]), info=np.array([row[:2] for row in rows]))
    return path


def test_scores_give_sets_at_any_threshold_and_leave_unrated_images_alone(tmp_path: Path) -> None:
    rows = [("img 0.png", "0", 0.9), ("img 0.png", "3", 0.8), ("img 1.png", "1", 0.3), ("else.png", "1", 1.0)]
    found = read_scores(scores(tmp_path / "s.npz", rows), dataset())
    assert listed(found.at(0.8)) == [[0, 3], [], [2], [3], [0], [1]]
    assert listed(found.at(0.85))[0] == [0] and listed(found.at(0.3))[1] == [1]
    assert found.at(0.8).said.tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        ({"tensor": np.zeros(2)}, "holds the arrays tensor"),
        ({"tensor": np.zeros(0), "info": np.zeros((0, 2), "U9")}, "holds no score"),
        ({"tensor": np.zeros(2), "info": np.array([["a", "1"]])}, "tensor is"),
        ({"tensor": np.array([0.5, 1.5]), "info": np.array([["img 0.png", "0"]] * 2)}, "row 1 has the score 1.5"),
        ({"tensor": np.array([np.nan]), "info": np.array([["img 0.png", "0"]])}, "row 0 has the score nan"),
        ({"tensor": np.zeros(1), "info": np.array([["img 0.png", "x"]])}, "has the label 'x'"),
        ({"tensor": np.zeros(1), "info": np.array([["img 0.png", "2"]])}, "for only 0%"),
    ],
)
def test_scores_that_are_refused(tmp_path: Path, arrays: dict[str, Any], found: str) -> None:
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(BadInput, match=found):
        read_scores(tmp_path / "s.npz", dataset())
