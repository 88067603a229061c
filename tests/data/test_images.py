"""Images by row: safe paths, thumbnails, what a browser gets."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.base.errors import BadInput, NotFoundHere, Refused
from analysis.base.types import Pixels
from analysis.data.building import blob_of
from analysis.data.images import MEDIA_TYPE, ImageStore, inside
from tests.data.makers import encoded, picture


def table(paths: list[str], content: list[str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"path": paths, "source_row": np.arange(len(paths))})
    return frame if content is None else frame.assign(content=content)


def files(root: Path, contents: dict[str, bytes]) -> ImageStore:
    for name, data in contents.items():
        (root / name).write_bytes(data)
    return ImageStore(Pixels("files", root=root), table(list(contents)))


def open_files() -> int:
    """How many files this process holds open, where the system tells."""
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def test_all_kinds_of_storage_show_the_same_picture(tmp_path: Path) -> None:
    images = [picture(i) for i in range(3)]
    data, offsets = blob_of([encoded(image) for image in images])
    stores = [
        files(tmp_path, {f"{i}.png": encoded(image) for i, image in enumerate(images)}),
        ImageStore(Pixels("array", data=np.stack([np.asarray(image) for image in images])), table(["a", "b", "c"])),
        ImageStore(Pixels("blob", data=data, offsets=offsets), table(["a", "b", "c"])),
    ]
    for store in stores:
        assert len(store) == 3
        for i, image in enumerate(images):
            assert np.array_equal(np.asarray(store.load(i)), np.asarray(image))
            assert store.raw_size(i) == (12, 10)


def test_the_source_row_decides_not_the_position() -> None:
    data = np.stack([np.full((4, 4), value, np.uint8) for value in (10, 20, 30)])
    store = ImageStore(Pixels("array", data=data), pd.DataFrame({"path": ["x", "y"], "source_row": [2, 0]}))
    assert [store.load(row).getpixel((0, 0))[0] for row in (0, 1)] == [30, 10]


@pytest.mark.parametrize("shape", [(2, 5, 4), (2, 5, 4, 1), (2, 5, 4, 3), (2, 5, 4, 4)])
def test_arrays_grey_and_colour(shape: tuple[int, ...]) -> None:
    store = ImageStore(Pixels("array", data=np.full(shape, 255, np.uint8)), table(["a", "b"]))
    assert store.load(1).mode == "RGB" and store.load(1).size == (4, 5) == store.raw_size(1)
    assert store.load(1).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("row", [-1, 2, 10**12])
def test_a_row_that_is_not_there(row: int, tmp_path: Path) -> None:
    store = files(tmp_path, {"a.png": encoded(picture(0)), "b.png": encoded(picture(1))})
    with pytest.raises(NotFoundHere, match=r"There is no image in row .* wanted: a row in 0\.\.1"):
        store.load(row)


def test_labels_without_images_say_so() -> None:
    with pytest.raises(NotFoundHere, match="cat has no pixels"):
        ImageStore(Pixels("none"), table(["cat"])).load(0)


@pytest.mark.parametrize(
    "path", ["../secret.png", "a/../../secret.png", "/etc/passwd", "link.png", "linked/secret.png", "ring", "a\0b"]
)
def test_nothing_outside_of_the_root_is_read(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(encoded(picture(0)))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "linked").symlink_to(tmp_path, target_is_directory=True)
    (root / "ring").symlink_to(root / "ring")
    store = ImageStore(Pixels("files", root=root), table([path]))
    for reach in (store.load, store.thumbnail, store.encoded, store.raw_size):
        with pytest.raises((Refused, NotFoundHere, BadInput)) as caught:
            reach(0)
        if path != "ring":
            assert isinstance(caught.value, Refused)


def test_a_link_inside_the_root_and_a_linked_root_are_fine(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.png").write_bytes(encoded(picture(0)))
    (root / "b.png").symlink_to("a.png")
    (tmp_path / "alias").symlink_to(root, target_is_directory=True)
    assert ImageStore(Pixels("files", root=tmp_path / "alias"), table(["b.png"])).load(0).size == (12, 10)
    assert inside(root.resolve(), "b.png") == (root / "a.png").resolve()


def test_a_file_swapped_for_a_link_after_reading_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    store = files(root, {"a.png": encoded(picture(0))})
    (tmp_path / "secret.png").write_bytes(encoded(picture(1)))
    (root / "a.png").unlink()
    (root / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(Refused, match=r"'a\.png' leads out of the data set's folder"):
        store.load(0)


def test_thumbnails_fit_and_are_never_enlarged(tmp_path: Path) -> None:
    store = files(tmp_path, {"wide.png": encoded(picture(0, size=(300, 100))), "small.png": encoded(picture(1))})
    assert opened(store.thumbnail(0, 60)).size == (60, 20)
    assert opened(store.thumbnail(1, 60)).size == (12, 10)
    assert np.array_equal(np.asarray(opened(store.thumbnail(1, 60)).convert("RGB")), np.asarray(picture(1)))


def test_the_browser_gets_a_picture_of_ours_whatever_the_file_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    polyglot = encoded(picture(0), "PNG") + b"<script>alert(1)</script>"
    contents = {
        "a.svg": b"<svg onload='alert(1)'/>",
        "b.png": polyglot,
        "c.html": encoded(picture(1), "JPEG", exif=exif, comment=b"<script>"),
    }
    store = files(tmp_path, contents)
    with pytest.raises(BadInput, match=r"a\.svg is no image"):
        store.encoded(0)
    for row in (1, 2):
        data = store.encoded(row, 64)
        assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
        assert b"script" not in data and b"where I live" not in data
    assert MEDIA_TYPE == "image/webp"


def test_encoded_keeps_within_the_asked_side(tmp_path: Path) -> None:
    store = files(tmp_path, {"a.jpg": encoded(picture(0, size=(900, 600)), "JPEG")})
    assert opened(store.encoded(0, 300)).size == (300, 200)
    assert opened(store.encoded(0, 10**9)).size == (900, 600)
    assert max(opened(store.encoded(0, 0)).size) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    store = files(tmp_path, {"a.png": encoded(picture(0))})
    (tmp_path / "a.png").unlink()
    with pytest.raises(NotFoundHere, match=r"a\.png is not there any more"):
        store.load(0)


def test_thumbnails_are_kept_by_content(tmp_path: Path) -> None:
    thumbs = tmp_path / "thumbs"
    data = np.stack([np.asarray(picture(i)) for i in range(2)])
    store = ImageStore(Pixels("array", data=data), table(["a", "b"], ["../../evil", "h1"]), thumbs=thumbs)
    first = store.thumbnail(0, 32)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 1 and kept[0].is_relative_to(thumbs) and kept[0].read_bytes() == first
    kept[0].write_bytes(b"from the cache")
    assert store.thumbnail(0, 32) == b"from the cache"
    assert len({store.thumbnail(1, 32), store.thumbnail(0, 8), first}) == 3


def test_many_threads_and_no_open_file_left(tmp_path: Path) -> None:
    store = files(tmp_path, {f"{i}.jpg": encoded(picture(i, size=(40, 30)), "JPEG") for i in range(8)})
    before = open_files()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: store.thumbnail(i % 8, 20), range(64)))
    assert found[:8] == found[8:16] and len(set(found)) == 8
    after = open_files()
    assert after <= before
