"""npz, Parquet, torchvision and Hugging Face sets beyond the contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.base.errors import BadInput, NotAvailable
from analysis.base.types import Dataset
from analysis.data.arrays_in import Npz
from analysis.data.building import blob_of
from analysis.data.images import ImageStore
from analysis.data.pixel_arrays import as_pixels, parse_shape
from analysis.data.reader import read
from tests.data.makers import encoded, image_folder, picture


def npz(folder: Path, options: dict[str, str] | None = None, **arrays: Any) -> Dataset:
    np.savez(folder / "set.npz", **arrays)
    return read(str(folder / "set.npz"), options=options)[0]


IMAGES = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)


def test_train_and_test_become_splits_with_their_class_names(tmp_path: Path) -> None:
    dataset = npz(
        tmp_path, x_train=IMAGES, y_train=[0, 1, 1, 0], x_test=IMAGES[:2], y_test=[1, 1], classes=["T-shirt/top", "Bag"]
    )
    assert dataset.classes == ("T-shirt/top", "Bag")
    assert dataset.table["split"].tolist() == ["train"] * 4 + ["test"] * 2
    assert dataset.table["image_id"].tolist()[-1] == "test/000001"
    assert dataset.given.tolist() == [0, 1, 1, 0, 1, 1]


def test_asking_for_an_array_by_name_does_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    with Npz(tmp_path / "set.npz") as arrays:
        monkeypatch.setattr(Npz, "__getitem__", lambda *_: pytest.fail("the array was read"))
        assert "images" in arrays and "labels" not in arrays


def test_the_sydney_names(tmp_path: Path) -> None:
    dataset = npz(tmp_path, Xtr=IMAGES, Str=[0, 1, 2, 0], Xts=IMAGES[:1], Yts=[2])
    assert dataset.table["split"].tolist() == ["train"] * 4 + ["test"] and dataset.n_classes == 3


def test_arrays_by_option_truth_and_gaps(tmp_path: Path) -> None:
    arrays = {"a": IMAGES, "b": np.array([5, -1, 7, 5]), "true_labels": np.array([5, 5, -1, 7])}
    dataset = npz(tmp_path, {"images": "a", "labels": "b"}, **arrays)
    assert dataset.classes == ("5", "7") and dataset.given.tolist() == [0, 1, 0]
    assert dataset.true is not None and dataset.true.tolist() == [0, -1, 1]
    assert dataset.table["source_row"].tolist() == [0, 2, 3]
    assert np.array_equal(np.asarray(ImageStore(dataset.pixels, dataset.table).load(1))[:, :, 0], IMAGES[2])
    with pytest.raises(BadInput, match=r"set\.npz has no array 'c' – wanted: one of a, b"):
        npz(tmp_path, {"images": "c", "labels": "b"}, **arrays)


def test_a_blob_of_encoded_images(tmp_path: Path) -> None:
    blob, offsets = blob_of([encoded(picture(i), "JPEG") for i in range(3)] + [b"torn"])
    dataset = npz(tmp_path, jpeg=blob, offset=offsets, label=np.array(["x", "y", "x", "y"]))
    assert len(dataset) == 3 and dataset.classes == ("x", "y")
    assert dataset.set_aside["reason"][0].startswith("image 3 is no image")
    with pytest.raises(BadInput, match="The array offset does not fit jpeg"):
        npz(tmp_path, jpeg=blob, offset=offsets[::-1], label=np.zeros(4, int))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES, "labels": [0] * 4, "true": [0]}, "The array true has 1 labels – wanted: 4, one per image"),
        ({"foo": IMAGES}, "set.npz holds the arrays foo – wanted: images and labels"),
        ({"images": IMAGES, "labels": [0, 1]}, "has 4 images in images and 2 labels in labels"),
        ({"images": IMAGES, "labels": np.eye(4)}, r"The array labels has the shape \(4, 4\)"),
        ({"images": IMAGES, "labels": [0, -2, 1, 1]}, "row 1 of labels has the label -2"),
        ({"images": np.array(["a"] * 4), "labels": [0] * 4}, "holds <U1"),
        ({"images": IMAGES[:, :, :, None, None], "labels": [0] * 4}, "has the shape"),
        ({"images": np.full((4, 3, 3), np.nan), "labels": [0] * 4}, "Image 0 in .* holds NaN"),
        ({"images": np.zeros((4, 3072), np.uint8), "labels": [0] * 4}, "rows of 3072 values .* option shape"),
        (
            {"images": np.array([{}] * 4), "labels": [0] * 4},
            "'images' in set.npz cannot be read: it is no NumPy file or holds pickled",
        ),
        ({"images": IMAGES, "labels": [0, 1, 2, 3], "classes": ["a", "b"]}, "row 2 of labels has the label 2"),
    ],
)
def test_what_npz_refuses(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        npz(tmp_path, **arrays)


def test_a_torn_npz(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BadInput, match=r"a\.npz cannot be read"):
        read(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    ("array", "shape", "expected"),
    [
        (np.array([[[0.0, 1.0]]]), None, [[[0, 255]]]),
        (np.array([[[0.0, 255.0]]], np.float32), None, [[[0, 255]]]),
        (np.array([[[0, 65535]]], np.uint16), None, [[[0, 255]]]),
        (np.array([[[0, 200]]], np.int64), None, [[[0, 200]]]),
        (np.array([[[False, True]]]), None, [[[0, 255]]]),
        (np.arange(4, dtype=np.uint8)[None], None, [[[0, 1], [2, 3]]]),
        (np.arange(6, dtype=np.uint8)[None], (3, 1, 2), [[[[0, 2, 4], [1, 3, 5]]]]),
        (np.arange(6, dtype=np.uint8)[None], (1, 2, 3), [[[[0, 1, 2], [3, 4, 5]]]]),
        (np.arange(12, dtype=np.uint8).reshape(1, 3, 2, 2), None, [[[[0, 4, 8], [1, 5, 9]], [[2, 6, 10], [3, 7, 11]]]]),
    ],
)
def test_pixels_of_all_kinds(array: np.ndarray, shape: tuple[int, ...] | None, expected: list[Any]) -> None:
    found = as_pixels(array, shape=shape, what="x")
    assert found.dtype == np.uint8 and found.tolist() == expected


def test_pixel_values_out_of_range_and_odd_shapes() -> None:
    with pytest.raises(BadInput, match=r"x has values in -1\.\.0"):
        as_pixels(np.array([[[-1.0, 0.0]]]), shape=None, what="x")
    with pytest.raises(BadInput, match="x has rows of 5 values – wanted: 2x2 by the option shape"):
        as_pixels(np.zeros((1, 5), np.uint8), shape=(2, 2), what="x")
    with pytest.raises(BadInput, match="The option shape is '28'"):
        parse_shape("28")


# -- Parquet -------------------------------------------------------------------------------------------------------
def test_parquet_with_paths_and_options(tmp_path: Path) -> None:
    image_folder(tmp_path)
    frame = pd.DataFrame(
        {
            "path": ["cat/0.png", "dog/1.png", "../x.png", "dog/1.png"],
            "given": ["cat", "dog", "cat", "cat"],
            "true": ["cat", None, "dog", "dog"],
            "title": ["a", None, "c", "d"],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    dataset, _ = read(str(tmp_path / "t.parquet"))
    assert dataset.table["path"].tolist() == ["cat/0.png", "dog/1.png"] and dataset.pixels.kind == "files"
    assert dataset.true is not None and dataset.true.tolist() == [0, -1]
    assert dataset.table["title"].tolist() == ["a", ""]
    assert "leaves the folder" in dataset.set_aside["reason"][0] and "row 2" in dataset.set_aside["reason"][0]
    assert dataset.set_aside["reason"][1] == "listed again with another label, 'cat' (t.parquet, row 3)"
    with pytest.raises(BadInput, match=r"t\.parquet has no column 'nope' – wanted: one of path, given"):
        read(str(tmp_path / "t.parquet?label=nope"))


def test_a_folder_of_parquet_files_gives_splits_and_stored_class_names(tmp_path: Path) -> None:
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "data").mkdir()
    features = {"label": {"names": ["owl", "ant"], "_type": "ClassLabel"}}
    for part, n in (("train-00000-of-00001", 3), ("test-00000-of-00001", 2)):
        images = [{"bytes": encoded(picture(i + 10 * n)), "path": None} for i in range(n)]
        table = pa.table({"image": images, "label": pa.array([0, 1, None][:n], pa.int64())})
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        pq.write_table(table, tmp_path / "data" / f"{part}.parquet")
    dataset, name = read(str(tmp_path))
    assert name == "parquet" and dataset.classes == ("owl", "ant")
    assert dataset.table["path"].tolist() == ["test/000000", "test/000001", "train/000000", "train/000001"]
    assert dataset.table["split"].tolist() == ["test", "test", "train", "train"]
    assert dataset.set_aside.values.tolist() == [["train/000002", "no label"]]


def test_a_parquet_image_of_a_wrong_type_names_its_row(tmp_path: Path) -> None:
    pd.DataFrame({"image": [1, 2], "label": [0, 1]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(BadInput, match=r"t\.parquet, row 0: the image is int"):
        read(str(tmp_path / "t.parquet"))


# -- torchvision, Hugging Face ----------------------------------------------------------------------------------------
def test_torchvision_reads_arrays_that_are_there(tmp_path: Path) -> None:
    from tests.data.makers import write_idx

    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 4), ("t10k", 2)):
        write_idx(raw / f"{part}-images-idx3-ubyte", rng.integers(0, 255, (n, 28, 28)).astype(np.uint8))
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8))
    dataset, _ = read(f"torchvision:MNIST?root={tmp_path}&download=no")
    assert dataset.pixels.kind == "array" and len(dataset) == 6
    assert dataset.classes[:2] == ("0 - zero", "1 - one") and dataset.n_classes == 10
    assert dataset.table["split"].tolist() == ["train"] * 4 + ["test"] * 2
    only, _ = read(f"torchvision:MNIST?root={tmp_path}&split=test")
    assert only.table["split"].tolist() == ["test"] * 2
    with pytest.raises(BadInput, match="MNIST has no split 'val'"):
        read(f"torchvision:MNIST?root={tmp_path}&split=val")


def test_torchvision_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"CIFAR10 is not in .* wanted: its files, or a network .* \?root=DIR"):
        read(f"torchvision:CIFAR10?root={tmp_path}&download=no")
    with pytest.raises(BadInput, match="The data set CIFAR10 has no option 'version'"):
        read(f"torchvision:CIFAR10?root={tmp_path}&version=3")


def test_huggingface_names_the_command_when_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(NotAvailable, match="The package datasets is not installed .* pip install"):
        read("hf:mnist")


def test_huggingface_reads_no_file_outside_of_the_set(tmp_path: Path) -> None:
    from analysis.base.errors import Refused
    from analysis.data.readers.huggingface import _bytes_of

    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(picture(0)))
    (home / "a.png").write_bytes(encoded(picture(1)))
    assert _bytes_of({"bytes": None, "path": "a.png"}, [home]) == encoded(picture(1))
    for path in ("../secret.png", str(tmp_path / "secret.png")):
        with pytest.raises(Refused, match="lies outside"):
            _bytes_of({"bytes": None, "path": path}, [home])
    assert _bytes_of(None, [home]) == b""
