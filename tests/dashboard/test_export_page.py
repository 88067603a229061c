"""The Export page under AppTest: the difference first, then exactly that difference on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.base.types import Decision
from analysis.review.exporter import read_export
from analysis.runs.workspace import Workspace
from dashboard.server import opened
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = "dashboard/pages/export.py"


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = make_workspace(tmp_path / "ws", n=60, classes=4, names=[HOSTILE, *"abc"])
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    st.cache_resource.clear()
    yield made
    opened.close_all()


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
    assert any("3 images judged · 1 skipped" in caption.value for caption in app.caption)
    app.radio(key="export.none_fits").set_value("drop").run()
    assert any("3 images judged · 1 skipped · 59 images" in caption.value for caption in app.caption)


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
