"""The contract of every registered exporter, and of the folders that exports are written into."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.config import Settings
from analysis.base.errors import BadInput, Cancelled, NewerFormat, NotAvailable, NotFoundHere, StoreFailure
from analysis.base.progress import Silent
from analysis.review import exporter as exporter_module
from analysis.review.apply import ExportPolicy, cleaned
from analysis.review.csv_cells import FORMULA
from analysis.review.decisions import DecisionStore
from analysis.review.exporter import EXPORTERS, Export, missing, new_export, read_export, write_export, zip_export
from analysis.review.gather import gather
from tests.factory import make_workspace
from tests.review.exports import FOLDERS, NASTY, SPLITS, assert_same, bytes_in, make_export, make_export_of_files
from tests.review.helpers import decision

every = pytest.mark.parametrize("name", EXPORTERS.names())
BASIC = {"csv", "json", "jsonl", "parquet", "image_folder", "file_list", "huggingface", "fiftyone", "cleanlab", "coco"}
BASIC |= {"label_studio", "patch"}
# What a format truly cannot hold, and says so
REFUSES = {
    "file_list": "holds a line break",
    "label_studio": "that XML cannot hold",
    "huggingface": "There is no image left",
}


def take_there_and_back(export: Export, name: str, folder: Path) -> None:
    """What comes back is what went in; a format may refuse, and then leaves nothing."""
    try:
        write_export(export, name, folder)
    except BadInput as error:
        if REFUSES.get(name, "never") not in error.found or folder.exists():
            raise
    else:
        assert_same(export, read_export(name, folder))


def test_the_made_export_has_something_of_everything() -> None:
    tables = make_export(NASTY, splits=SPLITS).tables
    assert set(tables["labels"]["status"]) >= {"unreviewed", "relabelled", "kept", "several", "none_fits", "unsure"}
    assert len(tables["conflicts"]) and tables["changes"]["suspicion"].isna().any()
    assert tables["changes"]["suspicion"].notna().any() and not tables["conflicts"]["in_force"].all()
    assert tables["labels"]["excluded"].any() and set(tables["labels"]["split"]) == set(SPLITS)
    assert make_export(NASTY, keep="drop").tables["changes"]["action"].eq("drop").any()


def test_all_formats_are_there_and_everything_registered_loads() -> None:
    assert set(EXPORTERS.names()) >= BASIC
    assert EXPORTERS.unavailable() == {}
    with pytest.raises(NotFoundHere, match="There is no exporter named 'xls' – wanted: one of cleanlab, coco, csv"):
        EXPORTERS.get("xls")


# -- contract ------------------------------------------------------------------------------------------------------
@every
@pytest.mark.parametrize("names", [NASTY, FOLDERS], ids=["nasty", "folders"])
@pytest.mark.parametrize("splits", [None, SPLITS], ids=["one", "splits"])
def test_reading_gives_back_what_was_written(
    name: str, names: list[str], splits: list[str] | None, tmp_path: Path
) -> None:
    take_there_and_back(make_export(names, splits=splits), name, tmp_path / "out")


@every
def test_names_without_line_breaks_and_control_characters_are_never_refused(name: str, tmp_path: Path) -> None:
    export = make_export([*FOLDERS, "=1+1", "'quoted", 'say "hi", you', "猫"])
    assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))


@every
def test_hostile_file_names_come_back(name: str, tmp_path: Path) -> None:
    export = make_export_of_files(tmp_path / "data")
    before = bytes_in(tmp_path / "data")
    assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))
    assert bytes_in(tmp_path / "data") == before
    take_there_and_back(make_export_of_files(tmp_path / "odd", ["two\nlines.png", "tab\t.png"]), name, tmp_path / "o2")


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
    take_there_and_back(make_export(names, seed=seed), name, tmp_path_factory.mktemp("any") / "out")


@every
def test_an_export_of_nothing_decided_is_whole(name: str, tmp_path: Path) -> None:
    export = make_export(["only", "other"])
    with DecisionStore(tmp_path / "review.sqlite") as empty:
        table = pd.DataFrame({"image_id": ["only/0"], "path": ["only/0"], "given": [0]})
        result = cleaned(table, ["only"], empty.current())
    export = Export(result.tables(), ("only",), pictures=export.pictures)
    assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))


@every
def test_a_list_of_which_nothing_is_left_is_whole(name: str, tmp_path: Path) -> None:
    whole = make_export(["a", "b"])
    with DecisionStore(tmp_path / "review.sqlite") as empty:
        table = pd.DataFrame({"image_id": ["a/0"], "path": ["a/0"], "given": [0]})
        result = cleaned(table, ["a", "b"], empty.current(), policy=ExportPolicy(unreviewed="drop"))
    export = Export(result.tables(), whole.classes, pictures=whole.pictures)
    assert len(export.labels) == 0 and len(export.tables["changes"]) == 1
    take_there_and_back(export, name, tmp_path / "out")


@every
def test_nothing_is_written_outside_the_folder_and_the_tables_are_left_alone(name: str, tmp_path: Path) -> None:
    export = make_export([*FOLDERS, "../../up", "/etc/up"])
    before = {t: table.copy(deep=True) for t, table in export.tables.items()}
    folder = write_export(export, name, tmp_path / "parent" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["parent"]
    assert [path.name for path in (tmp_path / "parent").iterdir()] == ["out"]
    assert all(path.resolve().is_relative_to(folder) and not path.is_symlink() for path in folder.rglob("*"))
    for t, table in before.items():
        pd.testing.assert_frame_equal(export.tables[t], table)


@every
def test_the_provenance_says_what_wrote_the_files_and_how_to_read_them(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(["a", "b"]), name, tmp_path / "out")
    said = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    spec = EXPORTERS.get(name)
    assert said["exporter"] == name and len(said["reading"]) > 100 and said["classes"] == ["a", "b"]
    assert said["options"] == spec.options().model_dump()
    assert spec.title and spec.summary and len(spec.summary) < 70
    assert all(field.description for field in spec.options.model_fields.values())


@every
def test_an_export_that_fails_half_way_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporter_module, "write_json", full)  # the tables are written, the provenance fails
    with pytest.raises(StoreFailure, match=r"The export could not be written: No space left on device \(.*out\)"):
        write_export(make_export(["a", "b"]), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@every
def test_the_archive_holds_the_same_files(name: str, tmp_path: Path) -> None:
    export = make_export(FOLDERS)
    written = bytes_in(write_export(export, name, tmp_path / "out"))
    with zipfile.ZipFile(io.BytesIO(zip_export(export, name))) as archive:
        assert archive.testzip() is None
        packed = {entry: archive.read(entry) for entry in archive.namelist()}
    assert set(packed) == set(written)
    changing = re.compile(r"dataset/(state.json|dataset_info.json)")  # hold a fingerprint made anew each time
    assert [file for file in packed if packed[file] != written[file] and not changing.match(file)] == []


@every
def test_a_damaged_export_is_a_clear_error(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(NASTY[:3]), name, tmp_path / "out")
    made = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".png" and p.name != "provenance.json"]
    largest = max(made, key=lambda p: p.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: -max(40, largest.stat().st_size // 2)])
    with pytest.raises(BadInput, match="cannot be read|damaged"):
        read_export(name, folder)


@every
def test_a_newer_export_is_a_clear_error(name: str, tmp_path: Path) -> None:
    folder = write_export(make_export(["a", "b"]), name, tmp_path / "out")
    path = folder / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(NewerFormat, match="provenance.json was written by a newer version"):
        read_export(name, folder)


@every
def test_no_cell_of_any_csv_file_starts_a_formula(name: str, tmp_path: Path) -> None:
    names = [start + "cmd|' /C calc'!A0" for start in FORMULA if start.isprintable()]
    folder = write_export(make_export(names), name, tmp_path / "out")
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        assert cells and not [cell for cell in cells if cell.startswith(FORMULA)]


@every
def test_an_unknown_option_is_a_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"There is no option of {name} called 'colour' – wanted: "):
        write_export(make_export(["a", "b"]), name, tmp_path / "out", options={"colour": "red"})
    assert list(tmp_path.iterdir()) == []


@every
def test_a_format_whose_package_is_missing_says_so(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = EXPORTERS.get(name)
    monkeypatch.setattr(exporter_module.importlib.util, "find_spec", lambda _: None)
    if not spec.needs:
        assert missing(spec) == ""
        return
    assert missing(spec) == f"the optional package {', '.join(spec.needs)} is not installed"
    with pytest.raises(NotAvailable, match=f"The format {name} is not available: the optional package"):
        write_export(make_export(["a", "b"]), name, tmp_path / "out")


@every
def test_a_data_set_without_images_is_written_or_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    whole = make_export(["a", "b"])
    export = Export(whole.tables, whole.classes)
    if EXPORTERS.get(name).copies(export, EXPORTERS.get(name).options()):
        with pytest.raises(NotAvailable, match="takes the images along, and this data set has none"):
            write_export(export, name, tmp_path / "out")
    else:
        assert_same(export, read_export(name, write_export(export, name, tmp_path / "out")))


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


def test_a_cancelled_export_leaves_nothing_and_progress_counts_every_image(tmp_path: Path) -> None:
    class Counting(Silent):
        total = done = 0
        stop_at = 10**9

        def start(self, what: str, total: int) -> None:
            self.total = total

        def advance(self, n: int = 1) -> None:
            self.done += n
            if self.done >= self.stop_at:
                raise Cancelled

    export, heard = make_export([f"c{i}" for i in range(40)]), Counting()
    write_export(export, "image_folder", tmp_path / "whole", progress=heard)
    assert heard.done == heard.total == len(export.labels) == 280
    heard.done, heard.stop_at = 0, 100
    with pytest.raises(Cancelled):
        write_export(export, "image_folder", tmp_path / "stopped", progress=heard)
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


# -- from a workspace ----------------------------------------------------------------------------------------------
def test_a_workspace_is_exported_with_exactly_the_change_and_its_provenance(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", names=NASTY[:5])
    run = workspace.latest()
    assert run is not None
    suspect = run.table("suspects").iloc[0]
    old, new = NASTY[suspect["given"]], NASTY[suspect["suggested"]]
    said = {"given": old, "suggested": new, "new_label": new, "run_id": run.run_id}
    with DecisionStore(workspace.review_url) as store:
        store.book([decision(1, suspect["image_id"], "relabel", **said)])
        export = gather(workspace, store)
    changes = export.tables["changes"]
    assert changes[["image_id", "old", "new"]].to_numpy().tolist() == [[suspect["image_id"], old, new]]
    assert changes["reason"].tolist() == [suspect["reasons"]]
    assert changes["suspicion"].tolist() == [pytest.approx(suspect["suspicion"])]
    different = export.labels[export.labels["label"] != export.labels["given"]]
    assert different["image_id"].tolist() == [suspect["image_id"]] and len(export.labels) == 120
    known = export.tables["images"].set_index("image_id").loc[suspect["image_id"]]
    assert known["suggested"] == new and known["is_suspect"] and known["suspicion"] == changes["suspicion"][0]
    facts = export.provenance
    assert facts["data_set"]["fingerprint"] == workspace.facts()["fingerprint"]
    assert facts["run"]["run_id"] == run.run_id and facts["run"]["settings"]["models"]["folds"] == 5
    kept = dict.fromkeys(["several", "none_fits", "unsure", "unreviewed"], "keep")
    assert facts["policy"] == {**kept, "excluded": "drop"}
    assert facts["decisions"] == {"last_event": 1, "current": 1, "excluded": 0}
    assert facts["counts"]["by_policy"] == {**dict.fromkeys(facts["policy"], 0), "unreviewed": 119}
    assert facts["images_without_one_label"][0].startswith("119 images that nobody has judged keep")
    assert facts["counts"]["by_status"] == {"relabelled": 1, "unreviewed": 119}
    assert facts["counts"]["classes_touched"] == 2 and facts["counts"]["changes_by_reviewer"] == {"ada": 1}
    for name in EXPORTERS.names():
        take_there_and_back(export, name, tmp_path / name)


def test_a_workspace_without_a_run_can_be_exported(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    for run in workspace.runs():
        run.set_status(state="failed")
    given_label = workspace.dataset().classes[workspace.dataset().given[0]]
    with DecisionStore(workspace.review_url) as store:
        store.book([decision(1, "train/00000", "none_fits", given=given_label)])
        export = gather(workspace, store)
    assert export.provenance["run"] is None
    assert export.tables["changes"]["reason"].tolist() == [""]
    assert export.tables["images"]["suspicion"].isna().all()


def test_options_are_settings_and_unknown_values_are_refused() -> None:
    assert all(issubclass(spec.options, Settings) for _, spec in EXPORTERS.items())
    with pytest.raises(BadInput, match="The option of image_folder 'link' is 'move' – wanted: 'copy', 'hardlink'"):
        write_export(make_export(["a", "b"]), "image_folder", "/nowhere", options={"link": "move"})
