"""The validation images of ILSVRC 2012: the kit counts classes in an order of its own, from 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.base.errors import UserError
from analysis.data.reader import read
from tests.data.makers import ilsvrc_source


def test_numbers_of_the_kit_become_ranks_of_sorted_wnids(tmp_path: Path) -> None:
    dataset, _ = read(ilsvrc_source(tmp_path))  # image 1: number 3, which is the first wnid
    assert dataset.classes == ("n01440764", "n02100735", "n02119789")
    assert dataset.given.tolist() == [0, 2, 1, 2]
    assert dataset.table["path"].tolist() == [f"ILSVRC2012_val_{n:08d}.JPEG" for n in (1, 2, 3, 4)]


def test_an_image_keeps_its_line_when_others_are_missing(tmp_path: Path) -> None:
    source = Path(ilsvrc_source(tmp_path))
    (source / "ILSVRC2012_val_00000001.JPEG").unlink()
    assert read(str(source))[0].given.tolist() == [2, 1, 2]


def test_files_of_the_kit_may_be_named_and_the_numbers_given_as_text(tmp_path: Path) -> None:
    source = Path(ilsvrc_source(tmp_path))
    data = source / "ILSVRC2012_devkit_t12" / "data"
    (tmp_path / "meta.txt").write_text("1 n02119789 kit fox\n2 n02100735\n3 n01440764\n")
    (data / "meta.mat").unlink()
    (data / "ILSVRC2012_validation_ground_truth.txt").rename(tmp_path / "truth.txt")
    options = {"truth": str(tmp_path / "truth.txt"), "meta": str(tmp_path / "meta.txt")}
    assert read(str(source), options=options)[0].given.tolist() == [0, 2, 1, 2]


def _no_meta(source: Path, data: Path) -> None:
    (data / "meta.mat").unlink()


def _no_truth(source: Path, data: Path) -> None:
    (data / "ILSVRC2012_validation_ground_truth.txt").unlink()


def _torn(source: Path, data: Path) -> None:
    (data / "meta.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))


def _text(source: Path, data: Path) -> None:
    (data / "meta.mat").unlink()
    (data / "meta.txt").write_text("1 n02119789\n1 n02100735\n")


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (_no_meta, {}, "There is no meta.mat beside the images"),
        (_no_truth, {}, "There is no ILSVRC2012_validation_ground_truth.txt"),
        (_torn, {}, "wanted: meta.mat of the development kit"),
        (_text, {"meta": "meta.txt"}, "Line 2 of meta.txt"),
    ],
)
def test_a_kit_that_is_not_whole_is_said_and_nothing_is_guessed(
    spoil: object, options: dict[str, str], message: str, tmp_path: Path
) -> None:
    source = Path(ilsvrc_source(tmp_path))
    data = source / "ILSVRC2012_devkit_t12" / "data"
    spoil(source, data)  # type: ignore[operator]
    with pytest.raises(UserError) as caught:
        read(str(source), options={name: str(data / value) for name, value in options.items()})
    assert message in str(caught.value)
