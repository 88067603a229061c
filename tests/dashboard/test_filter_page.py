"""The filter, its history and saved views as a visitor meets them, on the pages of the real app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analysis.base.condition_text import parse
from analysis.base.conditions import Compare, parts_of
from analysis.runs.workspace import Workspace
from dashboard import loaders, loaders_filter, state
from dashboard.selection import Filter, rows_of
from dashboard.server import opened
from dashboard.widgets import class_names
from dashboard.widgets.saved_views import rule_of, step_of
from tests.dashboard.conftest import Opens, fine
from tests.dashboard.test_queues import book
from tests.factory import HOSTILE, make_workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(tmp_path: Path, opens: Opens) -> Workspace:
    made = make_workspace(tmp_path / "w", n=80, classes=4, names=[HOSTILE, "b", "c", "d"])
    opens(made.path)
    return made


@pytest.fixture
def page(workspace: Workspace) -> Callable[..., AppTest]:
    def go(name: str, chosen: Filter | None = None, **link: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=20)
        for key, value in link.items():
            app.query_params[key] = value
        app.run()
        if chosen is not None:
            app.session_state[state.FILTER] = chosen
        return fine(app.switch_page(f"dashboard/pages/{name}.py").run())

    return go


def chosen(app: AppTest) -> Filter:
    found: Filter = app.session_state[state.FILTER]
    return found


def where(app: AppTest) -> str:
    """The page that the visitor is on."""
    return str(app.session_state["filter.page"])


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press(app: AppTest, key: str) -> AppTest:
    return fine(app.button(key=key).click().run())


def test_conditions_on_decisions_follow_what_is_booked(workspace: Workspace) -> None:
    run, path = workspace.latest(), str(workspace.path)
    assert run is not None

    def found(decision: Any) -> list[int]:
        return rows_of(Filter(decision=decision), loaders.run_columns(path, run.run_id)).tolist()

    assert found("kept") == [] and len(found("open")) == 80
    before = loaders_filter.key_of(path, Filter(decision="kept"))
    book(workspace, 7, "keep")
    assert found("kept") == [7] and 7 not in found("open")
    assert loaders_filter.key_of(path, Filter(decision="kept")) != before, "what is cached would be old"
    assert loaders_filter.key_of(path, Filter(given=1)) == loaders_filter.key_of(path, Filter(given=1))


@pytest.mark.parametrize("name", ["overview", "confusion", "communities", "map", "review"])
def test_every_condition_is_a_chip_on_every_page_and_can_be_removed(page: Callable[..., AppTest], name: str) -> None:
    path = Compare("path", "contains", "g")
    app = page(name, Filter(given=0, decision="open", suspicion=(0.0, 0.9), where=(path,), images=(1, 2, 3)))
    said = labels(app)
    for chip in ("decision: not judged", "suspicion 0 to 0.9", "path contains g", "3 chosen images"):
        assert chip in said, f"{chip} is not in {said}"
    for part in ("decision", "suspicion", 'where:path contains "g"', "images", "given"):
        assert part in chosen(app).parts()
        app = press(app, f"chip.{part}")
        assert part not in chosen(app).parts()
    assert chosen(app).is_empty


def test_the_form_adds_conditions_on_decisions_suspicion_and_columns(page: Callable[..., AppTest]) -> None:
    app = page("confusion")
    next(box for box in app.selectbox if box.label == "Decision so far").select("open")
    next(slider for slider in app.slider if slider.label == "Suspicion").set_range(0.0, 0.8)
    fine(next(button for button in app.button if button.label == "Apply").click().run())
    assert chosen(app) == Filter(decision="open", suspicion=(0.0, 0.8))
    fine(next(box for box in app.selectbox if box.label == "Column of the data set").select("image_id").run())
    wanted = str(opened.open_workspace(str(state_path(app))).dataset.table["image_id"].iloc[5])
    box = [*[s for s in app.selectbox if s.label == "is"], *[t for t in app.text_input if t.label == "contains"]][0]
    fine((box.select(wanted) if box.type == "selectbox" else box.input(wanted)).run())
    fine(next(button for button in app.button if button.label == "Add").click().run())
    assert [condition.value for condition in chosen(app).where] == [wanted]


def state_path(app: AppTest) -> str:
    return str(app.session_state[state.WORKSPACE])


def test_steps_are_undone_and_redone_over_pages(page: Callable[..., AppTest]) -> None:
    app = page("confusion", Filter(given=1))
    app = press(app, "chip.given")
    assert chosen(app).is_empty
    app = fine(app.switch_page("dashboard/pages/communities.py").run())
    app = press(app, "steps.back")
    assert where(app) == "confusion"
    app.switch_page("dashboard/pages/confusion.py")  # a browser is there now; AppTest does not follow by itself
    app = press(app, "steps.back")
    assert chosen(app) == Filter(given=1)
    app = press(app, "steps.forward")
    assert chosen(app).is_empty
    app = press(app, "steps.forward")
    assert where(app) == "communities" and app.button(key="steps.forward").disabled


def test_a_saved_view_is_there_for_everybody_and_opens_page_and_filter(page: Callable[..., AppTest]) -> None:
    app = page("confusion", Filter(given=1, where=(Compare("path", "contains", "g"),)))
    fine(next(box for box in app.text_input if box.label == "Save this view as").input(HOSTILE).run())
    press(app, "views.save")
    other = page("communities")
    key = next(button.key for button in other.button if (button.key or "").startswith("views.open."))
    other = press(other, key)
    assert where(other) == "confusion"
    assert chosen(other) == Filter(given=1, where=(Compare("path", "contains", "g"),))
    other = press(other, key.replace("open", "remove"))
    assert not any((button.key or "").startswith("views.open.") for button in other.button)


@pytest.mark.parametrize(
    "rule", [{}, {"page": "../secrets", "filter": {}, "options": {}}, {"page": "map", "filter": [], "options": {}}]
)
def test_a_view_that_leads_nowhere_cannot_be_opened(rule: dict[str, Any]) -> None:
    assert step_of(rule) is None


def test_a_view_comes_back_as_it_was_stored() -> None:
    rule = {"page": "map", "filter": {"given": "3", "decision": "kept"}, "options": {"colour": "decision"}}
    step = step_of(rule)
    assert step is not None and rule_of(step) == rule


def test_a_condition_on_a_column_that_is_not_there_is_left_out(page: Callable[..., AppTest]) -> None:
    assert chosen(page("confusion", Filter(given=1, where=(Compare("gone", "==", "x"),)))) == Filter(given=1)


def test_link_with_the_new_conditions_is_read(page: Callable[..., AppTest]) -> None:
    app = page("overview", decision="open", suspicion="0.1~0.9", where="path*g", only="nonsense")
    expected = Filter(decision="open", suspicion=(0.1, 0.9), where=(Compare("path", "contains", "g"),))
    assert chosen(app) == expected


def test_among_very_many_classes_a_part_of_a_name_is_looked_for_and_what_is_chosen_is_kept(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_names, "MOST_NAMES", 3)
    app = page("map", predicted="3")

    def names(label: str) -> list[str]:
        return list(next(box.options for box in app.selectbox if box.label == label))

    assert names("Given label") == [] and names("Predicted class") == ["d"], "no more than the chosen one is sent"
    part = next(box for box in app.text_input if box.label == "Part of the name of a class")
    fine(part.set_value("B").run())
    assert names("Given label") == ["b"] and names("Predicted class") == ["d", "b"]
    fine(next(box for box in app.selectbox if box.label == "Given label").set_value(1).run())
    fine(next(box for box in app.text_input if box.label == part.label).set_value("c").run())
    assert names("Given label")[:2] == ["b", "c"], "what is chosen stays"
    fine(next(button for button in app.button if button.label == "Apply").click().run())
    assert chosen(app) == Filter(given=1, predicted=3)


def test_a_condition_is_written_edited_and_refused_with_its_place(page: Callable[..., AppTest]) -> None:
    app = page("confusion", Filter(given=1))

    def write(text: str) -> AppTest:
        next(area for area in app.text_area if area.label == "Condition").input(text)
        return fine(next(button for button in app.button if button.label == "Apply condition").click().run())

    write('suspicion > 0.2 and (kind == "cross" or decision != "kept")')
    assert chosen(app) == Filter(
        given=1, where=parts_of(parse('suspicion > 0.2 and (kind == "cross" or decision != "kept")'))
    )
    assert {"suspicion above 0\\.2", "kind: cross or decision is not kept"} <= set(labels(app))
    write("suspicoin > 0.2")
    assert any("suspicoin" in error.value and "suspicion" in error.value for error in app.error)
    assert any(code.value == "suspicoin > 0.2\n^" for code in app.code)
    assert len(chosen(app).where) == 2, "what cannot be read changes nothing"
    write("")
    assert chosen(app) == Filter(given=1)


def test_rows_of_a_condition_on_decisions_are_found_anew_when_one_is_booked(workspace: Workspace) -> None:
    run, path = workspace.latest(), str(workspace.path)
    assert run is not None
    asked = Filter(where=(parse('decision == "kept" and image_id contains "7"'),))
    before = loaders_filter.key_of(path, asked)
    assert rows_of(asked, loaders.run_columns(path, run.run_id)).tolist() == []
    book(workspace, 7, "keep")
    book(workspace, 8, "keep")
    assert rows_of(asked, loaders.run_columns(path, run.run_id)).tolist() == [7]
    assert loaders_filter.key_of(path, asked) != before
