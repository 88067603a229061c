"""The label patch: read as it was written, taken back, merged without a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from analysis.base.errors import BadInput, NewerFormat, NotFoundHere, Refused
from analysis.review import patchfile
from analysis.review.patch import Change, Patch, Said, inverse, merge
from analysis.review.patchfile import is_patch, read_patch, write_patch
from tests.review.patches import NASTY, any_patch, change, patch


def stored(folder: Path, one: Patch | None = None) -> Path:
    path = folder / "patch.jsonl"
    write_patch(path, one or patch(change("a.png"), change("b.png", "dog", "", action="drop")))
    return path


def damaged(folder: Path, number: int, **changes: Any) -> Path:
    """A stored patch whose line `number` says something else."""
    path = stored(folder)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = json.dumps({**json.loads(lines[number - 1]), **changes})
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


# -- reading and writing -------------------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(one=any_patch())
def test_a_patch_is_read_as_it_was_written(one: Patch, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "patch.jsonl"
    write_patch(path, one)
    assert read_patch(path) == one and is_patch(path)
    write_patch(path, inverse(one))
    assert inverse(read_patch(path)) == one


def test_every_change_is_one_line_whatever_is_in_the_names(tmp_path: Path) -> None:
    changes = [change(name, NASTY[0], NASTY[1], note=name) for name in NASTY]
    lines = stored(tmp_path, patch(*changes, classes=tuple(NASTY))).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(NASTY)
    assert [json.loads(line)["image_id"] for line in lines[1:]] == NASTY


def test_a_patch_with_a_mark_of_order_and_blank_lines_is_read(tmp_path: Path) -> None:
    path = stored(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert [one.image_id for one in read_patch(path).changes] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("number", "changes", "says"),
    [
        (1, {"format": "other"}, "is no label patch – wanted: a first line with the format lookalike-label-patch"),
        (1, {"counts": None}, "line 1 is no whole header"),
        (1, {"counts": {"changes": 3}}, "is damaged: it holds 2 changes and says 3"),
        (1, {"direction": "up"}, "line 1 has the direction 'up'"),
        (1, {"classes": ["cat", "cat"]}, "line 1 names a class twice"),
        (1, {"classes": ["cat", 7]}, "line 1: classes is int – wanted: text"),
        (1, {"classes": ["cat", "fox"]}, "line 2 has the label 'dog' – wanted: a class of the first line"),
        (2, {"action": "restore"}, "line 2 has the action 'restore' – wanted: relabel or drop or mark"),
        (2, {"action": ["drop"]}, "line 2 has the action"),
        (2, {"image_id": ""}, "line 2 names no image"),
        (2, {"image_id": None}, "line 2: image_id is NoneType – wanted: text"),
        (2, {"image_id": "b.png"}, "line 3 changes 'b.png', and so does line 2 – wanted: every image once"),
        (2, {"old": ""}, "line 2 has the label '' – wanted: a class of the first line"),
        (2, {"new": "cat"}, "line 2: relabel from 'cat' to 'cat'"),
        (2, {"action": "mark"}, "line 2: mark from 'cat' to 'dog'"),
        (2, {"labels": "dog"}, "line 2: labels is no list"),
        (2, {"excluded": "yes"}, "line 2: excluded is yes – wanted: true or false"),
        (2, {"suspicion": 2}, "line 2: the suspicion is 2 – wanted: a number in 0..1"),
        (2, {"path": "\ud800"}, "line 2: path holds half a character"),
        (2, {"others": [3]}, "line 2: others is no list of objects"),
        (3, {"new": "cat"}, "line 3: drop from 'dog' to 'cat'"),
    ],
)
def test_what_is_wrong_with_a_patch_is_said_by_line(
    tmp_path: Path, number: int, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput) as error:
        read_patch(damaged(tmp_path, number, **changes))
    assert says in str(error.value)


def test_lines_that_are_no_json_objects_are_refused(tmp_path: Path) -> None:
    path = stored(tmp_path)
    whole = path.read_bytes()
    for broken in (b"{", b"[1]", b'{"a": NaN}', b"\xff", b"[" * 100_000, b"1" * 5_000):
        path.write_bytes(whole + broken + b"\n")
        with pytest.raises(BadInput, match=r"patch.jsonl, line 4 "):
            read_patch(path)
    path.write_bytes(whole[:-40])
    with pytest.raises(BadInput, match=r"patch.jsonl, line 3 cannot be read"):
        read_patch(path)
    path.write_bytes(b"")
    with pytest.raises(BadInput, match="is empty"):
        read_patch(path)
    with pytest.raises(NotFoundHere, match="cannot be opened: No such file"):
        read_patch(tmp_path / "gone")


def test_a_newer_patch_and_hostile_sizes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NewerFormat, match=r"newer version \(patch version 2\) – wanted: version 1 or older"):
        read_patch(damaged(tmp_path, 1, version=2))
    with pytest.raises(Refused, match="line 2: note has 5,000 characters"):
        read_patch(damaged(tmp_path, 2, note="x" * 5_000))
    monkeypatch.setattr(patchfile, "MAX_LINE", 1 << 12)
    with pytest.raises(Refused, match="line 2 is longer than"):
        read_patch(damaged(tmp_path, 2, reason="x" * 5_000))


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na,lookalike-label-patch\n")
    assert not is_patch(tmp_path / "list.csv") and not is_patch(tmp_path / "gone")
    with pytest.raises(BadInput, match="line 1 cannot be read"):
        read_patch(tmp_path / "list.csv")


# -- inverse -------------------------------------------------------------------------------------------------------
def test_the_inverse_turns_every_action_round() -> None:
    one = patch(change("a"), change("b", "dog", "", action="drop"), change("c", "fox", "fox", action="mark"))
    back = inverse(one)
    assert [(c.action, c.old, c.new) for c in back.changes] == [
        ("relabel", "dog", "cat"),
        ("restore", "", "dog"),
        ("unmark", "fox", "fox"),
    ]
    assert back.direction == "inverse" and inverse(back) == one


# -- merge ---------------------------------------------------------------------------------------------------------
def test_patches_of_different_images_are_joined_in_order() -> None:
    merged, conflicts = merge([patch(change("b")), patch(change("a"), change("c"))])
    assert [c.image_id for c in merged.changes] == ["b", "a", "c"] and not conflicts
    assert merged.fingerprint == "f" and [p["changes"] for p in merged.about["merged_from"]] == [1, 2]


def test_equal_changes_become_one_that_names_everybody() -> None:
    ada, bob = change("a", reviewer="ada", note="sure"), change("a", reviewer="bob", suspicion=0.5)
    merged, conflicts = merge([patch(ada), patch(bob), patch(ada)])
    assert not conflicts and len(merged.changes) == 1
    assert merged.changes[0].reviewer == "ada" and merged.changes[0].others == (Said("bob", "", ""),)
    again, _ = merge([merged, patch(bob)])
    assert again.changes == merged.changes


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (change("a", new="fox"), "the results differ"),
        (change("a", new="", action="drop"), "the results differ"),
        (change("a", new="cat", action="mark"), "the results differ"),
        (change("a", excluded=True), "the results differ"),
        (change("a", old="fox"), "the label before is not the same"),
    ],
)
def test_what_excludes_each_other_is_listed_and_left_out_whole(other: Change, problem: str) -> None:
    three = [patch(change("a"), change("b")), patch(other), patch(change("a"))]
    merged, conflicts = merge(three, ["one", "two", "three"])
    assert [c.image_id for c in merged.changes] == ["b"]
    assert [(c.image_id, c.problem, [name for name, _ in c.changes]) for c in conflicts] == [
        ("a", problem, ["one", "two", "three"])
    ]
    assert "one: 'cat' to 'dog'; two:" in str(conflicts[0]) and merged.about["conflicts_left_out"] == 1


def test_the_order_of_several_labels_is_no_conflict() -> None:
    pair = {"old": "cat", "new": "cat", "action": "mark", "verdict": "several"}
    one, two = change("a", labels=("cat", "dog"), **pair), change("a", labels=("dog", "cat"), **pair)
    assert merge([patch(one), patch(two)])[1] == []


def test_patches_that_mean_something_else_are_refused() -> None:
    with pytest.raises(BadInput, match="patch 1 and patch 2 are of data sets with other classes: 'owl' is a class of"):
        merge([patch(change("a")), patch(change("b"), classes=("cat", "dog", "fox", "owl"))])
    with pytest.raises(BadInput, match="the classes stand in another order"):
        merge([patch(change("a")), patch(change("b"), classes=("dog", "cat", "fox"))])
    with pytest.raises(BadInput, match="is a patch and patch 2 an inverse"):
        merge([patch(change("a")), inverse(patch(change("a")))])
    with pytest.raises(BadInput, match="nothing to merge"):
        merge([])


def test_another_version_of_the_data_set_is_said_in_the_header() -> None:
    merged, _ = merge([patch(change("a")), patch(change("b"), fingerprint="g")])
    assert merged.fingerprint == "" and merged.about["fingerprints"] == ["f", "g"]


@settings(max_examples=40, deadline=None)
@given(one=any_patch())
def test_merging_a_patch_with_itself_changes_nothing(one: Patch) -> None:
    merged, conflicts = merge([one, one])
    assert not conflicts and {c.image_id: c.result for c in merged.changes} == {
        c.image_id: c.result for c in one.changes
    }
