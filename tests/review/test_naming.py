"""Names for files and folders, and cells for spreadsheets: safe, told apart, and reversible."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from analysis.review.csv_cells import FORMULA, guard, unguard
from analysis.review.naming import LONGEST, FileNames, distinct, encoded
from tests.review.exports import FOLDERS, NASTY

any_text = st.text(st.characters(codec="utf-8"))


@given(st.lists(any_text, unique=True))
def test_names_are_safe_everywhere_and_told_apart_without_case(texts: list[str]) -> None:
    names = distinct(texts)
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert name and len(name.encode()) <= LONGEST
        assert not set(name) & set('/\\:*?"<>|\n\r\0') and name.isprintable()
        assert not name.startswith((".", "-", " ")) and not name.endswith((".", " "))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_unquoting_a_name_gives_the_text_back(text: str) -> None:
    assert unquote(encoded(text)) == text or len(encoded(text).encode()) > LONGEST - 13


def test_device_names_dots_and_long_names_are_encoded_and_ordinary_ones_are_not() -> None:
    assert [encoded(name) for name in ("tabby cat", "n02123045", "50", "猫", "a.b")] == [
        *("tabby cat", "n02123045", "50", "猫", "a.b")
    ]
    assert encoded("con") == "%63on" and encoded("NUL.txt") == "%4EUL.txt" and encoded("console") == "console"
    assert encoded(".") == "%2E" and encoded("..") == "%2E%2E" and encoded("a/b") == "a%2Fb" and encoded("") == "%"
    assert encoded("50 %") == "50 %25" and encoded("\u202egnp") == "%E2%80%AEgnp"
    assert distinct(["cat", "Cat", "cat~"])[:1] == ["cat"] and distinct(["x" * 999])[0].startswith("xxx")
    names = distinct(FOLDERS + NASTY, ("Provenance.json",))
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(FOLDERS + NASTY)
    assert distinct(["provenance.json"], ("Provenance.json",))[0].startswith("provenance.json~")


def test_a_second_file_of_the_same_name_gets_a_suffix() -> None:
    names = FileNames()
    assert [names.claim("cat", stem, ".png") for stem in ("a", "A", "a", "a_2")] == [
        *("a.png", "A_2.png", "a_3.png", "a_2_2.png")
    ]
    assert names.claim("dog", "a", ".png") == "a.png"


@given(any_text)
def test_guarding_a_cell_is_reversible_and_leaves_no_formula(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(FORMULA)


def test_ordinary_text_is_written_as_it_is() -> None:
    assert guard("cat") == "cat" and guard("a=b") == "a=b" and guard("") == ""
    assert guard("=HYPERLINK(1)") == "'=HYPERLINK(1)" and guard("'tis") == "''tis"
