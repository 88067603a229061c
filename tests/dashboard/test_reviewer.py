"""Who is judging."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit import user_info
from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from dashboard.widgets.reviewer import reviewer_name

    st.text(f"<{reviewer_name()}>")


def ask(user: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch, **secrets: Any) -> AppTest:
    if user is not None:
        monkeypatch.setattr(user_info, "_get_user_info", lambda: user)
    app = AppTest.from_function(script)
    if secrets:
        app.secrets["auth"] = secrets
    app.run()
    assert not app.exception, app.exception
    return app


def test_without_a_sign_in_the_name_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ask(None, monkeypatch)
    app.text_input(key="review.name.field").set_value(" Ada\tLove ").run()
    assert app.text[0].value == "<Ada Love>"


def test_with_a_sign_in_nobody_judges_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ask({"is_logged_in": False}, monkeypatch, client_id="x")
    assert app.text[0].value == "<>" and not app.text_input
    assert [button.label for button in app.button] == ["Sign in"]


def test_every_sign_in_service_has_a_button(monkeypatch: pytest.MonkeyPatch) -> None:
    services = {"google": {"client_id": "g"}, "okta": {"client_id": "o"}, "client_kwargs": {"prompt": "login"}}
    app = ask({"is_logged_in": False}, monkeypatch, **services)
    assert [button.label for button in app.button] == ["Sign in with google", "Sign in with okta"]


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"email": "ada@example.org", "name": "Ada"}, "ada@example.org"),
        ({"name": "Ada\n![](x)"}, "Ada ![](x)"),
        ({"sub": "4711"}, "4711"),
    ],
)
def test_the_account_is_the_reviewer_and_cannot_be_typed(
    user: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask({"is_logged_in": True, **user}, monkeypatch, client_id="x")
    assert app.text[0].value == f"<{name}>" and not app.text_input
