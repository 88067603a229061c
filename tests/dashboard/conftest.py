"""The routes of the dashboard over an open workspace of 40 images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from dashboard.server import opened
from dashboard.server.opened import Opened
from dashboard.server.routes import routes
from dashboard.server.security import TOKEN, Guard
from tests.factory import make_workspace

BASE = "http://127.0.0.1:8501"
Opens = Callable[[Path], None]


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opens]:
    """A home, caches and open workspaces of this test's own; what it is called with, the app opens by itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("LOOKALIKE_WORKSPACE", raising=False)
    opened.close_all()
    st.cache_resource.clear()
    yield lambda place: monkeypatch.setenv("LOOKALIKE_WORKSPACE", str(place))
    opened.close_all()


def fine(app: AppTest) -> AppTest:
    """The app, if it runs without a failure."""
    assert not app.exception, [e.value for e in app.exception]
    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = Starlette(routes=routes(), middleware=[Middleware(Guard)])
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as made:
        yield made
    opened.close_all()


@pytest.fixture
def found(tmp_path: Path, client: TestClient) -> Opened:
    return opened.open_workspace(make_workspace(tmp_path / "ws", n=40).path)


@pytest.fixture
def post(client: TestClient, found: Opened) -> Callable[..., Any]:
    """POST to a route of the workspace as the deck does; any header can be replaced, or left out with None."""

    def send(route: str, sent: Any, *, key: str = "", body: bytes | None = None, **headers: str | bytes | None) -> Any:
        usual = {"origin": BASE, "content-type": "application/json", "x-lookalike-token": TOKEN}
        changed = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = body if body is not None else json.dumps(sent).encode()
        said = {name: value for name, value in changed.items() if value is not None}
        return client.post(f"/{route}/{key or found.key}", content=content, headers=said)

    return send


@pytest.fixture
def send(post: Callable[..., Any]) -> Callable[..., Any]:
    """POST decisions as the deck does."""
    return lambda ops, **how: post("decisions", {"ops": ops}, **how)
