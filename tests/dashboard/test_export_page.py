"""The Export page under AppTest: the difference first, then exactly that difference on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.condition_text import parse
from analysis.base.types import Decision
from analysis.review import exporter
from analysis.review.exporter import EXPORTERS, read_export
from analysis.runs.workspace import Workspace
from dashboard import state
from dashboard.selection import Filter
from dashboard.server import opened
from dashboard.widgets import formats, take_away
from tests.dashboard.conftest import Opens
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = "dashboard/pages/export.py"


@pytest.fixture
def workspace(opens: Opens, tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "ws", n=60, classes=4, names=[HOSTILE, *"abc"])
    opens(made.path)
    return made


def page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page(PAGE).run()
    assert not app.exception, app.exception
    return app


def judge(made: Workspace) -> dict[str, str]:
    """Three decisions: one new label, one where none fits, one kept. Gives old and new of the first."""
    table = made.dataset().table
    names = made.dataset().classes
    said = [("relabel", 5), ("none_fits", 6), ("keep", 7)]
    given = {row: names[table["given"][row]] for _, row in said}
    new = names[(table["given"][5] + 1) % 4]
    opened.open_workspace(made.path).decisions.book(
        Decision(
            table["image_id"][row],
            verdict,  # type: ignore[arg-type]
            given[row],
            new,
            new if verdict == "relabel" else None,
            "Ada",
            "r",
            "session-of-test",
            seq + 1,
            1e9,
        )
        for seq, (verdict, row) in enumerate(said)
    )
    return {"old": given[5], "new": new}


def test_nothing_judged_says_so_and_leads_to_review(workspace: Workspace) -> None:
    app = page()
    assert app.header[0].value == "No label changes yet"
    assert "Nothing is judged yet" in app.info[0].value
    app.button(key="export.review").click().run()
    assert not app.exception


def test_a_skip_is_no_judgement(workspace: Workspace) -> None:
    judge(workspace)
    image_id = workspace.dataset().table["image_id"][9]
    skip = Decision(image_id, "skip", "a", "b", None, "Ada", "r", "session-of-test", 9, 1e9)
    opened.open_workspace(workspace.path).decisions.book([skip])
    app = page()
    assert any("3 images judged · 1 skipped or unsure" in caption.value for caption in app.caption)
    app.radio(key="export.none_fits").set_value("drop").run()
    assert any("3 images judged · 1 skipped or unsure · 59 images" in caption.value for caption in app.caption)


def test_the_difference_stands_first(workspace: Workspace) -> None:
    change = judge(workspace)
    app = page()
    assert app.header[0].value == "1 label changes in 2 classes"
    assert any("3 images judged" in caption.value and "1 marked" in caption.value for caption in app.caption)
    shown = app.dataframe[0].value
    assert list(shown["Now"]) == [change["new"][:60], "no label fits"]
    assert list(shown["By"]) == ["Ada", "Ada"]
    assert all(url.startswith("/thumb/") for url in shown["Image"])


def test_leaving_images_out_is_shown_before_it_is_done(workspace: Workspace) -> None:
    judge(workspace)
    app = page()
    app.radio(key="export.none_fits").set_value("drop").run()
    assert any("1 left out" in caption.value and "59 images" in caption.value for caption in app.caption)


def test_what_happens_to_images_without_one_label_is_said_in_words(workspace: Workspace) -> None:
    judge(workspace)
    image_id = workspace.dataset().table["image_id"][5]
    mark = Decision(image_id, "exclude", "a", "b", None, "Ada", "r", "session-of-test", 9, 1e9)
    opened.open_workspace(workspace.path).decisions.book([mark])
    app = page()
    words = next(text.value for text in app.markdown if "nobody has judged" in text.value)
    assert "57 images that nobody has judged keep their given labels" in words
    assert "1 image that no label fits keeps its given label" in words
    assert "1 image marked as not to be trained on is left out" in words
    app.radio(key="export.unreviewed").set_value("drop").run()
    app.radio(key="export.excluded").set_value("keep").run()
    words = next(text.value for text in app.markdown if "nobody has judged" in text.value)
    assert "57 images that nobody has judged are left out" in words
    assert "stays in the list, with the mark" in words
    assert len(app.dataframe[0].value) == 2, "only what somebody looked at has a row"


def test_every_format_is_offered_with_a_line_and_its_options_and_can_be_written(workspace: Workspace) -> None:
    app = page()
    box = app.selectbox(key="export.format")
    assert len(box.options) == len(EXPORTERS.names()) and box.options[0].startswith("Table · CSV files – ")
    for name, spec in EXPORTERS.items():
        app.selectbox(key="export.format").set_value(name).run()
        assert not app.exception, (name, app.exception)
        drawn = {str(widget.key) for kind in ("selectbox", "checkbox", "text_input") for widget in app.get(kind)}
        assert {f"export.{name}.{field}" for field in spec.options.model_fields} <= drawn
        app.button(key="export.write").click().run()
        assert not app.exception and not app.error, (name, app.error)
        assert read_export(name, app.code[0].value).provenance["data_set"]["n_images"] == 60


def test_options_reach_the_files(workspace: Workspace) -> None:
    app = page()
    app.selectbox(key="export.format").set_value("cleanlab").run()
    app.selectbox(key="export.cleanlab.values").set_value("numbers").run()
    app.button(key="export.write").click().run()
    header, first = (Path(app.code[0].value) / "label_issues.csv").read_text().splitlines()[:2]
    assert dict(zip(header.split(","), first.split(","), strict=True))["given_label"].isdigit()


def test_a_folder_the_person_names_is_written_and_a_full_one_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    app = page()
    app.text_input(key="export.folder").set_value(str(tmp_path / "mine")).run()
    app.button(key="export.write_folder").click().run()
    assert app.code[0].value == str(tmp_path / "mine") and (tmp_path / "mine" / "labels.csv").exists()
    app.button(key="export.write_folder").click().run()
    assert "exists and is not empty" in app.error[0].value and not app.code
    app.text_input(key="export.folder").set_value("elsewhere").run()
    app.button(key="export.write_folder").click().run()
    assert "Name the whole path" in app.error[0].value


def test_no_folder_can_be_named_where_others_may_reach_the_server(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_away, "LOCAL", ())
    app = page()
    assert not [box for box in app.text_input if box.key == "export.folder"]


def test_many_images_are_only_written_to_a_folder_and_the_page_says_why(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "MOST_IMAGES", 59)
    app = page()
    assert len(app.get("download_button")) == 1
    app.selectbox(key="export.format").set_value("image_folder").run()
    assert not app.get("download_button")
    assert any("With its 60 images it is only written to a folder" in caption.value for caption in app.caption)


def test_a_format_that_is_not_available_says_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter.importlib.util, "find_spec", lambda _: None)
    app = page()
    assert sum("(not available)" in option for option in app.selectbox(key="export.format").options) == 1
    app.selectbox(key="export.format").set_value("huggingface").run()
    assert "huggingface is not available: the optional package datasets is not installed" in app.warning[
        0
    ].value.replace("\\", "")
    assert not [button for button in app.button if button.key == "export.write"]


def test_what_a_format_cannot_hold_is_said_before_anything_is_written(workspace: Workspace) -> None:
    app = page()
    app.selectbox(key="export.format").set_value("coco").run()
    assert not app.warning
    app.checkbox(key="export.coco.boxes").check().run()
    assert "The size of" in app.warning[0].value and not app.get("download_button")


def test_what_is_written_is_exactly_what_was_shown(workspace: Workspace) -> None:
    change = judge(workspace)
    app = page()
    app.button(key="export.write").click().run()
    assert not app.exception
    folder = Path(app.code[0].value)
    assert folder.parent == workspace.path / "exports"
    export = read_export("csv", folder)
    relabelled = export.tables["changes"][export.tables["changes"]["action"] == "relabel"]
    assert list(zip(relabelled["old"], relabelled["new"], strict=True)) == [(change["old"], change["new"])]
    labels = export.tables["labels"]
    assert (labels["given"] != labels["label"]).sum() == 1


def test_a_folder_that_cannot_be_written_is_said(workspace: Workspace) -> None:
    (workspace.path / "exports").write_text("in the way")
    app = page()
    app.button(key="export.write").click().run()
    assert not app.exception
    assert "could not be written" in app.error[0].value.replace("\\", "")


def test_it_works_before_any_analysis_has_finished(workspace: Workspace) -> None:
    workspace.latest().set_status(state="failed")  # type: ignore[union-attr]
    assert page().header[0].value == "No label changes yet"


def test_the_images_of_the_filter_alone_can_be_taken_away(workspace: Workspace) -> None:
    judge(workspace)
    app = page()
    assert not any(box.key == "export.only" for box in app.checkbox)
    app.session_state[state.FILTER] = Filter(where=(parse('image_id == "train/00005" or image_id == "train/00009"'),))
    app.run()
    assert any(key.startswith("chip.where:") for key in (str(button.key) for button in app.button)), "its chip"
    assert any("the filter does not apply to anything below" in caption.value for caption in app.caption)
    app.checkbox(key="export.only").check().run()
    assert any("2 of 60 images: the filter applies" in caption.value for caption in app.caption)
    assert not app.exception, app.exception
    assert "1 label changes" in app.header[0].value
    assert any("2 images in the exported list" in caption.value for caption in app.caption)
    app.checkbox(key="export.only").uncheck().run()
    assert any("60 images in the exported list" in caption.value for caption in app.caption)
