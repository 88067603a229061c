"""The commands apply, revert, merge and import-decisions: what they write, print and exit with."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from analysis.review.decisions import DecisionStore
from analysis.review.patch import Change, inverse
from analysis.review.patchfile import read_patch, write_patch
from tests.cli.test_cli import fail, run
from tests.factory import make_workspace
from tests.review.patches import change, patch

LIST = b'path;label\r\na.jpg;cat\r\nb.jpg;cat\nc.jpg;"cat"\r\nd.jpg;fox'
NASTY = "\x1b[31mred\x07\u202e\n.jpg"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(LIST)
    return path


def put(folder: Path, *changes: Change, name: str = "patch.jsonl") -> Path:
    write_patch(folder / name, patch(*changes))
    return folder / name


def test_apply_and_revert_in_place_give_the_old_bytes_back(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(labels.parent, change("a.jpg"), change("c.jpg"), change("d.jpg", "fox", "", action="drop"))
    assert run("apply", path, labels, "--in-place") == 0
    said = capsys.readouterr().out
    assert "2 labels changed, 1 rows dropped" in said
    assert labels.read_bytes() == b'path;label\r\na.jpg;dog\r\nb.jpg;cat\nc.jpg;"dog"'
    back = labels.with_name("labels.csv.inverse.jsonl")
    assert f"exact inverse: {back}" in said
    assert run("revert", back, labels, "--in-place") == 0
    assert "the original, byte for byte (3 places, SHA-256 checked)" in capsys.readouterr().out
    assert labels.read_bytes() == LIST


def test_what_is_not_touched_is_listed_and_the_exit_code_says_so(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(labels.parent, change("a.jpg"), change("d.jpg"), change(NASTY))
    out = labels.with_name("new.csv")
    assert run("apply", path, labels, "--out", out, "--report", labels.with_name("left.txt")) == 3
    said = capsys.readouterr().out
    assert "not touched (2):" in said and "'d.jpg': its label is 'fox', not 'cat' (line 5)" in said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", said) and "\\x1b[31mred\\x07" in said
    assert len(labels.with_name("left.txt").read_text().splitlines()) == 2
    assert out.read_bytes() == LIST.replace(b"a.jpg;cat", b"a.jpg;dog") and labels.read_bytes() == LIST


def test_a_long_list_is_cut_on_the_terminal_and_whole_in_the_report(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(labels.parent, *(change(f"gone{i}.jpg") for i in range(50)))
    assert run("apply", path, labels, "--dry-run") == 3
    said = capsys.readouterr().out
    assert said.count("gone") == 20 and "… and 30 more; all of them with --report FILE" in said
    assert run("apply", path, labels, "--dry-run", "--report", labels.with_name("r")) == 3
    assert labels.with_name("r").read_text().count("gone") == 50
    assert "r exists – wanted: a new file" in fail(
        capsys, "apply", path, labels, "--dry-run", "--report", labels.with_name("r")
    )


def test_a_dry_run_writes_nothing(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(labels.parent, change("a.jpg"))
    before = sorted(labels.parent.iterdir())
    assert run("apply", path, labels, "--dry-run") == 0
    assert "1 labels would be changed, 0 rows would be dropped" in capsys.readouterr().out
    assert sorted(labels.parent.iterdir()) == before and labels.read_bytes() == LIST


def test_a_patch_is_reverted_by_name_and_a_dropped_line_is_listed(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(labels.parent, change("a.jpg"), change("d.jpg", "fox", "", action="drop"))
    new = labels.with_name("new.csv")
    run("apply", path, labels, "--out", new)
    capsys.readouterr()
    assert run("revert", path, new, "--in-place") == 3
    said = capsys.readouterr().out
    assert "set back by name" in said and "its line stands only in the exact inverse" in said
    assert new.read_bytes() == LIST.removesuffix(b"\r\nd.jpg;fox")


def test_columns_and_spelling_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes("set/a|1|K\xe4se|x|0\n".encode("cp1252"))
    options = ["--id-column", 0, "--label-column", 4, "--delimiter", "pipe", "--encoding", "cp1252"]
    changes = put(tmp_path, change("a.jpg"))
    assert run("apply", changes, path, "--in-place", *options, "--root", "set", "--suffix", ".jpg") == 0
    assert path.read_bytes() == "set/a|1|K\xe4se|x|1\n".encode("cp1252")


def test_errors_are_one_line_and_nothing_is_written(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(labels.parent, change("a.jpg"))
    out = labels.with_name("out")
    assert "is required" in fail(capsys, "apply", path, labels)
    assert "not allowed with" in fail(capsys, "apply", path, labels, "--in-place", "--out", out)
    assert "cannot be opened" in fail(capsys, "apply", labels.with_name("gone"), labels, "--in-place")
    assert "cannot be read: No such file" in fail(capsys, "apply", path, labels.with_name("gone"), "--in-place")
    assert "has no column 'x'" in fail(capsys, "apply", path, labels, "--out", out, "--id-column", "x")
    assert "line 1 cannot be read" in fail(capsys, "apply", labels, labels, "--in-place")
    assert "exists – wanted: a new file" in fail(capsys, "apply", path, labels, "--out", path)
    assert "could not be written" in fail(capsys, "apply", path, labels, "--out", labels / "in" / "a-file")
    assert "could not be written" in fail(capsys, "merge", path, "--out", labels / "below")
    assert sorted(found.name for found in labels.parent.iterdir()) == ["labels.csv", "patch.jsonl"]
    assert labels.read_bytes() == LIST


def test_no_control_character_of_a_file_reaches_the_terminal(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels.write_text("path,\x1b[31mkind\u202e\na,b\n")
    line = fail(capsys, "apply", put(labels.parent, change("a")), labels, "--dry-run")
    assert "\\x1b[31mkind\\u202e" in line and "\x1b" not in line


def test_merge_lists_conflicts_and_writes_the_rest_only_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = put(tmp_path, change("a.jpg"), change("b.jpg"), name="ada")
    bob = put(tmp_path, change("a.jpg", new="fox"), change("c.jpg"), name="bob")
    out = tmp_path / "all.jsonl"
    assert run("merge", ada, bob, "--out", out) == 3
    said = capsys.readouterr().out
    assert "'a.jpg': the results differ" in said and "nothing was written" in said and not out.exists()
    assert run("merge", ada, bob, "--out", out, "--leave-out-conflicts") == 3
    assert [one.image_id for one in read_patch(out).changes] == ["b.jpg", "c.jpg"]
    assert run("merge", ada, out, "--out", tmp_path / "more") == 0
    assert "3 changes of 2 patches" in capsys.readouterr().out
    assert "exists" in fail(capsys, "merge", ada, bob, "--out", out)
    write_patch(tmp_path / "back", inverse(patch(change("a.jpg"))))
    assert "an inverse, or the other way round" in fail(
        capsys, "merge", ada, tmp_path / "back", "--out", tmp_path / "x"
    )


def test_import_decisions_books_once_and_lists_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "w")
    rows = ["image_id,label,verdict", "train/00000,,none_fits", "train/00001,,unsure", f"{NASTY!r},,unsure"]
    (tmp_path / "in.csv").write_text("\n".join(rows), encoding="utf-8")
    arguments = ["import-decisions", workspace.path, tmp_path / "in.csv"]
    assert "2 lines of in.csv do not say who decided – wanted: --reviewer NAME" in fail(capsys, *arguments)
    assert run(*arguments, "--reviewer", "Ada", "--dry-run") == 3
    assert "2 decisions would be booked (1 × none_fits, 1 × unsure) by 'Ada'" in capsys.readouterr().out
    assert run(*arguments, "--reviewer", "Ada") == 3
    said = capsys.readouterr().out
    assert "not brought in (1):\n  line 4:" in said and "\x1b" not in said
    run(*arguments, "--reviewer", "Ada")
    with DecisionStore(workspace.review_url) as store:
        assert store.count() == 2 and set(store.current()["reviewer"]) == {"Ada"}


def test_decisions_go_into_the_named_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(tmp_path / "w")
    (tmp_path / "in.csv").write_text("image_id,verdict\ntrain/00000,unsure\n")
    named = ["--database", f"sqlite:///{tmp_path / 'team.sqlite'}", "--format", "csv", "--reviewer", "Ada"]
    assert run("import-decisions", workspace.path, tmp_path / "in.csv", *named) == 0
    assert (tmp_path / "team.sqlite").exists() and not (workspace.path / "review.sqlite").exists()


def test_a_patch_exported_here_is_brought_into_a_copy_of_the_workspace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "w")
    shutil.copytree(workspace.path, tmp_path / "copy")
    given = workspace.dataset().classes[workspace.dataset().given[0]]
    row = {"data": {"image_id": "train/00000", "given": given}, "annotations": [{"result": [], "completed_by": 4}]}
    (tmp_path / "tasks.json").write_text(json.dumps([row]))
    assert run("import-decisions", workspace.path, tmp_path / "tasks.json") == 0
    assert run("export", workspace.path, "--format", "patch", "--out", tmp_path / "out") == 0
    assert run("import-decisions", tmp_path / "copy", tmp_path / "out" / "patch.jsonl") == 0
    assert "1 decision booked (1 × none_fits) by 'Label Studio user 4'" in capsys.readouterr().out
