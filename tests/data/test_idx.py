"""IDX files: headers are believed only as far as the bytes go."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.reader import read
from analysis.data.readers.idx import read_idx
from tests.data.makers import idx_source, write_idx


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.booleans())
def test_what_is_written_is_read(tmp_path: Path, shape: list[int], zipped: bool) -> None:
    array = np.arange(int(np.prod(shape)), dtype=np.uint8).reshape(shape)
    write_idx(tmp_path / "a", array, zipped=zipped)
    assert np.array_equal(read_idx(tmp_path / "a"), array)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_give_an_array_or_a_clear_error(tmp_path: Path, data: bytes, headed: bool) -> None:
    (tmp_path / "a").write_bytes(b"\0\0\x08" + data if headed else data)
    try:
        found = read_idx(tmp_path / "a")
    except BadInput as error:
        message = str(error)
    else:
        assert found.dtype == np.uint8
        return
    assert message.startswith("a ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PNG?....", r"a does not start as an IDX file does \(50 4e 47 3f\)"),
        (b"\0\0\x0d\x01" + struct.pack(">I", 0), "a holds values of type 0x0d – wanted: 0x08"),
        (b"\0\0\x08\x03\0\0", "a ends inside its header"),
        (
            b"\0\0\x08\x01" + struct.pack(">I", 4) + b"123",
            r"a should hold 4 bytes by its header \(4,\) and holds only 3",
        ),
        (b"\0\0\x08\x01" + struct.pack(">I", 4) + b"12345", "should hold 4 bytes by its header .* and holds more"),
        (b"\0\0\x08\x03" + struct.pack(">III", 2**32 - 1, 2**32 - 1, 2**32 - 1), "a claims to hold .* at most"),
        (b"\0\0\x08\x02" + struct.pack(">II", 65536, 65536), "should hold 4,294,967,296 bytes .* holds only 0"),
    ],
)
def test_a_header_that_lies(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(BadInput, match=message):
        read_idx(tmp_path / "a")


def test_a_torn_gzip(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", np.zeros(5000, np.uint8), zipped=True)
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[:20])
    with pytest.raises(BadInput, match="a is damaged: Compressed file ended"):
        read_idx(tmp_path / "a")


def test_a_gzip_that_unpacks_to_far_more_than_its_header_says(tmp_path: Path) -> None:
    bomb = b"\0\0\x08\x01" + struct.pack(">I", 10) + bytes(1 << 26)
    (tmp_path / "a").write_bytes(gzip.compress(bomb, 1))
    with pytest.raises(BadInput, match="holds more"):
        read_idx(tmp_path / "a")


def test_a_folder_and_a_single_file(tmp_path: Path) -> None:
    source = idx_source(tmp_path)
    dataset, _ = read(source)
    assert dataset.table["split"].tolist() == ["test"] * 2 + ["train"] * 5
    assert dataset.table["path"][0] == "test/000000"
    one, _ = read(f"{source}/train-images-idx3-ubyte.gz")
    assert len(one) == 5 and one.classes == ("0", "1", "2")
    turned, _ = read(f"{source}/train-images-idx3-ubyte.gz?transpose=yes&classes=x,y,z")
    assert turned.classes == ("x", "y", "z")
    assert (turned.table["width"][0], turned.table["height"][0]) == (7, 6)
    assert np.array_equal(turned.pixels.data, one.pixels.data.swapaxes(1, 2))


def test_labels_that_are_missing_or_named(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(NotFoundHere, match="There are no labels beside train-images-idx3-ubyte .* option labels"):
        read(str(tmp_path))
    write_idx(tmp_path / "mine", np.array([1, 0], np.uint8))
    dataset, _ = read(f"{tmp_path}/train-images-idx3-ubyte", options={"labels": str(tmp_path / "mine")})
    assert dataset.given.tolist() == [1, 0]
    write_idx(tmp_path / "mine", np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(BadInput, match="mine has 3 dimensions"):
        read(f"{tmp_path}/train-images-idx3-ubyte", options={"labels": str(tmp_path / "mine")})
