"""What one pass over the pixels finds: planted copies, blank, dark and bright images, and nothing in clean ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from analysis.base.errors import BadInput, Cancelled
from analysis.base.progress import Silent
from analysis.base.types import Neighbours, Pixels
from analysis.data.images import ImageStore
from analysis.problems.find import find_problems
from analysis.problems.kinds import KINDS, rows_beyond, shape_facts
from analysis.problems.looks import BATCH, grey_facts, look_at_all, same_pixels


def photos(n: int, side: int = 40, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


def store_of(images: NDArray[np.uint8]) -> ImageStore:
    table = pd.DataFrame({"path": [f"{i}" for i in range(len(images))], "source_row": np.arange(len(images))})
    return ImageStore(Pixels("array", data=images), table)


class Listed:
    """Any pictures as a store."""

    def __init__(self, *images: Image.Image) -> None:
        self.images = images
        self.asked: list[tuple[int, int | None]] = []

    def __len__(self) -> int:
        return len(self.images)

    def load(self, row: int, *, at_least: int | None = None) -> Image.Image:
        self.asked.append((row, at_least))
        return self.images[row].convert("RGB")


def listed(store: Any, name: Any) -> list[int]:
    kind = KINDS[name]
    assert kind.usual is not None
    return rows_beyond(kind, look_at_all(store)._asdict(), kind.usual).tolist()


def test_planted_blank_dark_and_bright_images_are_found_and_no_others() -> None:
    images = photos(60)
    images[10] = 90  # one tone
    images[11] = np.random.default_rng(1).integers(200, 206, images[11].shape)  # nearly one
    images[12] = 255
    images[12, 3:5, 3:5] = 0  # a speck on white paper
    images[20] = images[20] // 8  # under-exposed
    images[30] = 224 + images[30] // 8  # over-exposed
    store = store_of(images)
    assert set(listed(store, "blank")) == {10, 11, 12}
    assert listed(store, "dark") == [20]
    assert set(listed(store, "bright")) == {12, 30}


@pytest.mark.parametrize("name", ["blank", "dark", "bright"])
def test_clean_images_have_none(name: str) -> None:
    assert listed(store_of(photos(300, seed=3)), name) == []


def test_a_drawing_on_black_is_neither_dark_nor_blank() -> None:
    images = np.zeros((1, 28, 28, 3), np.uint8)
    images[0, 4:24, 13:15] = 255  # five per cent of the pixels
    assert listed(store_of(images), "dark") == [] and listed(store_of(images), "blank") == []


def test_the_numbers_of_known_grey_levels() -> None:
    counts = np.zeros(256, int)
    counts[100], counts[108], counts[109] = 60, 30, 10
    assert grey_facts(counts) == (0.9, 100 / 255, 109 / 255)


def copies(images: NDArray[np.uint8], content: NDArray[np.object_] | None = None) -> list[int]:
    store = store_of(images)
    same = same_pixels(store, look_at_all(store).digest, content=content)
    return np.flatnonzero(same != np.arange(len(images))).tolist()


def test_planted_copies_are_found_with_their_first_row_and_clean_images_have_none() -> None:
    images = photos(200)
    assert copies(images) == []
    images[150], images[7], images[199] = images[3], images[3], images[100]
    store = store_of(images)
    same = same_pixels(store, look_at_all(store).digest)
    assert same[[150, 7, 199]].tolist() == [3, 3, 100]
    assert np.flatnonzero(same != np.arange(200)).tolist() == [7, 150, 199]
    images[150, 0, 0, 0] ^= 1
    assert copies(images) == [7, 199], "one pixel differs by one level"


def encoded(image: Image.Image, form: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **how)
    return buffer.getvalue()


def test_other_bytes_with_the_same_pixels_are_copies_and_a_turned_picture_is_none(tmp_path: Path) -> None:
    picture = Image.fromarray(photos(1, 300)[0])
    wide = Image.new("RGB", (8, 2), (9, 9, 9))
    files = {
        "a.png": encoded(picture, "PNG"),
        "b.png": encoded(picture, "PNG", compress_level=1),
        "c.bmp": encoded(picture, "BMP"),
        "d.jpg": encoded(picture, "JPEG"),
        "e.jpg": encoded(picture, "JPEG", comment=b"another"),
        "f.png": encoded(wide, "PNG"),
        "g.png": encoded(wide.rotate(90, expand=True), "PNG"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    table = pd.DataFrame({"path": list(files), "source_row": range(7), "content": [d.hex() for d in files.values()]})
    store = ImageStore(Pixels("files", root=tmp_path), table)
    digest = look_at_all(store).digest
    same = same_pixels(store, digest, content=table["content"].to_numpy(object))
    assert same.tolist() == [0, 0, 0, 3, 3, 5, 6]
    lossless = tmp_path / "h.png"
    lossless.write_bytes(encoded(Image.open(tmp_path / "d.jpg"), "PNG"))
    table.loc[6, "path"] = "h.png"  # decoded smaller as JPEG, in full as PNG: only likeness tells of it
    store = ImageStore(Pixels("files", root=tmp_path), table)
    digest = look_at_all(store).digest
    assert same_pixels(store, digest)[6] == 6
    assert same_pixels(store, digest, alike=[(3, 6), (0, 6)])[6] == 3


def test_images_that_look_equal_when_small_are_compared_in_full() -> None:
    first, other = Image.new("RGB", (80, 80)), Image.new("RGB", (80, 80), (1, 1, 1))
    store = Listed(first, other, first.copy())
    assert same_pixels(store, np.array(["x", "x", "x"])).tolist() == [0, 1, 0]
    assert [at_least for _, at_least in store.asked] == [None] * 3


def test_a_file_that_is_gone_is_no_problem_of_the_others() -> None:
    class Gone(Listed):
        def load(self, row: int, *, at_least: int | None = None) -> Image.Image:
            if row == 1:
                raise BadInput("gone")
            return super().load(row, at_least=at_least)

    picture = Image.new("RGB", (9, 9))
    found = look_at_all(Gone(picture, picture, picture))
    assert np.isnan(found.flat).tolist() == [False, True, False] and found.digest[1] == ""
    assert same_pixels(Gone(picture, picture, picture), found.digest).tolist() == [0, 1, 0]


def test_it_can_be_cancelled_and_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.problems.looks.PART", BATCH)
    images = photos(3 * BATCH, side=4)
    kept: dict[str, Any] = {}

    class Parts:
        def get(self, name: str) -> Any:
            return kept.get(name)

        def put(self, name: str, **arrays: Any) -> None:
            kept[name] = arrays

    class Stops(Silent):
        left = 2

        def advance(self, n: int = 1) -> None:
            self.left -= 1
            if self.left == 0:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        look_at_all(store_of(images), progress=Stops(), parts=Parts())
    assert len(kept) == 1
    looked: list[int] = []
    store = store_of(images)
    load = store.load
    monkeypatch.setattr(store, "load", lambda row, at_least=None: (looked.append(row), load(row))[1])
    again = look_at_all(store, parts=Parts())
    assert min(looked) == BATCH and len(looked) == 2 * BATCH
    whole = look_at_all(store_of(images))
    np.testing.assert_array_equal(again.digest, whole.digest)
    np.testing.assert_array_equal(again.flat, whole.flat)


def test_small_and_oddly_shaped_images_are_told_by_the_usual_one() -> None:
    width = np.array([400, 400, 300, 100, 1200, 0, 400])
    height = np.array([300, 300, 400, 80, 100, 0, 320])
    facts = shape_facts(width, height)
    assert rows_beyond(KINDS["small"], facts, 0.4).tolist() == [3, 4]
    assert rows_beyond(KINDS["shape"], facts, 2.5).tolist() == [4]
    assert np.isnan(facts["small"][5]) and np.isnan(facts["shape"][5])
    same = shape_facts(np.full(5, 28), np.full(5, 28))
    assert rows_beyond(KINDS["small"], same, 0.4).size == 0 and rows_beyond(KINDS["shape"], same, 2.5).size == 0


Make = Callable[[], Neighbours]


def test_without_pixels_or_features_their_columns_are_empty_and_the_rest_is_there() -> None:
    table = pd.DataFrame({"path": ["a", "b", "c"], "source_row": range(3), "width": 4, "height": 4})
    near = Neighbours(np.array([[1], [0], [0]], np.int32), np.array([[0.99999], [0.99999], [0.3]], np.float32))
    bare = find_problems(table, None, None)
    assert bare["image_facts"].drop(columns="same_as").isna().all(axis=None)
    assert len(bare["near_pairs"]) == 0 and bare["problems"]["has"] == {"pixels": False, "features": False}
    found = find_problems(table, None, near)
    assert found["image_facts"]["likeness"].notna().all() and found["image_facts"]["flat"].isna().all()
    assert "near" in found["problems"]["thresholds"]
    seen = find_problems(table, store_of(photos(3, side=4)), None)
    assert seen["image_facts"]["flat"].notna().all() and seen["problems"]["counts"]["exact"] == 0
