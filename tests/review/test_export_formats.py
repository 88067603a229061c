"""What is particular to one format: that the programs it is made for can read it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.base.errors import BadInput, Refused, StoreFailure
from analysis.base.types import Pixels
from analysis.data.reader import read
from analysis.review import placing
from analysis.review.exporter import Export, read_export, write_export
from analysis.review.naming import distinct
from analysis.review.pictures import Pictures
from tests.review.exports import NASTY, SPLITS, assert_same, make_export, make_export_of_files

EXPORTED_CAT = distinct(["cat", "Cat"])[1]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_other_programs_read_the_csv(tmp_path: Path) -> None:
    export = make_export(["NA", "a,b", 'q"', "two\nlines", "cr\r"])
    folder = write_export(export, "csv", tmp_path / "out")
    read_by_pandas = pd.read_csv(folder / "labels.csv", keep_default_na=False, lineterminator=None, dtype=str)
    for column in ("image_id", "given", "label", "status"):
        assert read_by_pandas[column].tolist() == export.labels[column].tolist()


def test_a_csv_with_other_columns_is_refused(tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), "csv", tmp_path / "out")
    (folder / "labels.csv").write_text("path,label\na,b\n")
    with pytest.raises(BadInput, match=r"labels.csv has the columns \['path', 'label'\] – wanted: image_id, path"):
        read_export("csv", folder)


def test_a_csv_that_lost_whole_rows_is_refused(tmp_path: Path) -> None:
    folder = write_export(make_export(["a", "b"]), "csv", tmp_path / "out")
    lines = (folder / "labels.csv").read_bytes().splitlines(keepends=True)
    (folder / "labels.csv").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(BadInput, match="The labels in .* cannot be read: 13 rows – wanted: 14"):
        read_export("csv", folder)


def test_json_lines_hold_one_object_per_image(tmp_path: Path) -> None:
    export = make_export(NASTY)
    folder = write_export(export, "jsonl", tmp_path / "out")
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_bytes().split(b"\n")[:-1]]
    assert [row["image_id"] for row in rows] == export.labels["image_id"].tolist()
    assert [tuple(row["labels"]) for row in rows] == export.labels["labels"].tolist()


def test_pandas_reads_the_parquet_with_its_types(tmp_path: Path) -> None:
    export = make_export(NASTY)
    table = pd.read_parquet(write_export(export, "parquet", tmp_path / "out") / "labels.parquet")
    assert table["label"].tolist() == export.labels["label"].tolist()
    assert [tuple(cell) for cell in table["labels"]] == export.labels["labels"].tolist()
    assert table["excluded"].dtype == bool


# -- folder per class ----------------------------------------------------------------------------------------------
def test_our_own_reader_finds_every_image_under_its_final_label(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data", [f"{i}.png" for i in range(30)], ("lynx", "tabby", "puma"))
    folder = write_export(export, "image_folder", tmp_path / "out")
    found, _ = read(str(folder), reader="image_folder")
    by_path = dict(zip(found.table["path"], (found.classes[i] for i in found.given), strict=True))
    listed = pd.read_csv(folder / "files.csv")
    assert by_path == dict(zip(listed["file"], listed["label"], strict=True)) and len(by_path) == 30


@pytest.mark.parametrize("link", ["copy", "hardlink", "symlink"])
def test_every_image_lies_where_files_csv_says_copied_or_linked(link: str, tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data")
    folder = write_export(export, "image_folder", tmp_path / "out", options={"link": link})
    with (folder / "files.csv").open(newline="") as handle:
        files = [row["file"] for row in csv.DictReader(handle)]
    for file, path in zip(files, export.labels["path"], strict=True):
        placed, original = folder / file, tmp_path / "data" / path
        assert placed.read_bytes() == original.read_bytes()
        assert placed.is_symlink() == (link == "symlink")
        assert placed.samefile(original) == (link != "copy")
    assert len({file.lower() for file in files}) == len(files), "told apart where case does not count"


def test_files_of_the_same_name_in_one_class_are_all_there(tmp_path: Path) -> None:
    files = [f"{sub}/{name}" for sub in "abcdef" for name in ("x.png", "X.png", "x_2.png")]
    export = make_export_of_files(tmp_path / "data", files)
    folder = write_export(export, "image_folder", tmp_path / "out")
    for sub, name in (("cat", "cat"), (EXPORTED_CAT, "Cat")):
        found = {path.name.lower() for path in (folder / sub).iterdir()}
        assert len(found) == (export.labels["label"] == name).sum() and "x_2.png" in found
    assert_same(export, read_export("image_folder", folder))


def test_a_class_folder_never_has_the_name_of_one_of_our_files(tmp_path: Path) -> None:
    folder = write_export(make_export(["files.csv", "Classes.csv", "provenance.json"]), "image_folder", tmp_path / "o")
    assert (folder / "files.csv").is_file() and len([path for path in folder.iterdir() if path.is_dir()]) == 3


def test_splits_become_folders_above_the_classes_unless_that_is_not_wanted(tmp_path: Path) -> None:
    export = make_export(["a", "b"], splits=SPLITS)
    with_splits = write_export(export, "image_folder", tmp_path / "with")
    assert {path.name for path in with_splits.iterdir() if path.is_dir()} == {"train", "%2E.%2Fval", "no_split"}
    without = write_export(export, "image_folder", tmp_path / "without", options={"splits": "false"})
    assert {path.name for path in without.iterdir() if path.is_dir()} == {"a", "b"}
    assert_same(export, read_export("image_folder", without))


def test_images_of_arrays_are_written_as_png_without_loss(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 3)).astype(np.uint8)
    made = make_export(["a", "b"])
    table = pd.DataFrame({"image_id": made.labels["image_id"], "path": "x", "source_row": [2, 1, 0] + [0] * 11})
    export = Export(made.tables, made.classes, pictures=Pictures(Pixels("array", data=pixels), table))
    folder = write_export(export, "image_folder", tmp_path / "out")
    with (folder / "files.csv").open(newline="") as handle:
        files = [row["file"] for row in csv.DictReader(handle)]
    assert np.array_equal(np.asarray(Image.open(folder / files[0])), pixels[2])


def test_a_path_out_of_the_data_set_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "secret.png")
    for path in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        made = make_export(["a", "b"])
        table = pd.DataFrame({"image_id": made.labels["image_id"], "path": path, "source_row": 0})
        export = Export(made.tables, made.classes, pictures=Pictures(Pixels("files", root=tmp_path / "data"), table))
        with pytest.raises(Refused, match="leads out of the data set's folder"):
            write_export(export, "image_folder", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "secret.png"]


def test_too_little_space_is_said_before_anything_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = make_export_of_files(tmp_path / "data")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda _: usage._replace(free=placing.SPARE))
    with pytest.raises(StoreFailure, match=r"The images take about 0.00 GB, and 0.07 GB are free there.* enough space"):
        write_export(export, "image_folder", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    write_export(export, "image_folder", tmp_path / "out", options={"link": "symlink"})


def test_hard_links_across_disks_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def across(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", across)
    with pytest.raises(BadInput, match="hard link to plain.png cannot be made.*choose the option copy or symlink"):
        write_export(make_export_of_files(tmp_path / "d"), "image_folder", tmp_path / "o", options={"link": "hardlink"})


# -- lists ---------------------------------------------------------------------------------------------------------
def test_a_list_has_a_path_and_a_class_number_per_line_and_a_file_per_split(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data", ["a b.png", "c.png"], ("lynx", "tabby"))
    folder = write_export(export, "file_list", tmp_path / "out", options={"paths": "absolute", "separator": "tab"})
    lines = (folder / "all.txt").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(tmp_path / "data" / "a b.png"), str(tmp_path / "data/c.png")]
    numbers = [export.classes.index(label) for label in export.labels["label"]]
    assert [int(line.split("\t")[1]) for line in lines] == numbers
    assert (folder / "classes.txt").read_text() == "lynx\ntabby\n"
    by_split = write_export(make_export(["a", "b"], splits=["train", "val"]), "file_list", tmp_path / "splits")
    assert {path.name for path in by_split.glob("*.txt")} == {"train.txt", "val.txt", "classes.txt"}
    with pytest.raises(BadInput, match="The images of this data set are no files – wanted: the option paths=relative"):
        write_export(make_export(["a", "b"]), "file_list", tmp_path / "no", options={"paths": "absolute"})


# -- Hugging Face --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("splits", [None, ["train", "test"]])
def test_datasets_loads_what_was_saved_with_its_class_names_and_pixels(splits: Any, tmp_path: Path) -> None:
    library = pytest.importorskip("datasets")
    export = make_export(NASTY, splits=splits)
    folder = write_export(export, "huggingface", tmp_path / "out")
    loaded = library.load_from_disk(str(folder / "dataset"))
    part = loaded["train"] if splits else loaded
    mine = export.labels[export.labels["split"] == "train"] if splits else export.labels
    assert [part.features["label"].int2str(i) for i in part["label"]] == mine["label"].tolist()
    assert part.features["label"].names == NASTY
    assert np.array_equal(np.asarray(part[0]["image"]), np.asarray(Image.open(io.BytesIO(first_bytes(export)))))
    assert not (folder / "work").exists()


def first_bytes(export: Export) -> bytes:
    assert export.pictures is not None
    return export.pictures.get(export.labels["image_id"][0]).data or b""


@pytest.mark.parametrize("link", ["copy", "symlink"])
def test_load_dataset_imagefolder_reads_the_folder_layout(link: str, tmp_path: Path) -> None:
    library = pytest.importorskip("datasets")
    export = make_export_of_files(tmp_path / "data")
    options = {"layout": "imagefolder", "link": link}
    folder = write_export(export, "huggingface", tmp_path / "out", options=options)
    assert_same(export, read_export("huggingface", folder))
    library.disable_progress_bars()
    loaded = library.load_dataset(
        "imagefolder", data_dir=str(folder / "dataset"), split="train", cache_dir=str(tmp_path / "cache")
    )
    library.enable_progress_bars()
    assert {row["image_id"]: row["label"] for row in loaded} == {
        image_id: export.classes.index(label)
        for image_id, label in zip(export.labels["image_id"], export.labels["label"], strict=True)
    }
    assert loaded[0]["image"].size == (4, 3)


# -- cleanlab ------------------------------------------------------------------------------------------------------
def test_cleanlab_takes_the_frame_with_numbers_as_label_issues(tmp_path: Path) -> None:
    learning = pytest.importorskip("cleanlab.classification")
    from sklearn.linear_model import LogisticRegression

    export = make_export(["lynx", "tabby", "3"])
    folder = write_export(export, "cleanlab", tmp_path / "out", options={"values": "numbers"})
    assert_same(export, read_export("cleanlab", folder))
    frame = pd.read_csv(folder / "label_issues.csv")
    n = len(frame)
    finder = learning.CleanLearning(LogisticRegression())
    finder.fit(np.random.default_rng(0).random((n, 2)), frame["given_label"].to_numpy(), label_issues=frame)
    assert finder.get_label_issues()["is_label_issue"].tolist() == export.tables["images"]["is_suspect"].tolist()
    quality = frame["label_quality"].fillna(-1)
    assert np.allclose(quality, (1 - export.tables["images"]["suspicion"]).fillna(-1))


def test_class_names_that_are_numbers_are_not_taken_for_class_numbers(tmp_path: Path) -> None:
    export = make_export(["2", "1", "0"])
    assert_same(export, read_export("cleanlab", write_export(export, "cleanlab", tmp_path / "out")))


# -- COCO ----------------------------------------------------------------------------------------------------------
def test_coco_ids_start_at_one_and_several_labels_are_several_annotations(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data", [f"{i}.png" for i in range(40)], ("lynx", "tabby", "puma"))
    content = read_json(write_export(export, "coco", tmp_path / "out") / "annotations.json")
    assert [category["id"] for category in content["categories"]] == [1, 2, 3]
    assert [image["id"] for image in content["images"]] == list(range(1, 41))
    assert [one["id"] for one in content["annotations"]] == list(range(1, len(content["annotations"]) + 1))
    per_image = pd.Series([one["image_id"] for one in content["annotations"]]).value_counts()
    several = [i + 1 for i, status in enumerate(export.labels["status"]) if status == "several"]
    assert sorted(per_image.index[per_image == 2]) == several and len(several) > 0
    assert set(content["annotations"][0]) == {"id", "image_id", "category_id"}
    assert (content["images"][0]["width"], content["images"][0]["height"]) == (4, 3)


def test_coco_boxes_are_the_whole_image_and_an_unknown_size_is_refused(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data")
    folder = write_export(export, "coco", tmp_path / "out", options={"boxes": True, "images": "symlink"})
    content = read_json(folder / "annotations.json")
    assert all(one["bbox"] == [0, 0, 4, 3] and one["area"] == 12 for one in content["annotations"])
    assert all((folder / image["file_name"]).is_file() for image in content["images"])
    with pytest.raises(BadInput, match="The size of 'a/0' is not known"):
        write_export(make_export(["a", "b"]), "coco", tmp_path / "no", options={"boxes": True})


# -- Label Studio --------------------------------------------------------------------------------------------------
def test_every_choice_of_a_task_is_in_the_configuration_and_the_names_match(tmp_path: Path) -> None:
    names = ['<b onclick="x">', "a&b", "'", "two\nlines", "\u202ertl"]
    export = make_export(names)
    folder = write_export(export, "label_studio", tmp_path / "out")
    root = ET.parse(folder / "labeling_config.xml").getroot()  # noqa: S314  # made by us a line above
    (choices,), (image,) = root.findall("Choices"), root.findall("Image")
    assert [choice.get("value") for choice in choices] == names
    assert choices.get("choice") == "multiple" and choices.get("toName") == image.get("name")
    tasks = read_json(folder / "tasks.json")
    for task, status, label in zip(tasks, export.labels["status"], export.labels["label"], strict=True):
        assert image.get("value") == "$image" and task["data"]["image"].startswith("/data/local-files/?d=")
        results = [part for one in task["predictions"] + task.get("annotations", []) for part in one["result"]]
        assert all(part["from_name"] == choices.get("name") and part["to_name"] == "image" for part in results)
        assert all(set(part["value"]["choices"]) <= set(names) for part in results)
        assert ("annotations" in task) == (status in ("kept", "relabelled", "several", "none_fits"))
        if status == "relabelled":
            assert task["annotations"][0]["result"][0]["value"]["choices"] == [label]


def test_paths_of_tasks_are_safe_in_an_address(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data", ["a b.png", "q?x=1&y#z.png", "sub/ü.png"])
    tasks = read_json(write_export(export, "label_studio", tmp_path / "out", options={"prefix": "p/"}) / "tasks.json")
    assert [task["data"]["image"] for task in tasks] == ["p/a%20b.png", "p/q%3Fx%3D1%26y%23z.png", "p/sub/%C3%BC.png"]


# -- FiftyOne ------------------------------------------------------------------------------------------------------
def test_fiftyone_keys_lead_to_the_images(tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data", ["a.png", "sub/b.png"], ("lynx", "tabby"))
    content = read_json(write_export(export, "fiftyone", tmp_path / "out") / "labels.json")
    assert list(content["labels"]) == [str(tmp_path / "data" / "a.png"), str(tmp_path / "data" / "sub/b.png")]
    assert content["classes"] == ["lynx", "tabby"]
    folder = write_export(export, "fiftyone", tmp_path / "copied", options={"images": "copy"})
    assert {path.stem for path in (folder / "data").iterdir()} == set(read_json(folder / "labels.json")["labels"])


def test_fiftyone_targets_are_lists_only_where_several_labels_fit_an_image(tmp_path: Path) -> None:
    export = make_export(["lynx", "tabby", "puma"])
    assert (export.labels["status"] == "several").any()
    targets = read_json(write_export(export, "fiftyone", tmp_path / "many") / "labels.json")["labels"].values()
    assert all(isinstance(target, list) for target in targets)
    assert [len(target) for target in targets] == [max(1, len(names)) for names in export.labels["labels"]]
    one = make_export_of_files(tmp_path / "d", ["a.png", "b.png"])
    assert not (one.labels["status"] == "several").any()
    targets = read_json(write_export(one, "fiftyone", tmp_path / "one") / "labels.json")["labels"].values()
    assert all(
        one.classes[target["label"]] == label for target, label in zip(targets, one.labels["label"], strict=True)
    )
