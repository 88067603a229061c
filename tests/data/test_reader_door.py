"""Finding the reader of a source, and its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.data.reader import flag, number, read, split_source
from tests.data import makers


def test_nothing_there_names_the_readers() -> None:
    with pytest.raises(NotFoundHere, match=r"There is no 'no/such/place' .* readers: csv_list, digits"):
        read("no/such/place")


def test_no_reader_fits(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"0")
    with pytest.raises(BadInput, match=r"No reader recognises .*film\.mp4"):
        read(str(tmp_path / "film.mp4"))


def test_two_readers_fit_and_one_is_named(tmp_path: Path) -> None:
    makers.idx_source(tmp_path)
    makers.image_folder(tmp_path)
    with pytest.raises(BadInput, match="could be read by idx or image_folder .* --reader"):
        read(str(tmp_path))
    assert read(str(tmp_path), reader="idx")[1] == "idx"
    assert len(read(str(tmp_path), reader="image_folder")[0]) == 6


def test_an_unknown_reader_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundHere, match="no reader named 'zip' .*csv_list, digits"):
        read("digits", reader="zip")


def test_options_follow_a_question_mark(tmp_path: Path) -> None:
    assert split_source("torchvision:MNIST?root=/a b&download=no") == (
        "torchvision:MNIST",
        {"root": "/a b", "download": "no"},
    )
    odd = tmp_path / "what?.csv"
    odd.write_text("x")
    assert split_source(str(odd)) == (str(odd), {})
    with pytest.raises(BadInput, match="options 'nonsense' cannot be read"):
        split_source("digits?nonsense")


@pytest.mark.parametrize("source", ["\0", "a" * 5000, "digits\n"])
def test_text_that_is_no_file_name_is_not_there(source: str) -> None:
    with pytest.raises(NotFoundHere):
        read(source)


def test_flags_and_numbers_say_what_they_want() -> None:
    assert flag({"x": "Yes"}, "x", default=False) and not flag({"x": "off"}, "x", default=True)
    with pytest.raises(BadInput, match="The option x is 'perhaps' – wanted: yes or no"):
        flag({"x": "perhaps"}, "x", default=True)
    for text in ("nan", "2", "many"):
        with pytest.raises(BadInput, match=r"wanted: a number in 0\.\.1"):
            number({"x": text}, "x", default=0, low=0, high=1)
