"""The contract of every registered exporter, and what is particular to one."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput, NewerFormat, NotFoundHere, StoreFailure
from analysis.review import exporter as exporter_module
from analysis.review.apply import cleaned
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import EXPORTERS, Export, Returned, new_export, read_export, write_export, zip_export
from analysis.review.exporters.csv import FORMULA, guard, unguard
from analysis.review.gather import gather
from tests.factory import HOSTILE, make_workspace
from tests.review.helpers import decision

every = pytest.mark.parametrize("name", EXPORTERS.names())
NASTY = ["=1+1", "'quoted", 'say "hi", you', "two\nlines", "cr\rlf\r\n", "ünïcødé 猫", "NA", "../../up", "@a", HOSTILE]


def make_export(names: list[str], *, seed: int = 0) -> Export:
    """Every verdict on images of hostile classes, with notes and ids as hostile."""
    rng = np.random.default_rng(seed)
    k, n = len(names), 7 * len(names)
    ids = [f"{names[i % k]}/{i}" for i in range(n)]
    given_label = [names[i % k] for i in range(n)]
    table = pd.DataFrame({"image_id": ids, "path": ids, "given": np.arange(n) % k})
    rows = []
    for i in range(0, n, 2):
        verdict = ["relabel", "keep", "several", "none_fits", "unsure", "skip"][int(rng.integers(6))]
        other = names[(i + 1) % k]
        second = "skip" if verdict == "unsure" else "keep"
        new = {"relabel": other, "several": f"{given_label[i]}\v{other}"}.get(verdict, "")
        facts = {"event_id": 2 * i, "image_id": ids[i], "verdict": verdict, "given": given_label[i], "new_label": new}
        said = {
            "reviewer": names[0],
            "note": names[i % k],
            "run_id": "r",
            "session": "s",
            "seq": i,
            "decided_at": 1.5 * i,
            "purpose": "",
        }
        rows.append({**facts, **said, "suggested": other})
        rows.append({**facts, **said, "event_id": 2 * i + 1, "reviewer": "bob", "verdict": second, "new_label": ""})
    current = pd.DataFrame(rows).sort_values("event_id", ascending=False)
    current["event_id"] = current["event_id"].to_numpy()[::-1]
    evidence = pd.DataFrame({"image_id": ids[::4], "suspicion": rng.random(len(ids[::4])), "reasons": names[-1]})
    result = cleaned(table, names, current, evidence=evidence)
    return Export(tables=result.tables(), classes=tuple(names), provenance={"by": {names[0]: 1}})


def assert_same(one: Export, other: Returned) -> None:
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], obj=name)
    assert (one.provenance, one.classes) == (other.provenance, other.classes)


def test_the_made_export_has_something_of_everything() -> None:
    tables = make_export(NASTY).tables
    assert set(tables["labels"]["status"]) >= {"unreviewed", "relabelled", "kept", "several", "none_fits", "unsure"}
    assert len(tables["conflicts"]) and tables["changes"]["suspicion"].isna().any()
    assert tables["changes"]["suspicion"].notna().any() and not tables["conflicts"]["in_force"].all()


def test_csv_and_json_are_there_and_everything_registered_loads() -> None:
    assert {"csv", "json"} <= set(EXPORTERS.names())
    assert EXPORTERS.unavailable() == {}
    with pytest.raises(NotFoundHere, match="There is no exporter named 'xls' – wanted: one of csv, json"):
        EXPORTERS.get("xls")


# -- contract ------------------------------------------------------------------------------------------------------
@every
def test_read_gives_back_what_was_written(name: str, tmp_path: Path) -> None:
    export = make_export(NASTY)
    assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))


class_names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\v\x00"), min_size=1, max_size=12),
    min_size=2,
    max_size=5,
    unique=True,
)


@every
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(names=class_names, seed=st.integers(0, 99))
def test_any_class_name_survives(
    name: str, tmp_path_factory: pytest.TempPathFactory, names: list[str], seed: int
) -> None:
    export = make_export(names, seed=seed)
    assert_same(export, read_export(name, write_export(export, name, tmp_path_factory.mktemp("any") / "out")))


@every
def test_an_export_of_nothing_decided_is_whole(name: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"image_id": ["a"], "path": ["a"], "given": [0]})
    with_nothing = DecisionStore(tmp_path / "review.sqlite")
    result = cleaned(table, ["only"], with_nothing.current())
    with_nothing.close()
    export = Export(tables=result.tables(), classes=("only",))
    assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))


@every
def test_nothing_is_written_outside_the_folder_and_the_tables_are_left_alone(name: str, tmp_path: Path) -> None:
    export = make_export(NASTY)
    before = {t: table.copy(deep=True) for t, table in export.tables.items()}
    write_export(export, name, tmp_path / "parent" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["parent"]
    assert [path.name for path in (tmp_path / "parent").iterdir()] == ["out"]
    assert all(path.is_file() and not path.is_symlink() for path in (tmp_path / "parent" / "out").iterdir())
    for t, table in before.items():
        pd.testing.assert_frame_equal(export.tables[t], table)


@every
def test_the_provenance_says_what_wrote_the_files_and_how_to_read_them(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), name, tmp_path / "out")
    said = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert said["exporter"] == name and len(said["reading"]) > 20 and said["classes"] == NASTY
    assert EXPORTERS.get(name).title


@every
def test_an_export_that_fails_half_way_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporter_module, "write_json", full)  # the tables are written, the provenance fails
    with pytest.raises(StoreFailure, match=r"The export could not be written: No space left on device \(.*out\)"):
        write_export(make_export(NASTY), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@every
def test_the_archive_holds_the_same_files(name: str, tmp_path: Path) -> None:
    export = make_export(NASTY)
    folder = write_export(export, name, tmp_path / "out")
    with zipfile.ZipFile(io.BytesIO(zip_export(export, name))) as archive:
        assert archive.testzip() is None
        packed = {entry: archive.read(entry) for entry in archive.namelist()}
    assert packed == {path.name: path.read_bytes() for path in folder.iterdir()}


@every
def test_a_damaged_export_is_a_clear_error(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), name, tmp_path / "out")
    largest = max((p for p in folder.iterdir() if p.name != "provenance.json"), key=lambda p: p.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-40])
    with pytest.raises(BadInput, match="cannot be read|damaged"):
        read_export(name, folder)


@every
def test_a_newer_export_is_a_clear_error(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), name, tmp_path / "out")
    path = folder / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(NewerFormat, match="provenance.json was written by a newer version"):
        read_export(name, folder)


# -- folders -------------------------------------------------------------------------------------------------------
def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"out exists and is not empty – wanted: a new or empty folder"):
        write_export(make_export(NASTY), "csv", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    with pytest.raises(BadInput, match="exists and is not empty"):
        write_export(make_export(NASTY), "csv", tmp_path / "out" / "mine.txt")


def test_an_empty_folder_is_filled_and_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert write_export(make_export(NASTY), "json", tmp_path / "out") == tmp_path / "out"
    with pytest.raises(StoreFailure, match="The export could not be written: Not a directory"):
        write_export(make_export(NASTY), "json", tmp_path / "out" / "labels.json" / "below")


def test_exports_in_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    made = {new_export(make_export(NASTY), "csv", tmp_path / "exports") for _ in range(3)}
    assert len(made) == 3 and all(path.parent == tmp_path / "exports" for path in made)
    assert all(len(list(path.iterdir())) == 6 for path in made)


def test_reading_with_another_format_is_refused(tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), "csv", tmp_path / "out")
    with pytest.raises(BadInput, match="was written as 'csv' – wanted: json"):
        read_export("json", folder)


# -- CSV -----------------------------------------------------------------------------------------------------------
@given(st.text(st.characters(codec="utf-8")))
def test_guarding_a_cell_is_reversible_and_leaves_no_formula(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(FORMULA)


def test_ordinary_text_is_written_as_it_is() -> None:
    assert guard("cat") == "cat" and guard("a=b") == "a=b" and guard("") == ""
    assert guard("=HYPERLINK(1)") == "'=HYPERLINK(1)" and guard("'tis") == "''tis"


def test_no_cell_of_any_file_starts_a_formula(tmp_path: Path) -> None:
    names = [start + "cmd|' /C calc'!A0" for start in FORMULA]
    folder = write_export(make_export(names), "csv", tmp_path / "out")
    seen = 0
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        seen += len(cells)
        assert not [cell for cell in cells if cell.startswith(FORMULA)]
    assert seen > 500


def test_other_programs_read_the_labels_too(tmp_path: Path) -> None:
    export = make_export(["NA", "a,b", 'q"', "two\nlines", "cr\r"])
    folder = write_export(export, "csv", tmp_path / "out")
    read = pd.read_csv(folder / "labels.csv", keep_default_na=False, lineterminator=None, dtype=str)
    for column in ("image_id", "given", "label", "status"):
        assert read[column].tolist() == export.tables["labels"][column].tolist()


def test_a_csv_with_other_columns_is_refused(tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY), "csv", tmp_path / "out")
    (folder / "labels.csv").write_text("path,label\na,b\n")
    with pytest.raises(BadInput, match=r"labels.csv has the columns \['path', 'label'\] – wanted: image_id, path"):
        read_export("csv", folder)


# -- from a workspace ----------------------------------------------------------------------------------------------
def test_a_workspace_is_exported_with_exactly_the_change_and_its_provenance(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", names=NASTY[:5])
    run = workspace.latest()
    assert run is not None
    suspect = run.table("suspects").iloc[0]
    old, new = NASTY[suspect["given"]], NASTY[suspect["suggested"]]
    store = DecisionStore(workspace.review_url)
    said = {"given": old, "suggested": new, "new_label": new, "run_id": run.run_id}
    store.book([decision(1, suspect["image_id"], "relabel", **said)])
    export = gather(workspace, store)
    store.close()
    changes = export.tables["changes"]
    assert changes[["image_id", "old", "new"]].to_numpy().tolist() == [[suspect["image_id"], old, new]]
    assert changes["reason"].tolist() == [suspect["reasons"]]
    assert changes["suspicion"].tolist() == [pytest.approx(suspect["suspicion"])]
    labels = export.tables["labels"]
    different = labels[labels["label"] != labels["given"]]
    assert different["image_id"].tolist() == [suspect["image_id"]] and len(labels) == 120
    facts = export.provenance
    assert facts["data_set"]["fingerprint"] == workspace.facts()["fingerprint"]
    assert facts["run"]["run_id"] == run.run_id and facts["run"]["settings"]["models"]["folds"] == 5
    assert facts["policy"] == {
        **dict.fromkeys(["several", "none_fits", "unsure", "unreviewed"], "keep"),
        "excluded": "drop",
    }
    assert facts["decisions"] == {"last_event": 1, "current": 1, "excluded": 0}
    assert facts["counts"]["by_status"] == {"relabelled": 1, "unreviewed": 119}
    assert facts["counts"]["classes_touched"] == 2 and facts["counts"]["changes_by_reviewer"] == {"ada": 1}
    for name in EXPORTERS.names():
        assert_same(export, read_export(name, new_export(export, name, workspace.path / "exports")))


def test_a_workspace_without_a_run_can_be_exported(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    for run in workspace.runs():
        run.set_status(state="failed")
    store = DecisionStore(workspace.review_url)
    store.book(
        [decision(1, "train/00000", "none_fits", given=workspace.dataset().classes[workspace.dataset().given[0]])]
    )
    export = gather(workspace, store)
    store.close()
    assert export.provenance["run"] is None
    assert export.tables["changes"]["reason"].tolist() == [""]
