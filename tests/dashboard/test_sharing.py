"""A dashboard that other machines reach offers one workspace and no folder of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from dashboard import recent
from dashboard.server import opened
from dashboard.server.sharing import is_shared
from tests.dashboard.test_door import door, texts
from tests.factory import make_workspace

pytestmark = pytest.mark.usefixtures("opens")  # the app opens no workspace by itself


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else asked(name))  # noqa: S104


@pytest.mark.parametrize(
    ("address", "others"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), (None, True), ("my-server", True)],  # noqa: S104
)
def test_only_loopback_addresses_are_not_shared(
    monkeypatch: pytest.MonkeyPatch, address: str | None, others: bool
) -> None:
    monkeypatch.setattr(st, "get_option", lambda _: address)
    assert is_shared() is others


@pytest.mark.usefixtures("shared")
def test_without_a_workspace_visitors_can_name_no_folder(tmp_path: Path) -> None:
    recent.remember(make_workspace(tmp_path / "other").path)
    app = door().run()
    assert not app.exception and not app.text_input and not app.button
    assert "no workspace was named" in texts(app)


@pytest.mark.usefixtures("shared")
def test_a_link_to_another_workspace_of_this_machine_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, other = make_workspace(tmp_path / "mine"), make_workspace(tmp_path / "other", n=60)
    recent.remember(other.path)
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(mine.path))
    app = door()
    app.query_params["workspace"] = opened.open_workspace(other.path).key
    app.run()
    assert not app.exception and "workspace" not in app.session_state


@pytest.mark.parametrize("is_open_to_others", [True, False])
def test_a_shared_dashboard_starts_no_analysis_and_changes_no_workspace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest, is_open_to_others: bool
) -> None:
    if is_open_to_others:
        request.getfixturevalue("shared")
    monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(make_workspace(tmp_path / "ws").path))
    app = door().run()
    assert not app.exception
    offered = {button.label for button in app.button}
    assert ("Open another workspace" in offered) is not is_open_to_others
    assert any(field.key == "start.source" for field in app.text_input) is not is_open_to_others
