"""Lists of images: delimiters, encodings, headers, columns, and what is wrong with a row."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput, UserError
from analysis.base.types import Dataset
from analysis.data import list_columns
from analysis.data.reader import read
from analysis.data.text_in import encoding_of, find_delimiter, read_table
from tests.data.makers import encoded, image_folder, picture


def listed(folder: Path, text: str | bytes, *, name: str = "list.csv", **options: str) -> Dataset:
    image_folder(folder, ["cat", "dög"]) if not (folder / "cat").exists() else None
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read(str(folder / name), options=options)[0]


def pairs(dataset: Dataset) -> list[tuple[str, str]]:
    return [(p, dataset.classes[g]) for p, g in zip(dataset.table["path"], dataset.given, strict=True)]


WANTED = [("cat/0.png", "cat"), ("dög/1.png", "dög")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32"])
@pytest.mark.parametrize("header", [True, False])
def test_delimiters_and_encodings(delimiter: str, encoding: str, header: bool, tmp_path: Path) -> None:
    rows = [["path", "label"]] * header + [list(pair) for pair in WANTED]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert pairs(listed(tmp_path, text.encode(encoding))) == WANTED


def test_columns_by_their_usual_names_and_optional_ones(tmp_path: Path) -> None:
    header = "kids,Class,split,IMAGE,title,true_label,caption"
    text = f"{header}\nno,cat,train,cat/0.png,Tom,cat,a cat\nno,dog,test,cat/1.png,,,"
    dataset = listed(tmp_path, text)
    assert pairs(dataset) == [("cat/0.png", "cat"), ("cat/1.png", "dog")]
    assert dataset.table["split"].tolist() == ["train", "test"]
    assert dataset.table["title"].tolist() == ["Tom", ""]
    assert dataset.table["description"].tolist() == ["a cat", ""]
    assert dataset.true is not None and dataset.true.tolist() == [0, -1]


def test_columns_by_option(tmp_path: Path) -> None:
    text = "where,what,label\ncat/0.png,x,1\ncat/1.png,y,1\n"
    dataset = listed(tmp_path, text, path="where", label="what")
    assert dataset.classes == ("x", "y")
    assert listed(tmp_path, "a,b,cat/0.png\n", label="1").classes == ("b",)


def test_blanks_part_a_plain_list_and_paths_may_hold_blanks(tmp_path: Path) -> None:
    image_folder(tmp_path, ["my cat"])
    dataset = listed(tmp_path, "my cat/0.png 3\nmy cat/1.png 7\n", name="train.txt")
    assert pairs(dataset) == [("my cat/0.png", "3"), ("my cat/1.png", "7")]


def test_numbers_are_in_numeric_order_and_a_class_list_names_them(tmp_path: Path) -> None:
    text = "path,label\ncat/0.png,10\ncat/1.png,2\ncat/2.png,-1\n"
    dataset = listed(tmp_path, text)
    assert dataset.classes == ("2", "10")
    assert dataset.set_aside.values.tolist() == [["cat/2.png", "no label"]]
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"class {i}" for i in range(11)))
    dataset = listed(tmp_path, text, classes=str(names))
    assert pairs(dataset) == [("cat/0.png", "class 10"), ("cat/1.png", "class 2")]
    with pytest.raises(BadInput, match=r"list\.csv, line 2 has the label 10 – wanted: a class in 0\.\.1"):
        listed(tmp_path, text, classes="a,b")


def test_a_label_outside_of_the_class_list_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.csv, line 3 has the label 'cow', which is not among the 2 classes"):
        listed(tmp_path, "path,label\ncat/0.png,cat\ncat/1.png,cow\n", classes="cat,dog")


def test_names_that_look_like_gaps_are_names(tmp_path: Path) -> None:
    dataset = listed(tmp_path, "path,label\ncat/0.png,NA\ncat/1.png,null\ncat/2.png,\n")
    assert dataset.classes == ("NA", "null")
    assert dataset.set_aside.values.tolist() == [["cat/2.png", "no label"]]


def test_a_missing_column_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.csv has no label column among path, colour .* option label"):
        listed(tmp_path, "path,colour\ncat/0.png,red\n")
    with pytest.raises(BadInput, match="has no column 'size' – wanted: one of path, label"):
        listed(tmp_path, "path,label\ncat/0.png,red\n", title="size")
    assert list_columns.listed(["a", "the, label", 'say "x"']) == "a, 'the, label', 'say \"x\"'"
    with pytest.raises(BadInput, match="starts with the fields a, b: no column names, and none is an image file"):
        listed(tmp_path, "a,b\nc,d\n")
    with pytest.raises(BadInput, match=r"list\.csv has 1 column"):
        listed(tmp_path, "cat/0.png\n")


@pytest.mark.parametrize("text", ["", "\n\n", "path,label\n"])
def test_an_empty_list_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.csv is empty|None of the 0 listed images"):
        listed(tmp_path, text)


def test_a_short_row_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.csv, line 4 has 1 fields – wanted: at least 2"):
        listed(tmp_path, "path,label\n\ncat/0.png,cat\ncat/1.png\n")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.csv is a binary file"):
        listed(tmp_path, bytes(range(256)) * 4)


def test_paths_out_of_the_folder_are_refused_unless_root_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(picture(0)))
    image_folder(folder, ["cat", "dög"])
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    absolute = folder / "cat" / "1.png"
    text = (
        f"path,label\ncat/0.png,a\n../secret.png,a\n/etc/passwd,a\nlink.png,a\n{absolute},b\n,a\ncat/../cat/2.png,a\n"
    )
    dataset = listed(folder, text)
    assert pairs(dataset) == [("cat/0.png", "a"), ("cat/1.png", "b")]
    reasons = dict(dataset.set_aside.values.tolist())
    assert "leaves the folder" in reasons["../secret.png"] and "(line 3)" in reasons["../secret.png"]
    assert "leaves the folder" in reasons["/etc/passwd"] and "leaves the folder" in reasons["cat/../cat/2.png"]
    assert "leads out of the data set's folder" in reasons["link.png"]
    assert reasons["(blank)"] == "no path (line 7)"
    only_outside = "path,label\n../secret.png,a\n"
    with pytest.raises(BadInput, match=r"None of the 1 listed images can be used; .* option root"):
        listed(folder, only_outside)
    assert len(listed(folder, "path,label\nsecret.png,a\n", root=str(tmp_path))) == 1


def test_a_suffix_is_added_and_windows_paths_work(tmp_path: Path) -> None:
    assert pairs(listed(tmp_path, "id,label\ncat/0,x\n", suffix=".png", path="id")) == [("cat/0.png", "x")]
    assert pairs(listed(tmp_path, "path,label\ncat\\0.png,x\n")) == [("cat/0.png", "x")]


def test_labels_without_images(tmp_path: Path) -> None:
    dataset = listed(tmp_path, "path,label\nanywhere/1,x\nanywhere/2,y\n", images="no")
    assert len(dataset) == 2 and dataset.pixels.kind == "none"
    assert dataset.about["notes"] == ["Only names and labels were read: the images are not here."]


def test_a_column_name_as_a_class_is_no_header(tmp_path: Path) -> None:
    assert pairs(listed(tmp_path, "cat/0.png,set\ncat/1.png,label\n")) == [("cat/0.png", "set"), ("cat/1.png", "label")]


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_csv_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    (tmp_path / "t.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    table = read_table(tmp_path / "t.csv", delimiter=delimiter)
    assert table.cells == [[a.strip(), b.strip()] for a, b in rows if a.strip() or b.strip()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_clearly(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "list.csv").write_bytes(data)
    with pytest.raises(UserError, match="list|listed|bytes"):
        read(str(tmp_path / "list.csv"))


def test_encodings_and_delimiters_are_told_apart(tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_bytes("é".encode() * 5000)  # a sample must not be cut inside a letter
    assert encoding_of(long) == "utf-8"
    long.write_bytes(b"a" * 9000 + b"\xe9")
    assert encoding_of(long) == "latin-1"
    assert find_delimiter(["a,b;c", "d,e", "f,g"]) == ","
    assert find_delimiter(["one", "two"]) is None
    assert find_delimiter(['"x;y;z";1', '"q";2']) == ";"
    with pytest.raises(BadInput, match="The delimiter is 'ab'"):
        read_table(long, delimiter="ab")
