"""A label patch applied to somebody's own label file: only the cells concerned change, and all comes back."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput, NotFoundHere, StoreFailure
from analysis.review import labelfile
from analysis.review.exactinverse import read_inverse
from analysis.review.labelfile import Applied, apply_patch, revert
from analysis.review.layout import Reading
from analysis.review.patch import Change, inverse
from analysis.review.patchfile import write_patch
from tests.review.patches import change, patch

CLASSES = ("cat", "dog", "red fox", 'say "hi"', "a,b;c\td|e", "two\nlines", "=1+1", "Kätzchen 猫")


def applied(folder: Path, content: bytes, *changes: Change, name: str = "labels.csv", **more: Any) -> Applied:
    """A patch applied to a file of this content; the result is in `out`."""
    (folder / name).write_bytes(content)
    classes = more.pop("classes", CLASSES)
    return apply_patch(patch(*changes, classes=classes), folder / name, out=folder / "out", reading=Reading(**more))


def result(folder: Path, content: bytes, *changes: Change, **more: Any) -> bytes:
    """What becomes of a file in which every change can be made; it comes back byte for byte."""
    done = applied(folder, content, *changes, **more)
    assert done.left == () and done.out is not None and done.inverse is not None
    back = revert(done.inverse, done.out, out=folder / "back")
    assert back.exact and (folder / "back").read_bytes() == content
    return done.out.read_bytes()


# -- any file, any patch -------------------------------------------------------------------------------------------
@dataclass
class Made:
    """A label file of any make: its bytes, its rows as fields, and what the patch says."""

    data: bytes
    encoding: str
    delimiter: str
    rows: list[list[str]]
    changes: list[Change]
    expected: list[list[str]]
    left: set[str]


plain = st.text(
    st.characters(codec="cp1252", categories=["L", "N", "P", "Zs"], exclude_characters=',;\t|"#'), max_size=6
)


@st.composite
def any_file(draw: st.DrawFn) -> Made:
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]))
    delimiter = draw(st.sampled_from(",;\t|"))
    classes = CLASSES[:-1] if encoding == "cp1252" else CLASSES
    inside = st.sampled_from(["", delimiter, '"', "\n", "\r\n", "\r"])
    width, image, label = draw(st.sampled_from([(2, 0, 1), (2, 1, 0), (4, 0, 3), (4, 2, 1), (5, 4, 2)]))
    header = [f"extra {i}" for i in range(width)]
    header[image], header[label] = "path", "label"
    made = Made(b"", encoding, delimiter, [header], [], [header], set())
    for i, name in enumerate(draw(st.lists(plain, min_size=1, max_size=8, unique_by=str.strip))):
        fields = [draw(plain) + draw(inside) + draw(plain) for _ in range(width)]
        fields[image], fields[label] = f"{name.strip()}/{i}.jpg", draw(st.sampled_from(classes))
        add_row(draw, made, fields, (image, label, classes))
    if draw(st.booleans()):
        made.changes.append(change("not/there.jpg"))
        made.left.add("not/there.jpg")
    text = "".join(draw(any_line(row, delimiter, (image, label) if row is not header else ())) for row in made.rows)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    made.data = text.encode(encoding)
    return made


def add_row(draw: st.DrawFn, made: Made, fields: list[str], where: tuple[int, int, tuple[str, ...]]) -> None:
    """One more row of the file, what the patch wants of it, and what should become of it."""
    image, label, classes = where
    path, old, new = fields[image], fields[label], draw(st.sampled_from(classes))
    action = draw(st.sampled_from(["", "relabel", "drop", "mark", "wrong", "twice"]))
    after = list(fields)
    if action in ("relabel", "twice", "wrong") and new != old:
        said = next(name for name in classes if name not in (old, new)) if action == "wrong" else old
        made.changes.append(change(path, said, new))
        after[label] = new if action == "relabel" else old
        made.left |= {path} if action != "relabel" else set()
    elif action in ("drop", "mark"):
        made.changes.append(change(path, old, "" if action == "drop" else old, action=action))
    made.rows += [fields] * (2 if action == "twice" else 1)
    made.expected += [after] * {"drop": 0, "twice": 2}.get(action, 1)


@st.composite
def any_line(draw: st.DrawFn, row: list[str], delimiter: str, padded: tuple[int, ...]) -> str:
    """A row as text: in quotes where it must be and elsewhere by chance, with any line end."""
    cells = []
    for at, field in enumerate(row):
        pad = draw(st.sampled_from(["", "", " "])) if at in padded else ""
        must = any(sign in field for sign in (delimiter, '"', "\r", "\n"))
        quoted = '"' + pad + field.replace('"', '""') + pad + '"'
        cells.append(quoted if must or draw(st.booleans()) else pad + field + pad)
    return delimiter.join(cells) + draw(st.sampled_from(["\n", "\r\n", "\r"]))


def parsed(data: bytes, encoding: str, delimiter: str) -> list[list[str]]:
    text = data.decode(encoding)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    return [row for row in rows if row]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=any_file())
def test_only_the_rows_concerned_change_and_all_bytes_come_back(
    made: Made, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    more = {"encoding": made.encoding} if made.encoding == "cp1252" else {}
    done = applied(folder, made.data, *made.changes, **more)
    assert {one.image_id for one in done.left} == made.left
    assert done.out is not None and done.inverse is not None
    after = done.out.read_bytes()
    changed = {one.image_id for one in made.changes} - made.left
    before_rows, after_rows = (parsed(data, made.encoding, made.delimiter) for data in (made.data, after))
    assert [[f.strip() for f in row] for row in after_rows] == [[f.strip() for f in row] for row in made.expected]
    image = made.rows[0].index("path")
    untouched = [row for row in before_rows if row[image].strip() not in changed]
    assert [row for row in after_rows if row[image].strip() not in changed] == untouched
    last = [data.decode(made.encoding)[-1:] in ("\n", "\r") for data in (made.data, after)]
    assert last[0] == last[1]
    assert revert(done.inverse, done.out, out=folder / "back").exact
    assert (folder / "back").read_bytes() == made.data
    by_name = apply_patch(inverse(patch(*made.changes, classes=CLASSES)), done.out, out=None, reading=Reading(**more))
    assert {one.image_id for one in by_name.left} >= {c.image_id for c in made.changes if c.action == "drop"}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_json_lines_come_back_too(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda v: st.lists(v, max_size=2), max_leaves=3
    )
    extra = st.dictionaries(st.text(max_size=4).filter(lambda name: name not in ("path", "label")), values, max_size=3)
    rows, lines = [], []
    for i in range(data.draw(st.integers(1, 6))):
        row = {**data.draw(extra), "path": f"{i}.png", "label": data.draw(st.sampled_from(CLASSES))}
        row = dict(data.draw(st.permutations(list(row.items())))) if i else row
        separators = data.draw(st.sampled_from([None, (",", ":"), (" ,\t", "  : ")]))
        lines.append(json.dumps(row, ensure_ascii=data.draw(st.booleans()), separators=separators).encode())
        rows.append(row)
    end = data.draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    content = end.join(lines) + data.draw(st.sampled_from([b"", end]))
    changes = []
    for row in rows:
        to = data.draw(st.sampled_from([None, *CLASSES]))
        if to is not None and to != row["label"]:
            changes.append(change(row["path"], row["label"], to))
    done = result(folder, content, *changes, name="labels.jsonl")
    new = {one.image_id: one.new for one in changes}
    expected = [{**row, "label": new.get(row["path"], row["label"])} for row in rows]
    assert [json.loads(line) for line in done.split(b"\n") if line.strip()] == expected
    assert [list(json.loads(line)) for line in done.split(b"\n") if line.strip()] == [list(row) for row in rows]


# -- formats -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"path,label\na.jpg,cat\nb.jpg,cat\n", b"path,label\na.jpg,dog\nb.jpg,cat\n"),
        (b"\xef\xbb\xbfPath;Class\r\na.jpg;cat", b"\xef\xbb\xbfPath;Class\r\na.jpg;dog"),
        (b'label\tn\timage\r"cat"\t"1\n"\t"a.jpg"\r', b'label\tn\timage\r"dog"\t"1\n"\t"a.jpg"\r'),
        (b"# by hand, 2021\n\nid,label\na.jpg , cat \n", b"# by hand, 2021\n\nid,label\na.jpg , dog \n"),
        (b'path,label\n"a.jpg"," cat "\n', b'path,label\n"a.jpg"," dog "\n'),
        (b"a.jpg cat\nx y.jpg cat", b"a.jpg dog\nx y.jpg cat"),
        (b"  a.jpg \t cat  \r\n", b"  a.jpg \t dog  \r\n"),
        (b"cat a.jpg\ncat b.jpg\n", b"dog a.jpg\ncat b.jpg\n"),
        (b"a.jpg 0\nb.jpg 3\n", b"a.jpg 1\nb.jpg 3\n"),
        (b"a.jpg,0.0\nb.jpg,3.0\n", b"a.jpg,1.0\nb.jpg,3.0\n"),
        (b"./a.jpg,cat\n", b"./a.jpg,dog\n"),
        (b'{"x": {"label": 0}, "label": "cat", "id": "a.jpg"}', b'{"x": {"label": 0}, "label": "dog", "id": "a.jpg"}'),
        (b'{"id": "a.jpg", "label": 0}\n\n{"id": "b.jpg"}', b'{"id": "a.jpg", "label": 1}\n\n{"id": "b.jpg"}'),
    ],
)  # fmt: skip
def test_one_label_changes_and_nothing_else(before: bytes, after: bytes, tmp_path: Path) -> None:
    assert result(tmp_path, before, change("a.jpg")) == after


@pytest.mark.parametrize(
    ("new", "cell"),
    [
        ("a,b;c\td|e", '"a,b;c\td|e"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        ("red fox", "red fox"),
    ],
)
def test_a_label_is_put_in_quotes_only_where_it_must(new: str, cell: str, tmp_path: Path) -> None:
    assert (
        result(tmp_path, b"a.jpg,cat\nb.jpg,cat\n", change("a.jpg", "cat", new))
        == f"a.jpg,{cell}\nb.jpg,cat\n".encode()
    )


def test_a_json_file_in_ascii_stays_so(tmp_path: Path) -> None:
    line = b'{"path": "a.jpg", "label": "cat"}\n'
    assert b'"K\\u00e4tzchen' in result(tmp_path, line, change("a.jpg", new=CLASSES[-1]), name="a.jsonl")


def test_numbers_are_translated_by_the_classes_of_the_patch_only_where_no_name_says_so(tmp_path: Path) -> None:
    digits = ("0", "2", "1")  # the class named 2 has the number 1
    assert result(tmp_path, b"a.jpg,0\nb.jpg,1\n", change("a.jpg", "0", "2"), classes=digits) == b"a.jpg,2\nb.jpg,1\n"
    unknown = applied(tmp_path / "..", b"a.jpg,8\n", change("a.jpg"), name=f"{tmp_path.name}/l.csv")
    assert "its label is '8', not 'cat'" in str(unknown.left[0])


def test_names_are_found_as_the_reader_of_lists_finds_them(tmp_path: Path) -> None:
    top = tmp_path.as_posix()
    for i, (name, more) in enumerate(
        {
            f"{top}/k/a.jpg": {},
            "k\\a.jpg": {},
            "k//a.jpg": {},
            "k/a": {"suffix": ".jpg"},
            "set/k/a.jpg": {"root": "set"},
            "/data/set/k/a.jpg": {"root": "/data/set/"},
        }.items()
    ):
        folder = tmp_path / "k" / str(i)
        folder.mkdir(parents=True)
        path = tmp_path / f"{i}.csv"
        path.write_text(f"path,label\n{name},cat\n")
        done = apply_patch(patch(change("k/a.jpg")), path, out=None, reading=Reading(**more))
        assert done.relabelled == 1 and done.left == (), name


def test_columns_can_be_named(tmp_path: Path) -> None:
    content = b"n,label,kind\na,x,cat\n"
    assert result(tmp_path, content, change("a"), image="n", label="kind") == b"n,label,kind\na,x,dog\n"
    (tmp_path / "m").mkdir()
    (tmp_path / "n").mkdir()
    assert result(tmp_path / "m", b"a,0\nb,0\n", change("a"), image="0", label="1") == b"a,1\nb,0\n"
    with pytest.raises(BadInput, match="has no column 'nix' – wanted: one of n, label, kind"):
        applied(tmp_path / "n", content, change("a"), image="nix")


def test_a_delimiter_can_be_named_where_the_rows_are_of_all_lengths(tmp_path: Path) -> None:
    content = b"x.jpg;cat\n\n# a.jpg\na.jpg;cat;more\nb\n"
    with pytest.raises(BadInput, match="none is an image file"):
        applied(tmp_path, content, change("a.jpg"))
    assert result(tmp_path, content, change("a.jpg"), delimiter="semicolon") == content.replace(
        b"a.jpg;cat", b"a.jpg;dog"
    )


def test_a_second_column_that_says_the_class_is_told(tmp_path: Path) -> None:
    done = applied(tmp_path, b"path,class_name,class_id\na,cat,0\n", change("a"))
    assert done.notes == ("only the column 'class_name' is changed; 'class_id' may say the class too",)


# -- what is not done ----------------------------------------------------------------------------------------------
def test_every_change_that_cannot_be_made_is_listed_with_its_reason(tmp_path: Path) -> None:
    changes = [
        change("gone.jpg"),
        change("twice.jpg"),
        change("other.jpg"),
        change("done.jpg"),
        change("short.jpg"),
        change("one", path="same.jpg"),
        change("two", path="same.jpg"),
        change("fine.jpg"),
        change("marked.jpg", new="cat", action="mark", verdict="none_fits"),
        change("marked.png", new="cat", action="mark", verdict="none_fits"),
    ]
    rows = "twice.jpg,cat\nother.jpg,red fox\ndone.jpg,dog\nshort.jpg\nsame.jpg,cat\nfine.jpg,cat\ntwice.jpg,cat\n"
    content = f"path,label\n{rows}marked.jpg,cat\n".encode()
    done = applied(tmp_path, content, *changes)
    assert [str(one) for one in done.left] == [
        "'gone.jpg': the file does not hold it",
        "'twice.jpg': it stands there 2 times (line 2, 8)",
        "'other.jpg': its label is 'red fox', not 'cat' (line 3)",
        "'done.jpg': it has the new label 'dog' already (line 4)",
        "'short.jpg': its row has no label (line 5)",
        "'one': another image of the patch has the same name (line 6)",
        "'two': another image of the patch has the same name",
        "'marked.png': the file does not hold it",
    ]
    assert (done.relabelled, done.dropped, done.marked) == (1, 0, 1)
    assert (tmp_path / "out").read_bytes() == content.replace(b"fine.jpg,cat", b"fine.jpg,dog")


def test_labels_that_a_file_cannot_hold_are_listed(tmp_path: Path) -> None:
    left = applied(tmp_path, b"a.jpg 0.5\nb.jpg cat\n", change("b.jpg", new="red fox"))
    assert "holds a blank, which this list cannot hold" in str(left.left[0])
    (tmp_path / "out").unlink()
    left = applied(tmp_path, "a.jpg,é\nb.jpg,cat\n".encode("cp1252"), change("b.jpg", new=CLASSES[-1]))
    assert "the file's encoding, iso8859-1, cannot hold 'Kätzchen 猫'" in str(left.left[0])
    (tmp_path / "out").unlink()
    left = applied(tmp_path, b'{"path": "b", "label": 7}\n', change("b", "7", "dog"), classes=("7", "dog"))
    assert "the label is a number here" in str(left.left[0])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("l.csv", b"", "l.csv is empty – wanted: rows with a path and a label"),
        ("l.csv", b"a,b\n1,2\n", "no column names, and none is an image file"),
        ("l.csv", b"path,kind\n1,2\n", "has no label column among path, kind"),
        ("l.csv", b'path,label\na,b\nb,"c\nd,e\n', "line 3: a quote is not closed, or text follows it"),
        ("l.csv", b'path,label\na,b\nb,"c"d\n', "line 3: a quote is not closed, or text follows it"),
        ("l.csv", bytes(range(256)), "is a binary file"),
        ("l.json", b'[\n{"path": "a"}]', "line 1 is no JSON"),
        ("l.json", b"[1]", "line 1 is list – wanted: JSON Lines"),
        ("l.jsonl", b'{"a": 1}', "l.jsonl has no path field among 'a'"),
        ("l.jsonl", b'{"path": 1, "label": 2}\n{', "l.jsonl, line 2 is no JSON"),
    ],
)
def test_what_is_no_label_file_is_a_clear_error(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        applied(tmp_path, content, change("a.jpg"), name=name)
    assert says in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_wrong_or_unknown_encoding_is_a_clear_error(tmp_path: Path) -> None:
    for encoding, says in {
        "nix": "'nix' is not known",
        "ascii": "is not valid ascii",
        "rot13": "'rot13' is not known",
    }.items():
        with pytest.raises(BadInput, match=says):
            applied(tmp_path, "a.jpg,é\n".encode(), change("a.jpg"), encoding=encoding)
    with pytest.raises(NotFoundHere, match="cannot be read: No such file"):
        apply_patch(patch(change("a")), tmp_path / "gone", out=None)


# -- writing -------------------------------------------------------------------------------------------------------
def in_place(path: Path, *changes: Change) -> Applied:
    return apply_patch(patch(*changes, classes=CLASSES), path, out=path)


def listed(folder: Path) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(b"a.jpg,cat\nb.jpg,cat\n")
    return path


def test_in_place_keeps_the_mode_and_the_link_and_two_patches_are_taken_back_in_turn(tmp_path: Path) -> None:
    path = listed(tmp_path)
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    first, second = in_place(link, change("a.jpg")), in_place(path, change("b.jpg", new="", action="drop"))
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640 and path.read_bytes() == b"a.jpg,dog\n"
    assert [made.inverse and made.inverse.name for made in (first, second)] == [
        "labels.csv.inverse.jsonl",
        "labels.csv.inverse.2.jsonl",
    ]
    assert first.inverse and second.inverse
    with pytest.raises(BadInput, match="is not the file that this inverse was written for"):
        revert(first.inverse, path, out=path)
    revert(second.inverse, path, out=path)
    revert(first.inverse, path, out=path)
    assert path.read_bytes() == b"a.jpg,cat\nb.jpg,cat\n" and path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(BadInput, match="is the original already"):
        revert(first.inverse, path, out=path)


def test_the_inverse_holds_the_digests_of_both_files(tmp_path: Path) -> None:
    path = listed(tmp_path)
    before = path.read_bytes()
    done = in_place(path, change("a.jpg"))
    assert done.inverse is not None
    back = read_inverse(done.inverse)
    assert back.original.sha256 == hashlib.sha256(before).hexdigest()
    assert back.changed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [(p.line, p.image_id, p.found, p.restore) for p in back.places] == [(1, "a.jpg", b"dog", b"cat")]


def test_a_damaged_inverse_writes_nothing(tmp_path: Path) -> None:
    path = listed(tmp_path)
    done = in_place(path, change("a.jpg"))
    assert done.inverse is not None
    lines = done.inverse.read_text().splitlines()
    place, now = json.loads(lines[1]), path.read_bytes()
    for broken, says in [
        ({"restore": "b3ds"}, "does not give the original back"),
        ({"at": 2}, "damaged at byte 2"),
        ({"at": -1}, "line 2 says no place"),
        ({"found": "*"}, "line 2 cannot be read"),
        ({"found": None}, "line 2 is not whole"),
    ]:
        done.inverse.write_text(lines[0] + "\n" + json.dumps({**place, **broken}) + "\n")
        with pytest.raises(BadInput, match=says):
            revert(done.inverse, path, out=path)
    done.inverse.write_text(lines[0] + "\n")
    with pytest.raises(BadInput, match="it holds 0 places and says 1"):
        revert(done.inverse, path, out=path)
    assert path.read_bytes() == now


def test_other_files_are_never_overwritten(tmp_path: Path) -> None:
    path = listed(tmp_path)
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(
        BadInput, match=r"mine exists – wanted: a new file – to change the label file itself say --in-place"
    ):
        apply_patch(patch(change("a.jpg")), path, out=tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine" and len(list(tmp_path.iterdir())) == 2


def test_looking_writes_nothing_and_nothing_to_do_changes_nothing(tmp_path: Path) -> None:
    path = listed(tmp_path)
    assert apply_patch(patch(change("a.jpg")), path, out=None).relabelled == 1
    done = in_place(path, change("c.jpg"))
    assert done.out is None and "nothing to change" in done.notes[-1]
    assert [found.name for found in tmp_path.iterdir()] == ["labels.csv"]


def test_a_disk_that_refuses_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = listed(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(labelfile, "write_inverse", full)
    with pytest.raises(
        StoreFailure, match="could not be written: No space left on device – the label file is as it was"
    ):
        in_place(path, change("a.jpg"))
    assert [found.name for found in tmp_path.iterdir()] == ["labels.csv"] and b"dog" not in path.read_bytes()


def test_a_file_that_somebody_else_changes_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = listed(tmp_path)
    write = labelfile.write_inverse

    def meanwhile(*arguments: Any) -> None:
        write(*arguments)
        path.write_bytes(b"theirs")

    monkeypatch.setattr(labelfile, "write_inverse", meanwhile)
    with pytest.raises(BadInput, match="changed by somebody else meanwhile"):
        in_place(path, change("a.jpg"))
    assert path.read_bytes() == b"theirs" and [found.name for found in tmp_path.iterdir()] == ["labels.csv"]


@pytest.mark.parametrize("when", ["the inverse is written", "the file is synced", "the file is replaced"])
def test_a_killed_process_leaves_the_old_file_or_the_new_one(when: str, tmp_path: Path) -> None:
    """The process ends without any clean-up at that point of its writing."""
    path = listed(tmp_path)
    write_patch(tmp_path / "patch.jsonl", patch(change("a.jpg")))
    target, do = {
        "the inverse is written": ("analysis.review.labelfile.write_inverse", "os._exit(9)"),
        "the file is synced": ("os.fsync", "os._exit(9)"),
        "the file is replaced": (
            "pathlib.Path.replace",
            "os._exit(9) if a[1].name == 'labels.csv' else os.replace(*a)",
        ),
    }[when]
    code = (
        "import os, sys; from unittest import mock\n"
        "from analysis.review.labelfile import apply_patch; from analysis.review.patchfile import read_patch\n"
        f"read = read_patch({str(tmp_path / 'patch.jsonl')!r})\n"
        f"with mock.patch({target!r}, lambda *a: {do}): apply_patch(read, {str(path)!r}, out={str(path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 9 and path.read_bytes() == b"a.jpg,cat\nb.jpg,cat\n"
    again = in_place(path, change("a.jpg"))
    assert again.relabelled == 1 and again.inverse is not None
    assert revert(again.inverse, path, out=None).exact


# -- taking back by name -------------------------------------------------------------------------------------------
def test_a_patch_is_taken_back_by_name_in_a_file_that_changed_since(tmp_path: Path) -> None:
    path = listed(tmp_path)
    changes = patch(change("a.jpg"), change("b.jpg", new="", action="drop"))
    write_patch(tmp_path / "patch.jsonl", changes)
    write_patch(tmp_path / "inverse.jsonl", inverse(changes))
    for i, name in enumerate(("patch.jsonl", "inverse.jsonl")):
        path.write_bytes(b"a.jpg,dog\nnew.jpg,dog\n")
        done = revert(tmp_path / name, path, out=tmp_path / f"back{i}")
        assert (tmp_path / f"back{i}").read_bytes() == b"a.jpg,cat\nnew.jpg,dog\n" and not done.exact
        assert [str(one) for one in done.left] == ["'b.jpg': it was dropped: its line stands only in the exact inverse"]
