"""Class folders: splits, hidden files, links, odd names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from analysis.base.errors import BadInput
from analysis.data.reader import read
from tests.data.makers import encoded, image_folder, picture


def reasons(folder: Path, **options: str) -> dict[str, str]:
    dataset, _ = read(str(folder), options=options)
    return dict(zip(dataset.set_aside["path"], dataset.set_aside["reason"], strict=True))


def test_classes_are_the_folders_in_order(tmp_path: Path) -> None:
    image_folder(tmp_path, ["b", "a", "Zebra"])
    dataset, _ = read(str(tmp_path))
    assert dataset.classes == ("Zebra", "a", "b")
    assert dataset.table["path"].tolist()[:3] == ["Zebra/0.png", "Zebra/1.png", "Zebra/2.png"]
    assert dataset.given.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert "split" not in dataset.table and dataset.about["notes"] == []


def test_a_class_list_sets_the_order_and_must_name_all(tmp_path: Path) -> None:
    image_folder(tmp_path / "photos", ["a", "b"])
    names = tmp_path / "names.txt"
    names.write_text("b\na\nnever seen\n")
    dataset, _ = read(str(tmp_path / "photos"), options={"classes": str(names)})
    assert dataset.classes == ("b", "a", "never seen")
    assert dataset.given.tolist() == [1, 1, 1, 0, 0, 0]
    with pytest.raises(BadInput, match="The folder 'b' is not among the 2 class names"):
        read(str(tmp_path / "photos"), options={"classes": "a,c"})


def test_splits_are_found(tmp_path: Path) -> None:
    for split in ("train", "Validation", "test"):
        image_folder(tmp_path / split, per_class=1)
    dataset, _ = read(str(tmp_path))
    assert dataset.classes == ("cat", "dog")
    assert dataset.table.groupby("split").size().to_dict() == {"test": 2, "train": 2, "val": 2}
    assert "read as the split" in dataset.about["notes"][0]
    assert read(str(tmp_path), options={"split": "no"})[0].classes == ("Validation", "test", "train")
    with pytest.raises(BadInput, match="option split is 'perhaps'"):
        read(str(tmp_path), options={"split": "perhaps"})


def test_classes_called_like_splits_are_classes(tmp_path: Path) -> None:
    image_folder(tmp_path, ["train", "test"])
    assert read(str(tmp_path))[0].classes == ("test", "train")
    assert read(str(image_folder(tmp_path / "more", ["train", "bus"])))[0].classes == ("bus", "train")


def test_an_unlabelled_test_folder_is_set_aside(tmp_path: Path) -> None:
    image_folder(tmp_path / "train")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "1.png").write_bytes(encoded(picture(0)))
    assert reasons(tmp_path) == {"test/1.png": "not inside a class folder"}


def test_deeper_folders_belong_to_their_class(tmp_path: Path) -> None:
    image_folder(tmp_path / "cat", ["images"])
    image_folder(tmp_path, ["dog"])
    dataset, _ = read(str(tmp_path))
    assert dataset.classes == ("cat", "dog") and len(dataset) == 6


def test_hidden_things_are_passed_over_and_said(tmp_path: Path) -> None:
    image_folder(tmp_path)
    for name in (".git", "_unlabelled", "__MACOSX"):
        image_folder(tmp_path / name, ["x"])
    (tmp_path / "cat" / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "cat" / "_kept.png").write_bytes(encoded(picture(77)))
    dataset, _ = read(str(tmp_path))
    assert len(dataset) == 7 and len(dataset.set_aside) == 0
    assert dataset.about["n_hidden"] == 4
    assert dataset.about["notes"][0].startswith("4 hidden files and folders (starting with . or _) were passed over: ")


@pytest.mark.parametrize("suffix", [".JPG", ".jpeg", ".webp", ".bmp", ".tiff", ".gif", ".PNG"])
def test_usual_endings_in_any_case(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".tiff": "TIFF"}.get(suffix.lower(), suffix[1:].upper())
    (tmp_path / "cat" / f"a{suffix}").write_bytes(encoded(picture(0), kind))
    dataset, _ = read(str(tmp_path))
    assert len(dataset) == 1 and "There is only one class, 'cat'" in dataset.about["notes"][0]


def test_a_wrong_ending_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "really-a-png.jpg").write_bytes(encoded(picture(0)))
    assert len(read(str(tmp_path))[0]) == 1


def test_links_that_leave_the_folder_are_set_aside(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "root")
    (tmp_path / "secret.png").write_bytes(encoded(picture(9)))
    (root / "cat" / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "cat" / "in.png").symlink_to(root / "dog" / "0.png")
    (root / "cat" / "dead.png").symlink_to(root / "nothing.png")
    (root / "loop").symlink_to(root, target_is_directory=True)
    found = reasons(root)
    assert found["cat/out.png"].startswith("'cat/out.png' leads out of the data set's folder")
    assert found["cat/dead.png"].startswith("nothing.png is not there any more")
    assert found["loop"] == "a link to a folder: not followed"
    assert len(found) == 3 and len(read(str(root))[0]) == 7


def test_every_bad_image_has_its_reason_and_none_is_fatal(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    (root / "cat" / "empty.png").touch()
    (root / "cat" / "text.png").write_text("hello")
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "top.png").write_bytes(encoded(picture(5)))
    assert reasons(root) == {
        "cat/empty.png": "empty.png is empty (0 bytes)",
        "cat/text.png": "text.png is no image that can be read – wanted: jpg, png, webp, bmp, tiff or gif",
        "cat/pipe.png": "pipe.png is no regular file",
        "top.png": "not inside a class folder",
    }


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS stores no such names")
def test_names_that_are_no_text_are_set_aside(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    (root / "cat" / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded(picture(5)))
    assert reasons(root) == {"cat/caf?.png": "the file name is not valid UTF-8: rename it"}


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    image_folder(tmp_path, ["<script>alert(1)<", "a\nb", "cat"], per_class=1)
    assert read(str(tmp_path))[0].classes == ("<script>alert(1)<", "a b", "cat")


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(encoded(picture(0)))
    with pytest.raises(BadInput, match="There is no image inside a class folder"):
        read(str(tmp_path), reader="image_folder")
    with pytest.raises(BadInput, match="is a file – wanted: a folder"):
        read(str(tmp_path / "0.png"), reader="image_folder")


def test_the_fingerprint_sees_pixels_labels_and_classes(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    before = read(str(root))[0].fingerprint
    (root / "cat" / "0.png").write_bytes(encoded(picture(1234)))
    changed = read(str(root))[0].fingerprint
    (root / "cat" / "0.png").rename(root / "dog" / "moved.png")
    moved = read(str(root))[0].fingerprint
    (root / "cat").rename(root / "bat")
    assert len({before, changed, moved, read(str(root))[0].fingerprint}) == 4
