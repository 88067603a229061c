"""The door under AppTest: which workspace is opened, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import recent
from dashboard.selection import Filter
from dashboard.server import opened
from tests.factory import HOSTILE, make_workspace

pytestmark = pytest.mark.usefixtures("opens")  # the app opens no workspace by itself
ROOT = Path(__file__).resolve().parents[2]


def door() -> AppTest:
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)


def texts(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.error, *app.warning, *app.info, *app.markdown, *app.caption, *app.title])


def test_the_server_is_found_by_streamlit_run() -> None:
    from streamlit.web.server.app_discovery import discover_asgi_app

    assert discover_asgi_app(ROOT / "streamlit_app.py").import_string == "streamlit_app:app"


def opener(app: AppTest) -> Any:
    return next(button for button in app.button if button.label == "Open")


def test_without_a_workspace_the_chooser_is_shown() -> None:
    app = door().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Lookalike"]
    assert app.text_input[0].label == "Folder"
    assert opener(app).label == "Open"


def test_the_environment_names_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    app = door().run()
    assert not app.exception
    assert app.session_state["workspace"] == str(made.path)
    assert recent.recent() == [made.path]
    assert "workspace" not in app.query_params


def test_a_folder_that_is_no_workspace_gives_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = door().run()
    app.text_input[0].set_value(str(tmp_path))
    opener(app).click().run()
    assert not app.exception
    said = app.error[0].value.replace("\\", "")
    assert "is not a workspace" in said and "a folder with workspace.json" in said
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(tmp_path / "gone"))
    app = door().run()
    assert not app.exception
    assert "is not a workspace" in app.error[0].value.replace("\\", "")


def test_a_damaged_workspace_gives_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    (made.path / "workspace.json").write_text("{broken")
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    app = door().run()
    assert not app.exception
    assert "is damaged" in app.error[0].value.replace("\\", "")


def test_an_empty_path_asks_for_one() -> None:
    app = door().run()
    opener(app).click().run()
    assert "Type the path" in app.warning[0].value


def test_a_folder_typed_in_is_opened_and_offered_the_next_time(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "my images")
    app = door().run()
    app.text_input[0].set_value(str(made.path))
    opener(app).click().run()
    assert app.session_state["workspace"] == str(made.path)
    assert app.query_params["workspace"] == opened.key_of(made)
    again = door().run()
    again.button[0].click().run()
    assert again.session_state["workspace"] == str(made.path)


def test_a_link_opens_a_known_workspace_by_its_key_and_never_by_a_path(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    recent.remember(made.path)
    app = door()
    app.query_params["workspace"] = opened.key_of(made)
    app.run()
    assert app.session_state["workspace"] == str(made.path)
    app = door()
    app.query_params["workspace"] = str(made.path)
    app.run()
    assert "workspace" not in app.session_state or app.session_state["workspace"] is None
    assert "not known on this machine" in app.warning[0].value


def test_the_way_back_to_the_chooser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(made.path))
    app = door().run()
    app.button(key="door.leave").click().run()
    assert [title.value for title in app.title] == ["Lookalike"]


def test_another_workspace_gets_nothing_that_pages_kept_of_the_last_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        recent.remember(make_workspace(tmp_path / name).path)
    app = door()
    app.session_state["review.name"] = "Ada"
    app.run()
    app.button(key=f"door.{tmp_path / 'one'}").click().run()
    kept = {"exclude.last": 1, "detail.lists": {"all": 2}, "review.order": 3, "filter": Filter(given=2), "options": {}}
    for key, value in kept.items():
        app.session_state[key] = value
    app.button(key="door.leave").click().run()
    app.button(key=f"door.{tmp_path / 'two'}").click().run()
    assert not app.exception and app.session_state["workspace"] == str(tmp_path / "two")
    assert not any(key in app.session_state for key in ("exclude.last", "detail.lists", "review.order"))
    assert app.session_state["filter"] == Filter() and app.session_state["review.name"] == "Ada"


def test_hostile_folder_names_are_text(tmp_path: Path) -> None:
    name = HOSTILE.replace("/", "_")
    made = make_workspace(tmp_path / name)
    recent.remember(made.path)
    app = door().run()
    assert not app.exception
    assert "[a](" not in app.button[0].label


def test_the_recent_list_survives_nonsense_and_forgets_what_is_gone(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws")
    recent.remember(tmp_path / "never")
    recent.remember(made.path)
    recent.remember(made.path)
    assert recent.recent() == [made.path]
    file = tmp_path / "state" / "lookalike" / "recent.json"
    for nonsense in ("{", "3", "[3, null]"):
        file.write_text(nonsense)
        assert recent.recent() == []
