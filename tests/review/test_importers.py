"""Decisions brought in from files: what each format says, and that nothing is booked twice or guessed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.base.errors import BadInput, NotFoundHere
from analysis.review.apply import ExportPolicy
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import write_export
from analysis.review.gather import gather
from analysis.review.importer import IMPORTERS, class_numbers, seconds_of
from analysis.review.importing import ImportReport, import_file
from analysis.review.patch import Patch, Said, merge
from analysis.review.patchfile import read_patch, write_patch
from analysis.runs.workspace import Workspace
from tests.factory import HOSTILE, make_workspace
from tests.review.helpers import decision
from tests.review.patches import change, patch

NAMES = ["=1+1", 'say "hi", you', "ünïcødé 猫", " 'tis ", HOSTILE]
PLAIN = ["cat", "dog", "fox", "owl", "elk"]
NOTE = 'a note, "with" =1+1\nand a line'
VERDICTS = ("relabel", "keep", "several", "none_fits", "unsure")


class Place:
    """A workspace with an open store; images 0, 1, 2 … are given as class 0, 1, 2 … 4, 0 … where nothing is planted."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.workspace: Workspace = make_workspace(folder, names=names)
        self.dataset = self.workspace.dataset()
        self.ids = self.dataset.table["image_id"].tolist()
        self.given = [names[k] for k in self.dataset.given]
        self.other = [names[(k + 1) % len(names)] for k in self.dataset.given]
        self.store = DecisionStore(self.workspace.review_url)
        self.folder = folder

    def bring(self, path: Path, **more: Any) -> ImportReport:
        return import_file(self.workspace, self.store, path, **more)

    def table(self, *rows: list[str], name: str = "in.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)
        return path

    def stored(self, content: object) -> Path:
        path = self.folder / "in.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def said(self) -> list[tuple[str, str, str]]:
        current = self.store.current()
        return list(zip(current["image_id"], current["verdict"], current["new_label"], strict=True))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "w", PLAIN)
    yield made
    made.store.close()


def judge(place: Place) -> None:
    """Book every verdict and a mark, with hostile notes."""
    decisions = []
    for i, verdict in enumerate([*VERDICTS, "skip", "exclude", "relabel", "keep"] * 2):
        new = {"relabel": place.other[i], "several": f"{place.given[i]}\v{place.other[i]}"}.get(verdict)
        said = {"given": place.given[i], "suggested": place.other[i], "new_label": new, "note": NOTE}
        decisions.append(decision(i, place.ids[i], verdict, **said))
    decisions.append(decision(99, place.ids[0], "exclude", given=place.given[0], suggested=""))
    place.store.book(decisions)


def labels_of(place: Place, **policy: str) -> pd.DataFrame:
    return gather(place.workspace, place.store, policy=ExportPolicy.model_validate(policy)).labels


# -- our own exports -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "file"), [("csv", "labels.csv"), ("patch", "patch.jsonl"), ("cleanlab", "label_issues.csv")]
)
def test_our_own_export_gives_a_fresh_workspace_the_same_labels(name: str, file: str, tmp_path: Path) -> None:
    here, there = Place(tmp_path / "here", NAMES), Place(tmp_path / "there", NAMES)
    judge(here)
    export = gather(here.workspace, here.store, policy=ExportPolicy(excluded="keep"))
    report = there.bring(write_export(export, name, tmp_path / name) / file, reviewer="ada")
    assert report.problems == [] and report.booked == report.words
    mine, theirs = (labels_of(one, excluded="keep") for one in (here, there))
    columns = ["image_id", "label", "labels", "excluded"]
    if name != "patch":  # a patch holds what changes: neither kept labels nor doubts
        columns.append("status")
        assert set(theirs["status"]) >= {"relabelled", "kept", "several", "none_fits", "unsure", "skipped"}
    pd.testing.assert_frame_equal(mine[columns], theirs[columns])
    pd.testing.assert_frame_equal(labels_of(here)[["image_id", "label"]], labels_of(there)[["image_id", "label"]])
    here.store.close()
    there.store.close()


def test_five_verdicts_survive_export_and_import_with_who_when_and_why(tmp_path: Path) -> None:
    here, there = Place(tmp_path / "here", NAMES), Place(tmp_path / "there", NAMES)
    judge(here)
    folder = write_export(gather(here.workspace, here.store), "csv", tmp_path / "out")
    there.bring(folder / "labels.csv", reviewer="ada")
    before, after = (one.store.current().set_index("image_id") for one in (here, there))
    alive = after.index.difference(here.store.excluded()["image_id"])
    assert set(after.loc[alive, "verdict"]) >= set(VERDICTS)
    for name in ("verdict", "given", "new_label", "reviewer"):
        assert after.loc[alive, name].tolist() == before.loc[alive, name].tolist(), name
    changed = after.index[after["verdict"].isin(["relabel", "several", "none_fits"])]
    for name in ("note", "suggested", "decided_at"):
        assert after.loc[changed, name].tolist() == before.loc[changed, name].tolist(), name
    assert set(there.store.excluded()["image_id"]) == set(here.store.excluded()["image_id"])
    assert set(there.store.log()["mode"]) == {"import"}
    here.store.close()
    there.store.close()


def test_label_studio_gets_our_labels_there_and_back(tmp_path: Path) -> None:
    here, there = Place(tmp_path / "here", PLAIN), Place(tmp_path / "there", PLAIN)
    judge(here)
    folder = write_export(gather(here.workspace, here.store), "label_studio", tmp_path / "out")
    report = there.bring(folder / "tasks.json", reviewer="ada")
    assert report.problems == [] and report.silent["tasks without an annotation"] > 50
    kept = labels_of(here).query("status in ('relabelled', 'kept', 'several', 'none_fits')")
    found = labels_of(there).set_index("image_id").loc[kept["image_id"]]
    assert found["status"].tolist() == kept["status"].tolist() and len(kept) >= 8
    assert found["label"].tolist() == kept["label"].tolist() and found["labels"].tolist() == kept["labels"].tolist()
    here.store.close()
    there.store.close()


# -- booked once ---------------------------------------------------------------------------------------------------
def test_the_same_file_twice_books_nothing_twice(place: Place) -> None:
    path = place.table(["image_id", "label"], [place.ids[0], place.other[0]], [place.ids[1], place.other[1]])
    first = place.bring(path, reviewer="ada")
    before = place.store.count()
    again = place.bring(path, reviewer="bob")
    assert (first.booked, again.booked, again.again) == (2, 0, 2) and place.store.count() == before == 2
    assert "2 booked from this file before" in again.summary()


def test_looking_first_books_nothing_and_says_the_same(place: Place) -> None:
    path = place.table(["image_id", "label"], [place.ids[0], place.other[0]], ["gone", "cat"])
    looked = place.bring(path, reviewer="ada", dry_run=True)
    assert place.store.count() == 0 and "1 decision would be booked (1 × relabel) by 'ada'" in looked.summary()
    done = place.bring(path, reviewer="ada")
    assert (looked.booked, looked.problems) == (done.booked, done.problems) and place.store.count() == 1


def test_what_was_undone_after_an_import_stays_undone(place: Place) -> None:
    path = place.table(["image_id", "label"], [place.ids[0], place.other[0]])
    place.bring(path, reviewer="ada")
    session = place.store.log()["session"][0]
    place.store.book([decision(9, place.ids[0], "undo", undoes=2, session=session, given=place.given[0])])
    assert place.said() == []
    place.bring(path, reviewer="ada")
    assert place.said() == []


def test_an_older_word_never_overrides_a_newer_one_of_the_same_person(place: Place) -> None:
    said = {"given": place.given[0], "suggested": "", "decided_at": 2_000.0}
    place.store.book([decision(1, place.ids[0], "none_fits", **said)])
    header = ["image_id", "label", "reviewer", "decided_at"]
    old = place.table(header, [place.ids[0], place.other[0], "ada", "1999"], [place.ids[0], place.other[0], "bob", "1"])
    report = place.bring(old)
    assert (report.booked, report.known) == (1, 1)
    assert place.said() == [(place.ids[0], "none_fits", ""), (place.ids[0], "relabel", place.other[0])]
    new = place.table(header, [place.ids[0], place.other[0], "ada", "1970-01-01T01:00:00Z"], name="new.csv")
    assert place.bring(new).booked == 1 and {verdict for _, verdict, _ in place.said()} == {"relabel"}


def test_own_decisions_brought_back_into_their_workspace_are_known(tmp_path: Path) -> None:
    here = Place(tmp_path / "here", NAMES)
    judge(here)
    before = here.store.count()
    folder = write_export(gather(here.workspace, here.store), "patch", tmp_path / "out")
    report = here.bring(folder / "patch.jsonl")
    assert report.booked == 0 and report.known == report.words > 5 and here.store.count() == before
    here.store.close()


def test_more_decisions_than_one_transaction_takes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.review.importing.MAX_BATCH", 7)
    rows = [[image, "none_fits"] for image in place.ids]
    assert place.bring(place.table(["image_id", "verdict"], *rows), reviewer="ada").booked == 120
    assert place.store.count() == 120


# -- plain tables --------------------------------------------------------------------------------------------------
def test_a_plain_table_says_all_verdicts_in_words(place: Place) -> None:
    i, given, other = place.ids, place.given, place.other
    path = place.table(
        ["image_id", "label", "verdict", "note", "excluded", "labels"],
        [i[0], other[0], "", NOTE, "", ""],
        [i[1], given[1], "keep", "", "yes", ""],
        [i[2], "", "none fits", "", "", ""],
        [i[3], "", "neither", "", "", ""],
        [i[4], "", "several", "", "", json.dumps([given[4], other[4]])],
        [i[5], "", "Unsure", "", "", ""],
        [i[6], given[6], "relabel", "", "", ""],
        [i[7], "", "", "", "", ""],
        [i[8], "", "exclude", "", "", ""],
        [i[9], given[9], "", "", "", ""],
    )
    report = place.bring(path, reviewer="ada")
    assert report.problems == []
    assert place.said() == [
        (i[0], "relabel", other[0]),
        (i[1], "keep", ""),
        (i[2], "none_fits", ""),
        (i[3], "none_fits", ""),
        (i[4], "several", f"{given[4]}\v{other[4]}"),
        (i[5], "unsure", ""),
        (i[6], "keep", ""),
    ]
    assert place.store.current()["note"][0] == NOTE.strip() and set(place.store.excluded()["image_id"]) == {i[1], i[8]}
    assert report.silent == {"say nothing": 1, "repeat the given label, and no verdict says that anybody looked": 1}


def test_class_numbers_are_read_where_they_are_no_names(place: Place) -> None:
    row = [place.ids[0], str(PLAIN.index(place.given[0])), str(PLAIN.index(place.other[0]))]
    report = place.bring(place.table(["path", "given_label", "class"], row), reviewer="ada")
    assert report.problems == [] and place.said() == [(place.ids[0], "relabel", place.other[0])]
    assert class_numbers(["0", "1.0"], ["a", "b"]) == {"0": "a", "1.0": "b"}
    assert class_numbers(["0", "1"], ["1", "0"]) == {} == class_numbers(["7", "a"], ["a", "b"])
    assert class_numbers(["0", "1"], ["1", "2"]) == {"0": "1", "1": "2"}


def test_nothing_is_guessed_and_every_line_that_is_not_used_is_listed(place: Place) -> None:
    i, given, other = place.ids, place.given, place.other
    path = place.table(
        ["image_id", "label", "verdict", "given", "reviewer", "decided_at", "labels"],
        ["gone", other[0], "", "", "ada", "", ""],
        [i[0], "unicorn", "", given[0], "ada", "", ""],
        [i[1], other[1], "", other[1], "ada", "", ""],
        [i[2], other[2], "dance", given[2], "ada", "", ""],
        [i[3], other[3], "keep", given[3], "ada", "", ""],
        [i[4], "", "relabel", given[4], "ada", "", ""],
        [i[5], "", "several", given[5], "ada", "", json.dumps([given[5]])],
        [i[6], other[6], "", given[6], "ada", "yesterday", ""],
        [i[7], other[7], "", given[7], "x" * 300, "", ""],
        [i[8], other[8], "", given[8], "ada", "", ""],
        [i[8], "", "none_fits", given[8], "ada", "", ""],
        [i[9], other[9], "", given[9], "ada", "", "[1"],
    )
    report = place.bring(path)
    assert place.store.count() == 0 and report.booked == 0
    assert [str(problem).split(": ", 2)[2][:44] for problem in report.problems] == [
        "there is no such image, or more than one, in",
        "'unicorn' is no class of this data set",
        f"its given label was {other[1]!r} when it was judged"[:44],
        "the verdict 'dance' is not known",
        f"it keeps the given label and names {other[3]!r}",
        "a relabel names one new label, this one 0",
        "several labels fit, but the line names 1",
        "a cell cannot be read: Invalid isoformat str",
        "The reviewer of a decision has 300 character",
        "'ada' says different things of it in the lin",
        "'ada' says different things of it in the lin",
        "a cell cannot be read: Expecting ',' delimit",
    ]
    assert [problem.line for problem in report.problems] == list(range(2, 14))
    assert report.words == len(report.problems) == 12


def test_the_last_word_of_a_person_in_a_file_counts(place: Place) -> None:
    path = place.table(
        ["image_id", "label", "decided_at"],
        [place.ids[0], place.other[0], "2026-01-02"],
        [place.ids[0], place.given[0], "2026-01-01"],
    )
    report = place.bring(path, reviewer="ada")
    assert place.said() == [(place.ids[0], "relabel", place.other[0])] and report.booked == 1


def test_somebody_must_have_said_it(place: Place) -> None:
    path = place.table(["image_id", "label"], [place.ids[0], place.other[0]])
    with pytest.raises(BadInput, match="1 line of in.csv does not say who decided – wanted: --reviewer NAME"):
        place.bring(path)
    assert place.store.count() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "looks like no file of decisions"),
        ("a,b\n1,2\n", "looks like no file of decisions – wanted: one of cleanlab, csv, label_studio, patch"),
        ("image_id,label\nx\n", "line 2 has 1 cells – wanted: 2, as the header"),
        ("image_id,label,label\nx,y,z\n", "two columns of one name"),
        ('image_id,label\nx,"y\n', "line 2: unexpected end of data"),
        ("[", "cannot be read"),
        ("[3]", "task 1 has no data"),
        ('{"format": "lookalike-label-patch"}', "is no whole header"),
    ],
)
def test_files_that_are_none_of_these_are_clear_errors(place: Place, content: str, says: str) -> None:
    path = place.folder / "in"
    path.write_text(content)
    with pytest.raises(BadInput) as error:
        place.bring(path, reviewer="ada")
    assert says in str(error.value)


def test_a_format_can_be_named_and_a_wrong_one_is_refused(place: Place) -> None:
    path = place.table(["image_id", "label"], [place.ids[0], place.other[0]])
    assert place.bring(path, format="csv", reviewer="ada", dry_run=True).format == "csv"
    with pytest.raises(NotFoundHere, match="no importer named 'nix' – wanted: one of cleanlab, csv"):
        place.bring(path, format="nix")
    with pytest.raises(BadInput, match="line 1 cannot be read"):
        place.bring(path, format="patch")
    with pytest.raises(NotFoundHere, match="There is no file"):
        place.bring(path.with_name("gone"))
    assert all(len(spec.reading) > 100 and spec.title for _, spec in IMPORTERS.items())


# -- patches -------------------------------------------------------------------------------------------------------
def put(place: Place, one: Patch) -> Path:
    path = place.folder / "patch.jsonl"
    write_patch(path, one)
    return path


def test_everybody_whom_a_merged_patch_names_has_said_so(place: Place) -> None:
    facts = {"old": place.given[0], "new": place.other[0], "verdict": "relabel"}
    ada, bob = (change(place.ids[0], reviewer=name, **facts) for name in ("ada", "bob"))
    merged, _ = merge([patch(ada, classes=tuple(PLAIN)), patch(bob, classes=tuple(PLAIN))])
    assert merged.changes[0].others == (Said("bob", "relabel", ""),)
    report = place.bring(put(place, merged))
    assert report.reviewers == {"ada": 1, "bob": 1} and len(place.said()) == 2
    assert place.bring(put(place, merged)).again == 2


def test_what_nobody_judged_and_what_takes_back_is_not_brought_in(place: Place) -> None:
    dropped = change(place.ids[0], old=place.given[0], new="", action="drop")
    report = place.bring(put(place, patch(dropped, classes=tuple(PLAIN))), reviewer="ada")
    assert report.words == 0 and report.silent == {"left out because nobody had judged them": 1}
    back = patch(change(place.ids[0], old="cat", new="dog"), classes=tuple(PLAIN), direction="inverse")
    with pytest.raises(BadInput, match="is an inverse: it takes decisions back"):
        place.bring(put(place, back))
    assert read_patch(put(place, back)).direction == "inverse"


# -- Label Studio --------------------------------------------------------------------------------------------------
def task(image: str, *choices: list[str], who: object = 7, **more: Any) -> dict[str, Any]:
    results = [[{"type": "choices", "value": {"choices": names}}] if names else [] for names in choices]
    annotations = [{"result": result, "completed_by": who, "created_at": "2026-01-01T12:00:00Z"} for result in results]
    return {"data": {"image": image, **more}, "annotations": annotations}


def test_ordinary_tasks_are_matched_by_path_or_by_a_name_that_only_one_image_has(place: Place) -> None:
    i, new = place.ids, place.other
    addresses = [
        f"/data/local-files/?d={i[0]}",
        f"https://host/{i[1].replace('/', '%2F')}?x=1",
        i[2],
        f"/data/upload/3/0a1b2c3d-{i[3].split('/')[1]}",
        f"s3://bucket/somewhere/{i[4].split('/')[1]}",
    ]
    report = place.bring(place.stored([task(at, [new[k]]) for k, at in enumerate(addresses)]), reviewer="eve")
    assert report.problems == [] and report.reviewers == {"eve": 5}
    assert place.said() == [(i[k], "relabel", new[k]) for k in range(5)]
    assert place.store.current()["decided_at"].tolist() == [seconds_of("2026-01-01T12:00:00+00:00")] * 5


def test_annotations_are_verdicts_and_predictions_are_not(place: Place) -> None:
    i, given, other = place.ids, place.given, place.other
    skipped = task(i[4], [other[4]])
    skipped["annotations"][0]["was_cancelled"] = True
    predicted = {"data": {"image": i[5]}, "predictions": task(i[5], [other[5]])["annotations"]}
    bare = task(i[6], [])
    boxes = {"data": {"image": i[7]}, "annotations": [{"result": [{"type": "rectanglelabels", "value": {}}]}]}
    tasks = [
        task(i[0], [given[0]], who={"email": "a@b.c", "first_name": "A"}),
        task(i[1], [other[1]], who={"first_name": "Bob", "last_name": "Ray"}),
        task(i[2], [given[2], other[2]]),
        task(i[3], [], given=given[3]),
        skipped,
        predicted,
        bare,
        boxes,
        task("nowhere.jpg", [other[0]]),
    ]
    report = place.bring(place.stored(tasks))
    assert place.said() == [
        (i[0], "keep", ""),
        (i[1], "relabel", other[1]),
        (i[2], "several", f"{given[2]}\v{other[2]}"),
        (i[3], "none_fits", ""),
        (i[4], "skip", ""),
    ]
    assert set(report.reviewers) == {"a@b.c", "Bob Ray", "Label Studio user 7"}
    assert [problem.line for problem in report.problems] == [7, 8, 9]


def test_several_people_known_by_number_only_are_not_given_one_name(place: Place) -> None:
    path = place.stored([task(place.ids[0], [place.other[0]], who=1), task(place.ids[1], [place.other[1]], who=2)])
    assert set(place.bring(path, reviewer="eve").reviewers) == {"Label Studio user 1", "Label Studio user 2"}


def test_a_file_name_that_two_images_have_is_not_guessed(tmp_path: Path) -> None:
    from dataclasses import replace

    from analysis.runs.files import write_table

    made = Place(tmp_path / "w", PLAIN)
    table = made.dataset.table.copy()
    table.loc[[0, 1], "path"] = ["a/same.jpg", "b/same.jpg"]
    write_table(made.workspace.path / "dataset.parquet", table)
    made.dataset = replace(made.dataset, table=table)
    path = made.stored([task("same.jpg", [made.other[0]]), task("b/same.jpg", [made.other[1]])])
    report = made.bring(path, reviewer="eve")
    assert [problem.line for problem in report.problems] == [1]
    assert made.said() == [(made.ids[1], "relabel", made.other[1])]
    made.store.close()


# -- cleanlab ------------------------------------------------------------------------------------------------------
def test_a_machines_suspicions_are_nobodys_decisions(place: Place) -> None:
    path = place.table(
        ["image_id", "is_label_issue", "given_label", "predicted_label"],
        [place.ids[0], "True", place.given[0], place.other[0]],
        [place.ids[1], "False", place.given[1], place.other[1]],
    )
    with pytest.raises(BadInput, match="say --format cleanlab:predicted_label") as error:
        place.bring(path, reviewer="ada")
    assert "holds a machine's suspicions and nobody's decisions" in str(error.value)
    report = place.bring(path, format="cleanlab:predicted_label", reviewer="ada")
    assert place.said() == [(place.ids[0], "relabel", place.other[0])]
    assert report.silent == {"no issue, as the machine says": 1}
    with pytest.raises(BadInput, match="has no column 'nix'"):
        place.bring(path, format="cleanlab:nix", reviewer="ada")


def test_a_clean_label_is_a_decision_only_where_it_differs(place: Place) -> None:
    path = place.table(
        ["image_id", "is_label_issue", "given_label", "clean_label", "predicted_label"],
        [place.ids[0], "True", place.given[0], place.other[0], place.given[0]],
        [place.ids[1], "True", place.given[1], place.given[1], place.other[1]],
        [place.ids[2], "True", place.given[2], "", place.other[2]],
    )
    report = place.bring(path, reviewer="ada")
    assert place.said() == [(place.ids[0], "relabel", place.other[0])]
    assert sum(report.silent.values()) == 2 and report.problems == []


def test_rows_without_names_are_those_of_the_data_set_only_if_their_labels_say_so(place: Place) -> None:
    given = [str(k) for k in place.dataset.given]
    clean = [str(PLAIN.index(place.other[0])), *given[1:]]
    rows = [list(pair) for pair in zip(given, clean, strict=True)]
    report = place.bring(place.table(["given_label", "clean_label"], *rows), reviewer="ada")
    assert place.said() == [(place.ids[0], "relabel", place.other[0])] and report.booked == 1
    for wrong in (rows[:-1], [*rows[1:], rows[0]]):
        with pytest.raises(BadInput, match="names no image, and its"):
            place.bring(place.table(["given_label", "clean_label"], *wrong), reviewer="ada")


def test_a_patch_of_another_data_set_is_refused_and_of_another_version_is_said(place: Place) -> None:
    one = change(place.ids[0], old=place.given[0], new=place.other[0])
    with pytest.raises(BadInput, match="made for a data set with other classes"):
        place.bring(put(place, patch(replace(one, old="owl", new="emu"), classes=("owl", "emu"))))
    report = place.bring(put(place, patch(one, classes=tuple(PLAIN))), dry_run=True)
    assert "note: the patch is of another version of this data set" in report.summary()
